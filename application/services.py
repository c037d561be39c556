"""Start and stop the services of an instance, and report their health and addresses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from infra.local import airflow, keys, lifecycle, spark
from infra.local.lifecycle import Health
from infra.local.programs import COMPONENTS
from lakehouse import ops
from lakehouse.config import Instance
from lakehouse.errors import ConfigError, Problem, nearest_first
from lakehouse.jobs import JobRequest, run_job
from lakehouse.upkeep.last import room

Say = Callable[[str], None]
OPEN_THRIFT = "Thrift asks for no password: anybody on this machine can read and change every table of the lake through it"


@dataclass(frozen=True)
class Status:
    """The state of an instance's services: health per component, memory per program in MiB, address per service, and its disk."""

    components: Mapping[str, Health]
    memory_mib: Mapping[str, int]
    addresses: Mapping[str, str]
    disk: Mapping[str, Any]

    @property
    def healthy(self) -> bool:
        """Return whether every component is healthy."""
        return all(part.healthy for part in self.components.values())


def start(instance: Instance, components: tuple[str, ...] | None = None, say: Say = lambda _line: None) -> None:
    """Start the components (all that the instance needs unless some are named) and wait until they are healthy.

    Raises:
        ConfigError: there is no such component, the machine lacks something, or a server does not become healthy.
    """
    _refuse_unknown(components or ())
    wanted = components or lifecycle.needed(instance)
    if instance.settings.thrift and "spark" in wanted:
        say(OPEN_THRIFT)
    lifecycle.up(instance, wanted, lifecycle.Hooks(_after_postgres, _after_spark), say)


def stop(instance: Instance, components: tuple[str, ...] = (), say: Say = lambda _line: None) -> None:
    """Stop the components (all services of the instance unless some are named); none of their processes is left behind.

    Raises:
        ConfigError: there is no such component.
    """
    _refuse_unknown(components)
    lifecycle.down(instance, components, say)


def status(instance: Instance) -> Status:
    """Return health, memory and addresses of the services."""
    return Status(lifecycle.health(instance), lifecycle.memory(instance), addresses(instance), room(instance))


def addresses(instance: Instance) -> dict[str, str]:
    """Return the address of each service, without any password; Thrift's only where it lets JDBC clients in."""
    ports = instance.ports
    return {
        "start_page": start_page(instance),
        "airflow": f"{airflow.base_url(instance)}  (user {keys.AIRFLOW_USER}; `huiliu up --show-login` shows the password)",
        "spark_connect": f"{spark.remote(instance)}  (token in {instance.key_path('spark.token')})",
        **({"spark_thrift": f"jdbc:hive2://127.0.0.1:{ports.spark_thrift}  ({OPEN_THRIFT})"} if spark.serves_thrift(instance) else {}),
        "sample_api": f"http://127.0.0.1:{ports.sample_api}",
        "spark_ui": f"http://127.0.0.1:{ports.spark_ui}",
        **({"minio": f"http://127.0.0.1:{ports.minio}  (keys in {instance.key_path('minio.client')})"} if instance.has_own_store else {}),
        "metrics": f"http://127.0.0.1:{ports.telemetry}/metrics",
        "postgres": f"127.0.0.1:{ports.postgres}  (user huiliu, password in {instance.key_path('postgres.password')})",
    }


def start_page(instance: Instance) -> str:
    """Return the address of the page that leads to everything."""
    return f"http://127.0.0.1:{instance.ports.telemetry}/"


def airflow_login(instance: Instance) -> tuple[str, str]:
    """Return user and password of the Airflow UI."""
    return keys.AIRFLOW_USER, keys.airflow_password(instance)


def _refuse_unknown(components: tuple[str, ...]) -> None:
    wrong = [name for name in components if name not in COMPONENTS]
    if wrong:
        allowed = nearest_first(wrong[0], COMPONENTS)
        raise ConfigError(Problem("--only", f"there is no component {wrong[0]!r}.", allowed, "choose among these.").text())


def _after_postgres(instance: Instance) -> None:
    """Migrate the operational database to the current schema; PostgreSQL answers, nothing else runs yet."""
    ops.migrate(instance)


def _after_spark(instance: Instance) -> None:
    """Register the lake's tables in Spark's in-memory catalog, which starts empty, and write the reference tables."""
    first = date.fromisoformat(instance.city.first_business_date)
    run_job("reference", JobRequest(first), instance)
