"""The schema, as numbered steps: each runs once per database, in order, and is never edited after a release."""

import sqlite3
from collections.abc import Callable

Migration = Callable[[sqlite3.Connection], None]


def m001_resources(connection: sqlite3.Connection) -> None:
    """Models, endpoint configs and endpoints; names are unique whatever their case, as on AWS."""
    connection.execute("""
        CREATE TABLE models (
            name TEXT NOT NULL PRIMARY KEY COLLATE NOCASE,
            arn TEXT NOT NULL,
            created_at TEXT NOT NULL,
            spec TEXT NOT NULL CHECK (json_valid(spec))
        ) STRICT, WITHOUT ROWID""")
    connection.execute("""
        CREATE TABLE endpoint_configs (
            name TEXT NOT NULL PRIMARY KEY COLLATE NOCASE,
            arn TEXT NOT NULL,
            created_at TEXT NOT NULL,
            spec TEXT NOT NULL CHECK (json_valid(spec))
        ) STRICT, WITHOUT ROWID""")
    connection.execute("""
        CREATE TABLE endpoints (
            name TEXT NOT NULL PRIMARY KEY COLLATE NOCASE,
            arn TEXT NOT NULL,
            created_at TEXT NOT NULL,
            modified_at TEXT NOT NULL,
            config_name TEXT NOT NULL,
            variants TEXT NOT NULL CHECK (json_valid(variants)),
            goal TEXT NOT NULL,
            spec TEXT NOT NULL CHECK (json_valid(spec)),
            failure_reason TEXT
        ) STRICT, WITHOUT ROWID""")


def m002_tags(connection: sqlite3.Connection) -> None:
    """Tags by the ARN of what they are on."""
    connection.execute("""
        CREATE TABLE tags (
            arn TEXT NOT NULL,
            key TEXT NOT NULL,
            value TEXT NOT NULL,
            PRIMARY KEY (arn, key)
        ) STRICT, WITHOUT ROWID""")


def m003_updates(connection: sqlite3.Connection) -> None:
    """What an endpoint is on its way to."""
    check = "pending IS NULL OR json_valid(pending)"  # json_valid(NULL) is 0 in some releases of SQLite
    connection.execute(f"ALTER TABLE endpoints ADD COLUMN pending TEXT CHECK ({check})")


def m004_async_invocations(connection: sqlite3.Connection) -> None:
    """Asynchronous invocations that are not answered yet."""
    connection.execute("""
        CREATE TABLE async_invocations (
            sequence INTEGER PRIMARY KEY,
            id TEXT NOT NULL UNIQUE,
            endpoint_name TEXT NOT NULL,
            inference_id TEXT NOT NULL,
            received_at TEXT NOT NULL,
            output_location TEXT NOT NULL,
            failure_location TEXT,
            input_location TEXT,
            content_type TEXT,
            accept TEXT,
            custom_attributes TEXT,
            ttl_s INTEGER NOT NULL,
            timeout_s INTEGER NOT NULL,
            body BLOB
        ) STRICT""")


def m005_inference_components(connection: sqlite3.Connection) -> None:
    """Inference components, by name, with the endpoint that their copies run on."""
    connection.execute("""
        CREATE TABLE inference_components (
            name TEXT NOT NULL PRIMARY KEY COLLATE NOCASE,
            arn TEXT NOT NULL,
            created_at TEXT NOT NULL,
            modified_at TEXT NOT NULL,
            endpoint_name TEXT NOT NULL,
            variants TEXT NOT NULL CHECK (json_valid(variants)),
            goal TEXT NOT NULL,
            spec TEXT NOT NULL CHECK (json_valid(spec)),
            failure_reason TEXT,
            pending TEXT CHECK (pending IS NULL OR json_valid(pending))
        ) STRICT, WITHOUT ROWID""")


MIGRATIONS: tuple[Migration, ...] = (
    m001_resources,
    m002_tags,
    m003_updates,
    m004_async_invocations,
    m005_inference_components,
)


class DatabaseTooNew(Exception):
    """The database was written by a later version of this program."""


def migrate(connection: sqlite3.Connection, migrations: tuple[Migration, ...] = MIGRATIONS) -> None:
    """Bring a database up to date; `user_version` counts the steps done. A step that fails leaves no trace.

    Raises DatabaseTooNew if the database has more steps than this program knows.
    """
    (num_done,) = connection.execute("PRAGMA user_version").fetchone()
    if num_done > len(migrations):
        raise DatabaseTooNew(f"The database is at step {num_done}; this version of firstbyte knows {len(migrations)}.")
    for number, migration in enumerate(migrations[num_done:], start=num_done + 1):
        connection.execute("BEGIN IMMEDIATE")
        try:
            migration(connection)
            connection.execute(f"PRAGMA user_version = {number:d}")
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")
