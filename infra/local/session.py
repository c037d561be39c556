"""Find the processes left of a supervisor's process session, and end exactly those.

Airflow's tasks run in process groups of their own, so the supervisor cannot see them; but they keep its session id.
"""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import psutil

from lakehouse.config import Instance

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
PATIENCE_SECONDS = 15


def record(instance: Instance, pid: int) -> None:
    """Record the process session of the instance; the supervisor is its leader."""
    noted = {"session": os.getsid(pid), "created": psutil.Process(pid).create_time(), "boot": _boot_id()}
    _path(instance).write_text(json.dumps(noted) + "\n", "utf-8")


def members(instance: Instance) -> list[psutil.Process]:
    """Return the living processes of the recorded session, each with its name in `info`; none when the session is not ours (any more)."""
    try:
        noted = json.loads(_path(instance).read_text("utf-8"))
    except (OSError, ValueError):
        return []
    if noted["boot"] != _boot_id():
        return []
    found = []
    for process in psutil.process_iter(["name", "status"]):  # read the name now: the process may have ended later
        try:
            if os.getsid(process.pid) == noted["session"] and process.info["status"] != psutil.STATUS_ZOMBIE:
                found.append(process)
        except ProcessLookupError:
            continue
    if any(_is_stranger(process, noted) for process in found):
        return []
    return found


def end(instance: Instance) -> list[int]:
    """End all processes of the session, first with a polite signal, and return the ids of those that were still running."""
    ended = end_all(lambda: members(instance))
    _path(instance).unlink(missing_ok=True)
    return ended


def families(pids: Iterable[int]) -> list[psutil.Process]:
    """Return the processes and all their descendants, each with its name in `info`."""
    wanted = set(pids)
    return [process for process in psutil.process_iter(["name"]) if wanted & {process.pid, *(parent.pid for parent in _parents(process))}]


def lives(process: psutil.Process) -> bool:
    """Return whether a process still runs; one that only waits to be collected does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def end_all(left: Callable[[], list[psutil.Process]]) -> list[int]:
    """End the processes that a function names until it names none, first with a polite signal; return the ids of the first ones."""
    first = left()
    for process in first:
        # SIGINT is PostgreSQL's fast shutdown; the others take SIGTERM.
        _signal(process, signal.SIGINT if process.info["name"] == "postgres" else signal.SIGTERM)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while left() and time.monotonic() < deadline:
        time.sleep(0.1)
    while remaining := left():
        for process in remaining:
            _signal(process, signal.SIGKILL)
        time.sleep(0.1)
    return [process.pid for process in first]


def wait_until_gone(pid: int, seconds: float) -> None:
    """Wait until the process has ended or the time is up."""
    deadline = time.monotonic() + seconds
    while psutil.pid_exists(pid) and time.monotonic() < deadline:
        time.sleep(0.1)


def _parents(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.parents()
    except psutil.NoSuchProcess:
        return []


def _is_stranger(process: psutil.Process, noted: dict[str, float]) -> bool:
    """Return whether the process proves that the system has given the session's number to another program."""
    try:
        created = process.create_time()
    except psutil.Error:
        return False
    is_leader = process.pid == noted["session"]
    return (is_leader and abs(created - noted["created"]) > 1) or created < noted["created"] - 1


def _signal(process: psutil.Process, number: signal.Signals) -> None:
    try:
        process.send_signal(number)
    except psutil.NoSuchProcess:
        return


def _boot_id() -> str:
    return BOOT_ID.read_text("utf-8").strip() if BOOT_ID.is_file() else ""


def _path(instance: Instance) -> Path:
    return instance.folder("run") / "session.json"
