"""Render the pages of the Data Docs: counts, thresholds and outcomes, never a value from the data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from itertools import groupby
from pathlib import Path
from typing import Any

from great_expectations.core import ExpectationSuite, ExpectationSuiteValidationResult
from great_expectations.data_context.types.resource_identifiers import ValidationResultIdentifier

from expectations.decision import Decision, batches, decisions, incomplete
from expectations.outcomes import MARKS, ORDER, WORDS, worst
from expectations.suite import ROWS, is_changed, rule_of, title_of
from lakehouse.pages.rendering import Pair, render

TEMPLATES = Path(__file__).parent / "templates"
DAYS_SHOWN = 3  # the rest is folded
SHARED = {"words": WORDS, "marks": MARKS, "order": ORDER[::-1]}
SEVERITIES: dict[str, Pair] = {"critical": ("阻断", "blocks"), "warning": ("警告", "warns"), "info": ("仅记录", "is told only")}


@dataclass(frozen=True)
class Run:
    """A run of a suite: of the gate, with the decision on each batch, or of the native suite, which only counts (`decided` is None)."""

    suite: str
    name: str
    time: str
    page: str
    title: Pair
    result: ExpectationSuiteValidationResult
    decided: Mapping[str, Decision] | None

    @classmethod
    def of(
        cls, identifier: ValidationResultIdentifier, result: ExpectationSuiteValidationResult, page: str, title: Pair | None = None
    ) -> Run:
        """Return the run that a stored result is of; `title` is what people call the resource."""
        time = f"{identifier.run_id.run_time.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
        judged = ROWS in {rule_of(one.expectation_config) for one in result.results}
        decided = decisions(result.results) if judged else None
        title = title or (result.suite_name, result.suite_name)
        return cls(result.suite_name, identifier.run_id.run_name, time, page, title, result, decided)

    def line(self) -> dict[str, Any]:
        """Return what the list of runs says of it."""
        told = {"suite": self.suite, "title": self.title, "run": self.name, "time": self.time, "page": self.page}
        if self.decided is None:
            return {**told, "outcomes": None, "missing": 0}
        outcomes = Counter(one.gate for one in self.decided.values())
        return {**told, "outcomes": {name: outcomes[name] for name in ORDER}, "missing": incomplete(self.result.results)}


def index(runs: Sequence[Mapping[str, Any]], most: int, start: str = "") -> str:
    """Return the page with the latest runs, by business day; `start` is the address of the instance's start page."""
    newest = sorted(runs, key=lambda run: (run["run"], run["time"]), reverse=True)
    days = [{"date": day, "runs": list(found)} for day, found in groupby(newest, key=lambda run: run["run"])]
    return render(TEMPLATES, "index.html", {**SHARED, "days": days, "shown": DAYS_SHOWN, "most": most, "home": "", "start": start})


def run(of: Run, home: str) -> str:
    """Return the page of a run: its batches, the worst first, and its expectations."""
    known = batches(of.result.results) if of.decided is not None else {}
    rows = [{**known[batch], "batch": batch, "gate": one.gate, "broken": _told(one)} for batch, one in (of.decided or {}).items()]
    rows.sort(key=lambda one: (-ORDER.index(one["gate"]), one["provider"], one["business_date"], one["batch"]))
    rules = [_rule(one.expectation_config.to_json_dict(), one.result) for one in of.result.results]
    suite_page = f"{home}expectations/{'/'.join(of.suite.split('.'))}.html"
    context = {"run": of, "line": of.line(), "rows": rows, "rules": rules, "home": home, "suite_page": suite_page}
    context["gate"] = worst(one["gate"] for one in rows)
    return render(TEMPLATES, "run.html", {**SHARED, **context})


def suite(stored: ExpectationSuite, home: str) -> str:
    """Return the page of a suite: its expectations, and whether they were changed by hand."""
    rules = [_rule(one.to_json_dict(), None) for one in stored.expectation_configurations]
    return render(
        TEMPLATES,
        "suite.html",
        {**SHARED, "name": stored.name, "title": title_of(stored), "changed": is_changed(stored), "rules": rules, "home": home},
    )


def _told(decision: Decision) -> list[tuple[str, int]]:
    return [(rule, decision.broken[rule]) for rule in decision.reasons if decision.gate != "passed"]


def _rule(expectation: Mapping[str, Any], result: Mapping[str, Any] | None) -> dict[str, Any]:
    zh, _, en = str(expectation.get("description") or expectation["type"]).partition(" / ")
    told = {"rule": expectation["meta"]["rule"], "text": (zh, en or zh), "severity": SEVERITIES[expectation["severity"]]}
    told |= {name: expectation["kwargs"].get(name) for name in ("share", "rows", "notice", "days", "times", "apart")}
    if result is None:
        return told
    outcomes = Counter(result.get("outcomes", {}).values())
    broken = result.get("unexpected_count", sum(result.get("broken", {}).values()))
    return {**told, "broken": broken, "outcomes": outcomes}
