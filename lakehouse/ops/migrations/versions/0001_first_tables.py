"""First tables: batches, runs, tickets, packages, audit."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "0001"
down_revision = None
SCHEMA = "huiliu"
AT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Bring an empty schema to the first version."""
    _batches()
    _runs()
    _tickets()
    _cases()
    _exchange()


def _batches() -> None:
    op.create_table(
        "batch",
        sa.Column("batch_id", sa.Text, nullable=False),
        sa.Column("resource", sa.Text, nullable=False),
        sa.Column("provider", sa.Text, nullable=False),
        sa.Column("business_date", sa.Date, nullable=False),
        sa.Column("content_sha256", sa.Text, nullable=False),
        sa.Column("delivery_no", sa.Integer, nullable=False),
        sa.Column("taken_on", sa.Date, nullable=False),
        sa.Column("source_object", sa.Text, nullable=False),
        sa.Column("bytes", sa.BigInteger, nullable=False),
        sa.Column("received", sa.BigInteger, nullable=False),
        sa.Column("rejected", sa.BigInteger, nullable=True),
        sa.Column("quarantined", sa.BigInteger, nullable=True),
        sa.Column("duplicate", sa.BigInteger, nullable=True),
        sa.Column("superseded", sa.BigInteger, nullable=True),
        sa.Column("accepted", sa.BigInteger, nullable=True),
        sa.Column("held", sa.BigInteger, nullable=True),
        sa.Column("gate", sa.Text, nullable=True),
        sa.Column("bronze_recorded_at", AT, nullable=True),
        sa.Column("silver_on", sa.Date, nullable=True),
        sa.Column("recorded_at", AT, server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("batch_id", name="pk_batch"),
        sa.UniqueConstraint("resource", "delivery_no", name="uq_batch_resource_delivery_no"),
        sa.UniqueConstraint(
            "resource", "provider", "business_date", "content_sha256", name="uq_batch_resource_provider_business_date_content_sha256"
        ),
        schema=SCHEMA,
    )
    op.create_index("ix_batch_taken_on", "batch", ["taken_on"], unique=False, schema=SCHEMA)
    op.create_table(
        "batch_sighting",
        sa.Column("batch_id", sa.Text, nullable=False),
        sa.Column("source_object", sa.Text, nullable=False),
        sa.Column("seen_on", sa.Date, nullable=False),
        sa.Column("recorded_at", AT, server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], [f"{SCHEMA}.batch.batch_id"], name="fk_batch_sighting_batch_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("batch_id", "source_object", name="pk_batch_sighting"),
        schema=SCHEMA,
    )


def _runs() -> None:
    op.create_table(
        "ingest_run",
        sa.Column("resource", sa.Text, nullable=False),
        sa.Column("business_date", sa.Date, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("outcome", sa.Text, nullable=True),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("detail", JSONB, server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.Column("started_at", AT, server_default=sa.text("now()"), nullable=False),
        sa.Column("ended_at", AT, nullable=True),
        sa.PrimaryKeyConstraint("resource", "business_date", name="pk_ingest_run"),
        schema=SCHEMA,
    )
    op.create_table(
        "day",
        sa.Column("business_date", sa.Date, nullable=False),
        sa.Column("issue", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("gaps", JSONB, server_default=sa.text("'[]'::jsonb"), nullable=False),
        sa.Column("entry_sha256", sa.Text, nullable=True),
        sa.Column("closed_at", AT, server_default=sa.text("now()"), nullable=False),
        sa.Column("published_at", AT, nullable=True),
        sa.PrimaryKeyConstraint("business_date", "issue", name="pk_day"),
        schema=SCHEMA,
    )
    op.create_table(
        "step_timing",
        sa.Column("business_date", sa.Date, nullable=False),
        sa.Column("step", sa.Text, nullable=False),
        sa.Column("resource", sa.Text, server_default=sa.text("''"), nullable=False),
        sa.Column("attempt", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("seconds", sa.Double, nullable=False),
        sa.Column("started_at", AT, server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("business_date", "step", "resource", "attempt", name="pk_step_timing"),
        schema=SCHEMA,
    )
    op.create_table(
        "audit",
        sa.Column("seq", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("at", AT, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("detail", JSONB, server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.Column("prev_hash", sa.Text, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_audit"),
        sa.UniqueConstraint("hash", name="uq_audit_hash"),
        schema=SCHEMA,
    )


def _tickets() -> None:
    op.create_table(
        "ticket",
        sa.Column("ticket_id", sa.BigInteger, sa.Identity(always=True), nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("resource", sa.Text, nullable=True),
        sa.Column("provider", sa.Text, nullable=True),
        sa.Column("business_date", sa.Date, nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("detail", JSONB, server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.Column("assignee", sa.Text, nullable=True),
        sa.Column("due_on", sa.Date, nullable=True),
        sa.Column("closed_on", sa.Date, nullable=True),
        sa.Column("opened_at", AT, server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("ticket_id", name="pk_ticket"),
        schema=SCHEMA,
    )
    op.create_index("ix_ticket_business_date", "ticket", ["business_date"], unique=False, schema=SCHEMA)
    op.create_index(
        "uq_ticket_kind_subject_open",
        "ticket",
        ["kind", "subject"],
        unique=True,
        schema=SCHEMA,
        postgresql_where=sa.text("closed_on IS NULL"),
    )
    op.create_table(
        "ticket_event",
        sa.Column("ticket_id", sa.BigInteger, nullable=False),
        sa.Column("seq", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("event", sa.Text, nullable=False),
        sa.Column("business_date", sa.Date, nullable=False),
        sa.Column("actor", sa.Text, nullable=True),
        sa.Column("detail", JSONB, server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.Column("recorded_at", AT, server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["ticket_id"], [f"{SCHEMA}.ticket.ticket_id"], name="fk_ticket_event_ticket_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("ticket_id", "seq", name="pk_ticket_event"),
        schema=SCHEMA,
    )


def _cases() -> None:
    op.create_table(
        "quarantine_case",
        sa.Column("case_id", sa.Text, nullable=False),
        sa.Column("batch_id", sa.Text, nullable=False),
        sa.Column("source_line", sa.BigInteger, nullable=False),
        sa.Column("resource", sa.Text, nullable=False),
        sa.Column("provider", sa.Text, nullable=False),
        sa.Column("business_date", sa.Date, nullable=False),
        sa.Column("rules", ARRAY(sa.Text), nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("ticket_id", sa.BigInteger, nullable=True),
        sa.Column("opened_on", sa.Date, nullable=False),
        sa.Column("closed_on", sa.Date, nullable=True),
        sa.ForeignKeyConstraint(["batch_id"], [f"{SCHEMA}.batch.batch_id"], name="fk_quarantine_case_batch_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["ticket_id"], [f"{SCHEMA}.ticket.ticket_id"], name="fk_quarantine_case_ticket_id", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("case_id", name="pk_quarantine_case"),
        sa.UniqueConstraint("batch_id", "source_line", name="uq_quarantine_case_batch_id_source_line"),
        schema=SCHEMA,
    )
    op.create_index(
        "ix_quarantine_case_resource_business_date", "quarantine_case", ["resource", "business_date"], unique=False, schema=SCHEMA
    )


def _exchange() -> None:
    op.create_table(
        "recipient",
        sa.Column("recipient_id", sa.Text, nullable=False),
        sa.Column("level", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("region_code", sa.Text, nullable=True),
        sa.Column("department_uscc", sa.Text, nullable=True),
        sa.Column("valid_from", sa.Date, nullable=False),
        sa.Column("valid_to", sa.Date, nullable=True),
        sa.PrimaryKeyConstraint("recipient_id", name="pk_recipient"),
        schema=SCHEMA,
    )
    op.create_table(
        "package",
        sa.Column("recipient_id", sa.Text, nullable=False),
        sa.Column("business_date", sa.Date, nullable=False),
        sa.Column("issue", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("level", sa.Text, nullable=False),
        sa.Column("manifest_sha256", sa.Text, nullable=False),
        sa.Column("forms", sa.Integer, nullable=False),
        sa.Column("rows", sa.BigInteger, nullable=False),
        sa.Column("files_written", sa.Integer, nullable=False),
        sa.Column("files_referred", sa.Integer, nullable=False),
        sa.Column("bytes_written", sa.BigInteger, nullable=False),
        sa.Column("bytes_referred", sa.BigInteger, nullable=False),
        sa.Column("built_at", AT, server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["recipient_id"], [f"{SCHEMA}.recipient.recipient_id"], name="fk_package_recipient_id"),
        sa.PrimaryKeyConstraint("recipient_id", "business_date", "issue", name="pk_package"),
        sa.UniqueConstraint("manifest_sha256", name="uq_package_manifest_sha256"),
        schema=SCHEMA,
    )
    op.create_index("ix_package_business_date_issue", "package", ["business_date", "issue"], unique=False, schema=SCHEMA)
