"""A shadow variant through unmodified boto3: production answers, the shadow is asked too, and both can be compared."""

import urllib.request

from firstbyte.telemetry.facts import InvocationFinished
from scenarios.conftest import ROLE_ARN, RunningHost


def test_production_answers_and_the_shadow_is_asked_too(host: RunningHost) -> None:
    host.client("sagemaker").create_model(
        ModelName="candidate", PrimaryContainer={"Image": "firstbyte/echo"}, ExecutionRoleArn=ROLE_ARN
    )
    shadow = {"VariantName": "Candidate", "ModelName": "candidate", "InitialInstanceCount": 1}
    host.deploy("shadowed", config={"ShadowProductionVariants": [shadow]})

    answer = host.client("sagemaker-runtime").invoke_endpoint(EndpointName="shadowed", Body=b"hello")

    assert (answer["Body"].read(), answer["InvokedProductionVariant"]) == (b"hello", "AllTraffic")
    shown = host.client("sagemaker").describe_endpoint(EndpointName="shadowed")
    assert [variant["VariantName"] for variant in shown["ShadowProductionVariants"]] == ["Candidate"]
    copy = host.hook.wait_for(InvocationFinished, endpoint_name="shadowed", variant_name="Candidate")
    assert (copy.outcome, copy.body_bytes) == ("ok", len(b"hello"))
    metrics = urllib.request.urlopen(f"{host.url}/metrics").read().decode()
    for variant in ("AllTraffic", "Candidate"):
        assert f'ModelLatency_seconds_count{{EndpointName="shadowed",VariantName="{variant}"}} 1.0' in metrics
