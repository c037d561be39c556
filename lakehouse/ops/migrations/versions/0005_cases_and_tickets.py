"""Cases and tickets: subjects that survive re-runs, events with actor, channel, reason and document, no cascade over a decision."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "0005"
down_revision = "0004"
SCHEMA = "huiliu"
OPEN = sa.text("closed_on IS NULL")
RAISED = sa.text("event = 'raised'")


def upgrade() -> None:
    """Move the quarantine cases into cases with events, and give tickets and their events the same shape."""
    _cases()
    _move_cases()
    _ticket_events()
    _ticket_subjects()


def _cases() -> None:
    op.create_table(
        "case",
        sa.Column("case_id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("outcome", sa.Text, nullable=True),
        sa.Column("expires_on", sa.Date, nullable=True),
        sa.Column("resource", sa.Text, nullable=False),
        sa.Column("provider", sa.Text, nullable=False),
        sa.Column("business_date", sa.Date, nullable=False),
        sa.Column("batch_id", sa.Text, nullable=False),
        sa.Column("source_line", sa.BigInteger, nullable=False),
        sa.Column("rules", ARRAY(sa.Text), nullable=False),
        sa.Column("ticket_id", sa.BigInteger, nullable=True),
        sa.Column("opened_on", sa.Date, nullable=False),
        sa.Column("closed_on", sa.Date, nullable=True),
        sa.PrimaryKeyConstraint("case_id", name="pk_case"),
        sa.ForeignKeyConstraint(["ticket_id"], [f"{SCHEMA}.ticket.ticket_id"], name="fk_case_ticket_id"),
        schema=SCHEMA,
    )
    op.create_index("uq_case_kind_subject_open", "case", ["kind", "subject"], unique=True, schema=SCHEMA, postgresql_where=OPEN)
    op.create_index("ix_case_subject", "case", ["subject"], schema=SCHEMA)
    op.create_index("ix_case_expires_on", "case", ["expires_on"], schema=SCHEMA)
    op.create_index("ix_case_resource_business_date", "case", ["resource", "business_date"], schema=SCHEMA)
    op.create_table(
        "case_event",
        sa.Column("case_id", sa.Text, nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("event", sa.Text, nullable=False),
        sa.Column("business_date", sa.Date, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=True),
        sa.Column("document", sa.Text, nullable=True),
        sa.Column("detail", JSONB, nullable=False, server_default=sa.text("'{}'::jsonb")),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.Column("source_line", sa.BigInteger, nullable=True),
        sa.PrimaryKeyConstraint("case_id", "seq", name="pk_case_event"),
        sa.ForeignKeyConstraint(["case_id"], [f"{SCHEMA}.case.case_id"], name="fk_case_event_case_id"),
        schema=SCHEMA,
    )
    raised = ["document", "source_line"]
    op.create_index("uq_case_event_raised", "case_event", raised, unique=True, schema=SCHEMA, postgresql_where=RAISED)


def _move_cases() -> None:
    """Move the rows of the former table; where a row lay is the only subject they know, and they keep it."""
    op.execute(
        """
        INSERT INTO huiliu.case (case_id, kind, subject, state, outcome, resource, provider, business_date, batch_id, source_line, rules,
                                 ticket_id, opened_on, closed_on)
        SELECT case_id, CASE WHEN rules[1] LIKE 'reject.%' THEN 'rejected' ELSE 'quarantined' END,
               concat_ws('|', resource, provider, batch_id, source_line), CASE WHEN closed_on IS NULL THEN 'open' ELSE 'closed' END,
               CASE WHEN closed_on IS NULL THEN NULL ELSE state END,
               resource, provider, business_date, batch_id, source_line, rules, ticket_id, opened_on, closed_on
        FROM huiliu.quarantine_case
        """
    )
    op.execute(
        """
        INSERT INTO huiliu.case_event (case_id, seq, event, business_date, actor, channel, reason, document, source_line)
        SELECT case_id, 1, 'raised', opened_on, 'system', 'job', NULL, batch_id, source_line FROM huiliu.case
        UNION ALL
        SELECT case_id, 2, 'closed', closed_on, 'system', 'job', outcome, NULL, NULL FROM huiliu.case WHERE closed_on IS NOT NULL
        """
    )
    op.drop_table("quarantine_case", schema=SCHEMA)


def _ticket_events() -> None:
    op.drop_constraint("fk_ticket_event_ticket_id", "ticket_event", schema=SCHEMA, type_="foreignkey")
    op.create_foreign_key(
        "fk_ticket_event_ticket_id", "ticket_event", "ticket", ["ticket_id"], ["ticket_id"], source_schema=SCHEMA, referent_schema=SCHEMA
    )
    for name in ("channel", "reason", "document"):
        op.add_column("ticket_event", sa.Column(name, sa.Text, nullable=True), schema=SCHEMA)
    op.execute(
        """
        UPDATE huiliu.ticket_event SET reason = detail ->> 'reason', detail = detail - 'reason',
               channel = CASE WHEN actor IS NULL THEN 'job' ELSE 'command_line' END, actor = coalesce(actor, 'system')
        """
    )
    for name in ("actor", "channel"):
        op.alter_column("ticket_event", name, nullable=False, schema=SCHEMA)


def _ticket_subjects() -> None:
    """Name the delivery or the contract itself as subject; of several open tickets about one wrong contract the oldest stays."""
    op.execute("UPDATE huiliu.ticket SET kind = 'unusable' WHERE kind = 'refused' AND detail ? 'source'")
    op.execute(
        """
        UPDATE huiliu.ticket SET subject = resource || '|' || (detail ->> 'batch_id')
        WHERE kind IN ('refused', 'blocked') AND detail ? 'batch_id'
        """
    )
    op.execute(
        """
        WITH repeated AS (
            UPDATE huiliu.ticket AS later SET state = 'closed', closed_on = later.business_date
            WHERE kind = 'contract' AND closed_on IS NULL AND EXISTS (
                SELECT FROM huiliu.ticket AS first WHERE first.kind = 'contract' AND first.closed_on IS NULL
                AND first.resource = later.resource AND first.ticket_id < later.ticket_id)
            RETURNING ticket_id, business_date
        )
        INSERT INTO huiliu.ticket_event (ticket_id, seq, event, business_date, actor, channel, reason)
        SELECT ticket_id, (SELECT max(seq) + 1 FROM huiliu.ticket_event AS known WHERE known.ticket_id = repeated.ticket_id),
               'closed', business_date, 'system', 'job', 'one_ticket_per_contract'
        FROM repeated
        """
    )
    op.execute("UPDATE huiliu.ticket SET subject = resource WHERE kind = 'contract'")
