"""Run a Great Expectations checkpoint on rows and return its counts. Project, history and Data Docs are kept below `derived/gx`.

No result ever contains a value from the data: `RESULT_FORMAT` asks for counts only, and only expectations that give counts are used.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any

import great_expectations as gx
from great_expectations.checkpoint.checkpoint import CheckpointResult
from great_expectations.core.batch_definition import BatchDefinition
from great_expectations.data_context import FileDataContext
from great_expectations.data_context.types.base import ProgressBarsConfig
from great_expectations.data_context.types.resource_identifiers import ExpectationSuiteIdentifier
from great_expectations.exceptions import DataContextError
from pyspark.sql import DataFrame

from expectations.suite import rule_of
from lakehouse.errors import Problem, QualityError

RESULT_FORMAT = {"result_format": "BASIC", "partial_unexpected_count": 0}
SOURCE = "bronze"
_one_project = Lock()  # Great Expectations can have only one project open per process


def counted(derived: Path, suite: gx.ExpectationSuite, rows: DataFrame, run_name: str) -> dict[str, int]:
    """Run a suite and return how many rows break each expectation, by rule; also write history and Data Docs.

    The key `rows` holds the difference between the expected and the actual number of rows (0: as expected).

    Raises:
        QualityError: the checkpoint or one of its expectations did not run.
    """
    try:
        with _one_project:
            return _counts(suite, _checked(derived, suite, rows, run_name))
    except QualityError:
        raise
    except Exception as error:
        raise QualityError(_failed(suite.name, type(error).__name__).text()) from None


def _checked(derived: Path, suite: gx.ExpectationSuite, rows: DataFrame, run_name: str) -> CheckpointResult:
    with _alone(derived):
        context = _project(derived)
        checkpoint = _checkpoint(context, suite)
    result = checkpoint.run(batch_parameters={"dataframe": rows}, run_id=gx.RunIdentifier(run_name=run_name))
    with _alone(derived):
        _document(context, result, suite.name)
    return result


def _failed(suite: str, found: str) -> Problem:
    fix = "read the logs; if the project in derived/gx is damaged, remove it (it is created again); then run the step again."
    return Problem(f"checkpoint {suite}", f"it did not run ({found}), so none of its rows reach silver.", "", fix)


@contextmanager
def _alone(derived: Path) -> Iterator[None]:
    """Lock the files of the project for one process at a time; the checkpoints themselves may run in parallel."""
    derived.mkdir(parents=True, exist_ok=True)
    with (derived / "gx.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _project(derived: Path) -> FileDataContext:
    context = gx.get_context(mode="file", project_root_dir=derived)
    if context.progress_bars is None or context.progress_bars.get("globally", True):
        context.variables.progress_bars = ProgressBarsConfig(globally=False)
        context.variables.save()
    return context


def _checkpoint(context: FileDataContext, suite: gx.ExpectationSuite) -> gx.Checkpoint:
    saved = context.suites.add_or_update(suite)
    data = _batch_definition(context, suite.name)
    definition = gx.ValidationDefinition(name=suite.name, data=data, suite=saved)
    definition = context.validation_definitions.add_or_update(definition)
    checkpoint = gx.Checkpoint(name=suite.name, validation_definitions=[definition], result_format=RESULT_FORMAT)
    return context.checkpoints.add_or_update(checkpoint)


def _batch_definition(context: FileDataContext, name: str) -> BatchDefinition[Any]:
    try:
        source = context.data_sources.get(SOURCE)
    except (KeyError, ValueError, LookupError, DataContextError):
        source = context.data_sources.add_spark(SOURCE, persist=False)
    known = {asset.name for asset in source.assets}
    asset = source.get_asset(name) if name in known else source.add_dataframe_asset(name)  # an asset taken from `assets` has no context
    for definition in asset.batch_definitions:
        return definition
    return asset.add_batch_definition_whole_dataframe("step")


def _document(context: FileDataContext, result: CheckpointResult, suite: str) -> None:
    context.build_data_docs(resource_identifiers=[*result.run_results, ExpectationSuiteIdentifier(name=suite)])


def _counts(suite: gx.ExpectationSuite, result: CheckpointResult) -> dict[str, int]:
    found: dict[str, int] = {}
    for validated in result.run_results.values():
        for one in validated.results:
            rule = rule_of(one.expectation_config)
            if _is_raised(one.exception_info):
                raise QualityError(_failed(suite.name, f"expectation {rule} raised an error").text())
            found[rule] = _unexpected(one.result, one.expectation_config.kwargs)
    missing = {rule_of(one.configuration) for one in suite.expectations} - set(found)
    if missing:
        raise QualityError(_failed(suite.name, f"{len(missing)} expectations have no result").text())
    return found


def _unexpected(result: dict[str, Any], arguments: dict[str, Any]) -> int:
    if "unexpected_count" in result:
        return int(result["unexpected_count"])
    return abs(int(result["observed_value"]) - int(arguments["value"]))


def _is_raised(info: dict[str, Any]) -> bool:
    """Return whether an expectation raised an error; Great Expectations gives this information flat or nested by metric."""
    if "raised_exception" in info:
        return bool(info["raised_exception"])
    return any(_is_raised(one) for one in info.values() if isinstance(one, dict))
