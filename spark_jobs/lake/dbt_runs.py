"""Render the dbt project of an instance, run dbt on it in this process, and read from its result what each model did."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterable, Mapping, Sequence
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyspark.sql import SparkSession

from lakehouse.config import Instance
from lakehouse.contracts.loader import load_sound_contracts
from lakehouse.contracts.model import Contract
from lakehouse.declarations.authority import load_authority
from lakehouse.declarations.policies import load_policies
from lakehouse.derive import dbt
from lakehouse.errors import ContractError, Problem, QualityError, problems_text, without_values
from lakehouse.naming import silver
from spark_jobs.lake import session, staged_views, storage, workload

if TYPE_CHECKING:
    from dbt.cli.main import dbtRunnerResult
    from dbt.contracts.graph.manifest import Manifest

SILENT = ("--log-level", "none")
FILE_LOG = "file_log"  # dbt's name for the logger that writes its log file
BUILD = ("run",)  # every model refuses wrong keys itself; dbt tests are run only by the test suite
# dbt asks for Hive support with every statement; Spark Connect warns each time that this setting cannot be changed.
IGNORED_WARNING = "Failed to set spark.sql.catalogImplementation"


@dataclass(frozen=True)
class BuiltTable:
    """A library after a build: its rows, its version in the lake, how many rows the build changed and how long that took."""

    table: str
    rows: int
    version: int
    changed: int = 0
    seconds: float = 0.0


def contracts_of(instance: Instance) -> dict[str, Contract]:
    """Return the contracts whose tables the models read.

    Raises:
        ContractError: the contract of a silver table with data is wrong, so its values would disappear.
    """
    contracts, wrong = load_sound_contracts(instance.settings.contracts)
    filled = {table.removeprefix("silver.") for table in storage.tables(instance) if table.startswith("silver.")}
    if wrong and filled - set(contracts):
        raise ContractError("\n".join(wrong))
    return contracts


def render(instance: Instance, contracts: Mapping[str, Contract], folder: Path) -> Path:
    """Render the project of an instance into a folder and return it.

    Raises:
        ContractError: authority or policies are wrong.
    """
    declarations = instance.settings.contracts
    authority, policies = load_authority(declarations / "authority.yaml", contracts), load_policies(declarations / "policies.yaml")
    return dbt.render(instance.settings.dbt_project, folder, dbt.Declared(contracts, authority, policies))


def connect(instance: Instance, contracts: Mapping[str, Contract]) -> SparkSession:
    """Return this process's Spark session, which dbt uses too, with every silver table that the models read in its catalog."""
    tables = [*map(silver, contracts)]
    spark = session.open_session(instance, tables=tables)
    staged_views.offer(spark, in_memory=workload.is_small(instance, tables=tables))
    for contract in contracts.values():
        storage.ensure_tables(spark, instance, contract)
    return spark


def invoke(project: Path, told: dbt.Run, command: Sequence[str] = BUILD, manifest: Manifest | None = None) -> dbtRunnerResult:
    """Run a dbt command (default: build the models) on a rendered project, without a word on the screen, and return its result."""
    return invoke_as_told(project, told.variables(), [*SILENT, *command], manifest)


def invoke_as_told(
    project: Path, variables: Mapping[str, object], arguments: Sequence[str], manifest: Manifest | None = None
) -> dbtRunnerResult:
    """Run dbt with exactly these arguments on a rendered project (parsed again unless its manifest is given) and return its result."""
    from dbt.cli.main import dbtRunner  # takes seconds to load: only a build pays for it

    with chdir(project), warnings.catch_warnings():  # dbt changes the working directory itself and does not always change it back
        warnings.filterwarnings("ignore", message=IGNORED_WARNING)
        places = {"project_dir": str(project), "profiles_dir": str(project)}
        try:
            return dbtRunner(manifest).invoke(list(arguments), **places, vars=dict(variables))
        finally:
            _close_log()


def _close_log() -> None:
    """Close dbt's log file: dbt leaves it open, and forgets it when it runs again in this process."""
    log = logging.getLogger(FILE_LOG)
    for handler in [*log.handlers]:
        log.removeHandler(handler)
        handler.close()


def changes(result: dbtRunnerResult) -> dict[str, int]:
    """Return how many rows the build changed in each library, by table.

    Raises:
        QualityError: a model failed.
    """
    if result.result is None:
        raise QualityError(Problem("dbt", f"the project cannot be built: {result.exception}", "", "correct the model named.").text())
    failed = [one for one in result.result if one.status in ("error", "fail")]
    if failed or not result.success:
        problems = [Problem(f"dbt: {one.node.original_file_path}: {one.node.name}", _said(one.message)) for one in failed]
        if skipped := sorted(one.node.name for one in result.result if one.status == "skipped"):
            problems.append(Problem("dbt: not built because of it", ", ".join(skipped)))
        raise QualityError(problems_text(problems))
    return {_name(one.node): int(one.adapter_response["rows_affected"]) for one in result.result if _is_public(one.node)}


def public(nodes: Iterable[Any]) -> list[Any]:
    """Return the models among the nodes of a project whose tables stay."""
    return [node for node in nodes if _is_public(node)]


def seconds(result: dbtRunnerResult) -> dict[str, float]:
    """Return how long each model took: a library under its table, an intermediate model under its name."""
    models = [one for one in result.result if one.node.resource_type == "model"]
    return {_name(one.node): round(one.execution_time, 1) for one in models}


def _is_public(node: Any) -> bool:
    return bool(node.resource_type == "model" and node.config.materialized == dbt.PUBLIC)


def _name(node: Any) -> str:
    return f"{node.schema}.{node.alias}" if node.config.materialized == dbt.PUBLIC else str(node.name)


def _said(message: str | None) -> str:
    lines = [line.strip() for line in without_values(message or "").splitlines() if line.strip()]
    return " ".join(lines[:2])[:300]
