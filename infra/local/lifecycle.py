"""Start and stop an instance: the order of its servers, waiting until they are healthy, and progress messages."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import psutil

from infra.local import airflow, java, keys, minio, ports, postgres, sample_api, session, spark, sql_desk, telemetry, watcher
from infra.local.programs import COMPONENTS, Program, environment
from infra.local.supervision import Supervisor
from infra.spark import jars
from lakehouse.config import Instance
from lakehouse.errors import ConfigError, Problem

Say = Callable[[str], None]
Hook = Callable[[Instance], None]
PATIENCE_SECONDS = {
    "postgres": 60,
    "minio": 60,
    "sample_api": 30,
    "spark": 180,
    "sql_desk": 60,
    "airflow": 240,
    "telemetry": 60,
    "watcher": 30,
}
HEALTH = {
    "postgres": postgres.is_healthy,
    "minio": minio.is_ready,
    "sample_api": sample_api.is_healthy,
    "spark": spark.is_healthy,
    "sql_desk": sql_desk.is_healthy,
    "airflow": airflow.is_healthy,
    "telemetry": telemetry.is_healthy,
    "watcher": watcher.is_healthy,
}
NEEDS_POSTGRES = {"airflow", "sample_api", "watcher"}
MIB = 2**20
LIVING = {"RUNNING", "STARTING", "STOPPING"}
BROKEN = {"FATAL", "EXITED", "BACKOFF"}


@dataclass(frozen=True)
class Health:
    """Whether a component is healthy, and the supervisor's state of each of its programs."""

    healthy: bool
    programs: dict[str, str]


@dataclass(frozen=True)
class Hooks:
    """Functions called as soon as a server answers."""

    after_postgres: Hook
    after_spark: Hook


def up(instance: Instance, components: Sequence[str], hooks: Hooks, say: Say) -> None:
    """Start the components that do not run yet and wait until all are healthy; calling it again is harmless.

    Raises:
        ConfigError: the machine lacks something, a port is taken, or a server does not become healthy.
    """
    wanted = [name for name in COMPONENTS if name in components]
    if NEEDS_POSTGRES & set(wanted) and "postgres" not in wanted:
        wanted.insert(0, "postgres")
    check_prerequisites(wanted)
    if "spark" in wanted:
        spark.memory(instance)
    with _alone(instance):
        instance.home.chmod(0o700)
        keys.ensure(instance)
        ports.ensure(instance)
        supervisor = Supervisor(instance)
        if not supervisor.is_running() and (ended := session.end(instance)):
            say(f"ended {len(ended)} processes that a killed supervisor had left behind")
        states = supervisor.states()
        if "spark" in wanted:
            _refuse_thrift_later(instance, states)
        ports.refuse_occupied(instance, [name for name in wanted if _is_stopped(states, _lasting(instance, name))])
        postgres.ensure_cluster(instance)
        for name in supervisor.ensure(_programs(instance, COMPONENTS), environment(instance)):
            say(f"{name} goes on with its earlier settings; `huiliu down`, then `huiliu up` applies the new ones")
        _Start(instance, supervisor, say).run(wanted, hooks)


def down(instance: Instance, components: Sequence[str], say: Say) -> None:
    """Stop the components named, or everything when none is named: then no process of the instance is left."""
    if not (instance.home / "run").is_dir():
        return
    with _alone(instance):
        supervisor = Supervisor(instance)
        for component in [name for name in reversed(COMPONENTS) if name in components]:
            supervisor.stop(component)
            say(f"{component} stopped")
        if not components:
            supervisor.shutdown()
            say("stopped")


def check_prerequisites(components: Sequence[str]) -> None:
    """Check before anything is started that the machine has what the components need.

    Raises:
        ConfigError: Java, the Spark jars or the object store server is missing and cannot be fetched or built.
    """
    if "spark" in components:
        java.find()
        jars.ensure()
    if "minio" in components:
        minio.check()


def needed(instance: Instance) -> tuple[str, ...]:
    """Return the components an instance needs; its own object store server is one only if the store is `minio`."""
    return tuple(name for name in COMPONENTS if name != "minio" or instance.has_own_store)


def health(instance: Instance) -> dict[str, Health]:
    """Return the health of each component."""
    states = Supervisor(instance).states()
    found = {}
    for component in needed(instance):
        programs = {program.name: states.get(program.name, "STOPPED") for program in _lasting(instance, component)}
        running = all(state in {"RUNNING", "STARTING"} for state in programs.values())
        found[component] = Health(running and HEALTH[component](instance), programs)
    return found


def running(instance: Instance, besides: Sequence[str]) -> list[str]:
    """Return the programs of the instance that run, besides some; unlike `health`, it needs neither keys nor ports."""
    return sorted(name for name, state in Supervisor(instance).states().items() if state in LIVING and name not in besides)


def memory(instance: Instance) -> dict[str, int]:
    """Return the memory of each program with its child processes in MiB (proportional set size: shared pages count once)."""
    return {name: _proportional_mib(pid) for name, pid in Supervisor(instance).pids().items()}


