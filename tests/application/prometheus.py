"""The metrics of an instance as Prometheus reads them, and what the report of its newest day says they must be."""

from __future__ import annotations

from collections import Counter
from datetime import date

from prometheus_client.parser import text_string_to_metric_families

from application.metrics import text
from application.report import COUNTS, collect
from lakehouse.config import Instance

Values = dict[tuple[str, ...], float]


def metrics(instance: Instance) -> dict[str, Values]:
    """Return name → values of the labels, in the order of their names → value."""
    return {
        family.name.removeprefix("huiliu_"): {
            tuple(value for _, value in sorted(sample.labels.items())): sample.value for sample in family.samples
        }
        for family in text_string_to_metric_families(text(instance))
    }


def reported(instance: Instance, day: date) -> dict[str, Values]:
    """Return the metrics of a day by its report."""
    report = collect(instance, day).facts()
    rows: Counter[tuple[str, ...]] = Counter()
    for one in report["batches"]:
        for name in COUNTS:
            rows[name, one["resource"]] += one[name] or 0
    levels = {(one["level"],): one for one in report["packages_by_level"] if one["packages"]}
    return {
        "day_batches": Counter((one["gate"] or "open", one["resource"]) for one in report["batches"]),
        "day_rows": rows,
        "day_gaps": Counter((one["kind"],) for one in report["gaps"]),
        "day_packages": {level: one["packages"] for level, one in levels.items()},
        "day_package_rows": {level: one["rows"] for level, one in levels.items()},
        "day_package_bytes_written": {level: one["bytes_written"] for level, one in levels.items()},
        "day_invariant_holds": {(one["id"],): one["ok"] for one in report["invariants"]},
        "day_returns_left_out": {(): len(report["left_out"])},
        "job_seconds": {(one["step"], one["resource"]): one["seconds"] for one in report["timings"]},
        "day_issue": {(): report["issue"]},
        "day_published": {(): report["state"] == "published"},
    }
