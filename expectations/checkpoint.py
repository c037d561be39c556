"""Run a Great Expectations checkpoint on rows and return its results. Project, history and Data Docs are kept below `derived/gx`.

No result ever contains a value from the data: `RESULT_FORMAT` asks for counts only, and only expectations that give counts are used.
"""

from __future__ import annotations

import fcntl
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock
from typing import Any

import great_expectations as gx
from great_expectations.checkpoint.checkpoint import CheckpointResult
from great_expectations.core import ExpectationValidationResult
from great_expectations.core.batch_definition import BatchDefinition
from great_expectations.data_context import FileDataContext
from great_expectations.data_context.types.base import ProgressBarsConfig
from great_expectations.data_context.types.resource_identifiers import ExpectationSuiteIdentifier
from great_expectations.exceptions import DataContextError
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
from pyspark.sql import DataFrame

from expectations.data_docs.site import SITES
from expectations.suite import DERIVED, rule_of
from lakehouse.errors import Problem, QualityError

RESULT_FORMAT = {"result_format": "BASIC", "partial_unexpected_count": 0}
SOURCE = "bronze"
_one_project = Lock()  # Great Expectations can have only one project open per process


def run(
    derived: Path, suite: gx.ExpectationSuite, rows: DataFrame, run_name: str, parameters: dict[str, Any] | None = None
) -> list[ExpectationValidationResult]:
    """Run the stored suite on rows, document it, and return a result for each of its expectations.

    The suite is stored when there is none or when the one stored was derived otherwise; one that was only changed by hand is run as it is.

    Raises:
        QualityError: the checkpoint or one of its expectations did not run, or the stored suite lacks expectations or has others.
    """
    try:
        with _one_project:
            return _checked(derived, suite, rows, run_name, parameters or {})
    except QualityError:
        raise
    except Exception as error:
        raise QualityError(_failed(suite.name, type(error).__name__).text()) from None


def unexpected_counts(results: Iterable[ExpectationValidationResult]) -> dict[str, int]:
    """Return how many rows break each native expectation, by rule."""
    return {rule_of(one.expectation_config): int(one.result["unexpected_count"]) for one in results}


def _checked(
    derived: Path, suite: gx.ExpectationSuite, rows: DataFrame, run_name: str, parameters: dict[str, Any]
) -> list[ExpectationValidationResult]:
    with _alone(derived):
        context = _project(derived)
        checkpoint = _checkpoint(context, suite)
    run_id = gx.RunIdentifier(run_name=run_name)
    result = checkpoint.run(batch_parameters={"dataframe": rows}, expectation_parameters=parameters, run_id=run_id)
    found = _results(suite, result)
    with _alone(derived):
        context.build_data_docs(resource_identifiers=[*result.run_results, ExpectationSuiteIdentifier(name=suite.name)])
    return found


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
    if context.variables.data_docs_sites != SITES:
        context.variables.progress_bars = ProgressBarsConfig(globally=False)
        context.variables.data_docs_sites = SITES
        context.variables.save()
    return context


def _checkpoint(context: FileDataContext, suite: gx.ExpectationSuite) -> gx.Checkpoint:
    with suppress(DataContextError):  # there is none, or not all of one
        if context.suites.get(suite.name).meta.get(DERIVED) == suite.meta[DERIVED]:
            return context.checkpoints.get(suite.name)
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


def _results(suite: gx.ExpectationSuite, result: CheckpointResult) -> list[ExpectationValidationResult]:
    found = [one for validated in result.run_results.values() for one in validated.results]
    raised = [rule_of(one.expectation_config) for one in found if _is_raised(one.exception_info)]
    if raised:
        raise QualityError(_failed(suite.name, f"expectation {raised[0]} raised an error").text())
    wanted = Counter(_subject(one.configuration) for one in suite.expectations)
    stored = Counter(_subject(one.expectation_config) for one in found)
    if stored != wanted:
        text = f"the stored suite lacks {(wanted - stored).total()} of its expectations and has {(stored - wanted).total()} others"
        raise QualityError(_failed(suite.name, text).text())
    return found


def _subject(expectation: ExpectationConfiguration) -> tuple[str, str]:
    return expectation.type, rule_of(expectation)


def _is_raised(info: dict[str, Any]) -> bool:
    """Return whether an expectation raised an error; Great Expectations gives this information flat or nested by metric."""
    if "raised_exception" in info:
        return bool(info["raised_exception"])
    return any(_is_raised(one) for one in info.values() if isinstance(one, dict))
