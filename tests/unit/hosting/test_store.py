"""The store: what is written comes back, at once or not at all, after a restart too; and its migrations."""

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from firstbyte.hosting.definitions import Container, Model, read_containers
from firstbyte.hosting.lifecycle import EndpointEvent
from firstbyte.hosting.records import (
    DeployedVariant,
    Endpoint,
    EndpointConfig,
    EndpointGoal,
    RoutingStrategy,
    Variant,
)
from firstbyte.hosting.store.database import Store
from firstbyte.hosting.store.migrations import MIGRATIONS, DatabaseTooNew, migrate
from firstbyte.hosting.store.rows import read_time, write_time

NOW = datetime(2026, 1, 2, 3, 4, 5, 678_901, tzinfo=UTC)
CONTAINER = {"Image": "firstbyte/echo", "Environment": {"A": "1"}, "ModelDataUrl": "s3://b/k", "ContainerHostname": "h"}
VARIANT = {
    "VariantName": "v",
    "ModelName": "M",
    "InitialInstanceCount": 2,
    "InitialVariantWeight": 0.5,
    "RoutingConfig": {"RoutingStrategy": "LEAST_OUTSTANDING_REQUESTS"},
    "ModelDataDownloadTimeoutInSeconds": 61,
    "ContainerStartupHealthCheckTimeoutInSeconds": 62,
}
MODEL = Model(
    "M",
    "arn:M",
    NOW,
    {"ModelName": "M", "PrimaryContainer": CONTAINER, "ExecutionRoleArn": "arn:role"},
)
CONFIG = EndpointConfig("C", "arn:C", NOW, (Variant.of(VARIANT),), {"ProductionVariants": [VARIANT]})
ENDPOINT = Endpoint(
    "E",
    "arn:E",
    NOW,
    NOW,
    "C",
    (DeployedVariant(Variant.of(VARIANT), read_containers([CONTAINER])),),
    EndpointGoal.CREATE,
    {"EndpointName": "E"},
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "state.sqlite")
    yield store
    store.close()


def test_records_come_back_as_they_were_after_a_restart(tmp_path: Path) -> None:
    store = Store(tmp_path / "state.sqlite")
    assert store.models.add(MODEL, {"k": "v"})
    assert store.endpoint_configs.add(CONFIG)
    assert store.endpoints.add(ENDPOINT)
    store.close()

    store = Store(tmp_path / "state.sqlite")
    assert store.models.get("M") == MODEL
    assert store.endpoint_configs.get("C") == CONFIG
    assert store.endpoints.get("E") == ENDPOINT
    assert store.endpoints.all() == (ENDPOINT,)
    assert store.tags("arn:M") == {"k": "v"}
    store.close()


def test_members_are_read_once_into_fields() -> None:
    variant = Variant.of(VARIANT)
    assert variant.routing_strategy is RoutingStrategy.LEAST_OUTSTANDING_REQUESTS
    assert (variant.model_data_download_timeout_s, variant.container_startup_health_check_timeout_s) == (61, 62)
    source = {"S3DataSource": {"S3Uri": "s3://b/p/", "S3DataType": "S3Prefix", "CompressionType": "None"}}
    container = Container.of({"Image": "i", "ModelDataSource": source})
    assert (container.model_data_url, container.name) == ("s3://b/p/", "primary")


def test_a_name_is_taken_in_every_case_and_found_only_in_its_own(store: Store) -> None:
    assert store.models.add(MODEL)
    assert not store.models.add(replace(MODEL, name="m"), {"k": "v"})
    assert store.models.is_taken("m")
    assert store.models.get("m") is None
    assert not store.models.delete("m")
    assert store.tags("arn:M") == {}, "a refused insert leaves no tags"


def test_deleting_takes_the_tags_along(store: Store) -> None:
    store.models.add(MODEL, {"k": "v"})
    assert store.models.delete("M")
    assert store.tags("arn:M") == {}
    assert store.models.all() == ()


def test_a_transaction_that_fails_leaves_nothing(store: Store) -> None:
    def half() -> None:
        with store.transaction():
            store.models.add(MODEL)
            raise RuntimeError("half way")

    with pytest.raises(RuntimeError):
        half()
    assert store.models.get("M") is None
    assert store.models.add(MODEL), "the next transaction is a fresh one"


def test_advancing_an_endpoint_to_its_end_removes_it(store: Store) -> None:
    store.endpoints.add(ENDPOINT)
    later = NOW + timedelta(seconds=1)
    assert store.advance(("E", None), EndpointEvent.INSTANCE_GAVE_UP, later, "why") is EndpointGoal.FAIL
    failed = store.endpoints.get("E")
    assert failed == replace(ENDPOINT, goal=EndpointGoal.FAIL, modified_at=later, failure_reason="why")
    assert store.advance(("E", None), EndpointEvent.DELETE_REQUESTED, later) is EndpointGoal.DELETE
    assert store.advance(("E", None), EndpointEvent.ALL_GONE, later) is EndpointGoal.GONE
    assert store.endpoints.get("E") is None
    assert not store.endpoints.is_taken("e")


def test_tags_are_put_and_dropped_by_key(store: Store) -> None:
    store.put_tags("arn", {"a": "1", "b": "2"})
    store.put_tags("arn", {"b": "3", "c": "4"})
    store.drop_tags("arn", ["a", "none"])
    assert store.tags("arn") == {"b": "3", "c": "4"}


def test_times_are_text_that_sorts_and_is_utc() -> None:
    elsewhere = NOW.astimezone(timezone(timedelta(hours=5)))
    assert write_time(elsewhere) == write_time(NOW) == "2026-01-02T03:04:05.678901+00:00"
    assert read_time(write_time(NOW.replace(microsecond=0))) == NOW.replace(microsecond=0)
    assert len(write_time(NOW.replace(microsecond=0))) == len(write_time(NOW))


def test_every_table_is_strict_and_every_migration_numbered(store: Store) -> None:
    rows = store.read("SELECT name, strict FROM pragma_table_list WHERE schema = 'main' AND name NOT LIKE 'sqlite_%'")
    assert {row["name"]: row["strict"] for row in rows} == dict.fromkeys(
        ("models", "endpoint_configs", "endpoints", "tags", "async_invocations", "inference_components"), 1
    )
    assert [migration.__name__[:5] for migration in MIGRATIONS] == [f"m{n:03d}_" for n in range(1, len(MIGRATIONS) + 1)]
    assert store.read("PRAGMA journal_mode") == [{"journal_mode": "wal"}]


def test_a_database_at_any_step_is_brought_up_to_date() -> None:
    for num_done in range(len(MIGRATIONS) + 1):
        connection = sqlite3.connect(":memory:", isolation_level=None)
        migrate(connection, MIGRATIONS[:num_done])
        migrate(connection)
        migrate(connection)
        assert connection.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)
        connection.close()


def test_a_migration_that_fails_leaves_no_trace() -> None:
    def m003_broken(connection: sqlite3.Connection) -> None:
        connection.execute("CREATE TABLE half (a TEXT) STRICT")
        connection.execute("nonsense")

    connection = sqlite3.connect(":memory:", isolation_level=None)
    with pytest.raises(sqlite3.OperationalError):
        migrate(connection, (*MIGRATIONS, m003_broken))
    assert connection.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)
    assert connection.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'half'").fetchone() == (0,)
    connection.close()


def test_a_database_of_a_later_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    Store(path).close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(DatabaseTooNew, match="step 99"):
        Store(path)
