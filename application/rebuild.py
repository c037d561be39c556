"""Build again what was lost: records from the store, bronze from landing, silver from bronze, libraries from silver (ADR 0032)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy import Connection

from application.tools import alone
from lakehouse.config import Instance
from lakehouse.contracts.loader import contract_paths, load_sound_contracts, resource_code
from lakehouse.contracts.model import Contract
from lakehouse.errors import ConfigError, Problem, nearest_first
from lakehouse.ingest import intake, landing
from lakehouse.jobs import JobRequest, run_job
from lakehouse.naming import bronze
from lakehouse.objects import open_area
from lakehouse.ops import batches, connect, days, rejudging, rulings
from lakehouse.ops.batches import STAGES
from lakehouse.returns import ledger, task_documents
from spark_jobs.ingest import bronze as ingest
from spark_jobs.ingest.rebuild import Recorded
from spark_jobs.ingest.rebuild import rebuild as rebuild_history
from spark_jobs.lake import rebuilt_libraries
from spark_jobs.lake.comparison import Compared

COMMAND = "rebuild"


@dataclass(frozen=True)
class Rebuilt:
    """The number of batches and tasks that were recorded again, and of published days, whose records now say what the store says."""

    batches: int
    days: int
    tasks: int = 0


def rebuild(instance: Instance, *, check: bool = False) -> Rebuilt:
    """Record the landed batches, published days and tasks that the database lacks; for a check, only count them.

    Nothing else lists all sidecars and all days.
    """
    found = 0
    for path in contract_paths(instance.settings.contracts):
        with connect(instance) as connection:
            batches.lock(connection, resource_code(path))
            found += landing.rebuild(connection, open_area(instance, "landing"), resource_code(path))
            if check:
                connection.rollback()
    with connect(instance) as connection:
        known = ledger.restore(connection, open_area(instance, "exchange"))
        opened = task_documents.restore(connection, open_area(instance, "landing"))
        if check:
            connection.rollback()
    return Rebuilt(found, known, opened)


def rebuild_silver(instance: Instance, only: str | None = None, *, check: bool) -> Iterator[Compared]:
    """Build the histories of all resources, or only of one, again from bronze, and compare them with silver in every column.

    Unless it is a check, silver holds afterwards what was built. Do not run it beside a day.

    Raises:
        ConfigError: there is no such resource, batches of it wait for a step, or another rebuild is running.
    """
    contracts = load_sound_contracts(instance.settings.contracts, standard=False)[0]
    if only is not None and only not in contracts:
        raise ConfigError(Problem("--resource", f"there is no resource {only!r}.", nearest_first(only, sorted(contracts))).text())
    with alone(instance, COMMAND):
        for code in contracts if only is None else [only]:
            _refuse_waiting(instance, code)
            yield from _history(instance, contracts[code], check=check)


def rebuild_libraries(instance: Instance, *, every_day: bool, check: bool) -> Iterator[Compared]:
    """Build all libraries again from silver, and compare them with those that stand in every column.

    Args:
        instance: the instance.
        every_day: build for every published day in order, so that nothing is taken from what stands; else for the newest one only.
        check: whether all tables stay as they are; else they hold afterwards what was built. Do not run it beside a day.

    Raises:
        ConfigError: no day is published, a later one is closed but not published, or another rebuild is running.
    """
    with connect(instance) as connection:
        if days.last_published(connection) is None:
            fix = "run a day, or `huiliu rebuild` where the records of published days were lost."
            raise ConfigError(Problem("huiliu rebuild libraries", "no day is published.", "", fix).text())
    with alone(instance, COMMAND):
        yield from _libraries(instance, every_day=every_day, check=check)


def rebuild_all(instance: Instance, *, every_day: bool, check: bool) -> Iterator[Compared]:
    """Build all again, in the order in which one follows from the other, and yield the comparison of each table; records come first.

    What waits for a step because its record was lost goes through it again, on the newest day. Where no day is published, there are no
    libraries to compare. Call `rebuild` before it.

    Raises:
        ConfigError: for a check, batches wait for a step; else what the other functions raise.
    """
    contracts = load_sound_contracts(instance.settings.contracts, standard=False)[0]
    with alone(instance, COMMAND):
        on = _newest_day(instance)
        if on is None:
            return
        if not check:
            run_job("reference", JobRequest(on), instance)
        for contract in contracts.values():
            if check:
                _refuse_waiting(instance, contract.code)
            waited = not check and _take_in(instance, contract, on)
            yield from _bronze(instance, contract, on, check=check)
            yield from _history(instance, contract, check=check)
            if waited:
                _settle(instance, contract.code, on)
        yield from _libraries(instance, every_day=every_day, check=check)


def _newest_day(instance: Instance) -> date | None:
    """Return the newest day that took anything in or was published."""
    with connect(instance) as connection:
        taken, published = batches.last_taken(connection), days.last_published(connection)
    return max((one for one in (taken, published and published.business_date) if one), default=None)


def _refuse_waiting(instance: Instance, resource: str) -> None:
    with connect(instance) as connection:
        waiting = any(batches.open_for(connection, resource, stage) for stage in STAGES)
    if waiting:
        found, fix = (
            "batches of it wait for bronze, gate or silver.",
            "run the newest day, or `huiliu rebuild all` where records were lost.",
        )
        raise ConfigError(Problem(f"huiliu rebuild: {resource}", found, "", fix).text())


def _take_in(instance: Instance, contract: Contract, on: date) -> bool:
    """Bring what waits through bronze and gate, from its landed bytes; return whether anything waits for silver then."""
    with connect(instance) as connection:
        waiting = intake.to_read(connection, contract.code, on)
    if waiting:
        ingest.take_in(instance, contract, waiting, on, again=True)
    run_job("gate", JobRequest(on, contract.code), instance)
    with connect(instance) as connection:
        return bool(batches.open_for(connection, contract.code, "silver"))


def _bronze(instance: Instance, contract: Contract, on: date, *, check: bool) -> Iterator[Compared]:
    """Compare the rows of each batch in bronze with those received, by number, and read what is lost from landing again."""
    with connect(instance) as connection:
        known = [one for one in batches.of_resource(connection, contract.code) if one.gate not in (None, "refused") and one.received]
    if not known:
        return
    there = ingest.counts(instance, contract)
    lost = [one for one in known if one.batch_id not in there]
    other = [one for one in known if there.get(one.batch_id, one.received) != one.received]
    obstacles = tuple(
        f"batch {one.batch_id} has {there[one.batch_id]} of {one.received} rows; bronze is only appended to." for one in other
    )
    missing = {one.batch_id: one.received - there.get(one.batch_id, 0) for one in (*lost, *other)}
    lacking, surplus = (sum(max(sign * rows, 0) for rows in missing.values()) for sign in (1, -1))
    found = Compared(bronze(contract.code), sum(one.received for one in known), lacking, surplus, obstacles=obstacles)
    yield replace(found, written=ingest.take_in(instance, contract, lost, on, again=True)[1]) if lost and not (check or other) else found


def _history(instance: Instance, contract: Contract, *, check: bool) -> Iterator[Compared]:
    with connect(instance) as connection:
        known = batches.of_resource(connection, contract.code)
        written_on = _written_on(connection, contract.code)
        withdrawn = [one for one in batches.no_longer_known(connection, date.max) if one.resource == contract.code]
        ruled = rulings.on_closings(connection, contract.code)
        judged = [one.judged_on for one in rejudging.of_resource(connection, contract.code)]
    if written_on or withdrawn:
        yield rebuild_history(instance, contract, Recorded(known, written_on, ruled, withdrawn, judged), check=check)


def _settle(instance: Instance, resource: str, on: date) -> None:
    """Count what waited for silver and is there again, and record for each batch the day whose step brought it there."""
    with connect(instance) as connection:
        written_on, by_day = _written_on(connection, resource), defaultdict[date, list[str]](list)
        for one in batches.open_for(connection, resource, "silver"):
            by_day[written_on[one.batch_id]].append(one.batch_id)
    run_job("silver", JobRequest(on, resource), instance)
    with connect(instance) as connection:
        for day, batch_ids in by_day.items():
            batches.record_silver(connection, batch_ids, day)


def _written_on(connection: Connection, resource: str) -> dict[str, date]:
    published = days.last_published(connection)
    return batches.written_on(connection, resource, published.business_date if published else None)


def _libraries(instance: Instance, *, every_day: bool, check: bool) -> Iterator[Compared]:
    with connect(instance) as connection:
        published, closed = days.last_published(connection), days.last_closed(connection)
        if published is None:
            return
        known = [one.business_date for one in days.newest_issues(connection, date.min, published.business_date) if one.state == "published"]
    if closed is not None and closed.business_date > published.business_date:
        found = f"{closed.business_date} is closed, but not published, so nobody can tell of which day the libraries are."
        raise ConfigError(Problem("huiliu rebuild libraries", found, "", f"run {closed.business_date} to its end first.").text())
    built = known if every_day else known[-1:]
    yield from rebuilt_libraries.rebuild(instance, built, whole=every_day, check=check)
