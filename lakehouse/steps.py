"""The order of a business day's steps. DAGs, the command line and the outcome of an ingest run read it here and nowhere else.

A step is a job (`lakehouse.jobs`); the DAGs of Airflow are chains of steps.
"""

from __future__ import annotations

INGEST = ("extract", "gate", "silver")
"""The steps that ingest one resource, in order; gate and silver are skipped when extract left no batch waiting."""

INGEST_OUTCOME = "ingest_outcome"
"""The step that always records how the ingest of a resource ended, even when another step failed; the day waits for it, and no longer."""

INGEST_GAPS = "ingest_gaps"
"""The last step of an ingest: it names what is missing and turns red; it is skipped when nothing is."""

DAY_DAGS = {
    "close_day": ("close_day",),
    "libraries": ("libraries",),
    "returns": ("returns_build", "returns_prove", "returns_publish", "invariants"),
}
"""The DAGs of a day in their order, each with its steps; the first is triggered, each other follows the one before it."""

DAY = tuple(step for steps in DAY_DAGS.values() for step in steps)
"""The steps of the whole day, in order, once the ingest of every resource has ended."""

UPKEEP_DAG, UPKEEP = "maintenance", "upkeep"
"""The DAG that follows a published day, and its step; no day waits for it."""

CLOSE_DAY, *_, RETURNS = DAY_DAGS


def due(waiting: int | None) -> tuple[str, ...]:
    """Return the steps an ingest run has to do, given how many batches extract left waiting (None: not known)."""
    return INGEST[:1] if waiting == 0 else INGEST
