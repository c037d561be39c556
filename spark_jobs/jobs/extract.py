"""Bring a resource's deliveries into bronze: find, land and read them, judge every row, commit once, count again."""

from __future__ import annotations

from dataclasses import dataclass

from lakehouse.config import Instance
from lakehouse.contracts.loader import load_contract_of
from lakehouse.ingest import intake
from lakehouse.ingest.arrival import Search
from lakehouse.ingest.intake import TakenBatch
from lakehouse.ingest.readers.delivery import Unusable
from lakehouse.jobs import Answer, JobRequest, resource_of
from lakehouse.ops import connect, ingest_runs
from spark_jobs.ingest import bronze
from spark_jobs.ingest.reconciliation import compare_when_due


@dataclass(frozen=True, kw_only=True)
class ExtractAnswer(Answer):
    """What became of a resource's deliveries.

    Attributes:
        landed: number of deliveries landed now.
        repeated: number of those that only repeat a known batch.
        rebuilt: number of landed batches that the database had lost.
        refused: number of deliveries that cannot be read at all, and of unusable sources.
        rows: number of rows the commit added to bronze (0: nothing was written).
        batches: the batches that were read now, refused ones with the reason.
        unusable: the files that are no delivery and the sources that did not answer, with the reason.
        remarks: what people should know about deliveries that were read.
    """

    landed: int
    repeated: int
    rebuilt: int
    refused: int
    rows: int
    batches: tuple[TakenBatch, ...]
    unusable: tuple[Unusable, ...] = ()
    remarks: tuple[str, ...] = ()


def run(instance: Instance, request: JobRequest) -> ExtractAnswer:
    """Take in the deliveries of a resource and commit their rows, with verdicts, to bronze.

    Options: `files` and `provider` (take these files instead of asking the source), `refetch` (ask the source again;
    with `since` from that day on, and compare all of it after that), `batches` (read only these batches).

    Raises:
        QualityError: bronze does not hold the rows that were received.
    """
    contract = load_contract_of(instance.settings.contracts, resource_of("extract", request))
    today = request.business_date
    with connect(instance) as connection:
        ingest_runs.start(connection, contract.code, today)
    search = Search(contract, today, **{name: said for name, said in request.options.items() if name != "batches"})
    taken = intake.take(instance, search, request.options.get("batches"))
    staged, added, waiting = bronze.take_in(instance, contract, taken.waiting, today)
    compare_when_due(instance, contract, today, asked="since" in request.options)
    return ExtractAnswer(
        landed=taken.landed,
        repeated=len(taken.repeated),
        rebuilt=taken.rebuilt,
        refused=len(staged.refused) + len(taken.unusable),
        rows=added,
        batches=taken.told(staged.refused),
        unusable=tuple(taken.unusable),
        remarks=tuple(sorted({text for texts in staged.remarks.values() for text in texts})),
        notes=ingest_runs.Notes(waiting, tuple(sorted(one.subject for one in taken.unusable)), staged.remarks),
    )
