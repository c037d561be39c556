"""Declare defects and oddities of rows: kind, outcome the lakehouse must reach, rule that must find it, how to make the row."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sample_city.sources.labels import Outcome
from sample_city.world.oddities import ODD
from sample_city.world.places import Places

Row = dict[str, Any]  # every column by name, in order; in tables and CSV all texts, empty for null
Labelled = tuple[Row, str]  # a row as delivered and the kind of its label; most rows have no label


@dataclass(frozen=True)
class Occasion:
    """What a defect may depend on besides the row: a running number, the business date, the city's places."""

    number: int
    day: date
    places: Places


Spoil = Callable[[Row, Occasion], Row]
"""Makes a copy of the row with one defect or oddity; the given row is not changed."""


def untouched(row: Row, _: Occasion) -> Row:
    """Return the row unchanged: the defect or oddity is in the person, the written line, or the rows around it."""
    return row


@dataclass(frozen=True)
class Defect:
    """One kind of labelled row."""

    kind: str
    outcome: Outcome
    rule: str | None = None  # the kind of rule that must find it
    spoil: Spoil = untouched


@dataclass(frozen=True)
class LineDefect(Defect):
    """A defect of the written line: `garble` takes its bytes and the row and returns the delivered bytes."""

    garble: Callable[[bytes, Row], bytes] = lambda line, _: line


@dataclass(frozen=True)
class SheetDefect(Defect):
    """A defect of cells: `draw` takes the sheet, the row's position and the row; `beside` adds something to the workbook once."""

    draw: Callable[[Any, int, Row], None] = lambda sheet, place, row: None  # noqa: ARG005
    beside: Callable[[Any], None] = lambda book: None  # noqa: ARG005


def declared(*defects: Defect) -> dict[str, Defect]:
    """Return defects by kind in the given order, which is also the order when they are dealt out in turn."""
    return {defect.kind: defect for defect in defects}


def odd_people(**spoils: Spoil) -> tuple[Defect, ...]:
    """Return the kinds of odd but valid people, for every source that lists people."""
    return tuple(Defect(kind, "accepted", spoil=spoils.get(kind, untouched)) for kind in ODD)


def kinds_of(defects: Mapping[str, Defect], *left_out: str) -> tuple[str, ...]:
    """Return the kinds that a source deals out: all but odd people, who occur by chance, and the given ones."""
    return tuple(kind for kind in defects if kind not in ODD and kind not in left_out)
