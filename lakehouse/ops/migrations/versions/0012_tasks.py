"""Tasks about rows: what a street or community opened about which row of a return it received, until when, and when it was closed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
SCHEMA = "huiliu"


def upgrade() -> None:
    """Add the table; no task has been opened yet."""
    op.create_table(
        "task",
        sa.Column("task_id", sa.Text, nullable=False),
        sa.Column("recipient_id", sa.Text, nullable=False),
        sa.Column("return_id", sa.Text, nullable=False),
        sa.Column("row_key", sa.Text, nullable=False),
        sa.Column("grid_code", sa.Text, nullable=False),
        sa.Column("need_id", sa.Text, nullable=False),
        sa.Column("opened_on", sa.Date, nullable=False),
        sa.Column("last_day", sa.Date, nullable=False),
        sa.Column("opened_by", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_on", sa.Date),
        sa.Column("closed_by", sa.Text),
        sa.Column("closed_because", sa.Text),
        sa.Column("closed_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("task_id", name="pk_task"),
        schema=SCHEMA,
    )
    op.create_index("ix_task_grid_code", "task", ["grid_code"], schema=SCHEMA)
    op.create_index("ix_task_last_day", "task", ["last_day"], schema=SCHEMA)
