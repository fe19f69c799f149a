"""The controller as transcripts: each round, what happened in it."""

import asyncio
from pathlib import Path

from fakes.control_plane import FakeHost
from firstbyte.hosting.lifecycle import EndpointEvent
from firstbyte.hosting.ports import InstancePhase, InstanceState
from firstbyte.hosting.store.database import Store

CRASHED = InstanceState(InstancePhase.EXITED, 3)


async def test_an_endpoint_comes_up_and_goes(host: FakeHost) -> None:
    host.deploy("e")

    assert await host.round() == ["e: created -> create", "e/AllTraffic #1: started -> starting"]
    assert host.status() == "Creating"
    assert await host.round() == ["e/AllTraffic #1: ping passed -> healthy", "e: all healthy -> serve"]
    assert host.status() == "InService"
    assert await host.round() == []

    host.api.delete_endpoint({"EndpointName": "e"})
    assert host.status() == "Deleting"
    assert await host.round() == [
        "e: delete requested -> delete",
        "e/AllTraffic #1: stop requested -> stopping",
        "e/AllTraffic #1: stopped -> stopped",
    ]
    assert await host.round() == ["e: all gone -> gone"]
    assert host.status() == "gone"


async def test_a_container_that_ends_at_once_is_tried_twice_then_fails_the_endpoint(host: FakeHost) -> None:
    host.deploy("e", Environment={"ON_START": "exit 1"})

    assert (await host.round())[-1] == "e/AllTraffic #1: started -> starting"
    assert await host.round() == [
        "e/AllTraffic #1: exited -> crashed",
        "e/AllTraffic #1: restarted -> starting",
    ]
    assert await host.round() == ["e/AllTraffic #1: exited -> crashed", "e: instance gave up -> fail"]
    assert await host.round() == []
    described = host.api.describe_endpoint({"EndpointName": "e"})
    assert described["EndpointStatus"] == "Failed"
    assert described["FailureReason"] == (
        "The primary container for production variant AllTraffic did not pass the ping health check. "
        "Please check CloudWatch logs for this endpoint. Last lines of its log:\nstarting\nsaid: hello"
    )


async def test_an_unknown_image_fails_the_endpoint_with_the_images_that_can_run(host: FakeHost) -> None:
    host.deploy("e", Image="example/unknown:1")

    assert await host.settle() == "Failed"
    reason = host.api.describe_endpoint({"EndpointName": "e"})["FailureReason"]
    assert reason == "The image example/unknown:1 cannot run on this host. This host can run firstbyte/echo."
    assert host.launcher.num_starts == 0


async def test_missing_model_data_fails_the_endpoint(host: FakeHost) -> None:
    host.deploy("e", ModelDataUrl="s3://bucket/none.tar.gz")

    assert await host.settle() == "Failed"
    reason = host.api.describe_endpoint({"EndpointName": "e"})["FailureReason"]
    assert reason == "Could not find model data at s3://bucket/none.tar.gz."


async def test_model_data_lies_in_the_model_folder(host: FakeHost) -> None:
    host.model_data.files["s3://bucket/m.tar.gz"] = {"serving.properties": "engine=MPI"}
    host.deploy("e", ModelDataUrl="s3://bucket/m.tar.gz")

    assert await host.settle() == "InService"
    (spec,) = host.launcher.specs.values()
    assert (spec.model_dir / "serving.properties").read_text() == "engine=MPI"


async def test_a_container_that_never_gets_healthy_fails_after_the_variants_own_limit(host: FakeHost) -> None:
    host.deploy(
        "e",
        variants=({"ContainerStartupHealthCheckTimeoutInSeconds": 60},),
        Environment={"ON_START": "hang"},
    )
    await host.round()
    host.clock.pass_time(59.9)
    assert await host.round() == []
    host.clock.pass_time(0.1)
    assert await host.round() == ["e: instance gave up -> fail"]
    assert await host.settle() == "Failed"
    assert host.launcher.states == {}, "what does not serve does not run"
    assert "did not pass the ping health check" in host.api.describe_endpoint({"EndpointName": "e"})["FailureReason"]


async def test_a_crash_in_service_is_restarted_after_the_backoff(host: FakeHost) -> None:
    host.deploy("e")
    await host.settle()
    host.clock.pass_time(10)
    (instance_id,) = host.launcher.states
    host.launcher.states[instance_id] = CRASHED

    assert await host.round() == ["e/AllTraffic #1: exited -> crashed"]
    assert host.status() == "SystemUpdating"
    assert await host.round() == []
    host.clock.pass_time(host.settings.restart_backoff_s)
    assert await host.round() == ["e/AllTraffic #1: restarted -> starting"]
    assert await host.round() == ["e/AllTraffic #1: ping passed -> healthy"]
    assert host.status() == "InService"


async def test_an_instance_that_falls_silent_is_ended_and_started_again(tmp_path: Path) -> None:
    host = FakeHost(tmp_path, max_missed_pings=2)
    host.deploy("e")
    await host.settle()
    (instance_id,) = host.launcher.states
    host.launcher.states[instance_id] = InstanceState(InstancePhase.STARTING)

    for expected in ([], ["e/AllTraffic #1: timed out -> crashed"]):
        host.clock.pass_time(host.settings.idle_poll_s)
        assert await host.round() == expected
    host.clock.pass_time(host.settings.restart_backoff_s)
    assert await host.settle() == "InService"
    await host.controller.close()


