"""Declares what can be wrong or odd about a row: its kind, what must happen to it, which rule must find it, how the row is made so."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sample_city.sources.labels import Outcome
from sample_city.world.oddities import ODD
from sample_city.world.places import Places

Row = dict[str, Any]  # every column by name, in order; in tables and CSV all texts, empty for null
Labelled = tuple[Row, str]  # a row as delivered and the kind of its label; most rows have none


@dataclass(frozen=True)
class Occasion:
    """What a spoiled row may depend on beside the row itself: a running number, the business date, the city's places."""

    number: int
    day: date
    places: Places


Spoil = Callable[[Row, Occasion], Row]
"""Returns the row with one thing wrong or odd; the row given stays as it is."""


def untouched(row: Row, _: Occasion) -> Row:
    """Return the row as it is: what is special lies elsewhere, in the person, the line, or the rows around it."""
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
    """A defect of the written line: `garble` gets its bytes and the row, and returns the bytes that are delivered."""

    garble: Callable[[bytes, Row], bytes] = lambda line, _: line


@dataclass(frozen=True)
class SheetDefect(Defect):
    """A defect of cells: `draw` gets the sheet, the row's place on it and the row; `beside` adds something to the workbook, once."""

    draw: Callable[[Any, int, Row], None] = lambda sheet, place, row: None  # noqa: ARG005
    beside: Callable[[Any], None] = lambda book: None  # noqa: ARG005


def declared(*defects: Defect) -> dict[str, Defect]:
    """Return defects by kind, in the order given: where they are dealt out by turns, it is the order of turns."""
    return {defect.kind: defect for defect in defects}


def odd_people(**spoils: Spoil) -> tuple[Defect, ...]:
    """Return the kinds of people who are odd but valid, as every source that lists them declares them."""
    return tuple(Defect(kind, "accepted", spoil=spoils.get(kind, untouched)) for kind in ODD)


def kinds_of(defects: Mapping[str, Defect], *left_out: str) -> tuple[str, ...]:
    """Return the kinds a source deals out: all but odd people, whom chance brings, and those left out."""
    return tuple(kind for kind in defects if kind not in ODD and kind not in left_out)
