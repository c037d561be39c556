"""`huiliu airflow` and `huiliu dbt` hand everything behind their name on to the tool."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from huiliu.main import app
from infra.local import airflow, keys
from lakehouse.config import PROJECT, Instance
from tests.plugin.servers import tiny_instance

pytestmark = pytest.mark.fast


@pytest.fixture
def stopped(tmp_path: Path) -> Instance:
    """Return an instance with keys and ports, of which nothing runs."""
    instance = tiny_instance(tmp_path / "home")
    keys.ensure(instance)
    return instance


def test_airflow_runs_in_the_environment_of_the_instance_and_is_warned_of_its_database(stopped: Instance) -> None:
    asked = [sys.executable, "-m", "huiliu.main", "airflow", "config", "get-value", "core"]
    environment = {**os.environ, **stopped.settings.environment()}
    told = subprocess.run([*asked, "dags_folder"], env=environment, capture_output=True, text=True, check=False)
    assert told.stdout.strip().endswith(str(PROJECT / "dags")), told.stderr
    assert "PostgreSQL does not answer" in told.stderr


def test_what_our_jobs_say_goes_to_the_output_that_the_log_of_a_task_keeps(stopped: Instance) -> None:
    code = "import dags.tasks, logging; logging.getLogger('huiliu.jobs').info('gate: done'); logging.getLogger('other').info('a value')"
    environment = {**os.environ, **stopped.settings.environment(), **airflow.environment(stopped)}
    told = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, env=environment, capture_output=True, text=True, check=True)
    assert told.stdout == "gate: done\n"
    assert environment["AIRFLOW__LOGGING__NAMESPACE_LEVELS"] == "task=INFO"


@pytest.mark.parametrize(("command", "said"), [("dbt --help", "--date"), ("airflow --help", "dags list")])
def test_help_before_the_tools_own_words_is_ours(command: str, said: str) -> None:
    done = CliRunner().invoke(app, command.split())
    assert (done.exit_code, said in done.output) == (0, True)


def test_help_behind_a_word_of_dbt_is_dbts(capfd: pytest.CaptureFixture[str]) -> None:
    done = CliRunner().invoke(app, ["dbt", "build", "--help"])
    assert (done.exit_code, "--full-refresh" in done.output + capfd.readouterr().out) == (0, True)
