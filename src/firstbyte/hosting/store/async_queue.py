"""The queue of asynchronous invocations, in SQLite: what was taken in is answered, also after a restart."""

from collections.abc import Iterator

from firstbyte.hosting.async_inference import QueuedInvocation, write_queued
from firstbyte.hosting.store.database import Store
from firstbyte.hosting.store.rows import read_time, write_time


class AsyncQueue:
    """Requests that are not answered yet, in the order in which they came."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, queued: QueuedInvocation, body: bytes | None) -> None:
        """Take in a request; `body` is what it brought along."""
        row = {**write_queued(queued), "received_at": write_time(queued.received_at), "body": body}
        columns, values = ", ".join(row), ", ".join(f":{column}" for column in row)
        with self._store.transaction() as connection:
            connection.execute(f"INSERT INTO async_invocations ({columns}) VALUES ({values})", row)  # noqa: S608

    def remove(self, number: str) -> None:
        """Forget a request: it was answered, or never can be."""
        with self._store.transaction() as connection:
            connection.execute("DELETE FROM async_invocations WHERE id = ?", (number,))

    def body(self, number: str) -> bytes:
        """The body that a request brought along."""
        rows = self._store.read("SELECT body FROM async_invocations WHERE id = ?", (number,))
        return bytes(rows[0]["body"]) if rows and rows[0]["body"] is not None else b""

    def all(self) -> Iterator[QueuedInvocation]:
        """Every request, the oldest first."""
        for row in self._store.read(_SELECT):
            yield QueuedInvocation(**{**row, "received_at": read_time(row["received_at"])})


_SELECT = """
    SELECT id, endpoint_name, inference_id, received_at, output_location, failure_location, input_location,
           content_type, accept, custom_attributes, ttl_s, timeout_s
    FROM async_invocations ORDER BY sequence"""
