"""The job that checks the invariants of a published day (I1 to I7) and records them for its report."""

from __future__ import annotations

from typing import Any

from lakehouse.config import Instance
from lakehouse.errors import QualityError
from lakehouse.jobs import JobRequest
from lakehouse.ops import connect, days, facts
from spark_jobs.returns.invariants import invariants


def run(instance: Instance, request: JobRequest) -> dict[str, Any]:
    """Returns the invariants; those of history and authority speak of the newest day, an older day keeps what was found on it.

    Raises:
        QualityError: one does not hold; all are recorded first.
    """
    day = request.business_date
    with connect(instance) as connection:
        before = facts.get(connection, day, "invariants")
        if days.is_final(connection, day) and before:
            return {"invariants": before}
    found = invariants(instance, day)
    with connect(instance) as connection:
        facts.record(connection, day, "invariants", found)
    broken = [f"{one['id']}: {one['detail']}" for one in found if not one["ok"]]
    if broken:
        raise QualityError(f"business day {day}: invariants do not hold:\n" + "\n".join(broken))
    return {"invariants": found}
