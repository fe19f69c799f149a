"""Single objects for the control plane: inputs and outputs of asynchronous inference, captured data.

A bucket of the embedded store is asked there; any other one at the S3 endpoint that the settings name, with the
credentials that botocore finds. Built by `app`; implements `hosting.ports.Objects`.
"""

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from firstbyte.edge.sidecar import SidecarAddress
from firstbyte.hosting.async_inference import split_location
from firstbyte.hosting.errors import ObjectFailed, ValidationFailed


class Store(Protocol):
    """The embedded store, as it is needed here."""

    async def address(self) -> SidecarAddress:
        """Give the place and the key; waits while the store is being started again."""

    def object_to(self, bucket: str, key: str, is_upload: bool) -> str | None:
        """Say why the store cannot have such a key, as the end of a sentence; None where it can."""


class Buckets:
    """Reads and writes objects, on threads: botocore's clients block."""

    def __init__(self, store: Store, objects_dir: Path, *, region: str, outside_url: str | None = None) -> None:
        self._store = store
        self._objects_dir = objects_dir
        self._region = region
        self._outside_url = outside_url
        self._clients: dict[SidecarAddress | None, Any] = {}
        self._making = threading.Lock()

    async def read(self, location: str, max_bytes: int) -> bytes:
        """Give an object. Raises ObjectFailed, also for one that is longer than `max_bytes`."""

        def get(client: Any, bucket: str, key: str) -> bytes:
            answer = client.get_object(Bucket=bucket, Key=key)
            with answer["Body"] as body:
                if answer["ContentLength"] > max_bytes:
                    raise ObjectFailed(f"{location} is longer than {max_bytes} bytes.")
                return bytes(body.read())

        found: bytes = await self._do(get, location, "read", is_upload=False)
        return found

    async def write(self, location: str, body: bytes, content_type: str | None) -> None:
        """Write an object over whatever is there. Raises ObjectFailed."""
        kind = {"ContentType": content_type} if content_type else {}
        await self._do(
            lambda client, bucket, key: client.put_object(Bucket=bucket, Key=key, Body=body, **kind),
            location,
            "written",
            is_upload=True,
        )

    def close(self) -> None:
        """Close the connections."""
        for client in self._clients.values():
            client.close()
        self._clients.clear()

    async def _do(self, work: Callable[[Any, str, str], Any], location: str, done: str, *, is_upload: bool) -> Any:
        try:
            bucket, key = split_location(location)
            address = await self._find_address(bucket, key, is_upload)
            return await asyncio.to_thread(lambda: work(self._client(address), bucket, key))
        except (ClientError, BotoCoreError, ValidationFailed) as error:
            raise ObjectFailed(f"{location} could not be {done}: {error}") from error

    async def _find_address(self, bucket: str, key: str, is_upload: bool) -> SidecarAddress | None:
        """The embedded store's address; None where another S3 has the bucket."""
        if self._outside_url is not None and not (self._objects_dir / bucket).is_dir():
            return None
        if objection := self._store.object_to(bucket, key, is_upload):
            raise ObjectFailed(f"s3://{bucket}/{key} cannot be: {objection}.")
        return await self._store.address()

    def _client(self, address: SidecarAddress | None) -> Any:
        """Give the client for a store, made at its first use: on whichever thread that is."""
        with self._making:
            if address not in self._clients:
                self._clients[address] = self._make_client(address)
            return self._clients[address]

    def _make_client(self, address: SidecarAddress | None) -> Any:
        make: Callable[..., Config] = Config  # its signature is made at run time
        options = {"request_checksum_calculation": "when_required", "response_checksum_validation": "when_required"}
        timeouts = {"read_timeout": 60, "connect_timeout": 5, "max_pool_connections": 50}
        session = botocore.session.Session()
        if address is not None:
            session.set_credentials(address.access_key_id, address.secret_access_key)
        return session.create_client(
            "s3",
            region_name=self._region,
            endpoint_url=address.url if address else self._outside_url,
            config=make(s3={"addressing_style": "path"}, **timeouts, **options),
        )
