"""The job that keeps the instance small after a published day; its DAG follows every one, and most find nothing to do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from application.upkeep import Ask, at_work, keep_up
from lakehouse.config import Instance
from lakehouse.jobs import Answer, JobRequest
from lakehouse.ops import connect
from lakehouse.upkeep.last import last_upkeep

PAUSE = timedelta(hours=20)  # less than a day, so that a day published a little earlier than the one before still has its upkeep


@dataclass(frozen=True, kw_only=True)
class UpkeepAnswer(Answer):
    """What upkeep did; `outcome` is kept, recent (there was one within the last hours) or later (another day is at work, and has its own).

    Attributes:
        done: each piece with its files before and after.
        left: what was not done, and why.
        failed: what failed.
    """

    done: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()

    @property
    def red(self) -> str:
        """Return what failed; the day is published all the same."""
        return "\n".join(self.failed)


def run(instance: Instance, _request: JobRequest) -> UpkeepAnswer:
    """Keep the instance small within the budget of the city, unless that was done lately or a day is at work."""
    last = last_upkeep(instance)
    if last is not None and datetime.now(UTC) - last.ended_at < PAUSE:
        return UpkeepAnswer(outcome="recent")
    with connect(instance) as connection:
        if at_work(connection):
            return UpkeepAnswer(outcome="later")
    work = keep_up(instance, Ask()).work
    done = tuple(f"{one.area}: {one.what}, files {one.before.files} to {one.after.files}" for one in work.done)
    left = {failed: tuple(f"{one.area}: {one.what}: {one.why}" for one in work.left if one.failed is failed) for failed in (False, True)}
    return UpkeepAnswer(outcome="kept", done=done, left=left[False], failed=left[True])
