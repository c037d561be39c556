"""The job that builds the libraries: one dbt build of the newest closed day, in process, on the session of this process."""

from __future__ import annotations

import os
from typing import Any

from pyspark.sql import SparkSession

from lakehouse.config import Instance
from lakehouse.contracts.loader import load_sound_contracts
from lakehouse.declarations.authority import load_authority
from lakehouse.derive import dbt
from lakehouse.errors import ContractError
from lakehouse.jobs import JobRequest
from lakehouse.objects import open_area
from lakehouse.ops import connect, days, facts
from spark_jobs.lake import dbt_runs, session, storage

FACT = "libraries"


def run(instance: Instance, request: JobRequest) -> dict[str, Any]:
    """Returns rows and version of every library as known at the business date; a final date stays as it is.

    Raises:
        QualityError: a model failed.
    """
    with connect(instance) as connection:
        if days.is_final(connection, request.business_date):
            return {"outcome": "final", "tables": facts.get(connection, request.business_date, FACT) or []}
    contracts, wrong = load_sound_contracts(instance.settings.contracts)
    _refuse_lost_sources(instance, set(contracts), wrong)
    authority = load_authority(instance.settings.contracts / "authority.yaml", contracts)
    project = dbt.render(instance.folder("derived", "dbt"), contracts, authority)
    spark = session.open_session(instance)
    for contract in contracts.values():
        storage.ensure_tables(spark, instance, contract)
    area = open_area(instance, "lake")
    day = dbt.Day(request.business_date, instance.timezone, instance.city.region_code, area.spark_url())
    os.environ["SPARK_REMOTE"] = f"sc://{session.HOST}:{instance.ports.spark_connect}"
    try:
        changed = dbt_runs.changes(dbt_runs.invoke(project, day))
    finally:
        area.delete_below(day.staging)
    tables = _state(spark, instance, changed)
    with connect(instance) as connection:
        facts.record(connection, request.business_date, FACT, [{key: one[key] for key in ("table", "rows", "version")} for one in tables])
    return {"outcome": "built", "tables": tables}


def _refuse_lost_sources(instance: Instance, sound: set[str], wrong: list[str]) -> None:
    """Refuses to build while the contract of a table that has data is wrong: its values would vanish from the libraries."""
    filled = {table.removeprefix("silver.") for table in storage.tables(instance) if table.startswith("silver.")}
    if wrong and filled - sound:
        raise ContractError("\n".join(wrong))


def _state(spark: SparkSession, instance: Instance, changed: dict[str, int]) -> list[dict[str, Any]]:
    versions = storage.versions(instance, changed)
    counting = " UNION ALL ".join(f"SELECT '{table}', count(*) FROM {table}" for table in sorted(changed))  # noqa: S608 names are ours
    counted = storage.query(spark, counting, len(changed))[1]
    return [
        {"table": table, "rows": rows, "version": versions[str(table)], "changed": changed[str(table)]}
        for table, rows in sorted(counted, key=str)
    ]
