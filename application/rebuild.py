"""Build again what was lost: records of landed batches and published days, from the store; histories in silver, from bronze."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lakehouse.config import Instance
from lakehouse.contracts.loader import contract_paths, load_sound_contracts, resource_code
from lakehouse.errors import ConfigError, Problem, nearest_first
from lakehouse.ingest import landing
from lakehouse.objects import open_area
from lakehouse.ops import batches, connect
from lakehouse.returns import ledger
from spark_jobs.ingest.rebuild import RebuiltHistory
from spark_jobs.ingest.rebuild import rebuild as rebuild_history


@dataclass(frozen=True)
class Rebuilt:
    """The number of batches that were recorded again, and of published days, whose records now say what the store says."""

    batches: int
    days: int


def rebuild(instance: Instance) -> Rebuilt:
    """Record the landed batches and published days that the database lacks. Nothing else lists all sidecars and all days."""
    found = 0
    for path in contract_paths(instance.settings.contracts):
        with connect(instance) as connection:
            batches.lock(connection, resource_code(path))
            found += landing.rebuild(connection, open_area(instance, "landing"), resource_code(path))
    with connect(instance) as connection:
        return Rebuilt(found, ledger.restore(connection, open_area(instance, "exchange")))


def rebuild_silver(instance: Instance, only: str | None = None, *, check: bool) -> Iterator[RebuiltHistory]:
    """Build the histories of all resources, or only of one, again from bronze, and compare them with silver in every column.

    Unless it is a check, silver holds afterwards what was built. Batches that wait for a step are left out; do not run it beside a day.

    Raises:
        ConfigError: there is no such resource, or batches of it wait for a step.
    """
    contracts = load_sound_contracts(instance.settings.contracts, standard=False)[0]
    if only is not None and only not in contracts:
        raise ConfigError(Problem("--resource", f"there is no resource {only!r}.", nearest_first(only, sorted(contracts))).text())
    for code, contract in contracts.items() if only is None else [(only, contracts[only])]:
        with connect(instance) as connection:
            known, written_on = batches.of_resource(connection, code), batches.written_on(connection, code)
            waiting = any(batches.open_for(connection, code, stage) for stage in batches.STAGES)
        if waiting:
            found = "batches of it wait for bronze, gate or silver."
            raise ConfigError(Problem(f"huiliu rebuild silver: {code}", found, "", "run the newest day first.").text())
        if written_on:
            yield rebuild_history(instance, contract, known, written_on, check=check)
