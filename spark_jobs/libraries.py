"""The job that builds the libraries: one dbt build of the newest closed day, in process, on the session of this process."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from contextlib import chdir
from pathlib import Path
from typing import Any

from dbt.cli.main import dbtRunner, dbtRunnerResult
from pyspark.sql import SparkSession

from lakehouse.authority import load_authority
from lakehouse.config import Instance
from lakehouse.contracts.loader import load_sound_contracts
from lakehouse.derive import dbt
from lakehouse.errors import ContractError, Problem, QualityError, problems_text
from lakehouse.jobs import JobRequest
from lakehouse.objects import open_area
from lakehouse.ops import connect, days, facts
from spark_jobs import session, storage

FACT = "libraries"
BUILD = ("build", "--exclude", "test_type:unit")
# dbt asks for Hive support with every statement; Connect answers each time that this cannot be changed.
IGNORED_WARNING = "Failed to set spark.sql.catalogImplementation"


def run(instance: Instance, request: JobRequest) -> dict[str, Any]:
    """Returns rows and version of every library as known at the business date; a final date stays as it is.

    Raises:
        QualityError: a model or a test of a model failed.
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
        changed = _changes(invoke(project, day))
    finally:
        area.delete_below(day.staging)
    tables = _state(spark, instance, changed)
    with connect(instance) as connection:
        facts.record(connection, request.business_date, FACT, [{key: one[key] for key in ("table", "rows", "version")} for one in tables])
    return {"outcome": "built", "tables": tables}


def invoke(project: Path, day: dbt.Day, command: Sequence[str] = BUILD) -> dbtRunnerResult:
    """Returns what dbt did with a rendered project; unit tests of models are left to the test suite."""
    arguments = ["--log-level", "none", *command]
    with chdir(project), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=IGNORED_WARNING)
        return dbtRunner().invoke(arguments, project_dir=str(project), profiles_dir=str(project), vars=day.variables())


def _changes(result: dbtRunnerResult) -> dict[str, int]:
    if result.result is None:
        raise QualityError(Problem("dbt", f"the project cannot be built: {result.exception}", "", "correct the model named.").text())
    failed = [one for one in result.result if one.status in ("error", "fail")]
    if failed or not result.success:
        problems = [Problem(f"dbt: {one.node.original_file_path}: {one.node.name}", _said(one.message)) for one in failed]
        raise QualityError(problems_text(problems))
    public = [one for one in result.result if one.node.resource_type == "model" and one.node.config.materialized == dbt.PUBLIC]
    return {f"{one.node.schema}.{one.node.name}": int(one.adapter_response["rows_affected"]) for one in public}


def _said(message: str | None) -> str:
    lines = [line.strip() for line in (message or "").splitlines() if line.strip()]
    return " ".join(lines[:2])[:300]


def _state(spark: SparkSession, instance: Instance, changed: dict[str, int]) -> list[dict[str, Any]]:
    versions = storage.versions(instance, changed)
    return [
        {"table": table, "rows": storage.read(spark, table).count(), "version": versions[table], "changed": rows}
        for table, rows in sorted(changed.items())
    ]
