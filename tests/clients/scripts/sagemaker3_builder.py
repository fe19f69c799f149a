# ruff: noqa: T201 - it prints as a notebook does
# mypy: ignore-errors
"""The LMI way by the SageMaker SDK 3's ModelBuilder: upload, build, deploy, stream, update, delete.

Run under `firstbyte exec`, in an environment that has `sagemaker>=3`, with the folder of a model as its argument;
nothing in it knows of Firstbyte.
"""

import json
import sys
import tarfile
from pathlib import Path

import boto3
from sagemaker.core import image_uris
from sagemaker.core.helper.session_helper import Session, get_execution_role
from sagemaker.core.resources import EndpointConfig, Model
from sagemaker.core.shapes import ProductionVariant
from sagemaker.serve.model_builder import ModelBuilder

session = Session()
bucket = session.default_bucket()
print("role", get_execution_role())

weights = session.upload_data(sys.argv[1], bucket, "builder/model")
code = Path("code")
code.mkdir()
(code / "serving.properties").write_text(f"""engine=MPI
option.model_id={weights}/
option.rolling_batch=lmi-dist
option.max_model_len=512
""")
with tarfile.open("model.tar.gz", "w:gz") as tar:
    tar.add(code)
artifact = session.upload_data("model.tar.gz", bucket, "builder/code")
print("uploaded", artifact)
image = image_uris.retrieve("djl-lmi", session.boto_region_name, version="0.31.0")
print("image", image)


def build(model_name):
    """Make a model of one name."""
    builder = ModelBuilder(
        image_uri=image,
        s3_model_data_url=artifact,
        env_vars={"MODEL_LOADING_TIMEOUT": "600"},
        instance_type="ml.g5.2xlarge",
        sagemaker_session=session,
    )
    print("built", builder.build(model_name=model_name).model_arn)
    return builder


endpoint = build("first").deploy(endpoint_name="mails", initial_instance_count=1)
print("deployed", endpoint.endpoint_name, endpoint.endpoint_status)

payload = {"inputs": "Write a short email.", "parameters": {"max_new_tokens": 16}}
invoked = endpoint.invoke(body=json.dumps(payload), content_type="application/json")
answer = json.loads(invoked.body.read())["generated_text"]
print("answer", answer)

# The SDK's own `endpoint.invoke_with_response_stream` takes botocore's event stream for a dictionary (3.27).
streamed = boto3.client("sagemaker-runtime").invoke_endpoint_with_response_stream(
    EndpointName=endpoint.endpoint_name, Body=json.dumps(payload | {"stream": True}), ContentType="application/json"
)
tokens = [json.loads(event["PayloadPart"]["Bytes"])["token"]["text"] for event in streamed["Body"]]
print("streamed", len(tokens), "".join(tokens) == answer)

# And its `deploy(update_endpoint=True)` calls a function of its own with parameters that this one has not.
build("second")
EndpointConfig.create(
    endpoint_config_name="second",
    production_variants=[
        ProductionVariant(
            variant_name="AllTraffic", model_name="second", instance_type="ml.g5.2xlarge", initial_instance_count=1
        )
    ],
)
endpoint.endpoint_config_name = "second"
endpoint.update()
endpoint.wait_for_status("InService", poll=1, timeout=300)
print("updated", endpoint.endpoint_config_name, endpoint.endpoint_status)

endpoint.delete()
for config_name in ("mails", "second"):
    EndpointConfig.get(config_name).delete()
for model_name in ("first", "second"):
    Model.get(model_name).delete()
endpoint.wait_for_delete(poll=1, timeout=300)
boto3.resource("s3").Bucket(bucket).objects.filter(Prefix="builder/").delete()
print("cleaned up")
