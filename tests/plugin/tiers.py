"""The tiers of the suite: which can run here, what runs in one process, how each ended, and the closing counts."""

from __future__ import annotations

import os
import random
import shutil
from collections import Counter
from collections.abc import Generator
from functools import cache
from typing import Any

import pytest

from infra.local import lifecycle
from lakehouse.config import PROJECT
from lakehouse.errors import LakehouseError

TIERS = ("fast", "browser", "spark", "dbt", "airflow", "e2e", "fault")
SERVERS = ("spark", "minio")
COMPONENTS = {"spark": SERVERS, "dbt": SERVERS, "airflow": (*SERVERS, "airflow"), "e2e": SERVERS, "fault": SERVERS}
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
SHARED = ("city", "lived_city", "samples")  # fixtures that take long: all tests of one of them run in one process
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


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name bytes after their parameter: those of a workbook hold the time they were written, and all processes must name tests alike."""
    return argname if isinstance(val, bytes) else None


class Tiers:
    """Counts every test under its tier, also when several processes run them."""

    def __init__(self) -> None:
        self._counts = {tier: Counter[str]() for tier in TIERS}
        self._seconds = dict.fromkeys(TIERS, 0.0)
        self._collection_errors = 0
        self._deselected: Counter[str] = Counter()

    @pytest.hookimpl(tryfirst=True)  # before the groups are read
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Refuse tests without a tier, put those that share something costly into one group, the costly groups first."""
        without = [item.nodeid for item in items if tier_of(item) is None]
        if without:
            raise pytest.UsageError(f"tests without a tier (one of {', '.join(TIERS)}): {', '.join(without)}")
        files = list(dict.fromkeys(item.path for item in items))
        random.Random(config.getoption("shuffle_files")).shuffle(files)
        place = {path: number for number, path in enumerate(files)}
        items.sort(key=lambda item: (_turn(item), place[item.path]))
        for item in items:
            item.add_marker(pytest.mark.xdist_group(_group(item)))

    def pytest_deselected(self, items: list[pytest.Item]) -> None:
        """Remember the tests that the command line deselected."""
        self._deselected.update(tier_of(item) or "" for item in items)

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Skip a test whose tier cannot run."""
        tier = tier_of(item) or ""
        if reason := obstacle(tier):
            pytest.skip(f"tier {tier} cannot run: {reason}")

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Write the tier into the report, which goes from the process that ran the test to the one that counts."""
        report = yield
        report.tier = tier_of(item)
        return report

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Count a module that cannot be imported as a failure."""
        self._collection_errors += report.failed

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count one outcome per test: a failing set-up or tear-down is a failure."""
        tier = report.tier
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
                text = f"tier {tier:8} did not run" + (f" ({left} tests left out)" if (left := self._deselected[tier]) else "")
            lines.append(text)
        totals = {outcome: sum(counts[outcome] for counts in self._counts.values()) for outcome in OUTCOMES}
        totals["failed"] += self._collection_errors + (len(blocked) if strict else 0)
        return [*lines, ", ".join(f"{totals[outcome]} {outcome}" for outcome in OUTCOMES)]


def tier_of(item: pytest.Item) -> str | None:
    """Return the tier of a test."""
    return next((tier for tier in reversed(TIERS) if item.get_closest_marker(tier)), None)


def _turn(item: pytest.Item) -> int:
    """Return when a group is begun: what takes longest first; what breaks a server last, so that nothing has to warm it up again."""
    last = {"fast": 1, "browser": 1, "fault": 2 if "servers" in _fixtures(item) else 0}.get(tier_of(item) or "", 0)
    shared = [turn for turn, fixture in enumerate(SHARED) if fixture in _fixtures(item)]
    return last * len(SHARED) + (shared or [len(SHARED) - 1])[0]


def _group(item: pytest.Item) -> str:
    """Return what one process runs as a whole: the tests of something shared, else those of a file and tier."""
    shared = next((fixture for fixture in SHARED if fixture in _fixtures(item)), None)
    return shared or f"{item.path.relative_to(PROJECT)} {tier_of(item)}"


def _fixtures(item: pytest.Item) -> list[str]:
    return getattr(item, "fixturenames", [])


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let a run repeat the order of another one; by itself every run has its own, so that no file comes to need another before it."""
    parser.addoption("--shuffle-files", type=int, metavar="SEED", help="the seed of the order of files")


def pytest_report_header(config: pytest.Config) -> str:
    """Tell how to repeat the order of this run."""
    return f"order of files: --shuffle-files {config.getoption('shuffle_files')}"


def pytest_configure(config: pytest.Config) -> None:
    """Register the counting of tiers; draw the order of files, which is one for all processes of a run."""
    os.environ.setdefault("SPARK_CONNECT_RELEASE_SESSION_ON_EXIT", "true")
    if config.option.shuffle_files is None:
        config.option.shuffle_files = getattr(config, "workerinput", {}).get("shuffle_files", random.randrange(10_000))
    config.pluginmanager.register(Tiers(), "huiliu-tiers")


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Give a process of the suite the order of its run."""
    node.workerinput["shuffle_files"] = node.config.getoption("shuffle_files")
