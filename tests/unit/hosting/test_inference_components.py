"""Inference components: their lives, what they show, who answers for them, and every refusal."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fakes.control_plane import ECHO, FakeHost
from firstbyte.hosting.errors import (
    AlreadyExists,
    ClientError,
    InProgress,
    NotFound,
    QuotaExceeded,
    Unavailable,
    ValidationFailed,
)
from firstbyte.hosting.invoke import Invocation
from firstbyte.hosting.messages import COMPONENT_NAME_MISSING, COMPONENTS_LEFT, COMPONENTS_UNSUPPORTED, NO_CAPACITY
from firstbyte.hosting.ports import InstancePhase, InstanceState
from firstbyte.hosting.records import InstanceStatus
from firstbyte.hosting.store.database import Store

ARN = "arn:aws:sagemaker:us-east-1:123456789012"
CALL = Invocation("e", b"body", inference_component_name="c")
OWN = {"Container": {"Image": ECHO, "ArtifactUrl": "s3://b/k/", "Environment": {"A": "1"}}}


async def serve(host: FakeHost, *variants: str) -> None:
    """The endpoint e, on which components run, with the variant AllTraffic and more, and the model m."""
    host.model_data.files["s3://b/k/"] = {}
    host.api.create_model({"ModelName": "m", "PrimaryContainer": {"Image": ECHO}})
    production = [{"VariantName": name, "InitialInstanceCount": 1} for name in ("AllTraffic", *variants)]
    members = {"EndpointConfigName": "e", "ProductionVariants": production, "ExecutionRoleArn": "arn:role"}
    host.api.create_endpoint_config(members)
    host.api.create_endpoint({"EndpointName": "e", "EndpointConfigName": "e"})
    assert await host.settle() == "InService"
    assert host.fleet.all() == ()


def create(host: FakeHost, name: str = "c", copies: int = 1, **members: Any) -> dict[str, Any]:
    return host.api.create_inference_component(
        {
            "InferenceComponentName": name,
            "EndpointName": "e",
            "VariantName": "AllTraffic",
            "Specification": {"ModelName": "m"},
            "RuntimeConfig": {"CopyCount": copies},
            **members,
        }
    )


def scale(host: FakeHost, copies: int) -> None:
    members = {"InferenceComponentName": "c", "DesiredRuntimeConfig": {"CopyCount": copies}}
    host.api.update_inference_component_runtime_config(members)


def show(host: FakeHost, name: str = "c") -> dict[str, Any]:
    return host.api.describe_inference_component({"InferenceComponentName": name})


async def settle(host: FakeHost, name: str = "c") -> str:
    for _ in range(2):  # the first round of an update that starts nothing tells nothing
        await host.round()
        await host.settle()
    if host.store.inference_components.get(name) is None:
        return "gone"
    return str(show(host, name)["InferenceComponentStatus"])


def num_copies(host: FakeHost) -> int:
    return len(host.fleet.of("e", "c"))


async def test_a_component_lives_on_an_endpoint_without_a_model(host: FakeHost) -> None:
    await serve(host)
    assert create(host, copies=2) == {"InferenceComponentArn": f"{ARN}:inference-component/c"}
    assert show(host)["InferenceComponentStatus"] == "Creating"
    assert await settle(host) == "InService"
    assert num_copies(host) == 2
    assert host.fleet.of("e") == ()
    shown = show(host)
    assert shown["RuntimeConfig"] == {"DesiredCopyCount": 2, "CurrentCopyCount": 2}
    assert shown["Specification"] == {"ModelName": "m"}
    assert (shown["EndpointArn"], shown["VariantName"]) == (f"{ARN}:endpoint/e", "AllTraffic")
    described = host.api.describe_endpoint({"EndpointName": "e"})
    assert "DeployedImages" not in described["ProductionVariants"][0]

    answer = await host.invoker.invoke(CALL)
    assert (answer.body, answer.invoked_production_variant) == (b"onetwo", "AllTraffic")

    host.api.delete_inference_component({"InferenceComponentName": "c"})
    assert show(host)["InferenceComponentStatus"] == "Deleting"
    assert await settle(host) == "gone"
    assert host.fleet.all() == ()


async def test_requests_go_to_the_component_that_they_name(host: FakeHost) -> None:
    await serve(host)
    create(host, "c")
    create(host, "d")
    await host.settle()
    urls = {name: host.fleet.of("e", name)[0].urls[0] for name in ("c", "d")}
    for name in ("d", "c", "d"):
        await host.invoker.invoke(Invocation("e", b"", inference_component_name=name))
    assert [url for url, _ in host.client.script.calls] == [urls["d"], urls["c"], urls["d"]]


async def test_copies_go_to_zero_and_back(host: FakeHost) -> None:
    await serve(host)
    create(host)
    await host.settle()
    scale(host, 0)
    assert show(host)["InferenceComponentStatus"] == "Updating"
    assert await settle(host) == "InService"
    assert num_copies(host) == 0
    assert show(host)["RuntimeConfig"] == {"DesiredCopyCount": 0, "CurrentCopyCount": 0}
    scale(host, 3)
    assert await settle(host) == "InService"
    assert num_copies(host) == 3
    assert (await host.invoker.invoke(CALL)).body == b"onetwo"


async def test_another_specification_brings_new_copies_and_a_bad_one_is_rolled_back(host: FakeHost) -> None:
    await serve(host)
    create(host, Specification=OWN | {"ComputeResourceRequirements": {"MinMemoryRequiredInMb": 128}})
    await host.settle()
    assert show(host)["Specification"]["Container"]["DeployedImage"]["ResolvedImage"] == ECHO
    (before,) = host.fleet.of("e", "c")
    host.api.update_inference_component({"InferenceComponentName": "c", "Specification": {"ModelName": "m"}})
    assert await settle(host) == "InService"
    (after,) = host.fleet.of("e", "c")
    assert (before.generation, after.generation) == (0, 1)
    specification = {"ModelName": "m", "ComputeResourceRequirements": {"MinMemoryRequiredInMb": 128}}
    assert show(host)["Specification"] == specification

    bad = {"Container": {"Image": "other/image"}}
    host.api.update_inference_component({"InferenceComponentName": "c", "Specification": bad})
    assert await settle(host) == "InService"
    assert host.fleet.of("e", "c") == (after,)
    assert show(host)["Specification"] == specification
    assert "other/image cannot run on this host" in show(host)["FailureReason"]


async def test_an_update_may_go_batch_by_batch(host: FakeHost) -> None:
    await serve(host)
    create(host, copies=3)
    await host.settle()
    rolling = {"MaximumBatchSize": {"Type": "COPY_COUNT", "Value": 1}, "WaitIntervalInSeconds": 0}
    host.api.update_inference_component(
        {
            "InferenceComponentName": "c",
            "Specification": {"Container": {"Image": ECHO}},
            "RuntimeConfig": {"CopyCount": 2},
            "DeploymentConfig": {"RollingUpdatePolicy": rolling},
        }
    )
    most = 0
    while await host.round():
        most = max(most, num_copies(host))
    assert (await settle(host), num_copies(host), most) == ("InService", 2, 4)
    assert show(host)["LastDeploymentConfig"] == {"RollingUpdatePolicy": rolling}


async def test_a_component_that_cannot_come_up_has_failed(host: FakeHost) -> None:
    await serve(host)
    create(host, Specification={"Container": {"Image": ECHO, "Environment": {"ON_START": "exit 1"}}})
    assert await settle(host) == "Failed"
    assert "did not pass the ping health check" in show(host)["FailureReason"]
    assert host.status() == "InService", "the endpoint has nothing to do with it"
    with pytest.raises(ValidationFailed, match="it can only be deleted"):
        scale(host, 1)
    host.api.delete_inference_component({"InferenceComponentName": "c"})
    assert await settle(host) == "gone"


async def test_a_strict_host_deletes_no_component_that_is_under_way(tmp_path: Path) -> None:
    host = FakeHost(tmp_path, strict=True)
    await serve(host)
    create(host)
    message = f'Cannot update in-progress inference component "{ARN}:inference-component/c".'
    for shown in ("Creating", "Updating"):
        assert show(host)["InferenceComponentStatus"] == shown
        with pytest.raises(InProgress) as refused:
            host.api.delete_inference_component({"InferenceComponentName": "c"})
        assert refused.value.message == message
        assert await settle(host) == "InService"
        scale(host, 2)
    await settle(host)
    host.api.delete_inference_component({"InferenceComponentName": "c"})
    assert await settle(host) == "gone"


async def test_a_component_may_be_deleted_while_it_is_made(host: FakeHost) -> None:
    await serve(host)
    create(host, Specification={"Container": {"Image": ECHO, "Environment": {"ON_START": "hang"}}})
    assert await settle(host) == "Creating"
    host.api.delete_inference_component({"InferenceComponentName": "c"})
    assert await settle(host) == "gone"


async def test_a_copy_that_crashes_comes_back(host: FakeHost) -> None:
    await serve(host)
    create(host)
    await host.settle()
    (copy,) = host.fleet.of("e", "c")
    host.launcher.states[copy.id] = InstanceState(InstancePhase.EXITED, 1)
    host.controller.notify()
    await host.round()
    with pytest.raises(Unavailable):
        await host.invoker.invoke(CALL)
    host.clock.pass_time(host.settings.max_restart_backoff_s)
    await host.settle()
    assert host.fleet[copy.id].status is InstanceStatus.HEALTHY


async def test_an_endpoint_with_components_stays(host: FakeHost) -> None:
    await serve(host)
    create(host)
    await host.settle()
    with pytest.raises(ValidationFailed) as failure:
        host.api.delete_endpoint({"EndpointName": "e"})
    assert failure.value.message == COMPONENTS_LEFT
    host.api.delete_inference_component({"InferenceComponentName": "c"})
    await host.settle()
    host.api.delete_endpoint({"EndpointName": "e"})
    assert await host.settle() == "gone"


async def test_an_endpoint_is_updated_beneath_its_components(host: FakeHost) -> None:
    await serve(host)
    create(host)
    await host.settle()
    copies = host.fleet.of("e", "c")
    host.api.update_endpoint({"EndpointName": "e", "EndpointConfigName": "e"})
    assert await host.settle() == "InService"
    assert host.fleet.all() == copies

    variant = {"VariantName": "Other", "InitialInstanceCount": 1}
    members = {"EndpointConfigName": "o", "ProductionVariants": [variant], "ExecutionRoleArn": "arn:role"}
    host.api.create_endpoint_config(members)
    with pytest.raises(ValidationFailed, match="runs on variant AllTraffic, which endpoint configuration"):
        host.api.update_endpoint({"EndpointName": "e", "EndpointConfigName": "o"})
    host.api.create_endpoint_config(
        {"EndpointConfigName": "m", "ProductionVariants": [{"VariantName": "AllTraffic", "ModelName": "m"}]}
    )
    with pytest.raises(ValidationFailed, match="cannot change between models and inference components"):
        host.api.update_endpoint({"EndpointName": "e", "EndpointConfigName": "m"})


async def test_components_outlive_the_host(tmp_path: Path) -> None:
    store = Store(tmp_path / "state.sqlite")
    first = FakeHost(tmp_path / "first", store=store)
    await serve(first)
    create(first, Specification=OWN, copies=2)
    await first.settle()
    await first.controller.close()
    second = FakeHost(tmp_path / "second", store=store)
    second.model_data.files["s3://b/k/"] = {}
    await second.settle()
    assert show(second)["RuntimeConfig"] == {"DesiredCopyCount": 2, "CurrentCopyCount": 2}
    assert [spec.environment for spec in second.launcher.specs.values()] == [{"A": "1"}, {"A": "1"}]
    await second.controller.close()
    store.close()


async def test_lists_and_tags(host: FakeHost) -> None:
    await serve(host)
    create(host, "c", Tags=[{"Key": "k", "Value": "v"}])
    create(host, "d", copies=0)
    await host.settle()

    def names(**members: Any) -> list[str]:
        found = host.api.list_inference_components({"SortBy": "Name", "SortOrder": "Ascending", **members})
        return [one["InferenceComponentName"] for one in found["InferenceComponents"]]

    assert names() == ["c", "d"]
    assert names(EndpointNameEquals="e", VariantNameEquals="AllTraffic", NameContains="D") == ["d"]
    assert names(EndpointNameEquals="other") == []
    assert names(VariantNameEquals="other") == []
    assert names(StatusEquals="Creating") == []
    tags = host.api.list_tags({"ResourceArn": f"{ARN}:inference-component/c"})
    assert tags == {"Tags": [{"Key": "k", "Value": "v"}]}


@pytest.mark.parametrize(
    ("members", "kind", "words"),
    [
        ({"InferenceComponentName": "C"}, AlreadyExists, "Cannot create already existing inference component"),
        ({"EndpointName": "none"}, NotFound, "Could not find endpoint"),
        ({"EndpointName": "plain"}, ValidationFailed, COMPONENTS_UNSUPPORTED),
        ({"VariantName": "none"}, ValidationFailed, "Variant none of endpoint e not found"),
        ({"VariantName": None}, ValidationFailed, "VariantName must be given"),
        ({"Specification": {"ModelName": "none"}}, NotFound, "Could not find model"),
        ({"Specification": {}}, ValidationFailed, "Exactly one of ModelName and Container"),
        ({"Specification": {"ModelName": "m", **OWN}}, ValidationFailed, "Exactly one of ModelName and Container"),
        ({"Specification": {"Container": {"ArtifactUrl": "s3://b/k"}}}, ValidationFailed, "An Image must be given"),
        ({"RuntimeConfig": {"CopyCount": 1000}}, QuotaExceeded, "service limit"),
    ],
)
async def test_what_cannot_be_created(
    host: FakeHost, members: Mapping[str, Any], kind: type[ClientError], words: str
) -> None:
    await serve(host)
    host.deploy("plain")
    create(host, "c")
    await host.settle()
    with pytest.raises(kind) as failure:
        create(host, **{"InferenceComponentName": "new", **members})
    assert words in failure.value.message


async def test_what_cannot_be_asked(host: FakeHost) -> None:
    await serve(host)
    create(host)
    with pytest.raises(InProgress, match="Cannot update in-progress inference component"):
        scale(host, 2)
    with pytest.raises(ValidationFailed) as failure:
        await host.invoker.invoke(CALL)
    assert failure.value.message == NO_CAPACITY
    await host.settle()
    with pytest.raises(ValidationFailed, match="Specification or RuntimeConfig must be given"):
        host.api.update_inference_component({"InferenceComponentName": "c"})
    with pytest.raises(NotFound, match="Could not find inference component"):
        show(host, "none")
    with pytest.raises(ValidationFailed) as failure:
        await host.invoker.invoke(Invocation("e", b""))
    assert failure.value.message == COMPONENT_NAME_MISSING
    with pytest.raises(NotFound, match="Inference component none of endpoint e not found"):
        await host.invoker.invoke(Invocation("e", b"", inference_component_name="none"))
    host.api.delete_inference_component({"InferenceComponentName": "c"})
    with pytest.raises(InProgress, match="Cannot update in-progress inference component"):
        host.api.delete_inference_component({"InferenceComponentName": "c"})


async def test_a_component_is_on_one_variant(host: FakeHost) -> None:
    await serve(host, "other")
    create(host)
    await host.settle()
    await host.invoker.invoke(replace(CALL, target_variant="AllTraffic"))
    with pytest.raises(ValidationFailed) as refusal:
        await host.invoker.invoke(replace(CALL, target_variant="other"))
    assert refusal.value.message == "Inference component c does not run on variant other."
