"""The tiers of the test suite: which can run on this machine, how each ended, and the closing counts."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Generator
from functools import cache

import pytest

from infra.local import lifecycle
from lakehouse.errors import LakehouseError

TIERS = ("fast", "browser", "spark", "dbt", "airflow", "e2e", "fault")
COMPONENTS = {"spark": ("spark",), "dbt": ("spark",), "airflow": ("spark", "airflow"), "e2e": ("spark", "airflow"), "fault": ("spark",)}
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
OUTCOMES = ("passed", "failed", "skipped")


@cache
def obstacle(tier: str) -> str:
    """Return why the tier cannot run on this machine; empty when it can."""
    if tier == "browser" and not browser():
        return "Chromium is not there. Fix: sudo apt-get install chromium fonts-noto-cjk"
    try:
        lifecycle.check_prerequisites(COMPONENTS.get(tier, ()))
    except LakehouseError as error:
        return " ".join(str(error).split())
    return ""


def browser() -> str | None:
    """Return the command of a Chromium, none when the machine has none."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


class Tiers:
    """Counts every test under its tier."""

    def __init__(self) -> None:
        self._counts = {tier: Counter[str]() for tier in TIERS}
        self._seconds = dict.fromkeys(TIERS, 0.0)
        self._tier_of: dict[str, str] = {}
        self._collection_errors = 0
        self._deselected: Counter[str] = Counter()

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Give each test its tier; tests that break a server come last, so that no other test has to warm it up again."""
        without = [item.nodeid for item in items if self._tier(item) is None]
        if without:
            raise pytest.UsageError(f"tests without a tier (one of {', '.join(TIERS)}): {', '.join(without)}")
        for item in items:
            tier = self._tier(item)
            assert tier is not None
            self._tier_of[item.nodeid] = tier
        items.sort(key=lambda item: self._tier_of[item.nodeid] == "fault")

    def pytest_deselected(self, items: list[pytest.Item]) -> None:
        """Remember the tests that the command line deselected."""
        self._deselected.update(self._tier(item) or "" for item in items)

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Skip a test whose tier cannot run."""
        if reason := obstacle(self._tier_of[item.nodeid]):
            pytest.skip(f"tier {self._tier_of[item.nodeid]} cannot run: {reason}")

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Count a module that cannot be imported as a failure."""
        self._collection_errors += report.failed

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count one outcome per test: a failing set-up or tear-down is a failure."""
        tier = self._tier_of[report.nodeid]
        self._seconds[tier] += report.duration
        if report.when == "call" or (report.when == "setup" and not report.passed):
            self._counts[tier][report.outcome] += 1
        elif report.when == "teardown" and report.failed:
            self._counts[tier].update({"failed": 1, "passed": -1})

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None, None, None]:
        """Fail a run in CI that had to leave out a tier, then print the closing counts after pytest's own."""
        blocked = [tier for tier in TIERS if any(self._counts[tier].values()) and obstacle(tier)]
        strict = bool(blocked) and os.environ.get("CI") == "true"
        if strict and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        yield
        reporter = session.config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None:
            for line in self._lines(blocked, strict):
                reporter.write_line(line)

    def _lines(self, blocked: list[str], strict: bool) -> list[str]:
        lines = []
        for tier in TIERS:
            counts = ", ".join(f"{self._counts[tier][outcome]} {outcome}" for outcome in OUTCOMES)
            text = f"tier {tier:8} {counts} in {self._seconds[tier]:.0f} s"
            if tier in blocked:
                text = f"tier {tier:8} COULD NOT RUN: {obstacle(tier)}"
            elif not any(self._counts[tier].values()):
                text = f"tier {tier:8} did not run ({self._deselected[tier]} tests left out)"
            lines.append(text)
        totals = {outcome: sum(counts[outcome] for counts in self._counts.values()) for outcome in OUTCOMES}
        totals["failed"] += self._collection_errors + (len(blocked) if strict else 0)
        return [*lines, ", ".join(f"{totals[outcome]} {outcome}" for outcome in OUTCOMES)]

    @staticmethod
    def _tier(item: pytest.Item) -> str | None:
        return next((tier for tier in reversed(TIERS) if item.get_closest_marker(tier)), None)


def pytest_configure(config: pytest.Config) -> None:
    """Register the counting of tiers."""
    os.environ.setdefault("SPARK_CONNECT_RELEASE_SESSION_ON_EXIT", "true")
    config.pluginmanager.register(Tiers(), "huiliu-tiers")
