"""Every command with a date option refuses an invalid date with the same message, before it does anything else."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from huiliu.main import app
from lakehouse.errors import ConfigError

COMMANDS = (
    "report DAY", "run-day DAY", "backfill DAY 2026-06-01", "backfill 2026-06-01 DAY", "dbt --date DAY build",
    "run-day 2026-06-01 --until DAY", "sample day DAY", "job gate --date DAY", "gx run any --date DAY",
    "ingest any file --date DAY", "quarantine list --date DAY", "tickets list --date DAY", "returns list --date DAY",
    "returns show v-1 --date DAY", "tickets assign 1 chen --date DAY", "tickets close 1 --reason explained --document d --date DAY",
    "quarantine reject c --reason r --document d --date DAY", "quarantine reopen c --document d --date DAY",
    "quarantine waive c --reason r --document d --date 2026-06-01 --until DAY",
)  # fmt: skip


@pytest.mark.fast
@pytest.mark.parametrize("day", ["2026-02-30", "yesterday"])
@pytest.mark.parametrize("command", COMMANDS)
def test_a_date_that_cannot_be_read_is_told_like_any_error(command: str, day: str) -> None:
    done = CliRunner().invoke(app, command.replace("DAY", day).split())
    assert isinstance(done.exception, ConfigError)
    assert "YYYY-MM-DD" in str(done.exception)
