"""A suppressed small cell cannot be worked out from the sums and the suppression rule. Runs the macro's SQL in DuckDB."""

from __future__ import annotations

from itertools import groupby
from random import Random

import duckdb
import pytest
from jinja2 import Environment

from lakehouse.config import PROJECT

pytestmark = pytest.mark.fast
MACRO = (PROJECT / "dbt_project" / "macros" / "suppression.sql").read_text("utf-8")
Cell = tuple[str, str, str, int, bool]  # measure, parent, region, value, whether the parent is suppressed


def judged(cells: list[Cell], under: int = 10) -> dict[tuple[str, str], list[tuple[int, bool]]]:
    """Return (value, is_suppressed) of every cell by measure and parent."""
    statement = Environment(autoescape=False).from_string(MACRO).module.suppressed("cells", under)
    with duckdb.connect() as connection:
        connection.execute("create table cells(measure text, parent_code text, region_code text, value int, parent_is_suppressed boolean)")
        connection.executemany("insert into cells values (?, ?, ?, ?, ?)", cells)
        rows = sorted(connection.execute(str(statement)).fetchall())
    return {key: [(value, hidden) for *_, value, hidden in group] for key, group in groupby(rows, key=lambda row: (row[0], row[1]))}


def test_no_sum_gives_a_suppressed_cell_away() -> None:
    rng = Random(7)
    shapes = [(rng.randint(1, 8), rng.choice((3, 12, 40))) for _ in range(1500)]
    cells = [("m", f"{n}", f"{n}-{k}", max(0, rng.randint(-2, top)), False) for n, (size, top) in enumerate(shapes) for k in range(size)]
    hidden_somewhere = 0
    for values in judged(cells).values():
        hidden = [value for value, is_hidden in values if is_hidden]
        assert all(is_hidden for value, is_hidden in values if 1 <= value <= 9)
        if not hidden or len(values) == 1:  # a single child equals its parent, so the parent is suppressed
            continue
        hidden_somewhere += 1
        assert len(hidden) > 1
        if all(1 <= value <= 9 for value in hidden):  # even for a reader who knows that all are small, no value is certain
            assert len(hidden) < sum(hidden) < 9 * len(hidden) or len(hidden) == len(values)
        assert sum(not 1 <= value <= 9 for value in hidden) <= 1  # no more cells are suppressed than necessary
    assert hidden_somewhere > 300


def test_the_next_smallest_goes_with_a_single_small_cell_and_zero_last() -> None:
    cells: list[Cell] = [("m", "a", f"{n}", value, False) for n, value in enumerate((4, 0, 30, 12))]
    assert judged(cells)["m", "a"] == [(4, True), (0, False), (30, False), (12, True)]
    assert judged([("m", "a", "1", 4, False), ("m", "a", "2", 0, False)])["m", "a"] == [(4, True), (0, True)]


def test_children_do_not_sum_up_to_a_suppressed_parent() -> None:
    cells: list[Cell] = [("m", "a", f"{n}", value, True) for n, value in enumerate((15, 0, 12))]
    assert judged(cells)["m", "a"] == [(15, False), (0, False), (12, True)]


def test_what_is_small_is_said_by_the_policies() -> None:
    cells: list[Cell] = [("m", "a", f"{n}", value, False) for n, value in enumerate((4, 30, 12))]
    assert judged(cells, under=5)["m", "a"] == [(4, True), (30, False), (12, True)]
    assert judged(cells, under=4)["m", "a"] == [(4, False), (30, False), (12, False)]
    twins: list[Cell] = [("m", "a", f"{n}", value, False) for n, value in enumerate((4, 4, 30))]
    assert judged(twins, under=5)["m", "a"] == [(4, True), (4, True), (30, True)]  # both are the largest small number: their sum tells it
