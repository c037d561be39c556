"""The job that brings a resource's deliveries to bronze: find, land, read, judge, commit once, count again."""

from __future__ import annotations

from typing import Any

from lakehouse.config import Instance
from lakehouse.contracts.loader import load_contract_of
from lakehouse.errors import ConfigError, Problem
from lakehouse.ingest import intake, staging
from lakehouse.ingest.arrival import Search
from lakehouse.jobs import JobRequest
from lakehouse.objects import open_area
from lakehouse.ops import batches, connect, ingest_runs
from spark_jobs.ingest.bronze import append

OPTIONS = ("files", "provider", "refetch")


def run(instance: Instance, request: JobRequest) -> dict[str, Any]:
    """Returns what came, which batches were read or refused, and how many rows the one commit added (0: nothing written).

    `waiting` is how many batches now wait for gate or silver (0: both have nothing to do). Remarks (hidden sheets of a
    workbook) are in the result and, by batch, in the detail of the day's ingest run.

    Options: `files` and `provider` (delivered files instead of what the source has), `refetch` (ask the source again),
    `batches` (read only these).

    Raises:
        QualityError: bronze does not hold the rows that were received.
    """
    if request.resource is None:
        raise ConfigError(Problem("job extract", "no resource was named.", "", "add --resource.").text())
    contract = load_contract_of(instance.settings.contracts, request.resource)
    today = request.business_date
    with connect(instance) as connection:
        ingest_runs.start(connection, contract.code, today)
    search = Search(contract, today, **{name: request.options[name] for name in OPTIONS if name in request.options})
    taken = intake.take(instance, search, request.options.get("batches"))
    areas = open_area(instance, "landing"), open_area(instance, "lake")
    staged = staging.stage(areas, contract, taken.waiting, today)
    readable = [batch for batch in taken.waiting if batch.batch_id not in staged.refused]
    added = append(instance, contract, staged, readable)
    with connect(instance) as connection:
        intake.accept(connection, readable, today)
        for batch in taken.waiting:
            if batch.batch_id in staged.refused:
                intake.refuse(connection, batch, staged.refused[batch.batch_id], today)
        open_ = [*batches.open_for(connection, contract.code, "gate"), *batches.open_for(connection, contract.code, "silver")]
        waiting = sum(batch.taken_on <= today for batch in open_)
        remarks = {"remarks": staged.remarks} if staged.remarks else {}
        ingest_runs.note(connection, contract.code, today, {"waiting": waiting, **remarks})
    staging.clear(areas[1], contract, today)
    return {
        "landed": taken.landed,
        "repeated": len(taken.repeated),
        "rebuilt": taken.rebuilt,
        "batches": [batch.batch_id for batch in taken.waiting],
        "refused": len(staged.refused) + len(taken.unusable),
        "rows": added,
        "waiting": waiting,
        **({"remarks": sorted({text for texts in staged.remarks.values() for text in texts})} if staged.remarks else {}),
    }
