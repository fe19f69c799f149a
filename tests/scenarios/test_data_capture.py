"""Data capture through unmodified boto3: invoke, then read what lies in the bucket."""

import datetime
import json

from firstbyte.telemetry.facts import CaptureWritten
from scenarios.conftest import Hosts


def test_requests_and_answers_lie_in_the_bucket(hosts: Hosts) -> None:
    host = hosts.start(capture_flush_s=0.05)
    s3, runtime = host.client("s3"), host.client("sagemaker-runtime")
    s3.create_bucket(Bucket="captured")
    capture = {
        "EnableCapture": True,
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": "s3://captured/monitor",
        "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
        "CaptureContentTypeHeader": {"JsonContentTypes": ["application/json"]},
    }
    host.deploy("e", config={"DataCaptureConfig": capture})
    shown = host.client("sagemaker").describe_endpoint(EndpointName="e")["DataCaptureConfig"]
    assert (shown["EnableCapture"], shown["CaptureStatus"]) == (True, "Started")

    body = json.dumps({"chunks": ["Dear ", "reader"], "content_type": "text/plain"})
    stream = runtime.invoke_endpoint_with_response_stream(
        EndpointName="e", Body=body, ContentType="application/json", InferenceId="letter-1"
    )["Body"]
    assert b"".join(part["PayloadPart"]["Bytes"] for part in stream) == b"Dear reader"
    host.hook.wait_for(CaptureWritten, endpoint_name="e", num_events=1, error="")

    (listed,) = s3.list_objects_v2(Bucket="captured", Prefix="monitor/e/AllTraffic/")["Contents"]
    (line,) = s3.get_object(Bucket="captured", Key=listed["Key"])["Body"].read().splitlines()
    event = json.loads(line)
    told = datetime.datetime.fromisoformat(event["eventMetadata"]["inferenceTime"])
    assert listed["Key"].startswith(f"monitor/e/AllTraffic/{told:%Y/%m/%d/%H}/")
    assert listed["Key"].endswith(".jsonl")
    assert event["eventMetadata"]["inferenceId"] == "letter-1"
    assert event["captureData"]["endpointInput"]["data"] == body
    assert event["captureData"]["endpointOutput"]["encoding"] == "BASE64"
