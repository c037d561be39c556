"""Record and read the ingest runs of a day: one per resource and business date; the step that closes the day waits for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from typing import Any, Literal

from sqlalchemy import Connection, Row, func, select
from sqlalchemy.dialects.postgresql import insert

from lakehouse.ops.tables import ingest_run

State = Literal["running", "done", "failed"]
Outcome = Literal["accepted", "blocked", "refused", "nothing", "failed"]


@dataclass(frozen=True)
class Notes:
    """What a step notes for the steps and people that look at the run later.

    Attributes:
        waiting: how many batches wait for the steps that follow (None: the step does not know).
        refused: files that cannot be used as a delivery, and sources that did not answer.
        remarks: batch id → what people should know about a readable delivery, e.g. that a workbook has hidden sheets, or that it is empty.
    """

    waiting: int | None = None
    refused: tuple[str, ...] = ()
    remarks: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Step:
    """How a step of a run ended, and what it noted."""

    name: str
    ended: Literal["done", "failed"]
    notes: Notes = field(default_factory=Notes)


@dataclass(frozen=True)
class Detail:
    """All that is kept in a run's `detail`: how each step ended, and the notes of all of them together."""

    steps: Mapping[str, str] = field(default_factory=dict)
    waiting: int | None = None
    refused: tuple[str, ...] = ()
    remarks: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @classmethod
    def read(cls, kept: Mapping[str, Any]) -> Detail:
        """Return the detail that is kept in the database, typed."""
        return cls(kept.get("steps", {}), kept.get("waiting"), tuple(kept.get("refused", ())), kept.get("remarks", {}))

    def after(self, step: Step) -> dict[str, Any]:
        """Return the detail to keep in the database after a step has ended."""
        notes = step.notes
        waiting = self.waiting if notes.waiting is None else notes.waiting
        refused = sorted({*self.refused, *notes.refused})
        return {
            "steps": {**self.steps, step.name: step.ended},
            "waiting": waiting,
            "refused": refused,
            "remarks": {**self.remarks, **{batch: self._with(batch, said) for batch, said in notes.remarks.items()}},
        }

    def _with(self, batch: str, said: Sequence[str]) -> list[str]:
        """Return what is remarked upon a batch, each remark once."""
        return list(dict.fromkeys([*self.remarks.get(batch, ()), *said]))


@dataclass(frozen=True)
class IngestRun:
    """The ingest of a resource on a business date: its state, its outcome and what its steps noted."""

    resource: str
    business_date: date
    state: State
    outcome: Outcome | None
    attempt: int
    detail: Detail
    started_at: datetime
    ended_at: datetime | None


_COLUMNS = tuple(ingest_run.c[one.name] for one in fields(IngestRun))


def start(connection: Connection, resource: str, business_date: date) -> int:
    """Record that a run begins (again); return the number of the attempt."""
    row = {"resource": resource, "business_date": business_date, "state": "running", "attempt": 1}
    again: dict[str, Any] = {
        "state": "running",
        "outcome": None,
        "detail": {},
        "attempt": ingest_run.c.attempt + 1,
        "started_at": func.now(),
        "ended_at": None,
    }
    statement = insert(ingest_run).values(row).on_conflict_do_update(index_elements=["resource", "business_date"], set_=again)
    return connection.execute(statement.returning(ingest_run.c.attempt)).scalar_one()


def record_step(connection: Connection, resource: str, business_date: date, step: Step) -> None:
    """Record how a step of a run ended and what it noted; nothing is recorded for a run that was never started."""
    ours = (ingest_run.c.resource == resource) & (ingest_run.c.business_date == business_date)
    kept = connection.execute(select(ingest_run.c.detail).where(ours).with_for_update()).scalar_one_or_none()
    if kept is not None:
        connection.execute(ingest_run.update().where(ours).values(detail=Detail.read(kept).after(step)))


def finish(connection: Connection, resource: str, business_date: date, outcome: Outcome) -> None:
    """Record how the run of a resource ended, whether or not its beginning was recorded."""
    state: State = "failed" if outcome == "failed" else "done"
    row = {"resource": resource, "business_date": business_date, "state": state, "outcome": outcome, "attempt": 1}
    statement = insert(ingest_run).values({**row, "ended_at": func.now()})
    end = {"state": state, "outcome": outcome, "ended_at": func.now()}
    connection.execute(statement.on_conflict_do_update(index_elements=["resource", "business_date"], set_=end))


def get(connection: Connection, resource: str, business_date: date) -> IngestRun | None:
    """Return one run."""
    ours = (ingest_run.c.resource == resource) & (ingest_run.c.business_date == business_date)
    row = connection.execute(select(*_COLUMNS).where(ours)).one_or_none()
    return _run(row) if row else None


def of_day(connection: Connection, business_date: date) -> list[IngestRun]:
    """Return the runs of a business date, by resource."""
    found = select(*_COLUMNS).where(ingest_run.c.business_date == business_date).order_by(ingest_run.c.resource)
    return [_run(row) for row in connection.execute(found)]


def begun_before(connection: Connection, business_date: date, after: date | None = None) -> list[date]:
    """Return the earlier business dates (those after a date, if one is given) for which any run was begun, in order."""
    found = select(ingest_run.c.business_date).where(ingest_run.c.business_date < business_date).distinct()
    if after is not None:
        found = found.where(ingest_run.c.business_date > after)
    return sorted(connection.scalars(found))


def _run(row: Row[Any]) -> IngestRun:
    return IngestRun(**{**row._mapping, "detail": Detail.read(row.detail)})
