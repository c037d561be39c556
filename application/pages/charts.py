"""Arrange the facts of a day's report for charts: parts of a bar with their positions in percent, matrices, rows of a timeline."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from application.pages.words import DISPOSITIONS, GATES, LEVELS, SEVERITIES, WORST_FIRST, word
from lakehouse.contracts.cycle import CYCLES
from lakehouse.pages.rendering import Pair
from lakehouse.steps import NAMES as STEPS

Row = dict[str, Any]
Names = Mapping[str, Pair]
# A run that was started again much later would make all other bars tiny; then every bar starts at the left edge.
STRETCHED = 4


def flow(report: Row) -> list[Row]:
    """Return per level how many rows it sent up and how many it received back, with the width of both bars."""
    level_of = {one["code"]: one["level"] for one in report["resources"]}
    up = dict.fromkeys(LEVELS, 0)
    for batch in report["batches"]:
        if batch["resource"] in level_of:
            up[level_of[batch["resource"]]] += batch["received"]
    back = {one["level"]: one for one in report["packages_by_level"]}
    most_up, most_back = max([*up.values(), 1]), max([*(one["rows"] for one in back.values()), 1])
    return [
        {
            "name": LEVELS[level],
            "up": up[level],
            "up_width": 100 * up[level] / most_up,
            "back": back[level]["rows"],
            "back_width": 100 * back[level]["rows"] / most_back,
            "packages": back[level]["packages"],
        }
        for level in LEVELS
        if level != "department" or back[level]["packages"]
    ]


def dispositions(report: Row) -> list[Row]:
    """Return the number of rows per disposition for each source level, as parts of one bar."""
    level_of = {one["code"]: one["level"] for one in report["resources"]}
    found = []
    for level in LEVELS:
        ours = [batch for batch in report["batches"] if level_of.get(batch["resource"]) == level]
        if ours:
            found.append({"name": LEVELS[level], "batches": len(ours)} | _disposed(ours))
    return found


def resources(report: Row, names: Names) -> list[Row]:
    """Return the number of rows per disposition for each resource; a resource that delivered nothing has no batches."""
    found = []
    for one in report["resources"]:
        ours = [batch for batch in report["batches"] if batch["resource"] == one["code"]]
        row = {"name": names[one["code"]], "code": one["code"], "level": LEVELS[one["level"]], "every": CYCLES[one["every"]].label}
        found.append(row | {"batches": len(ours), "gate": _worst(batch["gate"] for batch in ours)} | _disposed(ours))
    order = list(LEVELS.values())
    return sorted(found, key=lambda row: (order.index(row["level"]), row["code"]))


def gate_matrix(report: Row, names: Names) -> Row:
    """Return a matrix of resources × days: the worst gate result of the day and the number of missing providers."""
    history = report["gate_history"]
    rows = []
    for one in report["resources"]:
        cells = []
        for day in history:
            spoken = [gate for gate in day["gates"] if gate["resource"] == one["code"]]
            missing = sum(gap["resource"] == one["code"] for gap in day["gaps"])
            state = _worst(gate["gate"] for gate in spoken) if spoken else "gap" if missing else "none"
            cells.append({"state": state, "word": GATES[state], "batches": sum(gate["batches"] for gate in spoken), "missing": missing})
        rows.append({"name": names[one["code"]], "level": LEVELS[one["level"]], "cells": cells})
    order = list(LEVELS.values())
    return {"days": [day["date"] for day in history], "rows": sorted(rows, key=lambda row: order.index(row["level"]))}


def broken_rules(rules: list[Row], names: Names) -> list[Row]:
    """Return the rules that most rows break, with the width of their bars."""
    most = max((one["rows"] for one in rules), default=1)
    return [
        one
        | {"name": word(names, one["resource"]), "width": 100 * one["rows"] / most, "severity_word": SEVERITIES[one["severity"]]}
        | {"message": (one["message_zh"], one["message_en"])}
        for one in rules
    ]


def pending(returns: list[Row], names_zh: Mapping[str, str]) -> Row:
    """Return a matrix of levels × returns: rows that reached the level, and how many of them have no known place below it."""
    names = sorted({one["return_id"] for one in returns})
    found = {(one["level"], one["return_id"]): one for one in returns}
    rows = []
    for level in LEVELS:
        cells = [found.get((level, name)) for name in names]
        if any(cells):
            rows.append({"name": LEVELS[level], "cells": [cell and cell | {"width": _share(cell)} for cell in cells]})
    return {"returns": [(names_zh.get(name, name), name.replace("_", " ")) for name in names], "rows": rows}


def timings(steps: list[Row], names: Names) -> Row:
    """Return a timeline: one row per resource and one per step of the day, the last attempt of each."""
    last = {(one["step"], one["resource"]): one for one in sorted(steps, key=lambda one: one["attempt"])}
    if not last:
        return {"rows": [], "seconds": 0.0, "stretched": False}
    begun = {key: datetime.fromisoformat(one["started_at"]) for key, one in last.items()}
    first = min(begun.values())
    end = max(begun[key] + timedelta(seconds=one["seconds"]) for key, one in last.items())
    span, work = (end - first).total_seconds(), sum(one["seconds"] for one in last.values())
    stretched = span > STRETCHED * max(work, 1)
    longest = max(one["seconds"] for one in last.values())
    scale = longest if stretched else max(span, 0.001)
    rows: dict[tuple[str, str], Row] = {}
    for key, one in sorted(last.items(), key=lambda item: begun[item[0]]):
        step, resource = key
        row = rows.setdefault((resource, "" if resource else step), {"name": word(names, resource) if resource else word(STEPS, step)})
        start = 0.0 if stretched else (begun[key] - first).total_seconds()
        part = {
            "step": step,
            "word": word(STEPS, step),
            "seconds": one["seconds"],
            "x": 100 * start / scale,
            "width": 100 * one["seconds"] / scale,
        }
        row.setdefault("parts", []).append(part)
    ordered = [rows[key] for key in sorted(rows, key=lambda key: (not key[0], list(rows).index(key)))]
    for row in ordered:
        row["seconds"] = round(sum(part["seconds"] for part in row["parts"]), 1)
    return {"rows": ordered, "seconds": round(span, 1), "work": round(work, 1), "stretched": stretched}


def _disposed(batches: list[Row]) -> Row:
    received = sum(batch["received"] for batch in batches)
    counts = {name: sum(batch[name] or 0 for batch in batches) for name in DISPOSITIONS if name != "open"}
    counts["open"] = received - sum(counts.values())
    parts, place = [], 0.0
    for name, count in counts.items():
        if count > 0:
            width = 100 * count / received
            parts.append({"key": name, "word": DISPOSITIONS[name], "count": count, "x": place, "width": width})
            place += width
    return {"received": received, "counts": counts, "parts": parts}


def _worst(gates: Iterable[str | None]) -> str:
    said = {gate or "open" for gate in gates}
    return next((gate for gate in WORST_FIRST if gate in said), "none")


def _share(cell: Row) -> float:
    whole: int = cell["rows"]
    return 100 * cell["pending_locality"] / whole if whole else 0.0