async def test_a_crash_loop_is_shown_as_out_of_service_and_still_tried(host: FakeHost) -> None:
    host.deploy("e")
    await host.settle()
    for _ in range(host.settings.crash_loop_starts):
        (instance_id,) = host.launcher.states
        host.launcher.states[instance_id] = CRASHED
        host.clock.pass_time(host.settings.idle_poll_s)
        await host.round()
        status = host.status()
        host.clock.pass_time(host.settings.max_restart_backoff_s)
        await host.round()
    assert status == "OutOfService"
    assert await host.settle() == "InService"


async def test_an_instance_that_was_stable_is_forgiven_its_crashes(host: FakeHost) -> None:
    host.deploy("e")
    await host.settle()
    for _ in range(6):
        host.clock.pass_time(host.settings.stable_after_s)
        (instance_id,) = host.launcher.states
        host.launcher.states[instance_id] = CRASHED
        await host.round()
        assert host.fleet[instance_id].num_starts == 1 or host.status() != "OutOfService"
        host.clock.pass_time(host.settings.restart_backoff_s)
        assert await host.settle() == "InService"


async def test_an_endpoint_can_be_deleted_while_its_data_is_still_being_fetched(host: FakeHost) -> None:
    host.model_data.files["s3://bucket/endless/"] = None
    host.deploy("e", ModelDataUrl="s3://bucket/endless/")
    await host.controller.step()
    async with asyncio.timeout(10):
        await host.model_data.is_fetching.wait()
    host.api.delete_endpoint({"EndpointName": "e"})
    assert await host.settle() == "gone"
    assert list(host.settings.instances_dir.iterdir()) == []


async def test_model_data_that_takes_too_long_fails_the_endpoint(host: FakeHost) -> None:
    host.model_data.files["s3://bucket/endless/"] = None
    host.deploy("e", variants=({"ModelDataDownloadTimeoutInSeconds": 0.001},), ModelDataUrl="s3://bucket/endless/")
    assert await host.settle() == "Failed"
    reason = host.api.describe_endpoint({"EndpointName": "e"})["FailureReason"]
    assert reason == "Model data at s3://bucket/endless/ could not be downloaded within 0.001 seconds."


async def test_what_was_in_service_comes_back_after_a_restart(tmp_path: Path) -> None:
    database = tmp_path / "state.sqlite"
    before = FakeHost(tmp_path / "instances", store=Store(database))
    before.deploy("e")
    before.deploy("failed", Image="example/unknown")
    before.deploy("creating", Environment={"ON_START": "hang"})
    await before.settle()
    await before.controller.close()
    assert before.launcher.states == {}
    before.store.close()

    after = FakeHost(tmp_path / "instances", store=Store(database))
    assert [after.status(name) for name in ("e", "failed", "creating")] == ["SystemUpdating", "Failed", "Creating"]
    await after.settle()
    assert [after.status(name) for name in ("e", "failed", "creating")] == ["InService", "Failed", "Creating"]
    await after.controller.close()


async def test_run_goes_round_until_closed_and_clears_what_an_earlier_run_left(host: FakeHost) -> None:
    stray = host.settings.instances_dir / "i-0123456789abcdef0"
    stray.mkdir(parents=True)
    users = host.settings.instances_dir / "notes"
    users.mkdir()
    running = asyncio.create_task(host.controller.run())
    host.deploy("e")
    async with asyncio.timeout(10):
        await host.is_serving.wait()
    assert host.status() == "InService"
    await host.controller.close()
    await running
    assert not stray.exists()
    assert users.exists()
    assert host.store.endpoints.get("e") is not None, "closing is not deleting"


async def test_a_mistake_in_a_job_is_told_and_does_not_end_the_loop(host: FakeHost) -> None:
    host.deploy("e")
    error = RuntimeError("a mistake")

    async def broken(spec: object) -> str:
        raise error

    launcher, start = host.launcher, host.launcher.start
    launcher.start = broken  # type: ignore[method-assign]
    lines = await host.round()
    assert lines[-1] == "fault in launch: RuntimeError('a mistake')"
    launcher.start = start  # type: ignore[method-assign]
    assert await host.settle() == "InService"


async def test_an_event_for_an_endpoint_that_is_gone_does_not_matter(host: FakeHost) -> None:
    assert host.store.advance(("none", None), EndpointEvent.ALL_HEALTHY, host.clock.now()) is None


PAIR = ({"ContainerHostname": "first"}, {"ContainerHostname": "second"})


