"""Connect to the operational database, and migrate its schema to this version of the program."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, exists, select, text
from sqlalchemy.exc import OperationalError

from lakehouse.config import Instance
from lakehouse.connections import OPERATIONAL, connection_url
from lakehouse.errors import ConfigError, Problem
from lakehouse.ops.tables import SCHEMA, metadata

MIGRATIONS = Path(__file__).parent / "migrations"
MIGRATION_LOCK = 4_404_001


def engine(url: URL) -> Engine:
    """Return an engine without a pool: a task that was forked must never inherit an open connection."""
    return create_engine(url, poolclass=NullPool, connect_args={"connect_timeout": 10, "options": "-c timezone=UTC -c search_path=public"})


@contextmanager
def connect(instance: Instance) -> Iterator[Connection]:
    """Open a connection with one transaction: committed at the end of the block, rolled back when the block raises."""
    url = connection_url(instance, OPERATIONAL)
    try:
        connection = engine(url).connect()
    except OperationalError:
        found = f"the operational database does not answer at {url.host}:{url.port}/{url.database}."
        problem = Problem("operational database", found, "", "run `huiliu up`, or check HUILIU_CONNECTION_HUILIU.")
        raise ConfigError(problem.text()) from None
    with connection, connection.begin():
        yield connection


def migrate(instance: Instance) -> None:
    """Migrate the schema `huiliu` to the newest version; two processes that do so at once wait for one another."""
    with connect(instance) as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MIGRATION_LOCK})
        command.upgrade(migration_config(connection), "head")


def schema_version(connection: Connection) -> str:
    """Return the version of the schema `huiliu`; empty when it was never migrated."""
    context = MigrationContext.configure(connection, opts={"version_table_schema": SCHEMA})
    return context.get_current_revision() or ""


def known_versions() -> list[str]:
    """Return the versions of the schema that this version of the program can migrate, the newest first."""
    return [one.revision for one in ScriptDirectory(str(MIGRATIONS)).walk_revisions()]


def is_empty(connection: Connection) -> bool:
    """Return whether no table of the schema `huiliu` has a row."""
    return not any(connection.execute(select(exists(select(1).select_from(table)))).scalar_one() for table in metadata.sorted_tables)


def migration_config(connection: Connection) -> Config:
    """Return Alembic's configuration for the migrations inside this package, on an open connection."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
