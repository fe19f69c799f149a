"""A shadow variant through boto3: it gets what production gets, and the client sees nothing of it."""

import json
import urllib.request
from typing import Any

from firstbyte.telemetry.facts import InvocationFinished
from scenarios.conftest import SOON


def test_requests_are_copied_and_both_variants_are_measured(host: Any) -> None:
    sagemaker, runtime = host.client("sagemaker"), host.client("sagemaker-runtime")
    shadow = {
        "VariantName": "Candidate",
        "ModelName": "shadowed",
        "InstanceType": "ml.g5.2xlarge",
        "InitialInstanceCount": 1,
    }
    host.deploy("shadowed", config={"ShadowProductionVariants": [shadow]})
    described = sagemaker.describe_endpoint(EndpointName="shadowed")
    assert [one["VariantName"] for one in described["ShadowProductionVariants"]] == ["Candidate"]

    answer = runtime.invoke_endpoint(EndpointName="shadowed", Body=b"twice")
    assert (answer["Body"].read(), answer["InvokedProductionVariant"]) == (b"twice", "AllTraffic")
    copied = host.hook.wait_for(InvocationFinished, endpoint_name="shadowed", variant_name="Candidate")
    assert (copied.outcome, copied.body_bytes) == ("ok", 5)

    body = json.dumps({"chunks": ["a", "b"]})
    stream = runtime.invoke_endpoint_with_response_stream(EndpointName="shadowed", Body=body)
    assert b"".join(event["PayloadPart"]["Bytes"] for event in stream["Body"]) == b"ab"
    host.hook.wait_for(InvocationFinished, endpoint_name="shadowed", variant_name="Candidate", streaming=True)

    with urllib.request.urlopen(f"{host.url}/metrics") as page:
        metrics = page.read().decode()
    for variant in ("AllTraffic", "Candidate"):
        assert f'ModelLatency_seconds_count{{EndpointName="shadowed",VariantName="{variant}"}} 2.0' in metrics

    weights = [{"VariantName": "Candidate", "DesiredWeight": 0}]
    sagemaker.update_endpoint_weights_and_capacities(EndpointName="shadowed", DesiredWeightsAndCapacities=weights)
    sagemaker.get_waiter("endpoint_in_service").wait(EndpointName="shadowed", WaiterConfig=SOON)
    assert runtime.invoke_endpoint(EndpointName="shadowed", Body=b"once")["Body"].read() == b"once"
    assert sum(getattr(fact, "variant_name", "") == "Candidate" for fact in finished(host)) == 2


def finished(host: Any) -> list[Any]:
    return [fact for fact in host.hook.facts if isinstance(fact, InvocationFinished)]
