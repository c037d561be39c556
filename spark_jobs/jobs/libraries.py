"""Build the libraries as known at a business date: one dbt run in this process, on its Spark session."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from pyspark.sql import SparkSession

from lakehouse.config import Instance
from lakehouse.derive import dbt
from lakehouse.jobs import Answer, JobRequest
from lakehouse.objects import open_area
from lakehouse.ops import connect, days, facts
from spark_jobs.lake import dbt_runs, inquiry, session, storage
from spark_jobs.lake.dbt_runs import BuiltTable

FACT = "libraries"
ONLY_TOLD = ("changed", "seconds")  # of this run; what is kept for the report says how a library is


@dataclass(frozen=True, kw_only=True)
class LibrariesAnswer(Answer):
    """The state of every library table; `outcome` is built, or final where a later date is published.

    Attributes:
        tables: the libraries.
        intermediate: seconds that each intermediate model took.
    """

    tables: tuple[BuiltTable, ...]
    intermediate: dict[str, float] = field(default_factory=dict)


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
    contracts = dbt_runs.contracts_of(instance)
    project = dbt_runs.render(instance, contracts, instance.folder("derived", "dbt"))
    spark = dbt_runs.connect(instance, contracts)
    area = open_area(instance, "lake")
    run_ = dbt.Run(request.business_date, instance.timezone, instance.city.region_code, area.spark_url(), session.remote(instance))
    try:
        result = dbt_runs.invoke(project, run_)
        changed = dbt_runs.changes(result)
    finally:
        area.delete_below(run_.staging)
    seconds = dbt_runs.seconds(result)
    tables = _state(spark, instance, changed, seconds)
    with connect(instance) as connection:
        kept = [{name: value for name, value in asdict(one).items() if name not in ONLY_TOLD} for one in tables]
        facts.record(connection, request.business_date, FACT, kept)
    return LibrariesAnswer(outcome="built", tables=tables, intermediate={name: seconds[name] for name in seconds if name not in changed})


def _state(spark: SparkSession, instance: Instance, changed: dict[str, int], seconds: Mapping[str, float]) -> tuple[BuiltTable, ...]:
    versions = storage.versions(instance, changed)
    counting = " UNION ALL ".join(f"SELECT '{table}', count(*) FROM {table}" for table in sorted(changed))  # noqa: S608 names are ours
    names, counts = inquiry.ask(spark, counting, len(changed)).columns
    rows: dict[str, int] = dict(zip(names.to_pylist(), counts.to_pylist(), strict=True))
    return tuple(BuiltTable(table, rows[table], versions[table], changed[table], seconds[table]) for table in sorted(rows))
