"""What `status` and `report` know, as Prometheus metrics: counts by kind, level and resource; no recipient, no value of the data."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from importlib.metadata import version
from shutil import disk_usage
from typing import TYPE_CHECKING, Any, NamedTuple

from application import services
from lakehouse.config import AREAS, Instance
from lakehouse.errors import LakehouseError
from lakehouse.objects import open_area
from lakehouse.ops import batches, connect, days, facts, figures, timings
from lakehouse.ops.batches import Batch
from lakehouse.ops.days import Day
from lakehouse.telemetry import outbox
from lakehouse.upkeep.disk import below

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

PREFIX = "huiliu_"
WALK_SECONDS = 600.0  # how long a walk through the store counts
MIB = 2**20
Samples = Sequence[tuple[tuple[str, ...], float]]


class Metric(NamedTuple):
    """A metric: its name without prefix, what it says, its labels, and a value for each combination of them."""

    name: str
    says: str
    labels: tuple[str, ...]
    samples: Samples


@dataclass(eq=False)  # the registry keeps it by identity
class Collector:
    """Gathers the metrics of an instance each time it is asked."""

    instance: Instance
    _used: dict[str, float] = field(default_factory=dict)
    _walked: float = float("-inf")

    def collect(self) -> Iterator[Any]:
        """Yield the metrics as the client library wants them."""
        from prometheus_client.core import GaugeMetricFamily  # only who asks for metrics pays for it

        for one in self.metrics():
            family = GaugeMetricFamily(PREFIX + one.name, one.says, labels=one.labels)
            for labels, value in one.samples:
                family.add_metric(labels, value)
            yield family

    def metrics(self) -> Iterator[Metric]:
        """Yield all metrics; those of the ledger only while the operational database answers."""
        yield Metric("info", "version and city of the instance", ("version", "city"), [((version("huiliu"), self.instance.city.code), 1)])
        yield from _services(self.instance)
        yield from self._disk()
        try:
            found = [*_ledger(self.instance)]
        except LakehouseError:
            found = []
        yield Metric("ledger_readable", "1 while the operational database answers", (), [((), float(bool(found)))])
        yield from found
        if self.instance.settings.openlineage_url:
            waiting = outbox.waiting_bytes(self.instance)
            yield Metric("openlineage_waiting_bytes", "bytes of OpenLineage events that were not sent yet", (), [((), waiting)])

    def _disk(self) -> Iterator[Metric]:
        yield Metric("disk_free_bytes", "free bytes of the disk that holds the instance", (), [((), disk_usage(self.instance.home).free)])
        if time.monotonic() - self._walked > WALK_SECONDS:
            on_disk = [area for area in AREAS if self.instance.root(area).startswith("file:")]
            self._used = {area: float(below(root).bytes) for area in on_disk if (root := open_area(self.instance, area).local_path())}
            self._walked = time.monotonic()
        yield Metric("disk_used_bytes", "bytes of an area of a store on disk, counted every ten minutes", ("area",), _by(self._used))


def registry(instance: Instance) -> CollectorRegistry:
    """Return a registry that gathers the metrics of an instance each time it is asked."""
    from prometheus_client import CollectorRegistry

    found = CollectorRegistry(auto_describe=False)
    found.register(Collector(instance))
    return found


def text(instance: Instance) -> str:
    """Return the metrics in Prometheus' text format."""
    from prometheus_client import generate_latest

    return generate_latest(registry(instance)).decode()


def _services(instance: Instance) -> Iterator[Metric]:
    found = services.status(instance)
    healthy = {name: float(part.healthy) for name, part in found.components.items()}
    yield Metric("component_up", "1 while a component is healthy", ("component",), _by(healthy))
    used = {name: float(mebibytes * MIB) for name, mebibytes in found.memory_mib.items()}
    yield Metric("program_memory_bytes", "memory of a program and what it started (shared pages once)", ("program",), _by(used))


