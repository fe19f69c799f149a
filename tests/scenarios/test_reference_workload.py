"""The reference workload end to end: the two approaches to one chat model, as the notebooks drive them with boto3.

Requests, payloads and clean-up are those of the notebooks; answers are read by botocore's own event stream parser and
plain `json`.
"""

import io
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import firstbyte
from scenarios.conftest import SOON, RunningHost

TGI_IMAGE = (
    "763104351884.dkr.ecr.us-east-1.amazonaws.com/huggingface-pytorch-tgi-inference:"
    "2.3.0-tgi2.0.2-gpu-py310-cu121-ubuntu22.04"
)
LMI_IMAGE = "763104351884.dkr.ecr.us-east-1.amazonaws.com/djl-inference:0.28.0-lmi10.0.0-cu124"
MODEL_PREFIX = "hf-large-model-djl/meta-llama/Llama-2-7b-chat"
DEMO_MODEL = Path(firstbyte.__file__).parent / "demo_model"
PROMPT = (
    "<s>[INST] <<SYS>>\nYou write marketing emails for Acme.\n<</SYS>>\n\n"
    "Write a short email to Zoë about the product launch of the Aero 3 and mention the coupon code K7Q2ZX. [/INST]"
)
GREEDY = {"do_sample": False, "max_new_tokens": 48, "return_full_text": False}
SAMPLED = {
    "do_sample": True,
    "top_p": 0.6,
    "temperature": 0.9,
    "top_k": 50,
    "max_new_tokens": 48,
    "repetition_penalty": 1.03,
    "stop": ["</s>"],
    "return_full_text": False,
}


@pytest.fixture(scope="module")
def tgi(host: RunningHost) -> Iterator[str]:
    """The TGI approach: what `HuggingFaceModel(...).deploy()` sends."""
    host.deploy(
        "tgi",
        image=TGI_IMAGE,
        environment={
            "HF_MODEL_ID": "demo",
            "SM_NUM_GPUS": "1",
            "MAX_INPUT_LENGTH": "512",
            "MAX_TOTAL_TOKENS": "1024",
            "MAX_BATCH_TOTAL_TOKENS": "8192",
            "HUGGING_FACE_HUB_TOKEN": "hf_unused",
            "SAGEMAKER_PROGRAM": "",
            "SAGEMAKER_SUBMIT_DIRECTORY": "",
            "SAGEMAKER_CONTAINER_LOG_LEVEL": "20",
            "SAGEMAKER_REGION": "us-east-1",
        },
    )
    yield "tgi"
    clean_up(host, "tgi")


@pytest.fixture(scope="module")
def lmi(host: RunningHost) -> Iterator[str]:
    """The LMI approach: model files and a serving.properties in S3, then the raw calls."""
    bucket = f"sagemaker-us-east-1-{host.client('sts').get_caller_identity()['Account']}"
    s3 = host.client("s3")
    s3.create_bucket(Bucket=bucket)
    for file in DEMO_MODEL.iterdir():
        if file.is_file():
            s3.upload_file(str(file), bucket, f"{MODEL_PREFIX}/model/{file.name}")
    s3.upload_fileobj(make_archive(f"s3://{bucket}/{MODEL_PREFIX}/model/"), bucket, f"{MODEL_PREFIX}/code/model.tar.gz")
    host.deploy(
        "lmi",
        image=LMI_IMAGE,
        environment={"MODEL_LOADING_TIMEOUT": "3600"},
        ModelDataUrl=f"s3://{bucket}/{MODEL_PREFIX}/code/model.tar.gz",
    )
    yield "lmi"
    clean_up(host, "lmi")
    resource = host.session.resource("s3", endpoint_url=host.url)
    resource.Bucket(bucket).objects.filter(Prefix=f"{MODEL_PREFIX}/").delete()
    resource.meta.client.close()
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket, Prefix=MODEL_PREFIX)


def make_archive(model_uri: str) -> io.BytesIO:
    """Pack what the notebook packs: a folder with a serving.properties in it."""
    properties = "\n".join(
        [
            "engine=MPI",
            "option.entryPoint=djl_python.huggingface",
            "option.tensor_parallel_degree=1",
            "option.rolling_batch=lmi-dist",
            "option.max_rolling_batch_size=64",
            "option.model_loading_timeout=3600",
            f"option.model_id={model_uri}",
        ]
    ).encode()
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        entry = tarfile.TarInfo("chat_llama2_7b_hf/serving.properties")
        entry.size = len(properties)
        archive.addfile(entry, io.BytesIO(properties))
    packed.seek(0)
    return packed


