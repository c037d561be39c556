"""Keep an instance small: compact tables, and remove what neither a reader, a record nor a term still needs (docs/reference/upkeep.md)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path

from sqlalchemy import Connection

from application.tools import only_one
from expectations.data_docs.aged import of_runs
from infra.local import airflow, postgres
from lakehouse.config import Instance
from lakehouse.errors import ConfigError, Problem, nearest_first
from lakehouse.ingest import expiry as landed
from lakehouse.naming import STAGED, resource_of, silver
from lakehouse.objects import Area, open_area
from lakehouse.ops import audit, batches, connect, days, facts, ingest_runs
from lakehouse.returns import expiry as packages
from lakehouse.returns.day_entries import inputs
from lakehouse.telemetry import outbox
from lakehouse.upkeep import aged, disk, turns
from lakehouse.upkeep.disk import Size, total
from lakehouse.upkeep.last import LastUpkeep, remember
from lakehouse.upkeep.terms import VERSIONS
from lakehouse.upkeep.work import Budget, Piece, Plan, Postponed, Work, do
from spark_jobs.ingest.reshaping import BEFORE, MARK
from spark_jobs.lake import session, storage
from spark_jobs.lake import upkeep as lake

AREAS = ("staging", "tables", "exchange", "landing", "airflow", "logs", "docs")
"""What upkeep is about, in the order in which it is done."""
BUSY = "somebody writes in the lake"
LEAST_ROWS = 100
"""Airflow's own command takes ten seconds of the processor to start, so it waits until this many rows may go."""


@dataclass(frozen=True)
class Ask:
    """What is asked of an upkeep: the seconds it may use (None: those of the city), the areas (empty: all), and whether it only tells."""

    seconds: float | None = None
    only: tuple[str, ...] = ()
    dry_run: bool = False


@dataclass(frozen=True)
class Kept:
    """What an upkeep did and left, how long it took, and what each area takes afterwards, the largest first."""

    work: Work
    seconds: float
    areas: list[dict[str, int | str]]


def keep_up(instance: Instance, ask: Ask, now: datetime | None = None) -> Kept:
    """Do what upkeep there is to do, piece by piece, until the budget is used up; an upkeep of all areas is remembered.

    Raises:
        ConfigError: there is no such area, another upkeep is running, or the operational database does not answer.
    """
    if wrong := [name for name in ask.only if name not in AREAS]:
        raise ConfigError(Problem("--only", f"there is no area {wrong[0]!r}.", nearest_first(wrong[0], AREAS), "choose of these.").text())
    began, at = time.monotonic(), now or datetime.now(UTC)
    upkeep = instance.city.upkeep
    budget = Budget(upkeep.budget_seconds if ask.seconds is None else ask.seconds)
    with only_one(instance, "upkeep"):
        plans = _plans(_Keeper(instance, at))
        work = do({area: plans[area] for area in AREAS if area in ask.only or not ask.only}, budget, dry_run=ask.dry_run)
        kept = Kept(work, 0.0, disk.as_facts(dict(disk.sizes(instance))))
        kept = Kept(work, round(time.monotonic() - began, 1), kept.areas)
        if not (ask.only or ask.dry_run):
            _remember(instance, kept)
    return kept


def at_work(connection: Connection) -> str:
    """Return which day is at work: begun or closed, but not published; empty where none is."""
    closed, published = days.last_closed(connection), days.last_published(connection)
    if closed is not None and closed.state != "published":
        return f"business day {closed.business_date} is closed, but not published"
    begun = ingest_runs.begun_before(connection, date.max, published.business_date if published else None)
    if begun:
        return f"business day {begun[0]} is begun, but not published"
    running = (
        [one.resource for one in ingest_runs.of_day(connection, published.business_date) if one.state == "running"] if published else []
    )
    return f"{running[0]} is taken in" if running else ""


def _remember(instance: Instance, kept: Kept) -> None:
    told = [asdict(one) for one in kept.work.done], [asdict(one) for one in kept.work.left]
    remember(instance, LastUpkeep(ended_at=datetime.now(UTC), seconds=kept.seconds, done=told[0], left=told[1], areas=kept.areas))


