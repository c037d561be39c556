"""The report of a business day: deliveries received, what became of their rows, packages returned, and whether all invariants hold."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from pyspark.sql import functions as F
from sqlalchemy import Connection

from application import docs
from application.pages import report as page
from application.pages import start
from application.truth import truth_scores
from lakehouse.city.departments import load_departments
from lakehouse.config import Instance
from lakehouse.contracts.loader import load_sound_contracts
from lakehouse.contracts.model import Contract
from lakehouse.contracts.neighbours import neighbours
from lakehouse.errors import DeliveryError, Problem
from lakehouse.ingest.delivery_tickets import STOPS, UNUSABLE
from lakehouse.ingest.gap_tickets import ticket_of
from lakehouse.ingest.gaps import FILLED, Gap
from lakehouse.naming import DEPARTMENT, LEVELS, quality, recipient_folder
from lakehouse.ops import batches, connect, days, facts, packages, rule_counts, tickets, timings
from lakehouse.returns.model import load_sound_returns
from lakehouse.upkeep.last import room
from spark_jobs.lake import upkeep
from spark_jobs.lake.session import open_session
from spark_jobs.lake.storage import read

COUNTS = ("received", "rejected", "quarantined", "duplicate", "superseded", "accepted", "held")
MISSING_REFERENCES = quality("missing_reference")
HISTORY_DAYS = 31
Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class DayReport:
    """The report of a day, as `huiliu report --json` prints it.

    Attributes:
        date: the business date, ISO.
        city: code of the city.
        city_name: its name, `zh` and `en`.
        issue: the newest issue of the day.
        state: closed or published.
        gaps: what the day lacks: resource, provider, kind, due_on, the ticket, and what settled it since (`settled_by`, `settled_on`).
        filled: gaps the day was closed with before, likewise, and when they were found filled (`filled_at`, in the city's time).
        stopped: why each file or source of the day was not let in: kind, resource, provider, source, reason, and the ticket's state.
        resources: the resources: code, level, names, cycle (`every`), kind of source.
        batches: the batches the day took in, with rows by disposition and the gate's result.
        repeated: deliveries that only repeated a known batch.
        rules: broken rules, most rows first.
        gate_history: the gate's results for each resource per day, the oldest first.
        timings: seconds of each step.
        libraries: rows and version of each library.
        returns: recipients, rows and pending locality per return and level.
        tasks: recipients and rows that show more by open tasks, and recipients whose lists changed by tasks alone; empty where none do.
        left_out: returns that may not run, with the reason; their recipients keep what they had.
        packages: how many packages, payload files and bytes.
        packages_by_level: the same per level from the province down, departments last.
        invariants: id, ok, detail.
        providers: names of departments by credit code.
        return_names: names of returns by id.
        entity_names: what people call the kinds of entities, `zh` and `en`, by kind.
        missing_references: rows of each provider that name an entity (`target`) that no library has.
        no_longer_kept: the libraries that cannot be read any more as they were on the day; what is read from them is left out.
        disk: what the instance takes: `areas` (area, files, bytes) as of the last upkeep (`counted_at`), `free` and `total` bytes now.
        truth: scores of the day against the hidden truth; only with a sample city.
    """

    date: str
    city: str
    city_name: dict[str, str]
    issue: int
    state: str
    gaps: list[Row]
    filled: list[Row]
    stopped: list[Row]
    resources: list[Row]
    batches: list[Row]
    repeated: list[Row]
    rules: list[Row]
    gate_history: list[Row]
    timings: list[Row]
    libraries: list[Row]
    returns: list[Row]
    left_out: list[Row]
    tasks: dict[str, int]
    packages: dict[str, int]
    packages_by_level: list[Row]
    invariants: list[Row]
    providers: dict[str, str]
    return_names: dict[str, str]
    entity_names: dict[str, dict[str, str]]
    missing_references: list[Row]
    no_longer_kept: list[str]
    disk: Row
    truth: dict[str, dict[str, float]] | None

    @property
    def is_well(self) -> bool:
        """Return whether the day is published and every invariant was checked and holds."""
        return page.is_well(self.facts())

    def facts(self) -> Row:
        """Return the report as one JSON object; without a sample city it has no `truth`."""
        return {name: value for name, value in asdict(self).items() if name != "truth" or value is not None}


def collect(instance: Instance, day: date) -> DayReport:
    """Gather the report of a day.

    Raises:
        DeliveryError: the day was never closed.
    """
    contracts = load_sound_contracts(instance.settings.contracts)[0]
    with connect(instance) as connection:
        newest = _newest(connection, day)
        found = _identity(instance, newest) | _missing(connection, instance, newest)
        found |= _sources(connection, contracts, day) | _returned(connection, newest)
    gone = upkeep.lost(instance, {one["table"]: one["version"] for one in found["libraries"]})
    return DayReport(
        **found,
        no_longer_kept=gone,
        disk=room(instance),
        providers={one.uscc: one.name for one in load_departments(instance.city_folder)},
        return_names={one.id: one.name for one in load_sound_returns(instance.settings.contracts / "returns")[0].values()},
        entity_names={name: one._asdict() for name, one in (neighbours(instance.settings.contracts).entities or {}).items()},
        missing_references=[] if MISSING_REFERENCES in gone else _missing_references(instance, found["libraries"]),
        truth=None if gone else truth_scores(instance, day, found["libraries"]),
    )


def write_page(instance: Instance, report: DayReport) -> Path:
    """Write the report as a page, with its facts as JSON beside it, and the start page anew; return where the report lies."""
    written = page.write(instance.folder("derived", "report"), report.facts())
    start.write(instance)
    return written


def conclude(instance: Instance, day: date) -> tuple[DayReport, Path]:
    """Gather the report of a day that has just ended, write its page and the data dictionary, and return report and page."""
    report = collect(instance, day)
    docs.write_dictionary(instance)
    return report, write_page(instance, report)


def _newest(connection: Connection, day: date) -> days.Day:
    newest = days.newest_issue(connection, day)
    if newest is None:
        last = days.last_closed(connection)
        found = f"no such day was closed; the last one is {last.business_date}." if last else "no day was closed yet."
        raise DeliveryError(Problem(f"report {day}", found, "", "run it: huiliu run-day DATE.").text())
    return newest


def _identity(instance: Instance, newest: days.Day) -> Row:
    city = instance.city
    return {
        "date": newest.business_date.isoformat(),
        "city": city.code,
        "city_name": {"zh": city.name, "en": city.name_en},
        "issue": newest.issue,
        "state": newest.state,
    }


def _missing(connection: Connection, instance: Instance, newest: days.Day) -> Row:
    """Return what the day lacks, and what it lacked when it was closed before, each with its ticket."""
    filled = [_with_ticket(connection, gap) for gap in facts.get(connection, newest.business_date, FILLED) or []]
    for gap in filled:
        gap["filled_at"] = datetime.fromisoformat(gap["filled_at"]).astimezone(instance.timezone).isoformat(timespec="minutes")
    return {"gaps": [_with_ticket(connection, gap) for gap in newest.gaps], "filled": filled}


def _with_ticket(connection: Connection, gap: Gap) -> Row:
    ticket = ticket_of(connection, gap)
    closed = [event for event in tickets.history(connection, ticket.ticket_id) if event.event == "closed"] if ticket else []
    settled = {"settled_on": closed[-1].business_date.isoformat(), "settled_by": closed[-1].reason} if ticket and ticket.closed_on else {}
    return {**gap, "ticket": ticket.ticket_id if ticket else None, "settled_on": None, "settled_by": None, **settled}


def _sources(connection: Connection, contracts: dict[str, Contract], day: date) -> Row:
    """Return what came in on the day: what was stopped and why, resources, batches, rules broken, the gate so far, seconds of steps."""
    taken = batches.taken_on(connection, day)
    return {
        "stopped": [_stopped(one) for one in tickets.find(connection, day) if one.kind in (*STOPS, UNUSABLE)],
        "resources": [_resource(contract) for contract in contracts.values()],
        "batches": [_batch(batch) for batch in taken],
        "repeated": [{"batch_id": batch_id, "source_object": name} for batch_id, name in batches.sightings(connection, day)],
        "rules": _broken_rules(connection, contracts, taken),
        "gate_history": _gate_history(connection, day),
        "timings": [_timing(one) for one in timings.of_day(connection, day)],
    }


def _returned(connection: Connection, newest: days.Day) -> Row:
    """Return what was made of it: libraries, returns, returns left out, packages, invariants."""
    day = newest.business_date
    made = packages.of_issue(connection, day, newest.issue)
    return {
        "libraries": facts.get(connection, day, "libraries") or [],
        "returns": facts.get(connection, day, "returns") or [],
        "left_out": facts.get(connection, day, "left_out") or [],
        "tasks": told if any((told := facts.get(connection, day, "tasks") or {}).values()) else {},
        "packages": _packages(made),
        "packages_by_level": _packages_by_level(made),
        "invariants": facts.get(connection, day, "invariants") or [],
    }


def _stopped(ticket: tickets.Ticket) -> Row:
    source = ticket.detail.get("source_object") or ticket.detail.get("source") or ticket.subject
    facts = {"kind": ticket.kind, "resource": ticket.resource, "provider": ticket.provider}
    return facts | {"source": source, "reason": ticket.reason, "state": ticket.state}


def _resource(contract: Contract) -> dict[str, str]:
    return {
        "code": contract.code,
        "level": contract.level,
        "name_zh": contract.name_zh,
        "name_en": contract.name_en,
        "every": contract.cycle.every,
        "kind": contract.source.kind,
    }


def _batch(batch: batches.Batch) -> dict[str, Any]:
    counts = {name: value for name, value in asdict(batch).items() if name in COUNTS}
    identity = {"batch_id": batch.batch_id, "resource": batch.resource, "provider": batch.provider}
    return identity | {"business_date": batch.business_date.isoformat()} | counts | {"gate": batch.gate}


def _broken_rules(connection: Connection, contracts: dict[str, Contract], taken: list[batches.Batch]) -> list[dict[str, Any]]:
    """Return the rules that rows of the day's batches break, most rows first; a resource without a sound contract is left out."""
    resource_of = {batch.batch_id: batch.resource for batch in taken}
    sums: Counter[tuple[str, str]] = Counter()
    for batch_id, broken in rule_counts.of_batches(connection, list(resource_of)).items():
        sums.update({(resource_of[batch_id], rule): rows for rule, rows in broken.items()})
    rules = {(contract.code, rule.id): rule for contract in contracts.values() for rule in contract.rules}
    return [
        {
            "resource": resource,
            "rule": name,
            "severity": rules[resource, name].severity,
            "message_zh": rules[resource, name].message_zh,
            "message_en": rules[resource, name].message_en,
            "rows": rows,
        }
        for (resource, name), rows in sorted(sums.items(), key=lambda one: (-one[1], one[0]))
        if (resource, name) in rules
    ]


def _gate_history(connection: Connection, day: date) -> list[dict[str, Any]]:
    """Return per day closed so far what the gate said of each resource: `{date, issue, state, gates[], gaps[]}`, the oldest first."""
    since = day - timedelta(days=HISTORY_DAYS - 1)
    spoken = batches.gate_history(connection, since, day)
    return [
        {
            "date": one.business_date.isoformat(),
            "issue": one.issue,
            "state": one.state,
            "gates": [
                {"resource": gate.resource, "gate": gate.gate, "batches": gate.batches, "received": gate.received}
                for gate in spoken
                if gate.taken_on == one.business_date
            ],
            "gaps": [{"resource": gap["resource"], "kind": gap["kind"]} for gap in one.gaps],
        }
        for one in days.newest_issues(connection, since, day)
    ]


def _timing(one: timings.Timing) -> dict[str, Any]:
    return {
        "step": one.step,
        "resource": one.resource,
        "attempt": one.attempt,
        "seconds": one.seconds,
        "started_at": one.started_at.isoformat(),
    }


def _packages(made: list[packages.Package]) -> dict[str, int]:
    written, referred = sum(one.files_written for one in made), sum(one.files_referred for one in made)
    bytes_written = sum(one.bytes_written for one in made)
    return {
        "packages": len(made),
        "written": written,
        "referred": referred,
        "files": written + referred,
        "bytes": bytes_written + sum(one.bytes_referred for one in made),
        "bytes_written": bytes_written,
    }


def _packages_by_level(made: list[packages.Package]) -> list[dict[str, Any]]:
    """Return `{level, rows, packages, …}` per level from the province down, departments last; a level without packages has zeros."""
    by_level: dict[str, list[packages.Package]] = {level: [] for level in (*LEVELS, DEPARTMENT)}
    for one in made:
        by_level[recipient_folder(one.recipient_id)].append(one)
    return [{"level": level, "rows": sum(one.rows for one in ours)} | _packages(ours) for level, ours in by_level.items()]


def _missing_references(instance: Instance, libraries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return how many rows of each provider name an entity that no library has, most rows first."""
    version = next((one["version"] for one in libraries if one["table"] == MISSING_REFERENCES), None)
    if version is None:
        return []
    group = ("provider", "resource", "column_name", "target")
    spark = open_session(instance, tables=[MISSING_REFERENCES])
    rows = read(spark, MISSING_REFERENCES, version).groupBy(*group).agg(F.count("*").alias("rows"))
    return [row.asDict() for row in rows.orderBy(F.desc("rows"), *group).collect()]
