"""The database file and its tables. One process writes it, one change at a time."""

import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Generic, TypeVar

from firstbyte.hosting.definitions import Model
from firstbyte.hosting.lifecycle import ENDPOINT_TABLE, EndpointEvent, advance
from firstbyte.hosting.records import (
    Endpoint,
    EndpointConfig,
    EndpointGoal,
    InferenceComponent,
    Place,
    Update,
    Workload,
)
from firstbyte.hosting.store.migrations import migrate
from firstbyte.hosting.store.rows import (
    Row,
    read_endpoint,
    read_endpoint_config,
    read_inference_component,
    read_model,
    write_endpoint,
    write_endpoint_config,
    write_inference_component,
    write_model,
)

Record = TypeVar("Record")


class Table(Generic[Record]):
    """The resources of one kind, by name. A name is taken in every case; it is found only in its own."""

    def __init__(
        self, store: "Store", table: str, write: Callable[[Record], Row], read: Callable[[Row], Record]
    ) -> None:
        self._store = store
        self._table = table
        self._write = write
        self._read = read

    def add(self, record: Record, tags: Mapping[str, str] | None = None) -> bool:
        """Insert a resource with its tags, at once or not at all; False if its name is taken."""
        row = self._write(record)
        columns, values = ", ".join(row), ", ".join(f":{column}" for column in row)
        with self._store.transaction() as connection:
            # Table and column names are this program's own.
            statement = f"INSERT INTO {self._table} ({columns}) VALUES ({values}) ON CONFLICT DO NOTHING"  # noqa: S608
            if connection.execute(statement, row).rowcount == 0:
                return False
            self._store.put_tags(row["arn"], tags or {})
            return True

    def get(self, name: str) -> Record | None:
        """The resource of exactly this name."""
        rows = self._store.read(f"SELECT * FROM {self._table} WHERE name = ? COLLATE BINARY", (name,))  # noqa: S608
        return self._read(rows[0]) if rows else None

    def is_taken(self, name: str) -> bool:
        """Whether a resource has this name in whatever case."""
        return bool(self._store.read(f"SELECT 1 FROM {self._table} WHERE name = ?", (name,)))  # noqa: S608

    def all(self) -> tuple[Record, ...]:
        """Every resource, oldest first."""
        statement = f"SELECT * FROM {self._table} ORDER BY created_at, name"  # noqa: S608
        return tuple(self._read(row) for row in self._store.read(statement))

    def put(self, record: Record) -> None:
        """Overwrite a resource that exists."""
        row = self._write(record)
        columns = ", ".join(f"{column} = :{column}" for column in row)
        with self._store.transaction() as connection:
            connection.execute(f"UPDATE {self._table} SET {columns} WHERE name = :name", row)  # noqa: S608

    def delete(self, name: str) -> bool:
        """Remove a resource and its tags; False if there was none of exactly this name."""
        with self._store.transaction() as connection:
            statement = f"DELETE FROM {self._table} WHERE name = ? COLLATE BINARY RETURNING arn"  # noqa: S608
            deleted = connection.execute(statement, (name,)).fetchall()
            connection.executemany("DELETE FROM tags WHERE arn = ?", [(row["arn"],) for row in deleted])
            return bool(deleted)


def settled(workload: Workload, event: EndpointEvent) -> Workload:
    """What an update leaves behind once it is done: the new fleet in the place of the old, or the old one as it was."""
    update = workload.update
    if update is None or event not in (EndpointEvent.UPDATE_DONE, EndpointEvent.ROLLED_BACK):
        return workload
    if event is EndpointEvent.ROLLED_BACK:
        return replace(workload, update=None)
    if isinstance(workload, Endpoint):
        workload = replace(workload, config_name=update.config_name)
    spec = {**workload.spec, **update.spec}
    return replace(workload, variants=update.variants, spec=spec, failure_reason=None, update=None)


