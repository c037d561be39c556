"""Do pieces of upkeep one after the other within a budget of time, and say what was done and what is left."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from lakehouse.errors import LakehouseError
from lakehouse.upkeep.disk import Size

NO_TIME = "the budget is used up"
Clock = Callable[[], float]


class Postponed(Exception):  # noqa: N818 it is no error
    """A piece cannot be done now, and nothing is wrong with that; the message says why."""


@dataclass(frozen=True)
class Piece:
    """A piece of upkeep that is done as a whole.

    Attributes:
        what: what is done, for people.
        before: files and bytes that it is about, as they are.
        do: does it and returns what is left of them.
    """

    what: str
    before: Size
    do: Callable[[], Size]


@dataclass(frozen=True)
class Done:
    """A piece that was done (of a dry run: would be), with its files and bytes before and after."""

    area: str
    what: str
    before: Size
    after: Size


@dataclass(frozen=True)
class Left:
    """What was not done, and why; `failed` where something is wrong."""

    area: str
    what: str
    why: str
    failed: bool = False


@dataclass
class Work:
    """What was done and what is left."""

    done: list[Done] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)

    @property
    def is_well(self) -> bool:
        """Return whether nothing failed; what had to wait is no failure."""
        return not any(one.failed for one in self.left)


@dataclass(frozen=True)
class Budget:
    """Seconds that may be used; a piece that has begun is ended."""

    seconds: float
    clock: Clock = time.monotonic
    began: float = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "began", self.clock())

    @property
    def is_over(self) -> bool:
        """Return whether the seconds are used up."""
        return self.clock() - self.began >= self.seconds


Plan = Callable[[], Iterable[Piece]]


def do(plans: Mapping[str, Plan], budget: Budget, *, dry_run: bool) -> Work:
    """Do the pieces of each area in order; a failure of one is recorded, and the next one follows."""
    work = Work()
    for area, plan in plans.items():
        if budget.is_over:
            work.left.append(Left(area, "all of it", NO_TIME))
            continue
        try:
            for piece in plan():
                if budget.is_over:
                    work.left.append(Left(area, piece.what, NO_TIME))
                else:
                    _do(work, area, piece, dry_run=dry_run)
        except Postponed as reason:
            work.left.append(Left(area, "all of it", str(reason)))
        except LakehouseError as error:
            work.left.append(Left(area, "all of it", str(error), failed=True))
    return work


def _do(work: Work, area: str, piece: Piece, *, dry_run: bool) -> None:
    try:
        work.done.append(Done(area, piece.what, piece.before, piece.before if dry_run else piece.do()))
    except Postponed as reason:
        work.left.append(Left(area, piece.what, str(reason)))
    except LakehouseError as error:
        work.left.append(Left(area, piece.what, str(error), failed=True))