class _Start:
    """One start of an instance: starts the servers in order, waits for each and reports progress."""

    def __init__(self, instance: Instance, supervisor: Supervisor, say: Say) -> None:
        self._instance = instance
        self._supervisor = supervisor
        self._say = say

    def run(self, wanted: Sequence[str], hooks: Hooks) -> None:
        """Start the servers in order; Spark starts beside PostgreSQL because it takes longest and needs no other server."""
        if "spark" in wanted:
            self._start("spark")
        if "minio" in wanted:
            minio.ensure_server(self._say)
            self._start("minio")
        if "postgres" in wanted:
            self._start("postgres")
            self._wait("postgres")
            postgres.ensure_databases(self._instance)
            hooks.after_postgres(self._instance)
        if "airflow" in wanted:
            airflow.prepare(self._instance, self._say)
        beside = [name for name in ("sample_api", "airflow", "telemetry") if name in wanted]
        for component in beside:
            self._start(component)
        if "minio" in wanted:
            self._wait("minio")
            minio.prepare(self._instance)
        if "spark" in wanted:
            self._wait("spark")
            hooks.after_spark(self._instance)
        for component in beside:
            self._wait(component)
        # The desk comes once Spark knows the lake's tables; the watcher last, so that it does not take for silent what only starts.
        for component in [name for name in ("sql_desk", "watcher") if name in wanted]:
            self._start(component)
            self._wait(component)

    def _start(self, component: str) -> None:
        states = self._supervisor.states()
        if not _all_running(states, _lasting(self._instance, component)):
            for program in _programs(self._instance, [component]):
                self._supervisor.start(component, program.name)

    def _wait(self, component: str) -> None:
        began = time.monotonic()
        names = [program.name for program in _lasting(self._instance, component)]
        while names:
            states = self._supervisor.states()
            broken = [name for name in names if states.get(name) in BROKEN]
            late = time.monotonic() - began > PATIENCE_SECONDS[component]
            if broken or late:
                raise ConfigError(self._problem(component, broken, began).text())
            if all(states.get(name) in {"STARTING", "RUNNING"} for name in names) and HEALTH[component](self._instance):
                self._say(f"{component} is healthy ({time.monotonic() - began:.1f} s)")
                break
            time.sleep(0.2)

    def _problem(self, component: str, broken: Sequence[str], began: float) -> Problem:
        waited = f"{time.monotonic() - began:.0f} seconds"
        found = f"{', '.join(broken)} ended at once." if broken else f"not healthy after {waited}."
        logs = [str(self._instance.home / "logs" / f"{name}.log") for name in broken or [component]]
        return Problem(component, found, "", f"read {', '.join(logs)}; then `huiliu up` again.")


def _programs(instance: Instance, components: Sequence[str]) -> list[Program]:
    found: list[Program] = []
    if "postgres" in components:
        found.append(postgres.program(instance))
    if "minio" in components:
        found += minio.programs(instance)
    if "sample_api" in components:
        found += sample_api.programs(instance)
    if "spark" in components:
        found += spark.programs(instance)
    if "sql_desk" in components:
        found += sql_desk.programs(instance)
    if "airflow" in components:
        found += airflow.programs(instance)
    if "telemetry" in components:
        found += telemetry.programs(instance)
    if "watcher" in components:
        found += watcher.programs(instance)
    return found


def _lasting(instance: Instance, component: str) -> list[Program]:
    return [program for program in _programs(instance, [component]) if not program.once]


def _all_running(states: dict[str, str], programs: Sequence[Program]) -> bool:
    return all(states.get(program.name) in {"RUNNING", "STARTING"} for program in programs)


def _refuse_thrift_later(instance: Instance, states: dict[str, str]) -> None:
    """Raise when Thrift is asked for and Spark runs without it: it could not begin before Spark starts again."""
    if instance.settings.thrift and _all_running(states, _lasting(instance, "spark")) and not spark.serves_thrift(instance):
        raise ConfigError(Problem("--thrift", "Spark runs without Thrift.", "", "`huiliu down`, then `huiliu up --thrift`.").text())


def _is_stopped(states: dict[str, str], programs: Sequence[Program]) -> bool:
    """Return whether a component that the city needs does not run at all: only then must its ports be free."""
    return bool(programs) and not any(states.get(program.name) in LIVING for program in programs)


def _proportional_mib(pid: int) -> int:
    total = 0
    try:
        leader = psutil.Process(pid)
        for process in [leader, *leader.children(recursive=True)]:
            total += process.memory_full_info().pss
    except psutil.Error:
        return total // MIB
    return total // MIB


@contextmanager
def _alone(instance: Instance) -> Iterator[None]:
    """Hold the instance's lock, so that only one start or stop runs at a time."""
    with (instance.folder("run") / "lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ConfigError(
                Problem(str(instance.home), "another `huiliu up` or `huiliu down` is running.", "", "wait for it.").text()
            ) from None
        yield