def clean_up(host: RunningHost, name: str) -> None:
    """Delete endpoint, config and model back to back, as the notebooks do."""
    sagemaker = host.client("sagemaker")
    config_name = sagemaker.describe_endpoint(EndpointName=name)["EndpointConfigName"]
    config = sagemaker.describe_endpoint_config(EndpointConfigName=config_name)
    sagemaker.delete_endpoint(EndpointName=name)
    sagemaker.delete_endpoint_config(EndpointConfigName=config_name)
    sagemaker.delete_model(ModelName=config["ProductionVariants"][0]["ModelName"])
    sagemaker.get_waiter("endpoint_deleted").wait(EndpointName=name, WaiterConfig=SOON)


def stream(host: RunningHost, endpoint: str, payload: dict[str, Any]) -> list[bytes]:
    """Give the bytes of each PayloadPart, as botocore's parser finds them."""
    answer = host.client("sagemaker-runtime").invoke_endpoint_with_response_stream(
        EndpointName=endpoint,
        Body=json.dumps(payload),
        ContentType="application/json",
        CustomAttributes="accept_eula=true",
    )
    return [event["PayloadPart"]["Bytes"] for event in answer["Body"]]


def read_events(parts: list[bytes]) -> list[dict[str, Any]]:
    """Read TGI's server-sent events, of which each part must hold exactly one."""
    for part in parts:
        assert part.startswith(b"data:")
        assert part.endswith(b"\n\n")
        assert part.count(b"data:") == 1
    return [json.loads(part.removeprefix(b"data:")) for part in parts]


@pytest.mark.parametrize("parameters", [GREEDY, SAMPLED], ids=["greedy", "sampled"])
def test_tgi_streams_one_part_per_token(host: RunningHost, tgi: str, parameters: dict[str, Any]) -> None:
    events = read_events(stream(host, tgi, {"inputs": PROMPT, "parameters": parameters, "stream": True}))

    assert [event["index"] for event in events] == list(range(1, len(events) + 1))
    assert [event["generated_text"] for event in events[:-1]] == [None] * (len(events) - 1)
    told = "".join(event["token"]["text"] for event in events if not event["token"]["special"])
    assert events[-1]["generated_text"].strip() == told.strip()
    assert len(events) > 3


def test_tgi_without_stream_says_the_same(host: RunningHost, tgi: str) -> None:
    events = read_events(stream(host, tgi, {"inputs": PROMPT, "parameters": GREEDY, "stream": True}))
    answer = host.client("sagemaker-runtime").invoke_endpoint(
        EndpointName=tgi,
        Body=json.dumps({"inputs": PROMPT, "parameters": GREEDY}),
        ContentType="application/json",
    )

    assert json.loads(answer["Body"].read()) == [{"generated_text": events[-1]["generated_text"]}]


@pytest.mark.parametrize("parameters", [GREEDY, SAMPLED], ids=["greedy", "sampled"])
def test_lmi_streams_pieces_of_one_object_whole_characters_each(
    host: RunningHost, lmi: str, parameters: dict[str, Any]
) -> None:
    parts = stream(host, lmi, {"inputs": PROMPT, "parameters": parameters})

    pieces = [part.decode("utf-8") for part in parts]  # as the notebook does: each part by itself
    assert pieces[0].startswith('{"generated_text": "')
    assert len(json.loads("".join(pieces))["generated_text"]) > 20


def test_both_approaches_say_the_same_in_as_many_parts(host: RunningHost, tgi: str, lmi: str) -> None:
    events = read_events(stream(host, tgi, {"inputs": PROMPT, "parameters": GREEDY, "stream": True}))
    parts = stream(host, lmi, {"inputs": PROMPT, "parameters": GREEDY})

    assert json.loads(b"".join(parts))["generated_text"] == events[-1]["generated_text"]
    assert len(events) <= len(parts) <= len(events) + 1  # the closing quote and brace may be a part of their own


def test_a_prompt_that_is_too_long_is_the_container_s_refusal(host: RunningHost, tgi: str) -> None:
    too_long = {"inputs": "word " * 2000, "parameters": GREEDY}
    runtime = host.client("sagemaker-runtime")
    with pytest.raises(runtime.exceptions.ModelError) as caught:
        runtime.invoke_endpoint(EndpointName=tgi, Body=json.dumps(too_long), ContentType="application/json")
    assert caught.value.response["OriginalStatusCode"] == 422
    refusal = json.loads(caught.value.response["OriginalMessage"])
    assert refusal["error_type"] == "validation"

    # TGI has sent its 200 by the time it looks at a streaming request: there the refusal is the stream's one event.
    assert read_events(stream(host, tgi, {**too_long, "stream": True})) == [refusal]
