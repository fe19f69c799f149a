# ruff: noqa: T201 - it prints as a notebook does
# mypy: ignore-errors
"""The TGI way by the SageMaker SDK 3's resource classes: create, list, invoke, stream, scale, delete.

Run under `firstbyte exec`, in an environment that has `sagemaker>=3`; nothing in it knows of Firstbyte.
"""

import json

import boto3
from sagemaker.core import image_uris
from sagemaker.core.helper.session_helper import Session, get_execution_role
from sagemaker.core.resources import Endpoint, EndpointConfig, Model
from sagemaker.core.shapes import (
    ContainerDefinition,
    DesiredWeightAndCapacity,
    ProductionVariant,
    ProductionVariantRoutingConfig,
    Tag,
)

region = Session().boto_region_name
image = image_uris.retrieve(
    "huggingface-llm", region, version="2.4.0", image_scope="inference", instance_type="ml.g5.2xlarge"
)
print("image", image)
model = Model.create(
    model_name="llama",
    primary_container=ContainerDefinition(
        image=image,
        environment={
            "HF_MODEL_ID": "meta-llama/Llama-2-7b-chat-hf",
            "MAX_INPUT_LENGTH": "2048",
            "MAX_TOTAL_TOKENS": "4096",
            "HUGGING_FACE_HUB_TOKEN": "hf_none",
        },
    ),
    execution_role_arn=get_execution_role(),
)
config = EndpointConfig.create(
    endpoint_config_name="llama",
    production_variants=[
        ProductionVariant(
            variant_name="AllTraffic",
            model_name=model.model_name,
            instance_type="ml.g5.2xlarge",
            initial_instance_count=1,
            routing_config=ProductionVariantRoutingConfig(routing_strategy="LEAST_OUTSTANDING_REQUESTS"),
        )
    ],
    tags=[Tag(key="team", value="mail")],
)
endpoint = Endpoint.create(endpoint_name="llama", endpoint_config_name=config.endpoint_config_name)
endpoint.wait_for_status("InService", poll=1, timeout=300)
print("status", endpoint.endpoint_status, [found.endpoint_name for found in Endpoint.get_all(name_contains="lam")])

payload = {
    "inputs": "Write a short email.",
    "parameters": {"max_new_tokens": 16, "return_full_text": False},
}
invoked = endpoint.invoke(body=json.dumps(payload), content_type="application/json")
answer = json.loads(invoked.body.read())[0]["generated_text"]
print("answer", answer)

# The SDK's own `endpoint.invoke_with_response_stream` takes botocore's event stream for a dictionary (3.27).
streamed = boto3.client("sagemaker-runtime").invoke_endpoint_with_response_stream(
    EndpointName=endpoint.endpoint_name, Body=json.dumps(payload | {"stream": True}), ContentType="application/json"
)
lines = [event["PayloadPart"]["Bytes"].decode().strip() for event in streamed["Body"]]
tokens = [json.loads(line.removeprefix("data:"))["token"]["text"] for line in lines if line.startswith("data:")]
print("streamed", len(tokens), "".join(tokens) == answer)

endpoint.update_weights_and_capacities(
    desired_weights_and_capacities=[DesiredWeightAndCapacity(variant_name="AllTraffic", desired_instance_count=2)]
)
endpoint.wait_for_status("InService", poll=1, timeout=300)
print("instances", endpoint.production_variants[0].current_instance_count)

endpoint.delete()
config.delete()
model.delete()
endpoint.wait_for_delete(poll=1, timeout=300)
print("cleaned up")
