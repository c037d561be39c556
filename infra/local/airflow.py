"""Prepare and start the four components of Airflow and check their health."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Sequence
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import NoReturn

import httpx
import psycopg

from infra.local import keys, postgres
from infra.local.ports import HOST
from infra.local.programs import Program
from infra.local.programs import environment as shared_environment
from lakehouse.config import PROJECT, Instance
from lakehouse.errors import ConfigError, Problem

PARTS = ("metadatabase", "scheduler", "dag_processor", "triggerer")
AGED = (
    *("log", "job", "xcom", "task_reschedule", "task_instance_history", "task_instance", "dag_run", "asset_event"),
    *("trigger", "callback", "deadline", "import_error", "partitioned_asset_key_log", "revoked_token"),
)
"""The tables whose old rows may go. Not those of DAGs and their versions: a DAG that was not read for a month is still paused or not."""
LOCAL_SETTINGS = Path(__file__).with_name("airflow_local_settings.py")
CITY_TIME = Path(__file__).with_name("airflow_city_time.py")


def programs(instance: Instance) -> list[Program]:
    """Return API server, scheduler (which runs the tasks), DAG processor and triggerer as supervised programs."""
    commands = {
        "airflow-api-server": ("api-server",),
        "airflow-scheduler": ("scheduler", "--skip-serve-logs"),
        "airflow-dag-processor": ("dag-processor",),
        "airflow-triggerer": ("triggerer", "--skip-serve-logs"),
    }
    settings = environment(instance)
    folder = instance.folder("airflow")
    return [
        Program(name, "airflow", (sys.executable, _program(), *arguments), folder, settings, stop_seconds=15)
        for name, arguments in commands.items()
    ]


def environment(instance: Instance) -> dict[str, str]:
    """Return the settings of Airflow as environment variables."""
    url = base_url(instance)
    settings = {
        "CORE__EXECUTOR": "LocalExecutor",
        "CORE__PARALLELISM": "6",
        "CORE__DAGS_FOLDER": str(PROJECT / "dags"),
        "CORE__LOAD_EXAMPLES": "False",
        "CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "CORE__DAG_DISCOVERY_SAFE_MODE": "True",
        "CORE__DEFAULT_TIMEZONE": "utc",
        "CORE__FERNET_KEY": keys.read(instance, "airflow.fernet"),
        "CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
        "CORE__SIMPLE_AUTH_MANAGER_USERS": f"{keys.AIRFLOW_USER}:admin",
        "CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(instance.key_path("airflow.users.json")),
        "DATABASE__SQL_ALCHEMY_CONN": postgres.dsn(instance, "airflow", "postgresql+psycopg"),
        "DATABASE__SQL_ALCHEMY_CONN_ASYNC": postgres.dsn(instance, "airflow", "postgresql+psycopg"),
        "DATABASE__SQL_ALCHEMY_POOL_SIZE": "3",
        "API__HOST": HOST,
        "API__PORT": str(instance.ports.airflow),
        "API__BASE_URL": url,
        "API__WORKERS": "1",
        "API__SECRET_KEY": keys.read(instance, "airflow.secret"),
        "API_AUTH__JWT_SECRET": keys.read(instance, "airflow.jwt"),
        # A worker notices that its task has ended only at its next heartbeat; with the default of 5 s, workers sit on finished tasks.
        "WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
        "SCHEDULER__SCHEDULER_HEARTBEAT_SEC": "1",
        "SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.5",
        "SCHEDULER__ENABLE_HEALTH_CHECK": "False",
        "DAG_PROCESSOR__PARSING_PROCESSES": "1",
        "DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "60",
        "DAG_PROCESSOR__REFRESH_INTERVAL": "20",
        "LOGGING__BASE_LOG_FOLDER": str(instance.folder("logs", "airflow")),
        "LOGGING__FILE_TASK_HANDLER_NEW_FOLDER_PERMISSIONS": "0o700",
        "LOGGING__FILE_TASK_HANDLER_NEW_FILE_PERMISSIONS": "0o600",
        "LOGGING__LOGGING_LEVEL": "WARNING",
        # The log of a task also keeps what our jobs say on standard output (dags/tasks.py).
        "LOGGING__NAMESPACE_LEVELS": "task=INFO",
        "USAGE_DATA_COLLECTION__ENABLED": "False",
    }
    return {
        "AIRFLOW_HOME": str(instance.folder("airflow")),
        **{f"AIRFLOW__{name}": value for name, value in settings.items()},
        # No library may send usage statistics to its maker.
        "GX_ANALYTICS_ENABLED": "false",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DO_NOT_TRACK": "1",
    }


def become(instance: Instance, arguments: Sequence[str]) -> NoReturn:
    """Turn this process into Airflow's command line, in the environment of the instance; its signals and exit code are then Airflow's."""
    variables = {**os.environ, **shared_environment(instance), **environment(instance)}
    os.execve(sys.executable, [sys.executable, _program(), *arguments], variables)  # noqa: S606 no shell is wanted


def prepare(instance: Instance, say: Callable[[str], None]) -> None:
    """Write Airflow's local settings and its plugin, and migrate its database to the version of the installed package.

    Raises:
        ConfigError: the migration fails.
    """
    shutil.copyfile(LOCAL_SETTINGS, instance.folder("airflow", "config") / LOCAL_SETTINGS.name)
    shutil.copyfile(CITY_TIME, instance.folder("airflow", "plugins") / CITY_TIME.name)
    mark = instance.folder("airflow") / "migrated"
    present = version("apache-airflow")
    if mark.is_file() and mark.read_text("utf-8") == present:
        return
    say("airflow makes its database")
    command = [sys.executable, _program(), "db", "migrate"]
    done = subprocess.run(command, env={**os.environ, **environment(instance)}, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        log = instance.folder("logs") / "airflow-migrate.log"
        log.write_text(done.stdout + done.stderr, "utf-8")
        raise ConfigError(Problem("airflow db migrate", "it failed.", "", f"read {log}; then `huiliu up` again.").text())
    mark.write_text(present, "utf-8")


def is_prepared(instance: Instance) -> bool:
    """Return whether Airflow has a database here."""
    return (instance.home / "airflow" / "migrated").is_file()


def aged_rows(instance: Instance, before: datetime) -> int:
    """Return how many runs, and entries of its log, Airflow keeps from before a time."""
    asked = "select (select count(*) from dag_run where start_date < %(before)s) + (select count(*) from log where dttm < %(before)s)"
    with psycopg.connect(postgres.dsn(instance, "airflow")) as connection:
        row = connection.execute(asked, {"before": before}).fetchone()
    return int(row[0]) if row else 0


def clean(instance: Instance, before: datetime) -> int:
    """Let Airflow remove its records from before a time, and return what `aged_rows` counts afterwards; the newest run of a DAG stays.

    Raises:
        ConfigError: its command fails.
    """
    told = (
        "--clean-before-timestamp",
        before.isoformat(),
        "--tables",
        ",".join(AGED),
        "--skip-archive",
        "--error-on-cleanup-failure",
        "--yes",
    )
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("_AIRFLOW", "AIRFLOW__"))}
    variables = {**ours, **shared_environment(instance), **environment(instance)}
    command = [sys.executable, _program(), "db", "clean", *told]
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        log = instance.folder("logs") / "airflow-clean.log"
        log.write_text(done.stdout + done.stderr, "utf-8")
        raise ConfigError(Problem("airflow db clean", "it failed.", "", f"read {log}; then `huiliu upkeep --only airflow`.").text())
    return aged_rows(instance, before)


def base_url(instance: Instance) -> str:
    """Return the address of the user interface and the API."""
    return f"http://{HOST}:{instance.ports.airflow}"


def is_healthy(instance: Instance) -> bool:
    """Return whether the API server answers on both of its interfaces and reports every component as healthy."""
    try:
        answer = httpx.get(f"{base_url(instance)}/api/v2/monitor/health", timeout=5)
        found = answer.json()
        if not all(found.get(part, {}).get("status") == "healthy" for part in PARTS):
            return False
        # The execution API takes seconds to build its routes at its first request: make that request here, not in a task.
        return httpx.get(f"{base_url(instance)}/execution/health", timeout=60).is_success
    except (httpx.HTTPError, ValueError):
        return False


def _program() -> str:
    return str(Path(sysconfig.get_path("scripts")) / "airflow")
