"""Upkeep is done piece by piece within a budget; whoever writes in the lake goes first; files go by age."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lakehouse.errors import ConfigError
from lakehouse.upkeep import aged, turns
from lakehouse.upkeep.disk import GIB, Free, Size, below
from lakehouse.upkeep.work import NO_TIME, Budget, Done, Left, Piece, Plan, Postponed, do
from tests.plugin.servers import tiny_instance

pytestmark = pytest.mark.fast
TEN, NONE = Size(10, 1000), Size()


class Clock:
    """A clock that every piece moves on by a second."""

    now = 0.0

    def __call__(self) -> float:
        return self.now

    def piece(self, what: str, error: Exception | None = None) -> Piece:
        def act() -> Size:
            self.now += 1
            if error:
                raise error
            return NONE

        return Piece(what, TEN, act)


def plans(clock: Clock) -> dict[str, Plan]:
    def exchange() -> Iterator[Piece]:
        yield clock.piece("c")
        raise Postponed("a day is at work")

    return {"tables": lambda: [clock.piece("a"), clock.piece("b")], "exchange": exchange, "logs": lambda: [clock.piece("d")]}


def test_no_piece_begins_after_the_budget_and_what_is_left_is_told() -> None:
    clock = Clock()
    work = do(plans(clock), Budget(1.5, clock), dry_run=False)
    assert work.done == [Done("tables", "a", TEN, NONE), Done("tables", "b", TEN, NONE)]
    assert work.left == [Left("exchange", "all of it", NO_TIME), Left("logs", "all of it", NO_TIME)]
    assert do(plans(clock), Budget(0.5, clock), dry_run=False).left[0] == Left("tables", "b", NO_TIME)
    assert (clock.now, work.is_well) == (3, True)


def test_a_dry_run_only_tells() -> None:
    clock = Clock()
    work = do(plans(clock), Budget(1, clock), dry_run=True)
    assert [(one.what, one.before, one.after) for one in work.done] == [(what, TEN, TEN) for what in "abcd"]
    assert (clock.now, work.left) == (0, [Left("exchange", "all of it", "a day is at work")])


def test_a_failure_and_a_postponement_stop_nothing_else() -> None:
    clock = Clock()
    failing: dict[str, Plan] = {"x": lambda: [clock.piece("f", ConfigError("broken")), clock.piece("p", Postponed("later"))]}
    work = do({**failing, **plans(clock)}, Budget(9, clock), dry_run=False)
    assert [one.what for one in work.done] == ["a", "b", "c", "d"]
    assert work.left[:2] == [Left("x", "f", "broken", failed=True), Left("x", "p", "later")]
    assert not work.is_well


def test_upkeep_takes_no_turn_while_anybody_writes(tmp_path: Path) -> None:
    instance = tiny_instance(tmp_path)
    with turns.writing(instance), turns.writing(instance), turns.alone(instance) as is_alone:
        assert not is_alone
    with turns.alone(instance) as is_alone, turns.alone(instance) as another:
        assert (is_alone, another) == (True, False)
    with turns.alone(instance) as is_alone:
        assert is_alone


def test_old_files_go_with_the_folders_they_leave_empty(tmp_path: Path) -> None:
    for name in ("old/a/1.log", "old/b/1.log", "old/b/new.log"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("said")
        if path.name == "1.log":
            os.utime(path, (time.time() - 9 * 86400,) * 2)
    found = aged.aged(tmp_path, datetime.now(UTC) - timedelta(days=8))
    assert (sorted(path.parent.name for path, _ in found), below(tmp_path)) == (["a", "b"], Size(3, 12))
    aged.remove(tmp_path, [path for path, _ in found])
    assert sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")) == ["old", "old/b", "old/b/new.log"]


@pytest.mark.parametrize(
    ("free", "total", "expected"),
    [(4, 20, (True, True)), (6, 20, (False, False)), (14, 100, (False, True)), (16, 100, (False, False))],
)
def test_little_room_is_told_before_there_is_none(free: int, total: int, expected: tuple[bool, bool]) -> None:
    found = Free(free * GIB, total * GIB)
    assert (found.is_short, found.runs_short) == expected
    assert found.text() == f"{free} of {total} GiB free ({free / total:.0%})"
