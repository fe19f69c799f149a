"""UpdateEndpoint through boto3: nobody who streams notices, and a config that cannot run changes nothing."""

import threading
from typing import Any

from scenarios.conftest import ROLE_ARN, SOON


def configure(sagemaker: Any, name: str, image: str = "firstbyte/echo", **variant: Any) -> None:
    sagemaker.create_model(ModelName=name, ExecutionRoleArn=ROLE_ARN, PrimaryContainer={"Image": image})
    spec = {"VariantName": "AllTraffic", "ModelName": name, "InitialInstanceCount": 1, "InstanceType": "ml.g5.2xlarge"}
    sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[spec | variant])


def test_requests_are_answered_all_through_an_update_and_a_bad_one_is_rolled_back(host: Any) -> None:
    sagemaker, runtime = host.client("sagemaker"), host.client("sagemaker-runtime")
    host.deploy("updated")
    configure(sagemaker, "updated-2", InitialInstanceCount=2)
    configure(sagemaker, "updated-bad", image="example/unknown:1")
    over, answers = threading.Event(), list[bytes]()

    def ask() -> None:
        while not over.is_set():
            answers.append(runtime.invoke_endpoint(EndpointName="updated", Body=b"{}")["Body"].read())

    asking = threading.Thread(target=ask)
    asking.start()
    sagemaker.update_endpoint(EndpointName="updated", EndpointConfigName="updated-2")
    assert sagemaker.describe_endpoint(EndpointName="updated")["EndpointStatus"] == "Updating"
    sagemaker.get_waiter("endpoint_in_service").wait(EndpointName="updated", WaiterConfig=SOON)
    described = sagemaker.describe_endpoint(EndpointName="updated")
    assert described["EndpointConfigName"] == "updated-2"
    assert described["ProductionVariants"][0]["CurrentInstanceCount"] == 2

    sagemaker.update_endpoint(EndpointName="updated", EndpointConfigName="updated-bad")
    sagemaker.get_waiter("endpoint_in_service").wait(EndpointName="updated", WaiterConfig=SOON)
    described = sagemaker.describe_endpoint(EndpointName="updated")
    over.set()
    asking.join()
    assert described["EndpointConfigName"] == "updated-2"
    assert "example/unknown:1 cannot run on this host" in described["FailureReason"]
    assert len(answers) > 1, "no request failed, or the thread would have ended"
