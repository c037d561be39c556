"""What people decided about batches, and which batch takes up which one again; gates may say `released`."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
SCHEMA = "huiliu"


def upgrade() -> None:
    """Add the table and the column; nobody has decided anything yet."""
    op.add_column("batch", sa.Column("predecessor", sa.Text), schema=SCHEMA)
    op.create_index("ix_batch_predecessor", "batch", ["predecessor"], schema=SCHEMA)
    op.create_table(
        "ruling",
        sa.Column("batch_id", sa.Text, nullable=False),
        sa.Column("about", sa.Text, nullable=False),
        sa.Column("resource", sa.Text, nullable=False),
        sa.Column("verdict", sa.Text, nullable=False),
        sa.Column("gate", sa.Text, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("since", sa.Date, nullable=False),
        sa.Column("effective_on", sa.Date),
        sa.Column("carried_out_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("batch_id", "about", name="pk_ruling"),
        schema=SCHEMA,
    )
    op.create_index("ix_ruling_resource", "ruling", ["resource"], schema=SCHEMA)
