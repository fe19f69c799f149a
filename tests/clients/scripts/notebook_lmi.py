# ruff: noqa: T201 - it prints as a notebook does
# mypy: ignore-errors
"""The LMI pair of notebooks as one script: model from the hub to S3, raw boto3 deploy, stream, clean up.

Run under `firstbyte exec`, in an environment that has `sagemaker<3` and `huggingface_hub`; nothing in it knows of
Firstbyte.
"""

import json
import os
import tarfile
import time
from pathlib import Path

import boto3
import sagemaker
from huggingface_hub import snapshot_download
from sagemaker import image_uris

role = sagemaker.get_execution_role()
sess = sagemaker.session.Session()
bucket = sess.default_bucket()
region = sess._region_name
account_id = sess.account_id()
print("account", account_id, region, bucket)
s3_client = boto3.client("s3")
sm_client = boto3.client("sagemaker")
smr_client = boto3.client("sagemaker-runtime")

local_model_path = Path("model")
local_model_path.mkdir(exist_ok=True)
model_path = snapshot_download(
    repo_id="meta-llama/Llama-2-7b-chat-hf",
    cache_dir=local_model_path,
    allow_patterns=["*.json", "*.txt", "*.model", "*.safetensors"],
    token="hf_none",
)
s3_model_prefix = "hf-large-model-djl/meta-llama/Llama-2-7b-chat/model"
model_artifact = sess.upload_data(path=model_path, key_prefix=s3_model_prefix)
print("uploaded", model_artifact)

code = Path("chat_llama2_7b_hf")
code.mkdir(exist_ok=True)
(code / "serving.properties").write_text(f"""engine=MPI
option.entryPoint=djl_python.huggingface
option.tensor_parallel_degree=1
option.max_rolling_batch_size=64
option.rolling_batch=lmi-dist
option.model_loading_timeout=3600
option.model_id={model_artifact}
option.paged_attention=true
option.trust_remote_code=true
option.dtype=fp16
""")
with tarfile.open("model.tar.gz", "w:gz") as tar:
    tar.add(code)
s3_code_prefix = "hf-large-model-djl/meta-llama/Llama-2-7b-chat/code"
s3_code_artifact = sess.upload_data("model.tar.gz", bucket, s3_code_prefix)
inference_image_uri = image_uris.retrieve(framework="djl-lmi", region=region, version="0.28.0")
print("image", inference_image_uri)

model_name = sagemaker.utils.name_from_base("Llama-2-7b-chat-lmi-streaming")
created = sm_client.create_model(
    ModelName=model_name,
    ExecutionRoleArn=role,
    PrimaryContainer={
        "Image": inference_image_uri,
        "ModelDataUrl": s3_code_artifact,
        "Environment": {"MODEL_LOADING_TIMEOUT": "3600"},
    },
)
endpoint_config_name = f"{model_name}-config"
endpoint_name = f"{model_name}-endpoint"
sm_client.create_endpoint_config(
    EndpointConfigName=endpoint_config_name,
    ProductionVariants=[
        {
            "VariantName": "variant1",
            "ModelName": model_name,
            "InstanceType": "ml.g5.2xlarge",
            "InitialInstanceCount": 1,
            "ModelDataDownloadTimeoutInSeconds": 3600,
            "ContainerStartupHealthCheckTimeoutInSeconds": 3600,
            "RoutingConfig": {"RoutingStrategy": "LEAST_OUTSTANDING_REQUESTS"},
        }
    ],
)
sm_client.create_endpoint(EndpointName=endpoint_name, EndpointConfigName=endpoint_config_name)
resp = sm_client.describe_endpoint(EndpointName=endpoint_name)
while (status := resp["EndpointStatus"]) == "Creating":
    time.sleep(float(os.environ.get("POLL_S", "60")))  # noqa: TID251 - as the notebook waits
    resp = sm_client.describe_endpoint(EndpointName=endpoint_name)
print("Arn:", resp["EndpointArn"], "Status:", status, resp.get("FailureReason", ""))

response = smr_client.invoke_endpoint_with_response_stream(
    EndpointName=endpoint_name,
    Body=json.dumps({"inputs": "[INST] Write a short email. [/INST]", "parameters": {"max_new_tokens": 16}}),
    ContentType="application/json",
    CustomAttributes="accept_eula=true",
)
num_parts = 0
for event in response["Body"]:
    text = event["PayloadPart"]["Bytes"].decode("utf-8")
    print(text.lstrip('{"generated_text": "').rstrip('"}'), end="")  # noqa: B005 - as the notebook strips
    num_parts += 1
print("\nstreamed", num_parts)

sm_client.delete_endpoint(EndpointName=endpoint_name)
sm_client.delete_endpoint_config(EndpointConfigName=endpoint_config_name)
sm_client.delete_model(ModelName=model_name)
objects = boto3.resource("s3").Bucket(bucket).objects.filter(Prefix="hf-large-model-djl/meta-llama/Llama-2-7b-chat")
deleted = objects.delete()
print("deleted", sum(len(answer["Deleted"]) for answer in deleted))