async def test_an_instance_is_up_when_all_its_containers_are(host: FakeHost) -> None:
    host.deploy("e", containers=({}, {"Environment": {"ON_START": "hang"}}))
    await host.round()
    await host.round()
    (instance,) = host.fleet.of("e")
    assert instance.container_ids == (f"{instance.id}/container-1", f"{instance.id}/container-2")
    assert (host.status(), sorted(host.launcher.states)) == ("Creating", sorted(instance.container_ids))
    host.launcher.states[instance.container_ids[1]] = InstanceState(InstancePhase.HEALTHY)
    assert await host.round() == ["e/AllTraffic #1: ping passed -> healthy", "e: all healthy -> serve"]
    images = host.api.describe_endpoint({"EndpointName": "e"})["ProductionVariants"][0]["DeployedImages"]
    assert [image["SpecifiedImage"] for image in images] == ["firstbyte/echo", "firstbyte/echo"]


async def test_each_container_has_a_folder_and_data_of_its_own(host: FakeHost) -> None:
    for number in (1, 2):
        host.model_data.files[f"s3://b/{number}"] = {"weights": f"{number}"}
    host.deploy("e", containers=[{**own, "ModelDataUrl": f"s3://b/{n}"} for n, own in enumerate(PAIR, start=1)])
    assert await host.settle() == "InService"
    (instance,) = host.fleet.of("e")
    folder = host.settings.instances_dir / instance.id
    assert [(folder / name / "model/weights").read_text() for name in ("first", "second")] == ["1", "2"]
    assert [log.container_id for log in host.api.tail_logs("e", 1)] == list(instance.container_ids)
    host.api.delete_endpoint({"EndpointName": "e"})
    assert await host.settle() == "gone"
    assert (host.launcher.states, folder.exists()) == ({}, False)


async def test_one_container_that_cannot_come_up_fails_the_endpoint_and_ends_the_others(host: FakeHost) -> None:
    host.deploy("e", containers=(PAIR[0], {**PAIR[1], "Environment": {"ON_START": "exit 1"}}))
    assert await host.settle() == "Failed"
    reason = host.api.describe_endpoint({"EndpointName": "e"})["FailureReason"]
    assert reason == (
        "The second container for production variant AllTraffic did not pass the ping health check. "
        "Please check CloudWatch logs for this endpoint. Last lines of its log:\nstarting\nsaid: hello"
    )
    assert host.launcher.states == {}


async def test_one_container_that_hangs_is_named_when_the_time_is_over(host: FakeHost) -> None:
    host.deploy("e", containers=(PAIR[0], {**PAIR[1], "Environment": {"ON_START": "hang"}}))
    await host.round()
    await host.round()
    host.clock.pass_time(241)
    assert await host.settle() == "Failed"
    reason = host.api.describe_endpoint({"EndpointName": "e"})["FailureReason"]
    assert reason.startswith("The second container for production variant AllTraffic did not pass the ping health")
    assert host.launcher.states == {}


async def test_an_unknown_second_image_leaves_nothing_of_the_first(host: FakeHost) -> None:
    host.deploy("e", containers=(PAIR[0], {**PAIR[1], "Image": "example/unknown:1"}))
    assert await host.settle() == "Failed"
    assert "example/unknown:1 cannot run" in host.api.describe_endpoint({"EndpointName": "e"})["FailureReason"]
    assert host.launcher.states == {}


async def test_an_instance_is_started_again_whole_when_one_of_its_containers_ends(host: FakeHost) -> None:
    host.deploy("e", containers=PAIR)
    await host.settle()
    (instance,) = host.fleet.of("e")
    host.launcher.states[instance.container_ids[1]] = CRASHED
    host.controller.notify()
    assert await host.round() == ["e/AllTraffic #1: exited -> crashed"]
    assert host.launcher.states == {}
    reason = host.fleet[instance.id].failure_reason
    assert reason == "The second container for production variant AllTraffic exited with code 3."
    host.clock.pass_time(1)
    assert await host.settle() == "InService"
    assert sorted(host.launcher.states) == sorted(instance.container_ids)


async def test_an_endpoint_changes_between_one_container_and_several(host: FakeHost) -> None:
    host.deploy("e")
    host.deploy("several", containers=PAIR, mode="Direct")
    await host.settle()
    host.api.update_endpoint({"EndpointName": "e", "EndpointConfigName": "several"})
    assert await host.settle() == "InService"
    host.api.update_endpoint_weights_and_capacities(
        {
            "EndpointName": "e",
            "DesiredWeightsAndCapacities": [{"VariantName": "AllTraffic", "DesiredInstanceCount": 2}],
        }
    )
    assert await host.settle() == "InService"
    assert [len(instance.urls) for instance in host.fleet.of("e")] == [2, 2]
    assert len(host.launcher.states) == 6, "the old instance is gone, the other endpoint has one"


async def test_a_host_that_begins_again_brings_all_containers_back(tmp_path: Path) -> None:
    host = FakeHost(tmp_path)
    host.deploy("e", containers=PAIR, mode="Direct")
    await host.settle()
    await host.controller.close()
    again = FakeHost(tmp_path, store=host.store)
    assert await again.settle() == "InService"
    (deployed,) = again.store.endpoints.all()[0].variants
    assert (deployed.container_names, deployed.is_direct) == (("first", "second"), True)
    assert len(again.launcher.states) == 2
    await again.controller.close()
    host.store.close()
