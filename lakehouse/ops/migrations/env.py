"""Runs the migrations on the connection the program hands over (there is no alembic.ini and no second way)."""

from __future__ import annotations

from alembic import context
from sqlalchemy import text

from lakehouse.ops.tables import SCHEMA, metadata

connection = context.config.attributes["connection"]
connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}"))
context.configure(connection=connection, target_metadata=metadata, version_table_schema=SCHEMA, include_schemas=True)
with context.begin_transaction():
    context.run_migrations()
