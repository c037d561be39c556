"""The tables of the operational database (schema `huiliu`): workflow and its records, never data of a resource."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.types import TypeEngine

SCHEMA = "huiliu"
CONVENTION = {
    "pk": "pk_%(table_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
}
metadata = MetaData(schema=SCHEMA, naming_convention=CONVENTION)


def _required(name: str, type_: type[TypeEngine[Any]] | TypeEngine[Any]) -> Column[Any]:
    return Column(name, type_, nullable=False)


def _now(name: str) -> Column[Any]:
    return Column(name, DateTime(timezone=True), nullable=False, server_default=func.now())


def _json(name: str) -> Column[Any]:
    return Column(name, JSONB, nullable=False, server_default=text("'{}'::jsonb"))


batch = Table(
    "batch",
    metadata,
    Column("batch_id", Text, primary_key=True),
    _required("resource", Text),
    _required("provider", Text),
    _required("business_date", Date),
    _required("content_sha256", Text),
    _required("delivery_no", Integer),
    _required("taken_on", Date),
    _required("source_object", Text),
    _required("bytes", BigInteger),
    _required("received", BigInteger),
    _required("occurrence", Integer),
    Column("predecessor", Text),
    Column("rejected", BigInteger),
    Column("quarantined", BigInteger),
    Column("duplicate", BigInteger),
    Column("superseded", BigInteger),
    Column("accepted", BigInteger),
    Column("held", BigInteger),
    Column("gate", Text),
    Column("bronze_recorded_at", DateTime(timezone=True)),
    Column("silver_on", Date),
    Column("closings_held", Boolean),
    Column("counted_on", Date),
    Column("withdrawn_on", Date),
    _now("recorded_at"),
    UniqueConstraint("resource", "provider", "business_date", "content_sha256", "occurrence", name="uq_batch_occurrence"),
    UniqueConstraint("resource", "delivery_no"),
    Index(None, "taken_on"),
    Index(None, "counted_on"),
    Index(None, "withdrawn_on"),
    Index(None, "gate"),
    Index(None, "resource", "business_date"),
    Index(None, "resource", "provider", "delivery_no"),
    Index(None, "predecessor"),
)

batch_sighting = Table(
    "batch_sighting",
    metadata,
    Column("batch_id", Text, ForeignKey(batch.c.batch_id, ondelete="CASCADE"), primary_key=True),
    Column("source_object", Text, primary_key=True),
    _required("seen_on", Date),
    _now("recorded_at"),
)

batch_rule = Table(
    "batch_rule",
    metadata,
    Column("batch_id", Text, ForeignKey(batch.c.batch_id, ondelete="CASCADE"), primary_key=True),
    Column("rule", Text, primary_key=True),
    _required("rows", BigInteger),
)

ingest_run = Table(
    "ingest_run",
    metadata,
    Column("resource", Text, primary_key=True),
    Column("business_date", Date, primary_key=True),
    _required("state", Text),
    Column("outcome", Text),
    _required("attempt", Integer),
    _json("detail"),
    _now("started_at"),
    Column("ended_at", DateTime(timezone=True)),
)

source_reach = Table(
    "source_reach",
    metadata,
    Column("resource", Text, primary_key=True),
    _required("business_date", Date),
    _json("days"),
    _json("missed"),
)

reconciliation = Table(
    "reconciliation",
    metadata,
    Column("resource", Text, primary_key=True),
    Column("business_date", Date, primary_key=True),
    _required("rows", BigInteger),
    _required("missing_here", BigInteger),
    _required("missing_there", BigInteger),
    _now("recorded_at"),
)

day = Table(
    "day",
    metadata,
    Column("business_date", Date, primary_key=True),
    Column("issue", Integer, primary_key=True, autoincrement=False),
    _required("state", Text),
    Column("gaps", JSONB, nullable=False, server_default=text("'[]'::jsonb")),
    Column("entry_sha256", Text),
    _now("closed_at"),
    Column("published_at", DateTime(timezone=True)),
)

recipient = Table(
    "recipient",
    metadata,
    Column("recipient_id", Text, primary_key=True),
    _required("level", Text),
    _required("name", Text),
    Column("region_code", Text),
    Column("department_uscc", Text),
    _required("valid_from", Date),
    Column("valid_to", Date),
)

package = Table(
    "package",
    metadata,
    Column("recipient_id", Text, ForeignKey(recipient.c.recipient_id), primary_key=True),
    Column("business_date", Date, primary_key=True),
    Column("issue", Integer, primary_key=True, autoincrement=False),
    _required("level", Text),
    _required("manifest_sha256", Text),
    _required("forms", Integer),
    _required("rows", BigInteger),
    _required("files_written", Integer),
    _required("files_referred", Integer),
    _required("bytes_written", BigInteger),
    _required("bytes_referred", BigInteger),
    _now("built_at"),
    UniqueConstraint("manifest_sha256"),
    Index(None, "business_date", "issue"),
)

ticket = Table(
    "ticket",
    metadata,
    Column("ticket_id", BigInteger, Identity(always=True), primary_key=True),
    _required("kind", Text),
    _required("subject", Text),
    _required("state", Text),
    Column("resource", Text),
    Column("provider", Text),
    _required("business_date", Date),
    _required("message", Text),
    _json("detail"),
    Column("assignee", Text),
    Column("due_on", Date),
    Column("closed_on", Date),
    _now("opened_at"),
    Index("uq_ticket_kind_subject_open", "kind", "subject", unique=True, postgresql_where=text("closed_on IS NULL")),
    Index(None, "business_date"),
)


def _event_columns() -> list[Column[Any]]:
    """Return what every event of a case or a ticket says: what happened, when, by whom, through which channel, why, on which document."""
    return [
        Column("seq", Integer, primary_key=True, autoincrement=False),
        _required("event", Text),
        _required("business_date", Date),
        _required("actor", Text),
        _required("channel", Text),
        Column("reason", Text),
        Column("document", Text),
        _json("detail"),
        _now("recorded_at"),
    ]


# No key of a ruling, a rejudging, a case, a ticket or an event cascades: what somebody decided outlives the batches, runs and days
# it was about.
ruling = Table(
    "ruling",
    metadata,
    Column("batch_id", Text, primary_key=True),
    Column("about", Text, primary_key=True),
    _required("resource", Text),
    _required("verdict", Text),
    _required("gate", Text),
    _required("actor", Text),
    _required("reason", Text),
    _required("decided_at", DateTime(timezone=True)),
    _required("since", Date),
    Column("effective_on", Date),
    Column("carried_out_at", DateTime(timezone=True)),
    Index(None, "resource"),
)

rejudging = Table(
    "rejudging",
    metadata,
    Column("resource", Text, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    _required("since", Date),
    _required("judged_on", Date),
    _required("contract_version", Text),
    _required("contract_sha256", Text),
    _required("actor", Text),
    _required("reason", Text),
    _required("decided_at", DateTime(timezone=True)),
)

rejudged_batch = Table(
    "rejudged_batch",
    metadata,
    Column("batch_id", Text, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    _required("judged_on", Date),
    _required("quarantined", BigInteger),
    _required("broken", JSONB),
)

task = Table(
    "task",
    metadata,
    Column("task_id", Text, primary_key=True),
    _required("recipient_id", Text),
    _required("return_id", Text),
    _required("row_key", Text),
    _required("grid_code", Text),
    _required("need_id", Text),
    _required("opened_on", Date),
    _required("last_day", Date),
    _required("opened_by", Text),
    _required("reason", Text),
    _required("opened_at", DateTime(timezone=True)),
    Column("closed_on", Date),
    Column("closed_by", Text),
    Column("closed_because", Text),
    Column("closed_at", DateTime(timezone=True)),
    Index(None, "grid_code"),
    Index(None, "last_day"),
)

ticket_event = Table(
    "ticket_event",
    metadata,
    Column("ticket_id", BigInteger, ForeignKey(ticket.c.ticket_id), primary_key=True),
    *_event_columns(),
)

case = Table(
    "case",
    metadata,
    Column("case_id", Text, primary_key=True),
    _required("kind", Text),
    _required("subject", Text),
    _required("state", Text),
    Column("outcome", Text),
    Column("expires_on", Date),
    _required("resource", Text),
    _required("provider", Text),
    _required("business_date", Date),
    _required("batch_id", Text),
    _required("source_line", BigInteger),
    _required("rules", ARRAY(Text)),
    Column("ticket_id", BigInteger, ForeignKey(ticket.c.ticket_id)),
    _required("opened_on", Date),
    Column("closed_on", Date),
    Index("uq_case_kind_subject_open", "kind", "subject", unique=True, postgresql_where=text("closed_on IS NULL")),
    Index(None, "subject"),
    Index(None, "expires_on"),
    Index(None, "resource", "business_date"),
)

case_event = Table(
    "case_event",
    metadata,
    Column("case_id", Text, ForeignKey(case.c.case_id), primary_key=True),
    *_event_columns(),
    Column("source_line", BigInteger),
    Index("uq_case_event_raised", "document", "source_line", unique=True, postgresql_where=text("event = 'raised'")),
)

step_timing = Table(
    "step_timing",
    metadata,
    Column("business_date", Date, primary_key=True),
    Column("step", Text, primary_key=True),
    Column("resource", Text, primary_key=True, server_default=text("''")),
    Column("attempt", Integer, primary_key=True, autoincrement=False),
    _required("seconds", Double),
    _now("started_at"),
)

audit = Table(
    "audit",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    _required("at", DateTime(timezone=True)),
    _required("actor", Text),
    _required("action", Text),
    _required("subject", Text),
    _json("detail"),
    _required("prev_hash", Text),
    _required("hash", Text),
    UniqueConstraint("hash"),
)

day_fact = Table(
    "day_fact",
    metadata,
    Column("business_date", Date, primary_key=True),
    Column("fact", Text, primary_key=True),
    Column("detail", JSONB, nullable=False),
    _now("recorded_at"),
)

alert = Table(
    "alert",
    metadata,
    Column("alert_id", BigInteger, Identity(always=True), primary_key=True),
    _required("kind", Text),
    _required("subject", Text),
    _required("severity", Text),
    _required("owner", Text),
    Column("resource", Text),
    Column("business_date", Date),
    _json("detail"),
    _required("first_seen_at", DateTime(timezone=True)),
    _required("last_seen_at", DateTime(timezone=True)),
    Column("seen_by", Text),
    Column("seen_at", DateTime(timezone=True)),
    Column("closed_at", DateTime(timezone=True)),
    Index("uq_alert_kind_subject_open", "kind", "subject", unique=True, postgresql_where=text("closed_at IS NULL")),
)

alert_notice = Table(
    "alert_notice",
    metadata,
    Column("alert_id", BigInteger, ForeignKey(alert.c.alert_id), primary_key=True),
    Column("route", Text, primary_key=True),
    Column("times_sent", Integer, nullable=False, server_default=text("0")),
    Column("sent_at", DateTime(timezone=True)),
    Column("closing_sent_at", DateTime(timezone=True)),
    Column("failures", Integer, nullable=False, server_default=text("0")),
    Column("failed_at", DateTime(timezone=True)),
    Column("failure", Text),
)
