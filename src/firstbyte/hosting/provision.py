"""Getting one instance onto its feet: its folder, its model data, its container. Called by the controller's jobs."""

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
    """Makes and clears away what an instance needs on disk, and launches its container."""

    def __init__(self, ports: Ports, settings: HostingSettings) -> None:
        self._launcher = ports.launcher
        self._model_data = ports.model_data
        self._settings = settings

    async def launch(self, instance: Instance, deployed: DeployedVariant) -> str:
        """Lay out the instance's folder, fetch its model data unless that is there already, start its container.

        Returns the container's URL. Raises UnknownImage, ModelDataError, LaunchFailed, OSError.
        """
        folder = self._settings.instances_dir / instance.id
        model_dir = folder / "model"
        if not await asyncio.to_thread(model_dir.is_dir):
            await self._lay_out(model_dir, deployed)
        spec = InstanceSpec(
            instance_id=instance.id,
            endpoint_name=instance.endpoint_name,
            variant_name=instance.variant_name,
            image=deployed.container.image,
            environment=deployed.container.environment,
            folder=folder,
            model_dir=model_dir,
        )
        return await self._launcher.start(spec)

    async def _lay_out(self, model_dir: Path, deployed: DeployedVariant) -> None:
        # Fetched beside and then renamed: a model folder that exists is whole.
        partial = model_dir.with_suffix(".partial")
        await asyncio.to_thread(shutil.rmtree, partial, ignore_errors=True)
        await asyncio.to_thread(partial.mkdir, parents=True)
        if url := deployed.container.model_data_url:
            limit_s = deployed.variant.model_data_download_timeout_s or self._settings.model_data_timeout_s
            try:
                async with asyncio.timeout(limit_s):
                    await self._model_data.fetch(url, partial)
            except TimeoutError:
                raise ModelDataError(model_data_timeout(url, limit_s)) from None
        await asyncio.to_thread(partial.rename, model_dir)

    async def clear(self, instance_id: str) -> None:
        """Remove an instance's folder, its log with it."""
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
