"""A client of the orchestrator's (Airflow's) REST API: trigger runs by business date and read their states."""

from __future__ import annotations

import json
import weakref
from dataclasses import dataclass
from datetime import date
from typing import Any

import httpx
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_exponential

from lakehouse import steps
from lakehouse.config import Instance
from lakehouse.errors import ConfigError, Problem

ENDED = frozenset({"success", "failed"})
TASK_FIELDS = ("dag_id", "dag_run_id", "task_id", "state", "try_number", "duration")
PATIENCE_SECONDS = 30
ROWS_AT_ONCE = 100  # the most that Airflow gives at once
RUNS_AT_ONCE = 16  # an answer holds at most a hundred tasks; a run has six at the most


@dataclass(frozen=True)
class TaskState:
    """The state of one task of a run (`state` is None before the task is queued)."""

    dag_id: str
    run_id: str
    task_id: str
    state: str | None
    try_number: int
    seconds: float | None


@dataclass(frozen=True)
class Run:
    """One run of a DAG for a business date."""

    dag_id: str
    run_id: str
    business_date: str
    state: str
    started_at: str | None
    ended_at: str | None


class Orchestrator:
    """A client that signs in when the API demands it, and repeats requests for some time (30 s) while the API does not answer.

    Raises:
        ConfigError: the API does not answer, or answers with an error.
    """

    def __init__(self, instance: Instance, patience_seconds: float = PATIENCE_SECONDS) -> None:
        self._patience_seconds = patience_seconds
        self.base_url = f"http://127.0.0.1:{instance.ports.airflow}"
        self._passwords = instance.key_path("airflow.users.json")
        self._token = ""
        self._client = httpx.Client(base_url=self.base_url, timeout=30.0, trust_env=False)  # one connection for all polls
        weakref.finalize(self, self._client.close)

    def trigger(self, dag_id: str, business_date: date) -> str:
        """Start a run of a DAG for a business date and return the id of the run."""
        body = {"logical_date": None, "partition_key": business_date.isoformat()}
        run_id: str = self._ask("POST", f"/api/v2/dags/{dag_id}/dagRuns", body)["dag_run_id"]
        return run_id

    def close_again(self, business_date: date) -> None:
        """Close a day again, unless a run that will close it has not come to that task yet: it sees what is there now."""
        closing = [run for run in self.runs(business_date) if run.dag_id == steps.CLOSE_DAY and run.state not in ENDED]
        begun = {task.run_id for task in self.tasks(*closing) if task.task_id == steps.CLOSE_DAY and task.state is not None}
        if all(run.run_id in begun for run in closing):
            self.trigger(steps.CLOSE_DAY, business_date)

    def runs(self, business_date: date) -> list[Run]:
        """Return all runs of a date, oldest first."""
        query = f"/api/v2/dags/~/dagRuns?order_by=run_after&partition_key_pattern={business_date.isoformat()}"
        return [
            Run(row["dag_id"], row["dag_run_id"], row["partition_key"], row["state"], row["start_date"], row["end_date"])
            for row in self._all(query, "dag_runs")
            if row["partition_key"] == business_date.isoformat()
        ]

    def tasks(self, *runs: Run) -> list[TaskState]:
        """Return the tasks of runs."""
        found = []
        for first in range(0, len(runs), RUNS_AT_ONCE):
            some = runs[first : first + RUNS_AT_ONCE]
            body = {"dag_ids": sorted({run.dag_id for run in some}), "dag_run_ids": sorted({run.run_id for run in some})}
            rows = self._ask("POST", "/api/v2/dags/~/dagRuns/~/taskInstances/list", body)["task_instances"]
            wanted = {(run.dag_id, run.run_id) for run in some}
            told = [TaskState(*(row[name] for name in TASK_FIELDS)) for row in rows]
            found += [one for one in told if (one.dag_id, one.run_id) in wanted]
        return found

    def clear(self, run: Run) -> None:
        """Clear the failed tasks of a run and all tasks after them, so that they run again."""
        failed = [task.task_id for task in self.tasks(run) if task.state == "failed"]
        body = {"dry_run": False, "dag_run_id": run.run_id, "task_ids": failed, "only_failed": False, "include_downstream": True}
        if failed:
            self._ask("POST", f"/api/v2/dags/{run.dag_id}/clearTaskInstances", body)

    def backfill(self, dag_id: str, first: date, last: date) -> None:
        """Run a DAG for each date from first to last, both included, one at a time, also for dates that ran before."""
        body = {
            "dag_id": dag_id,
            "from_date": f"{first}T00:00:00Z",
            "to_date": f"{last}T00:00:00Z",
            "max_active_runs": 1,
            "reprocess_behavior": "completed",
        }
        self._ask("POST", "/api/v2/backfills", body)

    def dag_ids(self) -> list[str]:
        """Return the ids of the DAGs that are parsed without error and not paused."""
        return sorted(row["dag_id"] for row in self._all("/api/v2/dags?paused=false", "dags"))

    def import_errors(self) -> list[str]:
        """Return the files that could not be parsed."""
        return [row["filename"] for row in self._ask("GET", "/api/v2/importErrors")["import_errors"]]

    def _all(self, query: str, name: str) -> list[dict[str, Any]]:
        """Return the rows of all pages of a list."""
        rows: list[dict[str, Any]] = []
        while True:
            page = self._ask("GET", f"{query}&limit={ROWS_AT_ONCE}&offset={len(rows)}")[name]
            rows += page
            if len(page) < ROWS_AT_ONCE:
                return rows

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        try:
            response = self._signed_in(method, path, body)
        except httpx.TransportError as error:
            found = f"Airflow does not answer ({type(error).__name__})."
            fix = "run `huiliu up`, and see logs/airflow-api-server.log if it does not start."
            raise ConfigError(Problem(self.base_url, found, "", fix).text()) from error
        answer: dict[str, Any] = response.json() if response.content else {}
        return answer

    def _signed_in(self, method: str, path: str, body: dict[str, Any] | None) -> httpx.Response:
        again, stop = retry_if_exception_type(httpx.TransportError), stop_after_delay(self._patience_seconds)
        for attempt in Retrying(retry=again, stop=stop, wait=wait_exponential(0.2, max=2), reraise=True):
            with attempt:
                response = self._send(method, path, body)
                if response.status_code == httpx.codes.UNAUTHORIZED:
                    self._sign_in()
                    response = self._send(method, path, body)
        return _well(response)

    def _send(self, method: str, path: str, body: dict[str, Any] | None) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        return self._client.request(method, path, json=body, headers=headers)

    def _sign_in(self) -> None:
        user, password = next(iter(json.loads(self._passwords.read_text("utf-8")).items()))
        answer = _well(self._send("POST", "/auth/token", {"username": user, "password": password}))
        self._token = answer.json()["access_token"]


def _well(response: httpx.Response) -> httpx.Response:
    """Return the response unless it is an error.

    Raises:
        ConfigError: the response is an error.
    """
    if response.is_error:
        where = f"{response.request.method} {response.request.url.path}"
        fix = "see `huiliu status` and logs/airflow-api-server.log."
        raise ConfigError(Problem(where, f"the orchestrator answered {response.status_code}{_why(response)}.", "", fix).text())
    return response


def _why(response: httpx.Response) -> str:
    """Return the reason that an error gives in words, if it does: e.g. that another backfill of the DAG is running."""
    try:
        detail = response.json()["detail"]
    except (ValueError, KeyError, TypeError):
        return ""
    return f" ({detail.rstrip('.')})" if isinstance(detail, str) else ""
