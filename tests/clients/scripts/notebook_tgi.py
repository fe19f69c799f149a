# ruff: noqa: T201 - it prints as a notebook does
# mypy: ignore-errors
"""The TGI pair of notebooks as one script: deploy with the SageMaker SDK 2, stream with boto3, clean up at once.

Run under `firstbyte exec`, in an environment that has `sagemaker<3`; nothing in it knows of Firstbyte.
"""

import io
import json

import boto3
import sagemaker
from sagemaker.huggingface import HuggingFaceModel, get_huggingface_llm_image_uri
from sagemaker.utils import name_from_base

try:
    role = sagemaker.get_execution_role()
except ValueError:
    iam = boto3.client("iam")
    role = iam.get_role(RoleName="sagemaker_execution_role")["Role"]["Arn"]
print("role", role)

llm_image = get_huggingface_llm_image_uri("huggingface", version="2.0.2")
print("image", llm_image)

config = {
    "HF_MODEL_ID": "meta-llama/Llama-2-7b-chat-hf",
    "SM_NUM_GPUS": json.dumps(1),
    "MAX_INPUT_LENGTH": json.dumps(2048),
    "MAX_TOTAL_TOKENS": json.dumps(4096),
    "MAX_BATCH_TOTAL_TOKENS": json.dumps(8192),
    "HUGGING_FACE_HUB_TOKEN": "hf_none",
}
llm_model = HuggingFaceModel(role=role, image_uri=llm_image, env=config)
endpoint_name = name_from_base("Llama-2-7b-chat-hf-streaming")
llm = llm_model.deploy(
    endpoint_name=endpoint_name,
    initial_instance_count=1,
    instance_type="ml.g5.2xlarge",
    container_startup_health_check_timeout=300,
    routing_config={"RoutingStrategy": sagemaker.enums.RoutingStrategy.LEAST_OUTSTANDING_REQUESTS},
)
print("deployed", llm.endpoint_name)


class LineIterator:
    """Lines of a response stream, as the notebooks gather them."""

    def __init__(self, stream):
        self.byte_iterator = iter(stream)
        self.buffer = io.BytesIO()
        self.read_pos = 0

    def __iter__(self):
        return self

    def __next__(self):
        while True:
            self.buffer.seek(self.read_pos)
            line = self.buffer.readline()
            if line and line[-1] == ord("\n"):
                self.read_pos += len(line)
                return line[:-1]
            try:
                chunk = next(self.byte_iterator)
            except StopIteration:
                if self.read_pos < self.buffer.getbuffer().nbytes:
                    continue
                raise
            self.buffer.seek(0, io.SEEK_END)
            self.buffer.write(chunk["PayloadPart"]["Bytes"])


runtime = boto3.client("sagemaker-runtime")
payload = {
    "inputs": "[INST] <<SYS>>\nYou write marketing mails.\n<</SYS>>\n\nWrite a short email. [/INST]",
    "parameters": {
        "do_sample": True,
        "top_p": 0.6,
        "temperature": 0.9,
        "top_k": 50,
        "max_new_tokens": 16,
        "repetition_penalty": 1.03,
        "stop": ["</s>"],
        "return_full_text": False,
    },
    "stream": True,
}
response = runtime.invoke_endpoint_with_response_stream(
    EndpointName=endpoint_name,
    Body=json.dumps(payload),
    ContentType="application/json",
    CustomAttributes="accept_eula=true",
)
num_tokens = 0
for line in LineIterator(response["Body"]):
    if line != b"" and b"{" in line:
        token = json.loads(line[line.find(b"{") :].decode("utf-8"))["token"]["text"]
        num_tokens += 1
        print(token, end="")
print("\nstreamed", num_tokens)

client = boto3.client("sagemaker")
endpoint_config_name = client.describe_endpoint(EndpointName=endpoint_name)["EndpointConfigName"]
described = client.describe_endpoint_config(EndpointConfigName=endpoint_config_name)
model_name = described["ProductionVariants"][0]["ModelName"]
client.delete_endpoint(EndpointName=endpoint_name)
client.delete_endpoint_config(EndpointConfigName=endpoint_config_name)
client.delete_model(ModelName=model_name)
print("cleaned up")
