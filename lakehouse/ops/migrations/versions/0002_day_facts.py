"""Facts of a day: what its steps found out about it (libraries, proofs, invariants)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0002"
down_revision = "0001"
SCHEMA = "huiliu"


def upgrade() -> None:
    """Add the table of facts."""
    op.create_table(
        "day_fact",
        sa.Column("business_date", sa.Date, nullable=False),
        sa.Column("fact", sa.Text, nullable=False),
        sa.Column("detail", JSONB, nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.PrimaryKeyConstraint("business_date", "fact", name="pk_day_fact"),
        schema=SCHEMA,
    )
