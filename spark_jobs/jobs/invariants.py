"""Check the invariants of a published day (I1 to I7) and record them for its report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lakehouse.config import Instance
from lakehouse.errors import QualityError
from lakehouse.jobs import Answer, JobRequest
from lakehouse.ops import connect, days, facts
from spark_jobs.returns.invariants import invariants


@dataclass(frozen=True, kw_only=True)
class InvariantsAnswer(Answer):
    """Every invariant: its id, whether it holds (`ok`), and what was checked or is broken (`detail`)."""

    invariants: tuple[dict[str, Any], ...]


def run(instance: Instance, request: JobRequest) -> InvariantsAnswer:
    """Check and record every invariant; a final day keeps the results it had, because history and authority are checked on present tables.

    Raises:
        QualityError: an invariant does not hold; all results are recorded first.
    """
    day = request.business_date
    with connect(instance) as connection:
        before = facts.get(connection, day, "invariants")
        if days.is_final(connection, day) and before:
            return InvariantsAnswer(invariants=tuple(before))
    found = invariants(instance, day)
    with connect(instance) as connection:
        facts.record(connection, day, "invariants", found)
    broken = [f"{one['id']}: {one['detail']}" for one in found if not one["ok"]]
    if broken:
        raise QualityError(f"business day {day}: invariants do not hold:\n" + "\n".join(broken))
    return InvariantsAnswer(invariants=tuple(found))
