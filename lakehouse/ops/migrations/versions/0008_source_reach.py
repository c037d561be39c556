"""What a source table held by day when it was asked last, and when a whole source was compared with what has arrived."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0008"
down_revision = "0007"
SCHEMA = "huiliu"


def upgrade() -> None:
    """Add both tables; nothing is known of earlier looks, so the first one after this only begins the record."""
    empty = sa.text("'{}'::jsonb")
    op.create_table(
        "source_reach",
        sa.Column("resource", sa.Text, primary_key=True),
        sa.Column("business_date", sa.Date, nullable=False),
        sa.Column("days", JSONB, nullable=False, server_default=empty),
        sa.Column("missed", JSONB, nullable=False, server_default=empty),
        schema=SCHEMA,
    )
    op.create_table(
        "reconciliation",
        sa.Column("resource", sa.Text, primary_key=True),
        sa.Column("business_date", sa.Date, primary_key=True),
        sa.Column("rows", sa.BigInteger, nullable=False),
        sa.Column("missing_here", sa.BigInteger, nullable=False),
        sa.Column("missing_there", sa.BigInteger, nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        schema=SCHEMA,
    )