@dataclass(frozen=True)
class _Keeper:
    """Finds the pieces of each area of an instance."""

    instance: Instance
    now: datetime

    @property
    def on(self) -> date:
        """Return the date that terms in business days end by: today in the city, or the last published date where that is earlier."""
        with connect(self.instance) as connection:
            published = days.last_published(connection)
        today = self.now.astimezone(self.instance.timezone).date()
        return min(today, published.business_date) if published else date.min

    def staging(self) -> Iterator[Piece]:
        """Yield what broken runs left for Spark to read."""
        area = open_area(self.instance, "lake")
        if left := [one.size for folder in STAGED for one in area.list(folder)]:
            yield Piece("rows left behind by broken runs", total(iter(left)), partial(self._alone, lambda: _clear(area)))

    def tables(self) -> Iterator[Piece]:
        """Yield the tables to compact, then those to vacuum; each in the order of their files."""
        if not session.answers(self.instance):
            raise Postponed("Spark does not run; `huiliu up` starts it")
        if tables := lake.forgetful(self.instance):
            yield Piece(
                f"{len(tables)} tables are to keep earlier versions", Size(len(tables)), partial(self._alone, partial(self._keep, tables))
            )
        for one in lake.crowded(self.instance):
            yield Piece(f"compact {one.table}", one.size, partial(self._alone, partial(self._compact, one.table)))
        self._refuse_a_day_at_work()
        stale = lake.stale(self.instance, self.now)
        named = self._named() if stale else {}
        for one in stale:
            yield Piece(f"vacuum {one.table}", one.size, partial(self._vacuum, one.table, named))

    def exchange(self) -> Iterator[Piece]:
        """Yield the packages whose term has ended, level by level."""
        self._refuse_a_day_at_work()
        for one in packages.find(open_area(self.instance, "exchange"), self.on):
            what = f"packages of {len(one.days)} days, {one.days[0]} to {one.days[-1]}, level {one.level}"
            size = total(found.size for found in one.objects)
            yield Piece(what, size, partial(self._alone, partial(self._expire, one.level)))

    def landing(self) -> Iterator[Piece]:
        """Yield the landed bytes whose term has ended, if the city declares one."""
        term, on = self.instance.city.upkeep.landing_days, self.on if self.instance.city.upkeep.landing_days else date.min
        if term is None or on == date.min:
            return
        before, area = on - timedelta(days=term), open_area(self.instance, "landing")
        with connect(self.instance) as connection:
            known = batches.taken_before(connection, before)
        if found := landed.expired(area, known, before):
            size, act = total(one.size for one in found), partial(self._drop, [one.path for one in found])
            yield Piece(f"landed bytes taken in before {before}", size, partial(self._alone, act))

    def airflow(self) -> Iterator[Piece]:
        """Yield Airflow's records of old runs; the newest run of each DAG stays."""
        days_ = self.instance.city.upkeep.logs_days
        before = self._before(days_)
        if not airflow.is_prepared(self.instance):
            return
        if not postgres.is_healthy(self.instance):
            raise Postponed("PostgreSQL does not run; `huiliu up` starts it")
        rows = airflow.aged_rows(self.instance, before)
        if rows >= LEAST_ROWS:
            yield Piece(f"rows of Airflow older than {days_} days", Size(rows), lambda: Size(airflow.clean(self.instance, before)))

    def logs(self) -> Iterator[Piece]:
        """Yield old logs of tasks, and old events that nobody waits for."""
        days_ = self.instance.city.upkeep.logs_days
        before = self._before(days_)
        folder = self.instance.home / "logs" / "airflow"
        yield from _files(f"logs of tasks older than {days_} days", folder, aged.aged(folder, before))
        events = [(path, Size(1, path.stat().st_size)) for path in outbox.sent_before(self.instance, before.date())]
        yield from _files(f"events older than {days_} days", outbox.folder(self.instance), events)

    def docs(self) -> Iterator[Piece]:
        """Yield old results and pages of Great Expectations; the latest runs, which its list shows, stay."""
        days_ = self.instance.city.upkeep.logs_days
        project = self.instance.home / "derived" / "gx"
        yield from _files(f"Data Docs older than {days_} days, not among the latest", project, of_runs(project, self._before(days_)))

    def _before(self, days_: int) -> datetime:
        return self.now - timedelta(days=days_)

    def _refuse_a_day_at_work(self) -> None:
        with connect(self.instance) as connection:
            if found := at_work(connection):
                raise Postponed(found)

    def _alone(self, act: Callable[[], Size]) -> Size:
        """Do something while nobody writes in the lake.

        Raises:
            Postponed: somebody writes.
        """
        with turns.alone(self.instance) as is_alone:
            if not is_alone:
                raise Postponed(BUSY)
            return act()

    def _keep(self, tables: list[str]) -> Size:
        spark = session.open_session(self.instance)
        for table in tables:
            lake.keep(spark, self.instance, table, self.now)
        return Size()

    def _compact(self, table: str) -> Size:
        return lake.compact(session.open_session(self.instance, tables=[table]), self.instance, table)

    def _vacuum(self, table: str, named: Mapping[str, set[int]]) -> Size:
        spark, way_back = session.open_session(self.instance), self._way_back(table)
        return lake.vacuum(spark, self.instance, table, {*named.get(table, ()), *way_back}, self.now)

    def _way_back(self, table: str) -> Iterable[int]:
        """Return the version that the last migration of a resource can be taken back to (ADR 0030)."""
        resource = resource_of(table)
        if resource is None or not storage.versions(self.instance, [silver(resource)]):
            return ()
        told = storage.last_told(session.open_session(self.instance), silver(resource), MARK)
        return (told[BEFORE][table],) if told and table in told[BEFORE] else ()

    def _named(self) -> dict[str, set[int]]:
        """Return the versions of tables that records of published days name: of the last one, and of those of the last term."""
        area, found, since = open_area(self.instance, "exchange"), dict[str, set[int]](), self.now - VERSIONS
        with connect(self.instance) as connection:
            last = days.last_published(connection)
            known = days.newest_issues(connection, date.min, last.business_date) if last else []
            for one in known:
                if one.published_at is None or (one != last and one.published_at < since):
                    continue
                built = {lib["table"]: lib["version"] for lib in facts.get(connection, one.business_date, "libraries") or []}
                for table, version in [*built.items(), *inputs(area, one.business_date, one.issue)["versions"].items()]:
                    found.setdefault(table, set()).add(version)
        return found

    def _expire(self, level: str) -> Size:
        self._refuse_a_day_at_work()
        area = open_area(self.instance, "exchange")
        for one in packages.find(area, self.on, level):
            with connect(self.instance) as connection:
                told = {"days": [day.isoformat() for day in one.days], "objects": len(one.objects)}
                audit.append(connection, audit.operator(), "expire", f"packages {level}", told)
            packages.remove(area, one)
        return Size()

    def _drop(self, paths: list[str]) -> Size:
        with connect(self.instance) as connection:
            audit.append(connection, audit.operator(), "expire", "landed bytes", {"objects": len(paths)})
        open_area(self.instance, "landing").delete(paths)
        return Size()


def _plans(keeper: _Keeper) -> dict[str, Plan]:
    return {
        "staging": keeper.staging,
        "tables": keeper.tables,
        "exchange": keeper.exchange,
        "landing": keeper.landing,
        "airflow": keeper.airflow,
        "logs": keeper.logs,
        "docs": keeper.docs,
    }


def _clear(area: Area) -> Size:
    for folder in STAGED:
        area.delete_folder(folder)
    return Size()


def _files(what: str, folder: Path, found: list[tuple[Path, Size]]) -> Iterator[Piece]:
    """Yield one piece for files of a folder that may go, if there are any."""

    def act() -> Size:
        aged.remove(folder, (path for path, _ in found))
        return Size()

    if found:
        yield Piece(what, sum((size for _, size in found), Size()), act)
