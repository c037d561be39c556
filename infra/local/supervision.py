"""Control the supervisor of an instance; no other module talks to it."""

from __future__ import annotations

import http.client
import os
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from xmlrpc.client import Fault, ServerProxy

from supervisor.xmlrpc import Faults, SupervisorTransport

from infra.local import session
from infra.local.programs import COMPONENTS, Program
from lakehouse.config import Instance
from lakehouse.errors import ConfigError, Problem

LONGEST_SOCKET_PATH = 100
START_SECONDS = 20
FOREIGN_SETTINGS = ("AIRFLOW", "SPARK_", "PYSPARK_", "PYTHON", "SUPERVISOR_", "PYTEST_")


class Supervisor:
    """The supervisor of one instance, whether it runs or not."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._config = instance.folder("run") / "supervisord.conf"

    @property
    def socket(self) -> Path:
        """Return the path of its socket: below home unless that path is too long for a socket."""
        path = self._instance.home / "run" / "supervisor.sock"
        if len(os.fsencode(path)) <= LONGEST_SOCKET_PATH:
            return path
        folder = Path(tempfile.gettempdir()) / f"huiliu-{os.geteuid()}"
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder / f"{zlib.crc32(os.fsencode(path)):08x}.sock"

    def is_running(self) -> bool:
        """Return whether the supervisor answers."""
        try:
            return bool(self._call("getState")["statename"] == "RUNNING")
        except (OSError, http.client.HTTPException):
            return False

    def ensure(self, programs: Iterable[Program], environment: dict[str, str]) -> list[str]:
        """Start the supervisor if needed; return the running components that keep settings other than those asked for."""
        self._write_config(programs, environment)
        if self.is_running():
            return self._adopt_changes()
        session.end(self._instance)
        self.socket.unlink(missing_ok=True)
        kept = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN_SETTINGS)}
        command = [sys.executable, "-m", "supervisor.supervisord", "-c", str(self._config)]
        # The supervisor becomes a daemon and closes the pipe; only an error in its settings is printed before.
        done = subprocess.run(command, env=kept, cwd=self._instance.home, capture_output=True, text=True, check=False)
        deadline = time.monotonic() + START_SECONDS
        while done.returncode or not self.is_running():
            if done.returncode or time.monotonic() > deadline:
                fix = f"read {self._instance.home / 'logs' / 'supervisord.log'}"
                found = f"it did not start (exit code {done.returncode})."
                raise ConfigError(Problem("supervisor", found, "", fix).text())
            time.sleep(0.05)
        session.record(self._instance, int(self._call("getPID")))
        return []

    def states(self) -> dict[str, str]:
        """Return program → state (`RUNNING`, `STOPPED`, `FATAL`, …); empty when the supervisor is not running."""
        return {entry["name"]: entry["statename"] for entry in self._information()}

    def pids(self) -> dict[str, int]:
        """Return program → process id of the programs that run."""
        return {entry["name"]: entry["pid"] for entry in self._information() if entry["pid"]}

    def start(self, component: str, name: str) -> None:
        """Start a program unless it runs already; do not wait for it."""
        try:
            self._call("startProcess", f"{component}:{name}", False)
        except Fault as fault:
            if fault.faultCode != Faults.ALREADY_STARTED:
                raise

    def stop(self, component: str) -> None:
        """Stop the programs of a component and every process they started, also those in process groups of their own."""
        programs = {entry["name"] for entry in self._information() if entry["group"] == component}
        family = session.families(pid for name, pid in self.pids().items() if name in programs)
        if programs:
            self._call("stopProcessGroup", component)
        session.end_all(lambda: [process for process in family if session.lives(process)])

    def shutdown(self) -> None:
        """Stop all programs and the supervisor, then end the processes left of its session."""
        if self.is_running():
            pid = int(self._call("getPID"))
            session.record(self._instance, pid)
            self._call("shutdown")
            session.wait_until_gone(pid, seconds=90)
        session.end(self._instance)
        self.socket.unlink(missing_ok=True)

    def _information(self) -> list[dict[str, Any]]:
        try:
            found: list[dict[str, Any]] = self._call("getAllProcessInfo")
        except (OSError, http.client.HTTPException):
            return []
        return found

    def _adopt_changes(self) -> list[str]:
        """Apply changed settings to programs that do not run; return the running components that keep their earlier settings."""
        (added, changed, removed) = self._call("reloadConfig")[0]
        busy = {entry["group"] for entry in self._information() if entry["pid"]}
        idle = [component for component in changed if component not in busy]
        for component in [*idle, *(component for component in removed if component not in busy)]:
            self._call("removeProcessGroup", component)
        for component in [*added, *idle]:
            self._call("addProcessGroup", component)
        return sorted(set(changed) - set(idle))

    def _call(self, method: str, *arguments: Any) -> Any:
        transport = SupervisorTransport(None, None, f"unix://{self.socket}")
        try:
            return getattr(ServerProxy("http://127.0.0.1", transport), f"supervisor.{method}")(*arguments)
        finally:
            transport.close()

    def _write_config(self, programs: Iterable[Program], environment: dict[str, str]) -> None:
        logs = self._instance.folder("logs")
        sections = [
            "[supervisord]",
            f"logfile={_plain(logs / 'supervisord.log')}",
            "logfile_maxbytes=1MB",
            "logfile_backups=1",
            "loglevel=warn",
            f"pidfile={_plain(self._instance.home / 'run' / 'supervisord.pid')}",
            f"directory={_plain(self._instance.home)}",
            "umask=077",
            *(["user=root"] if os.geteuid() == 0 else []),
            f"environment={_environment(environment)}",
            "[unix_http_server]",
            f"file={_plain(self.socket)}",
            "chmod=0600",
            "[rpcinterface:supervisor]",
            "supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface",
        ]
        listed = list(programs)
        for program in listed:
            sections += _section(program, logs)
        for position, component in enumerate(COMPONENTS):
            names = [program.name for program in listed if program.component == component]
            if names:
                sections += [f"[group:{component}]", f"programs={','.join(names)}", f"priority={position}"]
        scratch = self._config.with_suffix(".new")
        descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as handle:
            handle.write("\n".join(sections) + "\n")
        scratch.rename(self._config)


def _section(program: Program, logs: Path) -> list[str]:
    return [
        f"[program:{program.name}]",
        f"command={' '.join(_quoted(part) for part in program.command)}",
        f"directory={_plain(program.directory)}",
        f"environment={_environment(program.environment)}",
        "autostart=false",
        f"autorestart={'false' if program.once else 'unexpected'}",
        f"startsecs={0 if program.once else 2}",
        "startretries=1",
        f"stopsignal={program.stop_signal}",
        f"stopwaitsecs={program.stop_seconds}",
        "stopasgroup=false",
        "killasgroup=true",
        "redirect_stderr=true",
        f"stdout_logfile={_plain(logs / f'{program.name}.log')}",
        "stdout_logfile_maxbytes=10MB",
        "stdout_logfile_backups=1",
    ]


def _plain(value: object) -> str:
    return str(value).replace("%", "%%")


def _quoted(part: str) -> str:
    """Return one word of a command, quoted for the supervisor's shell-like syntax."""
    escaped = part.replace("\\", "\\\\").replace('"', '\\"')
    return _plain(f'"{escaped}"')


def _environment(values: dict[str, str]) -> str:
    """Return variables in the supervisor's syntax, which has single and double quotes but no escapes."""
    return ",".join(f"{name}={_plain(_in_quotes(value))}" for name, value in sorted(values.items()))


def _in_quotes(value: str) -> str:
    if '"' not in value:
        return f'"{value}"'
    if "'" not in value:
        return f"'{value}'"
    raise ConfigError(
        Problem("environment", "the value of a variable contains both single and double quotes.", "", "remove one kind.").text()
    )