class Store:
    """The desired state of the control plane."""

    def __init__(self, path: Path | str) -> None:
        """Open the database at `path` (":memory:" for tests), creating or migrating it as needed.

        Raises DatabaseTooNew, sqlite3.Error.
        """
        # The host may be built on one thread and run on another; the lock keeps it to one at a time.
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._connection.row_factory = sqlite3.Row
        self._lock = threading.RLock()
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.execute("PRAGMA busy_timeout = 5000")
        try:
            migrate(self._connection)
        except BaseException:
            self._connection.close()
            raise
        self.models: Table[Model] = Table(self, "models", write_model, read_model)
        self.endpoint_configs: Table[EndpointConfig] = Table(
            self, "endpoint_configs", write_endpoint_config, read_endpoint_config
        )
        self.endpoints: Table[Endpoint] = Table(self, "endpoints", write_endpoint, read_endpoint)
        self.inference_components: Table[InferenceComponent] = Table(
            self, "inference_components", write_inference_component, read_inference_component
        )

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Do several changes at once or not at all; inside another one, be part of it."""
        with self._lock:
            if self._connection.in_transaction:
                yield self._connection
                return
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def read(self, statement: str, values: tuple[Any, ...] = ()) -> list[Row]:
        """The rows that a SELECT finds."""
        with self._lock:
            return [dict(row) for row in self._connection.execute(statement, values)]

    def workloads(self) -> tuple[Workload, ...]:
        """Every endpoint and every inference component."""
        return (*self.endpoints.all(), *self.inference_components.all())

    def workload(self, place: Place) -> Workload | None:
        """The endpoint of this name, or the inference component of this name on it."""
        endpoint_name, component_name = place
        if component_name is None:
            return self.endpoints.get(endpoint_name)
        component = self.inference_components.get(component_name)
        return component if component and component.endpoint_name == endpoint_name else None

    def components_on(self, endpoint_name: str) -> tuple[InferenceComponent, ...]:
        """The inference components of one endpoint."""
        return tuple(one for one in self.inference_components.all() if one.endpoint_name == endpoint_name)

    def advance(
        self, place: Place, event: EndpointEvent, now: datetime, reason: str | None = None
    ) -> EndpointGoal | None:
        """Let `event` happen to a workload; None if there is no such workload. A GONE one is removed.

        Raises IllegalTransition, changing nothing.
        """
        with self.transaction():
            workload = self.workload(place)
            if workload is None:
                return None
            goal = advance(ENDPOINT_TABLE, workload.goal, event)
            if goal is EndpointGoal.GONE:
                self._forget(workload)
            else:
                reason = reason or workload.failure_reason
                self._put(settled(replace(workload, goal=goal, modified_at=now, failure_reason=reason), event))
            return goal

    def begin_update(self, place: Place, update: Update, now: datetime) -> EndpointGoal | None:
        """Have a workload on its way to `update`; None if there is no such workload.

        Raises IllegalTransition, changing nothing.
        """
        with self.transaction():
            goal = self.advance(place, EndpointEvent.UPDATE_REQUESTED, now)
            self.step_update(place, update)
            return goal

    def step_update(self, place: Place, update: Update) -> None:
        """Note how far a workload's update has come."""
        with self.transaction():
            if (workload := self.workload(place)) is not None:
                self._put(replace(workload, update=update))

    def _put(self, workload: Workload) -> None:
        if isinstance(workload, Endpoint):
            self.endpoints.put(workload)
        else:
            self.inference_components.put(workload)

    def _forget(self, workload: Workload) -> None:
        if isinstance(workload, Endpoint):
            self.endpoints.delete(workload.name)
            # A new endpoint of this name must not get what the old one was asked.
            with self.transaction() as connection:
                connection.execute("DELETE FROM async_invocations WHERE endpoint_name = ?", (workload.name,))
        else:
            self.inference_components.delete(workload.name)

    def tags(self, arn: str) -> dict[str, str]:
        """The tags on a resource, by key."""
        return {row["key"]: row["value"] for row in self.read("SELECT key, value FROM tags WHERE arn = ?", (arn,))}

    def put_tags(self, arn: str, tags: Mapping[str, str]) -> None:
        """Set tags, overwriting those of the same key."""
        with self.transaction() as connection:
            connection.executemany(
                "INSERT INTO tags (arn, key, value) VALUES (?, ?, ?)"
                " ON CONFLICT (arn, key) DO UPDATE SET value = excluded.value",
                [(arn, key, value) for key, value in tags.items()],
            )

    def drop_tags(self, arn: str, keys: list[str]) -> None:
        """Remove tags; those that are not there do not matter."""
        with self.transaction() as connection:
            connection.executemany("DELETE FROM tags WHERE arn = ? AND key = ?", [(arn, key) for key in keys])

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()
