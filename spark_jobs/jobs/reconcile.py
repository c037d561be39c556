"""Compare the keys and positions of a whole source with what has arrived, whether or not that is due."""

from __future__ import annotations

from dataclasses import dataclass

from lakehouse.config import Instance
from lakehouse.contracts.loader import load_contract_of
from lakehouse.errors import ConfigError, Problem
from lakehouse.ingest.reconciliation import can_be_compared
from lakehouse.jobs import Answer, JobRequest, resource_of
from spark_jobs.ingest.reconciliation import compare


@dataclass(frozen=True, kw_only=True)
class ReconcileAnswer(Answer):
    """What a comparison found; `outcome` is compared or unlisted.

    Attributes:
        rows: number of rows the source lists.
        missing_here: number of them that never arrived, although no window to come will take them.
        missing_there: number of keys held here that the source does not list, or lists only in an earlier state.
    """

    rows: int = 0
    missing_here: int = 0
    missing_there: int = 0


def run(instance: Instance, request: JobRequest) -> ReconcileAnswer:
    """Compare the source of a resource and tell what is missing on either side; nothing is fetched and nothing closed."""
    contract = load_contract_of(instance.settings.contracts, resource_of("reconcile", request))
    if not can_be_compared(contract):
        found = "its contract asks for no comparison of the whole source."
        raise ConfigError(Problem(contract.code, found, "a table or an API with `reconcile`", "add reconcile to its source.").text())
    done = compare(instance, contract, request.business_date)
    if done is None:
        return ReconcileAnswer(outcome="unlisted")
    return ReconcileAnswer(outcome="compared", rows=done.listed, missing_here=done.here.rows, missing_there=done.there.rows)
