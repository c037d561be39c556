"""The usual ways to spoil a row, used in declarations of defects; each takes the columns to spoil."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any

from sample_city.sources.defects import Occasion, Row, Spoil
from sample_city.world.coordinates import gcj02
from sample_city.world.numbers import USCC_LETTERS

CHECK_DIGITS = "0123456789X"


def put(values: Row) -> Spoil:
    """Put fixed values into columns."""
    return lambda row, _: {**row, **values}


def emptied(column: str) -> Spoil:
    """Leave a column empty."""
    return put({column: ""})


def by_turns(column: str, values: Sequence[Any]) -> Spoil:
    """Put one of several values into a column, in turn by the row's number."""
    return lambda row, at: {**row, column: values[at.number % len(values)]}


def changed(column: str, change: Callable[[Any], Any]) -> Spoil:
    """Replace a column's value by the result of a function of it."""
    return lambda row, _: {**row, column: change(row[column])}


def swapped(one: str, other: str) -> Spoil:
    """Swap two columns."""
    return lambda row, _: {**row, one: row[other], other: row[one]}


def without_last(count: int) -> Spoil:
    """Leave the last columns out."""
    return lambda row, _: {column: row[column] for column in list(row)[:-count]}


def days_later(column: str, days: int) -> Spoil:
    """Move a date by some days."""
    return changed(column, lambda text: (date.fromisoformat(text) + timedelta(days=days)).isoformat())


def check_digit(column: str, step: int) -> Spoil:
    """Give a resident number another check digit."""
    return changed(column, lambda number: number[:17] + CHECK_DIGITS[(CHECK_DIGITS.index(number[17]) + step) % 11])


def credit_check(column: str, step: int) -> Spoil:
    """Give a unified social credit code another last character."""
    return changed(column, lambda code: code[:17] + USCC_LETTERS[(USCC_LETTERS.index(code[17]) + step) % 31])


def scientific(column: str) -> Spoil:
    """Write a number as a spreadsheet shows it: 4.49902E+17."""
    return changed(column, lambda number: f"{number[0]}.{number[1:6]}E+17")


def abolished(column: str) -> Spoil:
    """Put the code of a merged community into a column."""

    def spoil(row: Row, at: Occasion) -> Row:
        codes = at.places.abolished
        return {**row, column: codes[at.number % len(codes)].code}

    return spoil


def in_gcj02(written: Callable[[float], Any]) -> Spoil:
    """Convert `lon` and `lat` to GCJ-02 and set `coord_sys`; `written` formats a degree."""

    def spoil(row: Row, _: Occasion) -> Row:
        lon, lat = gcj02(float(row["lon"]), float(row["lat"]))
        return {**row, "lon": written(lon), "lat": written(lat), "coord_sys": "GCJ02"}

    return spoil