def _ledger(instance: Instance) -> Iterator[Metric]:
    with connect(instance) as connection:
        newest, published = days.last_closed(connection), days.last_published(connection)
        yield Metric("days_published", "business days published so far", (), [((), figures.published_days(connection))])
        rows = figures.ledger(connection)
        yield Metric("ledger_rows", "rows of all batches by what became of them", ("disposition",), _by(rows.by_disposition))
        yield Metric("ledger_received_rows", "rows of all batches that were received", (), [((), rows.received)])
        yield Metric("ledger_waiting_rows", "rows of batches that wait for a step", (), [((), rows.waiting)])
        yield Metric("ledger_imbalance_rows", "rows that are accounted for nowhere, or twice; 0 is right", (), [((), rows.imbalance)])
        yield Metric("tickets_open", "open tickets", ("kind",), _by(figures.open_tickets(connection)))
        yield Metric("cases_open", "open cases: rows that did not get in", ("kind",), _by(figures.open_cases(connection)))
        if published is not None and published.published_at is not None:
            yield from _published(instance, published, published.published_at)
        if newest is not None:
            yield from _day(newest, batches.taken_on(connection, newest.business_date))
            made = figures.packages_by_level(connection, newest.business_date, newest.issue)
            yield from _packages(made)
            yield from _facts(
                facts.get(connection, newest.business_date, "invariants") or [],
                facts.get(connection, newest.business_date, "left_out") or [],
            )
            yield _seconds(timings.of_day(connection, newest.business_date))


def _published(instance: Instance, newest: Day, at: datetime) -> Iterator[Metric]:
    midnight = datetime.combine(newest.business_date, datetime.min.time(), instance.timezone).timestamp()
    yield Metric("published_business_date_seconds", "the newest published business date, as the time of its midnight", (), [((), midnight)])
    yield Metric("published_at_seconds", "when it was published", (), [((), at.timestamp())])
    yield Metric("published_age_seconds", "how long ago that was", (), [((), time.time() - at.timestamp())])


def _day(newest: Day, taken: Sequence[Batch]) -> Iterator[Metric]:
    """Yield what the newest closed day took in, and what it lacks."""
    yield Metric("day_issue", "the newest issue of the newest closed day", (), [((), newest.issue)])
    yield Metric("day_published", "1 if that issue is published", (), [((), float(newest.state == "published"))])
    gaps = Counter(str(gap["kind"]) for gap in newest.gaps)
    yield Metric("day_gaps", "what that day lacks", ("kind",), _by(gaps))
    gates = Counter((one.resource, one.gate or "open") for one in taken)
    yield Metric("day_batches", "batches it took in, by the gate's result", ("resource", "gate"), [*gates.items()])
    rows: Counter[tuple[str, str]] = Counter()
    for one in taken:
        for name in ("received", *figures.DISPOSITIONS):
            rows[one.resource, name] += getattr(one, name) or 0
    yield Metric("day_rows", "rows of those batches, received and by what became of them", ("resource", "disposition"), [*rows.items()])


def _packages(made: Mapping[str, figures.LevelPackages]) -> Iterator[Metric]:
    yield Metric("day_packages", "packages of that issue", ("level",), _by({level: one.packages for level, one in made.items()}))
    yield Metric("day_package_rows", "rows in them", ("level",), _by({level: one.rows for level, one in made.items()}))
    written = {level: one.bytes_written for level, one in made.items()}
    yield Metric("day_package_bytes_written", "bytes of payloads that were new that day", ("level",), _by(written))


def _facts(invariants: Sequence[Mapping[str, Any]], left_out: Sequence[object]) -> Iterator[Metric]:
    holds = {str(one["id"]): float(one["ok"]) for one in invariants}
    yield Metric("day_invariant_holds", "1 if an invariant holds after that day", ("invariant",), _by(holds))
    yield Metric("day_returns_left_out", "returns that could not run that day", (), [((), len(left_out))])


def _seconds(steps: Sequence[timings.Timing]) -> Metric:
    """Return how long the last attempt at each job of the day took."""
    last = {(one.step, one.resource): one.seconds for one in sorted(steps, key=lambda one: one.started_at)}
    return Metric("job_seconds", "seconds of the last attempt at a job of that day", ("job", "resource"), [*last.items()])


def _by(counts: Mapping[str, float]) -> list[tuple[tuple[str, ...], float]]:
    return [((name,), value) for name, value in sorted(counts.items())]
