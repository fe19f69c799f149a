"""An instance's folder: whole or not there, fetched once, removed only if it is one."""

from pathlib import Path
from typing import Any

import pytest

from fakes.control_plane import FakeHost
from firstbyte.hosting.definitions import Container
from firstbyte.hosting.errors import ModelDataError
from firstbyte.hosting.provision import INSTANCE_ID, Provisioner, new_instance_id
from firstbyte.hosting.records import DeployedVariant, Instance, InstanceStatus, Variant


def deployed(**container: Any) -> DeployedVariant:
    return DeployedVariant(Variant("v", "m"), (Container("firstbyte/echo", **container),))


def instance(host: FakeHost, instance_id: str) -> Instance:
    return Instance(instance_id, "e", "v", InstanceStatus.STARTING, host.clock.now())


def test_ids_have_their_form_and_differ() -> None:
    ids = {new_instance_id() for _ in range(100)}
    assert len(ids) == 100
    assert all(INSTANCE_ID.fullmatch(instance_id) for instance_id in ids)


async def test_model_data_is_fetched_once_for_all_starts(tmp_path: Path) -> None:
    host, instance_id = FakeHost(tmp_path), new_instance_id()
    host.model_data.files["s3://b/m.tar.gz"] = {"weights": "1"}
    provisioner = Provisioner(host.ports, host.settings)
    await provisioner.launch(instance(host, instance_id), deployed(model_data_url="s3://b/m.tar.gz"))
    await host.launcher.stop(instance_id)
    host.model_data.files.clear()
    await provisioner.launch(instance(host, instance_id), deployed(model_data_url="s3://b/m.tar.gz"))
    assert (tmp_path / instance_id / "model" / "weights").read_text() == "1"


async def test_a_fetch_that_failed_is_begun_afresh(tmp_path: Path) -> None:
    host, instance_id = FakeHost(tmp_path), new_instance_id()
    provisioner = Provisioner(host.ports, host.settings)
    with pytest.raises(ModelDataError):
        await provisioner.launch(instance(host, instance_id), deployed(model_data_url="s3://b/late"))
    assert not (tmp_path / instance_id / "model").exists()
    host.model_data.files["s3://b/late"] = {"weights": "2"}
    await provisioner.launch(instance(host, instance_id), deployed(model_data_url="s3://b/late"))
    assert (tmp_path / instance_id / "model" / "weights").exists()


async def test_the_environment_reaches_the_launcher_as_given(tmp_path: Path) -> None:
    host, instance_id = FakeHost(tmp_path), new_instance_id()
    await Provisioner(host.ports, host.settings).launch(instance(host, instance_id), deployed(environment={"A": "1"}))
    spec = host.launcher.specs[instance_id]
    assert (spec.environment, spec.folder, spec.model_dir) == (
        {"A": "1"},
        tmp_path / instance_id,
        tmp_path / instance_id / "model",
    )


async def test_only_an_instances_own_folder_is_removed(tmp_path: Path) -> None:
    provisioner = Provisioner(FakeHost(tmp_path).ports, FakeHost(tmp_path).settings)
    mine = tmp_path / new_instance_id()
    mine.mkdir()
    await provisioner.clear(mine.name)
    assert not mine.exists()
    with pytest.raises(AssertionError, match="only an instance's own folder"):
        await provisioner.clear("..")
