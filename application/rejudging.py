"""Judge what was delivered again by the rules of today: show what that would change, or do it in the name of whoever asks."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Connection

from application.affected import Counted, affected, count
from application.day_run import close_again
from lakehouse.config import Instance
from lakehouse.contracts.difference import Difference
from lakehouse.contracts.loader import load_contract_of
from lakehouse.contracts.model import Contract
from lakehouse.errors import ConfigError, ContractError, Problem, problems_text
from lakehouse.ingest import rejudging as documents
from lakehouse.naming import bronze, silver
from lakehouse.objects import open_area
from lakehouse.ops import audit, batches, cases, connect, days, rejudging
from lakehouse.ops.batches import Batch
from lakehouse.ops.cases import Raised
from lakehouse.ops.rejudging import Rejudging
from lakehouse.ops.transitions import SYSTEM
from lakehouse.upkeep import turns
from spark_jobs.ingest.rejudging import Judging, RuleChange, Versions
from spark_jobs.ingest.scope import rule_scope
from spark_jobs.lake import storage
from spark_jobs.lake.session import open_session

NO_VERSIONS = Versions()


@dataclass(frozen=True)
class Rejudged:
    """What a rejudging changes, in numbers.

    Attributes:
        resource: the resource.
        since: the first business date whose batches are judged again.
        judged_on: the newest business date; what changes is known from then on, published dates stay.
        batches: number of batches judged again, and `rows` their rows.
        rows: as said.
        differing: rows whose verdict is another one.
        rules: each rule that a row breaks or broke.
        quarantined_before: rows of these batches that stay out of silver, as they were counted last.
        quarantined: the same by the rules of today.
        versions: what changes in silver.
        reached: golden values and recipients of what changes.
        number: the number of the rejudging; None where nothing was written.
        must_close: whether the newest day was closed before and has to be closed again by hand.
    """

    resource: str
    since: date
    judged_on: date
    batches: int = 0
    rows: int = 0
    differing: int = 0
    rules: tuple[RuleChange, ...] = ()
    quarantined_before: int = 0
    quarantined: int = 0
    versions: Versions = NO_VERSIONS
    reached: Counted = field(default_factory=Counted)
    number: int | None = None
    must_close: bool = False

    @property
    def changes_nothing(self) -> bool:
        """Return whether neither a verdict nor a version is another one."""
        return not self.differing and self.versions == NO_VERSIONS


def show(instance: Instance, resource: str, since: date) -> Rejudged:
    """Return what judging the batches about `since` and later dates again would change; nothing is written.

    Raises:
        ConfigError: nothing of the resource was ever taken in.
        ContractError: the tables do not fit the contract.
    """
    judging, _ = _judging(instance, resource, since)
    return _told(instance, judging)


def rejudge(instance: Instance, resource: str, since: date, reason: str) -> Rejudged:
    """Judge these batches again, and record who did it and why; where nothing changes, nothing is written.

    First comes the document, then verdicts, silver and records. After an attempt that was cut short, the next one does the rest.

    Raises:
        ConfigError: no reason is given, or nothing of the resource was ever taken in.
        ContractError: the tables do not fit the contract.
        QualityError: versions overlap by a fresh read.
    """
    if not reason.strip():
        raise ConfigError(Problem("--reason", "a rejudging needs a reason.", "words that say why", "add --reason.").text())
    judging, was_closed = _judging(instance, resource, since)
    told = _told(instance, judging)
    if told.changes_nothing:
        return told
    facts = (judging.contract.version, _sha256(judging.contract), audit.operator(), reason.strip(), datetime.now(UTC))
    decided = documents.keep(open_area(instance, "landing"), Rejudging(resource, 1, since, judging.on, *facts))
    with connect(instance) as connection:
        rejudging.record(connection, [decided])
    with turns.writing(instance):
        if told.differing:
            judging.append(instance, decided)
        judging.write()
    with connect(instance) as connection:
        _record(connection, judging, decided, told)
    return replace(told, number=decided.number, must_close=was_closed and close_again(instance, judging.on))


def _judging(instance: Instance, resource: str, since: date) -> tuple[Judging, bool]:
    """Return the batches to judge, and whether the day that the changes are dated was closed before."""
    contract = load_contract_of(instance.settings.contracts, resource)
    if not storage.versions(instance, [bronze(resource)]):
        raise ConfigError(Problem(f"tables of {resource}", "nothing was ever taken in.", "", "nothing needs to be judged again.").text())
    with connect(instance) as connection:
        known = tuple(batches.of_resource(connection, resource))
        closed, on = days.last_closed(connection), days.newest_date(connection, (one.taken_on for one in known))
    asked = sum(one.received for one in known if one.business_date >= since)
    spark = open_session(instance, asked, [silver(resource)])
    there = {table: storage.columns_of(spark, table) for table in (bronze(resource), silver(resource))}
    if found := storage.reshaping(contract, there):
        fix = f"let an ingest add the columns, or run `huiliu contracts migrate {resource}`, and judge then."
        raise ContractError(problems_text(Problem(f"{contract.file}: {one.where}", one.text, "", fix) for one in dict.fromkeys(found)))
    judging = Judging(spark, contract, rule_scope(spark, instance), instance.key_path("hmac.key"), known, since, on)
    return judging, closed is not None and closed.business_date == on


def _told(instance: Instance, judging: Judging) -> Rejudged:
    told = Rejudged(judging.contract.code, judging.since, judging.on)
    if not judging.asked:
        return told
    with connect(instance) as connection:
        before = _quarantined(connection, judging.asked)
    rows, versions = judging.rows(), judging.versions()
    return replace(
        told,
        batches=len(judging.asked),
        rows=sum(one.received for one in judging.asked),
        differing=rows.differing,
        rules=tuple(judging.by_rule()),
        quarantined_before=before,
        quarantined=rows.quarantined,
        versions=versions,
        reached=_reached(instance, judging, versions) if versions != NO_VERSIONS else Counted(judging.on),
    )


def _reached(instance: Instance, judging: Judging, versions: Versions) -> Counted:
    columns = tuple(column.name for column in judging.contract.kept_columns)
    reach = affected(instance, {judging.contract.code: [Difference("rules", "judged again", columns=columns)]})
    found = count(instance, reach, judging.changes)
    if not versions.keys_in:
        return found
    text = f"{versions.keys_in} keys come in: what no library holds yet is not counted."
    return replace(found, untold=(*found.untold, text))


def _quarantined(connection: Connection, asked: Iterable[Batch]) -> int:
    """Return how many rows of batches stay out of silver as they were counted last, by a rejudging or by the silver step."""
    known = {one.batch_id: one.quarantined or 0 for one in asked if one.is_known}
    again = rejudging.newest_counts(connection, list(known))
    return sum(again[name].quarantined if name in again else number for name, number in known.items())


def _record(connection: Connection, judging: Judging, decided: Rejudging, told: Rejudged) -> None:
    """Record what was counted beside what the gate counted; raise the cases of rows that stay out, and close those of rows let in."""
    rejudging.record_counts(connection, judging.by_batch(decided.number))
    out = judging.raised()
    cases.raise_rows(connection, out, judging.on)
    _let_in(connection, judging, out)
    numbers = {name: getattr(told, name) for name in ("batches", "differing", "quarantined_before", "quarantined")}
    detail: dict[str, Any] = {"since": decided.since.isoformat(), "judged_on": decided.judged_on.isoformat(), "reason": decided.reason}
    detail |= {**numbers, "versions": asdict(told.versions), "contract_sha256": decided.contract_sha256}
    audit.append(connection, decided.actor, "rejudge", f"{decided.resource} {decided.number}", detail)


def _let_in(connection: Connection, judging: Judging, out: Iterable[Raised]) -> None:
    ours, stays = {one.batch_id for one in judging.asked}, {(one.batch_id, one.source_line) for one in out}
    for case in cases.find(connection, cases.Filter(judging.contract.code, only_open=True)):
        if case.kind == "quarantined" and case.batch_id in ours and (case.batch_id, case.source_line) not in stays:
            cases.decide(connection, case.case_id, cases.Decision("fixed", "row_let_in", judging.on, SYSTEM))


def _sha256(contract: Contract) -> str:
    """Return the hash of what a contract says, wherever its file lies."""
    return hashlib.sha256(contract.model_dump_json(exclude={"file"}).encode()).hexdigest()
