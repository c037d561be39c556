"""Rules of a batch: how many of its rows break each."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
SCHEMA = "huiliu"


def upgrade() -> None:
    """Add the table of broken rules."""
    op.create_table(
        "batch_rule",
        sa.Column("batch_id", sa.Text, nullable=False),
        sa.Column("rule", sa.Text, nullable=False),
        sa.Column("rows", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("batch_id", "rule", name="pk_batch_rule"),
        sa.ForeignKeyConstraint(["batch_id"], [f"{SCHEMA}.batch.batch_id"], name="fk_batch_rule_batch_id_batch", ondelete="CASCADE"),
        schema=SCHEMA,
    )
