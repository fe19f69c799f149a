"""Getting one instance onto its feet: folders, model data, containers. Called by the controller's jobs."""

import asyncio
import re
import secrets
import shutil
from pathlib import Path

from firstbyte.hosting.errors import ModelDataError
from firstbyte.hosting.ports import InstanceSpec, Ports
from firstbyte.hosting.reasons import model_data_timeout
from firstbyte.hosting.records import DeployedVariant, Instance
from firstbyte.hosting.settings import HostingSettings

INSTANCE_ID = re.compile(r"i-[0-9a-f]{17}")
"""The form of an instance id; only folders with such a name are ever removed."""


def new_instance_id() -> str:
    """An id in the form of EC2's."""
    return f"i-{secrets.token_hex(9)[:17]}"


class Provisioner:
    """Makes and clears away what an instance needs on disk, and launches its containers."""

    def __init__(self, ports: Ports, settings: HostingSettings) -> None:
        self._launcher = ports.launcher
        self._model_data = ports.model_data
        self._settings = settings

    async def launch(self, instance: Instance, deployed: DeployedVariant) -> tuple[str, ...]:
        """Lay out the folder of each container, fetch its model data unless that is there already, start it.

        Returns the containers' URLs. Raises UnknownImage, ModelDataError, LaunchFailed, OSError; what was started by
        then runs on. A multi-model container has nothing to start yet.
        """
        specs = [
            InstanceSpec(
                container_id=container_id,
                endpoint_name=instance.endpoint_name,
                variant_name=instance.variant_name,
                image=container.image,
                environment=container.environment,
                folder=self._settings.instances_dir / container_id,
                model_dir=self._settings.instances_dir / container_id / "model",
            )
            for container_id, container in zip(instance.container_ids, deployed.containers, strict=True)
        ]
        limit_s = deployed.variant.model_data_download_timeout_s or self._settings.model_data_timeout_s
        pairs = list(zip(specs, deployed.containers, strict=True))
        for spec, container in pairs:
            if container.is_multi_model:
                self._launcher.check_image(spec.image)
            elif not await asyncio.to_thread(spec.model_dir.is_dir):
                await self._lay_out(spec.model_dir, container.model_data_url, limit_s)
        # They load side by side; none is started before the data of all is there.
        return tuple(["" if one.is_multi_model else await self._launcher.start(spec) for spec, one in pairs])

    async def _lay_out(self, model_dir: Path, url: str | None, limit_s: float) -> None:
        # Fetched beside and then renamed: a model folder that exists is whole.
        partial = model_dir.with_suffix(".partial")
        await asyncio.to_thread(shutil.rmtree, partial, ignore_errors=True)
        await asyncio.to_thread(partial.mkdir, parents=True)
        if url:
            try:
                async with asyncio.timeout(limit_s):
                    await self._model_data.fetch(url, partial)
            except TimeoutError:
                raise ModelDataError(model_data_timeout(url, limit_s)) from None
        await asyncio.to_thread(partial.rename, model_dir)

    async def clear(self, instance_id: str) -> None:
        """Remove an instance's folder, the logs with it."""
        assert INSTANCE_ID.fullmatch(instance_id), "only an instance's own folder may be removed"
        await asyncio.to_thread(shutil.rmtree, self._settings.instances_dir / instance_id, ignore_errors=True)

    async def clear_strays(self) -> None:
        """Remove the folders of instances of an earlier run; none of them runs any more."""
        folders = await asyncio.to_thread(_list_folder, self._settings.instances_dir)
        for folder in folders:
            if INSTANCE_ID.fullmatch(folder.name):
                await self.clear(folder.name)


def _list_folder(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []
