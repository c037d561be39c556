"""Record and read cases: one per row that did not get in, whoever delivers it again, until somebody or something settles it.

The subject of a row is its resource, provider and key; of a row without a readable key its batch and line. Batches come and go: a case
names them as evidence, and outlives them.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date
from typing import Any, Literal

from sqlalchemy import Connection, Text, any_, bindparam, func, insert, literal, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY

from lakehouse.errors import ConfigError, Problem
from lakehouse.ops import events
from lakehouse.ops.events import NewEvent
from lakehouse.ops.tables import case, case_event
from lakehouse.ops.transitions import SYSTEM, Actor, Step, check

Kind = Literal["quarantined", "rejected"]
State = Literal["open", "closed"]
Outcome = Literal["fixed", "waived", "rejected"]
UNREADABLE = "reject."


@dataclass(frozen=True)
class Raised:
    """A row that was not accepted: where it lies, its key where that can be read, and the rules it broke (unreadable: `reject.<code>`)."""

    resource: str
    provider: str
    business_date: date
    batch_id: str
    source_line: int
    key: str | None
    rules: list[str]

    @property
    def kind(self) -> Kind:
        """Return whether the line could be read at all."""
        return "rejected" if self.rules[0].startswith(UNREADABLE) else "quarantined"

    @property
    def subject(self) -> str:
        """Return what the case is about; it is the same for the same row in another delivery and after a rebuild."""
        row = (self.key,) if self.key else (self.batch_id, str(self.source_line))
        return "|".join((self.resource, self.provider, *row))

    @property
    def case_id(self) -> str:
        """Return the id of the case this row opens: the same id whenever the same delivery opens it."""
        return hashlib.sha256(f"{self.kind}|{self.subject}|{self.batch_id}|{self.source_line}".encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Case:
    """A case with its current state; batch, line, date and rules are those of the newest delivery that raised it.

    The subject stays in the database: the key of a row is a hash without a secret, which no page or message has to show.
    """

    case_id: str
    kind: Kind
    state: State
    outcome: Outcome | None
    expires_on: date | None
    resource: str
    provider: str
    business_date: date
    batch_id: str
    source_line: int
    rules: list[str]
    ticket_id: int | None
    opened_on: date
    closed_on: date | None

    @property
    def standing(self) -> str:
        """Return the state as the table of transitions names it, e.g. `closed(waived)`."""
        return self.state if self.outcome is None else f"{self.state}({self.outcome})"


@dataclass(frozen=True)
class Decision:
    """What is decided about a case: the outcome and its reason, when, by whom, on which document; a waiver ends with `expires_on`."""

    outcome: Outcome
    reason: str
    on: date
    actor: Actor
    document: str | None = None
    expires_on: date | None = None


@dataclass(frozen=True)
class Filter:
    """Selects cases; None matches any value."""

    resource: str | None = None
    business_date: date | None = None
    only_open: bool = False


_COLUMNS = tuple(case.c[field.name] for field in fields(Case))
_STANDS = case.c.closed_on.is_(None) | (case.c.outcome == "waived")
_NEWEST = ("business_date", "batch_id", "source_line", "rules")
_PLACES: dict[str, Any] = {name: bindparam(f"new_{name}") for name in _NEWEST}


def raise_rows(connection: Connection, rows: Sequence[Raised], on: date) -> int:
    """Raise the cases of rows of one resource that were not accepted; return how many cases are new.

    The same kind and subject is the same case while it is open or waived; each raising by another row is an event of it. A row that was
    raised before changes nothing, whatever was decided since.
    """
    if not rows:
        return 0
    connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": f"cases {rows[0].resource}"})
    rows = _not_raised_yet(connection, rows)
    ids = _standing(connection, rows)
    known = set(ids.values())
    for row in rows:
        ids.setdefault((row.kind, row.subject), row.case_id)
    newest = {ids[row.kind, row.subject]: row for row in rows}
    opened = [_new_row(case_id, row, on) for case_id, row in newest.items() if case_id not in known]
    if opened:
        connection.execute(insert(case), opened)
    seen_again = [{"known_id": case_id, **_newest(row)} for case_id, row in newest.items() if case_id in known]
    if seen_again:
        connection.execute(update(case).where(case.c.case_id == bindparam("known_id")).values(_PLACES), seen_again)
    _record_raised(connection, [(ids[row.kind, row.subject], row) for row in rows], on)
    return len(opened)


def decide(connection: Connection, case_id: str, decision: Decision) -> None:
    """Close a case with a decision.

    Raises:
        ConfigError: the table of transitions does not allow it, or a waiver has no end after the day it is given.
    """
    known = _locked(connection, case_id)
    if (decision.outcome == "waived") != (decision.expires_on is not None) or (decision.expires_on or date.max) <= decision.on:
        allowed = f"a date after {decision.on} for a waiver, none for anything else"
        raise ConfigError(Problem(f"case {case_id}", "the date on which the decision ends is wrong.", allowed).text())
    check(Step("case", known.kind, known.standing, f"closed({decision.outcome})", decision.reason), decision.actor)
    state = {"state": "closed", "outcome": decision.outcome, "expires_on": decision.expires_on, "closed_on": decision.on}
    connection.execute(update(case).where(case.c.case_id == case_id).values(state))
    ends = {"expires_on": decision.expires_on.isoformat()} if decision.expires_on else {}
    detail = {"outcome": decision.outcome, **ends}
    _record(connection, case_id, NewEvent("closed", decision.on, decision.actor, decision.reason, decision.document, detail))


def reopen(connection: Connection, case_id: str, event: NewEvent) -> None:
    """Open a case again, because its decision no longer holds.

    Raises:
        ConfigError: the table of transitions does not allow it, or the same row has an open case already.
    """
    known = _locked(connection, case_id)
    check(Step("case", known.kind, known.standing, "open", event.reason or ""), event.actor)
    subject = select(case.c.subject).where(case.c.case_id == case_id).scalar_subquery()
    same = (case.c.kind == known.kind) & (case.c.subject == subject) & (case.c.case_id != case_id)
    other = connection.execute(select(case.c.case_id).where(same, _STANDS)).scalar_one_or_none()
    if other is not None:
        raise ConfigError(Problem(f"case {case_id}", f"the same row has the newer case {other}.", "", "decide that one.").text())
    state = {"state": "open", "outcome": None, "expires_on": None, "closed_on": None}
    connection.execute(update(case).where(case.c.case_id == case_id).values(state))
    _record(connection, case_id, event)


def reopen_expired(connection: Connection, on: date) -> int:
    """Open every case again whose waiver has ended before a date; return how many they were."""
    ended = (case.c.outcome == "waived") & (case.c.expires_on < on)
    found: Sequence[str] = connection.scalars(select(case.c.case_id).where(ended).order_by(case.c.case_id)).all()
    for case_id in found:
        reopen(connection, case_id, NewEvent("reopened", on, SYSTEM, "waiver_expired"))
    return len(found)


def find(connection: Connection, wanted: Filter, limit: int | None = None) -> list[Case]:
    """Return cases in order of date, batch and line."""
    found = select(*_COLUMNS)
    if wanted.resource is not None:
        found = found.where(case.c.resource == wanted.resource)
    if wanted.business_date is not None:
        found = found.where(case.c.business_date == wanted.business_date)
    if wanted.only_open:
        found = found.where(case.c.closed_on.is_(None))
    found = found.order_by(case.c.business_date, case.c.batch_id, case.c.source_line).limit(limit)
    return [Case(**row._mapping) for row in connection.execute(found)]


def get(connection: Connection, case_id: str) -> Case | None:
    """Return one case."""
    row = connection.execute(select(*_COLUMNS).where(case.c.case_id == case_id)).one_or_none()
    return Case(**row._mapping) if row else None


def history(connection: Connection, case_id: str) -> list[events.Event]:
    """Return what happened to a case, in order."""
    return events.history(connection, case_event.c.case_id, case_id)


def _not_raised_yet(connection: Connection, rows: Sequence[Raised]) -> list[Raised]:
    raised = (case_event.c.event == "raised") & (case_event.c.document == any_(literal(list({row.batch_id for row in rows}), ARRAY(Text))))
    found = connection.execute(select(case_event.c.document, case_event.c.source_line).where(raised))
    known = {(one.document, one.source_line) for one in found}
    return [row for row in rows if (row.batch_id, row.source_line) not in known]


def _standing(connection: Connection, rows: Sequence[Raised]) -> dict[tuple[str, str], str]:
    """Return the ids of the cases of these rows that are open or waived, by kind and subject."""
    ours = case.c.subject == any_(literal(list({row.subject for row in rows}), ARRAY(Text)))
    found = connection.execute(select(case.c.kind, case.c.subject, case.c.case_id).where(ours, _STANDS))
    return {(one.kind, one.subject): one.case_id for one in found}


def _new_row(case_id: str, row: Raised, on: date) -> dict[str, Any]:
    names = ("kind", "subject", "resource", "provider", *_NEWEST)
    return {"case_id": case_id, "state": "open", "opened_on": on, **{name: getattr(row, name) for name in names}}


def _newest(row: Raised) -> dict[str, Any]:
    return {f"new_{name}": getattr(row, name) for name in _NEWEST}


def _record_raised(connection: Connection, raised: Sequence[tuple[str, Raised]], on: date) -> None:
    ours = case_event.c.case_id == any_(literal(list({case_id for case_id, _ in raised}), ARRAY(Text)))
    last = select(case_event.c.case_id, func.max(case_event.c.seq)).where(ours).group_by(case_event.c.case_id)
    numbers: Counter[str] = Counter({row[0]: row[1] for row in connection.execute(last)})
    found: list[dict[str, Any]] = []
    for case_id, row in raised:
        numbers[case_id] += 1
        event = NewEvent("raised", on, document=row.batch_id, detail={"rules": row.rules})
        found.append({"case_id": case_id, "seq": numbers[case_id], "source_line": row.source_line, **event.row()})
    if found:
        connection.execute(insert(case_event), found)


def _locked(connection: Connection, case_id: str) -> Case:
    return Case(**connection.execute(select(*_COLUMNS).where(case.c.case_id == case_id).with_for_update()).one()._mapping)


def _record(connection: Connection, case_id: str, event: NewEvent) -> None:
    events.record(connection, case_event.c.case_id, case_id, event)
