"""A small server that speaks the part of Airflow's REST API that `lakehouse.orchestrator` uses, over HTTP.

It answers from runs that a test puts down; what it is asked to start it keeps.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

from lakehouse.config import PROJECT, Instance, Ports, Settings


@dataclass
class Airflow:
    """What the server knows: DAGs, runs with their tasks by date, and what it was asked for."""

    port: int = 0
    dags: list[str] = field(default_factory=list)
    runs: list[dict[str, Any]] = field(default_factory=list)
    states: dict[str, str] = field(default_factory=dict)  # task → state, of every run; all others succeed
    asked: list[dict[str, Any]] = field(default_factory=list)  # bodies of what was started
    runs_made: bool = True
    refusal: tuple[int, str] | None = None

    def run(self, dag_id: str, day: str, state: str = "success") -> None:
        """Put down a run of a date."""
        run_id = f"{dag_id} {day} {len(self.runs)}"
        times = {"start_date": "2026-06-01T00:00:00Z", "end_date": "2026-06-01T00:00:01Z"}
        self.runs.append({"dag_id": dag_id, "dag_run_id": run_id, "partition_key": day, "state": state, **times})

    def start(self, body: dict[str, Any]) -> None:
        """Put down the runs of a backfill, or of one date, and of the DAGs that follow the close of a day."""
        self.asked.append(body)
        dates = [body["from_date"][:10], body["to_date"][:10]] if "from_date" in body else [body["partition_key"]]
        for day in sorted(set(dates)) if self.runs_made else ():
            for dag_id in [body["dag_id"], *(("libraries", "returns") if body["dag_id"] == "close_day" else ())]:
                self.run(dag_id, day, self.states.get(dag_id, "success"))

    def tasks(self, body: dict[str, Any]) -> list[dict[str, Any]]:
        """Return one task for each run asked for."""
        return [
            {"dag_id": run["dag_id"], "dag_run_id": run["dag_run_id"], "task_id": run["dag_id"].partition("__")[0],
             "state": None if run["state"] == "queued" else run["state"], "try_number": 1, "duration": 1.5}
            for run in self.runs if run["dag_run_id"] in body["dag_run_ids"]
        ]  # fmt: skip


@contextmanager
def airflow(**known: Any) -> Iterator[Airflow]:
    """Yield a running server."""
    speaking = Airflow(**known)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            url = urlsplit(self.path)
            asked = {name: value[0] for name, value in parse_qs(url.query).items()}
            name = url.path.rpartition("/")[2]
            rows = [{"dag_id": dag} for dag in speaking.dags] if name == "dags" else speaking.runs
            rows = [row for row in rows if row.get("partition_key") == asked.get("partition_key_pattern")]
            first = int(asked["offset"])
            key = {"dags": "dags", "dagRuns": "dag_runs"}[name]
            self._say({key: rows[first : first + min(int(asked["limit"]), 100)]})

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if self.path.endswith("taskInstances/list"):
                return self._say({"task_instances": speaking.tasks(body)})
            if speaking.refusal:
                status, detail = speaking.refusal
                return self._say({"detail": detail}, status)
            dag_id = {} if "dag_id" in body else {"dag_id": self.path.split("/")[-2]}
            speaking.start(body | dag_id)
            return self._say({"dag_run_id": "new"})

        def _say(self, answer: dict[str, Any], status: int = 200) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        speaking.port = server.server_port
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield speaking
        server.shutdown()
        thread.join()


def instance_at(home: Path, port: int) -> Instance:
    """Return an instance whose Airflow is at a port; nothing of it runs."""
    instance = Instance(Settings(home=home, city="tiny", cities=PROJECT / "cities", contracts=PROJECT / "contracts"))
    (home / "instance.json").write_text(json.dumps({"ports": dict.fromkeys(Ports.model_fields, port)}), "utf-8")
    instance.key_path("airflow.users.json").write_text(json.dumps({"admin": "secret"}), "utf-8")
    return instance


def dates(*days: int) -> list[date]:
    """Return days of June 2026."""
    return [date(2026, 6, day) for day in days]
