"""Build the libraries as known at a business date: one dbt run in this process, on its Spark session."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from pyspark.sql import SparkSession

from lakehouse.config import Instance
from lakehouse.contracts.loader import load_sound_contracts
from lakehouse.declarations.authority import load_authority
from lakehouse.declarations.policies import load_policies
from lakehouse.derive import dbt
from lakehouse.errors import ContractError
from lakehouse.jobs import Answer, JobRequest
from lakehouse.naming import silver
from lakehouse.objects import open_area
from lakehouse.ops import connect, days, facts
from spark_jobs.lake import dbt_runs, session, storage
from spark_jobs.lake.dbt_runs import BuiltTable

FACT = "libraries"


@dataclass(frozen=True, kw_only=True)
class LibrariesAnswer(Answer):
    """The state of every library table; `outcome` is built, or final where a later date is published."""

    tables: tuple[BuiltTable, ...]


def run(instance: Instance, request: JobRequest) -> LibrariesAnswer:
    """Build every library and record its rows and version; a final date is not built again.

    Raises:
        ContractError: authority or policies are wrong, or a contract whose table has data.
        QualityError: a model failed.
    """
    with connect(instance) as connection:
        if days.is_final(connection, request.business_date):
            kept = facts.get(connection, request.business_date, FACT) or []
            return LibrariesAnswer(outcome="final", tables=tuple(BuiltTable(**one) for one in kept))
    contracts, wrong = load_sound_contracts(instance.settings.contracts)
    _refuse_lost_sources(instance, set(contracts), wrong)
    folder = instance.settings.contracts
    authority, policies = load_authority(folder / "authority.yaml", contracts), load_policies(folder / "policies.yaml")
    declared = dbt.Declared(contracts, authority, policies)
    project = dbt.render(instance.settings.dbt_project, instance.folder("derived", "dbt"), declared)
    spark = session.open_session(instance, tables=map(silver, contracts))
    for contract in contracts.values():
        storage.ensure_tables(spark, instance, contract)
    area = open_area(instance, "lake")
    run_ = dbt.Run(request.business_date, instance.timezone, instance.city.region_code, area.spark_url(), session.remote(instance))
    try:
        changed = dbt_runs.changes(dbt_runs.invoke(project, run_))
    finally:
        area.delete_below(run_.staging)
    tables = _state(spark, instance, changed)
    with connect(instance) as connection:
        kept = [{name: value for name, value in asdict(one).items() if name != "changed"} for one in tables]
        facts.record(connection, request.business_date, FACT, kept)
    return LibrariesAnswer(outcome="built", tables=tables)


def _refuse_lost_sources(instance: Instance, sound: set[str], wrong: list[str]) -> None:
    """Refuse to build while the contract of a silver table with data is wrong: its values would disappear from the libraries."""
    filled = {table.removeprefix("silver.") for table in storage.tables(instance) if table.startswith("silver.")}
    if wrong and filled - sound:
        raise ContractError("\n".join(wrong))


def _state(spark: SparkSession, instance: Instance, changed: dict[str, int]) -> tuple[BuiltTable, ...]:
    versions = storage.versions(instance, changed)
    counting = " UNION ALL ".join(f"SELECT '{table}', count(*) FROM {table}" for table in sorted(changed))  # noqa: S608 names are ours
    counted = storage.query(spark, counting, len(changed))[1]
    rows = {str(table): int(str(count)) for table, count in counted}
    return tuple(BuiltTable(table, rows[table], versions[table], changed[table]) for table in sorted(rows))
