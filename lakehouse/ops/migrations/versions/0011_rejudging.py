"""Rejudgings: who had which rows judged again by the rules of which day, and what it counted beside what the gate had."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0011"
down_revision = "0010"
SCHEMA = "huiliu"


def upgrade() -> None:
    """Add both tables; nothing has been judged again yet."""
    op.create_table(
        "rejudging",
        sa.Column("resource", sa.Text, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("since", sa.Date, nullable=False),
        sa.Column("judged_on", sa.Date, nullable=False),
        sa.Column("contract_version", sa.Text, nullable=False),
        sa.Column("contract_sha256", sa.Text, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("resource", "number", name="pk_rejudging"),
        schema=SCHEMA,
    )
    op.create_table(
        "rejudged_batch",
        sa.Column("batch_id", sa.Text, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("judged_on", sa.Date, nullable=False),
        sa.Column("quarantined", sa.BigInteger, nullable=False),
        sa.Column("broken", JSONB, nullable=False),
        sa.PrimaryKeyConstraint("batch_id", "number", name="pk_rejudged_batch"),
        schema=SCHEMA,
    )
