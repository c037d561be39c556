"""Run dbt in this process on a rendered project, and read from its result what changed."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lakehouse.derive import dbt
from lakehouse.errors import Problem, QualityError, problems_text

if TYPE_CHECKING:
    from dbt.cli.main import dbtRunnerResult

BUILD = ("run",)  # every model refuses wrong keys itself; dbt tests are run only by the test suite
# dbt asks for Hive support with every statement; Spark Connect warns each time that this setting cannot be changed.
IGNORED_WARNING = "Failed to set spark.sql.catalogImplementation"


@dataclass(frozen=True)
class BuiltTable:
    """A library after a build: its rows, its version in the lake, and how many rows the build changed."""

    table: str
    rows: int
    version: int
    changed: int = 0


def invoke(project: Path, told: dbt.Run, command: Sequence[str] = BUILD) -> dbtRunnerResult:
    """Run a dbt command (default: build the models) on a rendered project and return its result."""
    from dbt.cli.main import dbtRunner  # takes seconds to load: only a build pays for it

    arguments = ["--log-level", "none", *command]
    with chdir(project), warnings.catch_warnings():  # dbt changes the working directory itself and does not always change it back
        warnings.filterwarnings("ignore", message=IGNORED_WARNING)
        return dbtRunner().invoke(arguments, project_dir=str(project), profiles_dir=str(project), vars=told.variables())


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
        raise QualityError(problems_text(problems))
    public = [one for one in result.result if one.node.resource_type == "model" and one.node.config.materialized == dbt.PUBLIC]
    return {f"{one.node.schema}.{one.node.alias}": int(one.adapter_response["rows_affected"]) for one in public}


def _said(message: str | None) -> str:
    lines = [line.strip() for line in (message or "").splitlines() if line.strip()]
    return " ".join(lines[:2])[:300]
