"""Choose the ports of an instance at its first start, keep them in `instance.json`, and check them at every later start."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterable, Mapping
from pathlib import Path

from lakehouse.config import Instance, Ports
from lakehouse.errors import ConfigError, Problem, problems_text

DEFAULTS = {
    "postgres": 15432,
    "spark_connect": 15002,
    "spark_thrift": 15003,
    "spark_ui": 15004,
    "airflow": 15080,
    "sample_api": 15081,
    "minio": 15090,
    "telemetry": 15091,
}
USED_BY = {
    "postgres": ("postgres",),
    "spark": ("spark_connect", "spark_thrift", "spark_ui"),
    "sql_desk": (),
    "airflow": ("airflow",),
    "sample_api": ("sample_api",),
    "minio": ("minio",),
    "telemetry": ("telemetry",),
    "watcher": (),
}
HOST = "127.0.0.1"


def used_by(instance: Instance, component: str) -> tuple[str, ...]:
    """Return the names of the ports a component listens on; Thrift's only where it is asked for."""
    return tuple(name for name in USED_BY[component] if name != "spark_thrift" or instance.settings.thrift)


def is_free(port: int) -> bool:
    """Return whether a server can listen on the port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def is_answering(port: int) -> bool:
    """Return whether a program accepts connections on the port."""
    try:
        with socket.create_connection((HOST, port), timeout=1):
            return True
    except OSError:
        return False


def ensure(instance: Instance, environment: Mapping[str, str] = os.environ) -> Ports:
    """Return the ports kept from the first start; choose and keep one for every server the instance did not have yet.

    `HUILIU_PORT_<NAME>` asks for a port, `0` for any free one; without it a default is taken if it is free.

    Raises:
        ConfigError: a port was asked for that is in use, out of range, or not the one kept from the first start.
    """
    path = instance.home / "instance.json"
    asked = _asked(environment)
    chosen = _kept(path)
    _refuse_other_than_kept(chosen, asked, str(path))
    if set(chosen) >= set(DEFAULTS):
        return instance.ports
    problems = []
    for name, default in DEFAULTS.items():
        if name in chosen:
            continue
        port = asked.get(name)
        if port and (not is_free(port) or port in chosen.values()):
            problems.append(_in_use(variable(name), port))
        wanted = port if port is not None else default
        taken = set(chosen.values()) | {other for key, other in asked.items() if key != name}
        chosen[name] = wanted if port or (wanted and wanted not in taken and is_free(wanted)) else _free_port(taken)
    if problems:
        raise ConfigError(problems_text(problems))
    scratch = path.with_suffix(".new")
    kept = json.loads(path.read_text("utf-8")) if path.is_file() else {"store": instance.settings.store}
    scratch.write_text(json.dumps({**kept, "ports": chosen}, indent=2) + "\n", "utf-8")
    scratch.rename(path)
    return Ports(**chosen)


def refuse_occupied(instance: Instance, components: Iterable[str]) -> None:
    """Raise when another program holds a port of a component that is about to start.

    Raises:
        ConfigError: one problem for each such port.
    """
    kept = instance.ports.model_dump()
    names = [name for component in components for name in used_by(instance, component)]
    problems = [_in_use(f"{instance.home / 'instance.json'}: ports.{name}", kept[name]) for name in names if not is_free(kept[name])]
    if problems:
        raise ConfigError(problems_text(problems))


def _asked(environment: Mapping[str, str]) -> dict[str, int]:
    asked = {}
    problems = []
    for name in DEFAULTS:
        text = environment.get(variable(name), "").strip()
        if not text:
            continue
        if text.isascii() and text.isdigit() and (int(text) == 0 or 1024 <= int(text) <= 65535):
            asked[name] = int(text)
        else:
            problems.append(Problem(variable(name), f"{text!r} is not a port.", "1024 to 65535, or 0 for any free one.", "correct it."))
    if problems:
        raise ConfigError(problems_text(problems))
    return asked


def _kept(path: Path) -> dict[str, int]:
    if not path.is_file():
        return {}
    found: dict[str, int] = json.loads(path.read_text("utf-8"))["ports"]
    return found


def _refuse_other_than_kept(kept: Mapping[str, int], asked: Mapping[str, int], where: str) -> None:
    problems = [
        Problem(
            variable(name),
            f"{port} is asked for, but this instance was started first with {kept[name]} ({where}).",
            str(kept[name]),
            f"unset the variable, or run `huiliu down` and change ports.{name} in that file.",
        )
        for name, port in asked.items()
        if port and name in kept and port != kept[name]
    ]
    if problems:
        raise ConfigError(problems_text(problems))


def variable(name: str) -> str:
    """Return the name of the environment variable that asks for a port."""
    return f"HUILIU_PORT_{name.upper()}"


def _in_use(where: str, port: int) -> Problem:
    return Problem(
        where,
        f"port {port} of {HOST} is in use by another program.",
        f"any free port, e.g. {_free_port(set())}; 0 finds one at the first start.",
        "stop the other program (`ss -ltnp` shows it), or choose another port.",
    )


def _free_port(taken: set[int]) -> int:
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.bind((HOST, 0))
            port: int = probe.getsockname()[1]
        if port not in taken:
            return port
