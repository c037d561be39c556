"""The alerts of an instance, and to whom each was told over which route."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0010"
down_revision = "0009"
SCHEMA = "huiliu"


def upgrade() -> None:
    """Add both tables; what is wrong already becomes an alert when the watcher looks for the first time."""
    op.create_table(
        "alert",
        sa.Column("alert_id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("severity", sa.Text, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("resource", sa.Text),
        sa.Column("business_date", sa.Date),
        sa.Column("detail", JSONB, nullable=False, server_default=sa.text("'{}'::jsonb")),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_by", sa.Text),
        sa.Column("seen_at", sa.DateTime(timezone=True)),
        sa.Column("closed_at", sa.DateTime(timezone=True)),
        schema=SCHEMA,
    )
    op.create_index(
        "uq_alert_kind_subject_open",
        "alert",
        ["kind", "subject"],
        unique=True,
        postgresql_where=sa.text("closed_at IS NULL"),
        schema=SCHEMA,
    )
    op.create_table(
        "alert_notice",
        sa.Column("alert_id", sa.BigInteger, sa.ForeignKey(f"{SCHEMA}.alert.alert_id", name="fk_alert_notice_alert_id"), primary_key=True),
        sa.Column("route", sa.Text, primary_key=True),
        sa.Column("times_sent", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("sent_at", sa.DateTime(timezone=True)),
        sa.Column("closing_sent_at", sa.DateTime(timezone=True)),
        sa.Column("failures", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("failed_at", sa.DateTime(timezone=True)),
        sa.Column("failure", sa.Text),
        schema=SCHEMA,
    )
