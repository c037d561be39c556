"""Say how the values of a PostgreSQL table are written as text: the column has a type, so its text is ours to choose.

A value is written in the format its column of the contract declares: a moment is local time of the city (the time zone of the session),
a number has no surplus zeros and no exponent, a text is as it is. A value that the declared type does not have (infinity, a time of day
in a column of dates, a year before Christ) is written as PostgreSQL does, so that the gate can judge it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from psycopg import sql

from lakehouse.contracts.model import Column
from lakehouse.rules.format import DEFAULT_FORMATS, text_format

INSTANTS = ("timestamp", "timestamptz")
MOMENTS = ("date", *INSTANTS)
FLOATS = ("float4", "float8")
TEXTS = ("text", "varchar", "bpchar")
WATERMARKS = (*MOMENTS, *TEXTS)
WATERMARKS_IN_WORDS = "date, timestamp, timestamp with time zone, text in the declared format"
JAVA_TO_PATTERN = (("yyyy", "YYYY"), ("dd", "DD"), ("HH", "HH24"), ("mm", "MI"), ("ss", "SS"), ("'T'", '"T"'))
LONG_TERM = date(9999, 12, 31)  # what `open_ended` reads as "without end"


def text_of(column: Column, stored: str) -> sql.Composable:
    """Return the expression that writes a column's values as text; `stored` is the name of its type in the database."""
    name = sql.Identifier(column.source_name)
    if stored in MOMENTS and column.type in ("date", "timestamp"):
        return _moment(name, column, stored)
    if stored == "numeric":
        return _plain(sql.SQL("{}::text").format(name))
    if stored == "money":
        return _plain(sql.SQL("{}::numeric::text").format(name))
    if stored in FLOATS:
        exact = _plain(sql.SQL("{}::text::numeric::text").format(name))
        return sql.SQL("CASE WHEN {0}::text IN ('NaN', 'Infinity', '-Infinity') THEN {0}::text ELSE {1} END").format(name, exact)
    if stored == "bool" and column.type in ("integer", "number"):
        return sql.SQL("{}::integer::text").format(name)
    return sql.SQL("{}::text").format(name)


def _moment(name: sql.Identifier, column: Column, stored: str) -> sql.Composable:
    value = sql.SQL("{}::timestamp" if stored == "date" else "{}").format(name)
    written = sql.SQL("to_char({}, {})").format(value, sql.Literal(_pattern(column)))
    fraction = sql.SQL("rtrim(rtrim(to_char({}, '.US'), '0'), '.')").format(name)
    as_it_is = sql.SQL("{}::text").format(name)
    cases: sql.Composable = sql.SQL("")
    if column.type == "timestamp" and stored in INSTANTS:
        written += sql.SQL(" || ") + fraction
    if column.type == "date" and stored in INSTANTS:
        full = sql.SQL("to_char({}, 'YYYY-MM-DD HH24:MI:SS') || ").format(name) + fraction
        written = sql.SQL("CASE WHEN {0} = date_trunc('day', {0}) THEN {1} ELSE {2} END").format(name, written, full)
    if "open_ended" in column.normalise:
        python = text_format(column.type, column.format).python
        cases = sql.SQL("WHEN {} = 'infinity' THEN {} ").format(name, sql.Literal(LONG_TERM.strftime(python)))
    condition = "CASE {0}WHEN {1} >= '0001-01-01' AND {1} < '10000-01-01' THEN {2} ELSE {3} END"
    return sql.SQL(condition).format(cases, name, written, as_it_is)


def _pattern(column: Column) -> str:
    pattern = column.format or DEFAULT_FORMATS[column.type]
    for java, ours in JAVA_TO_PATTERN:
        pattern = pattern.replace(java, ours)
    return pattern


def _plain(text: sql.Composable) -> sql.Composable:
    return sql.SQL("CASE WHEN strpos({0}, '.') > 0 THEN rtrim(rtrim({0}, '0'), '.') ELSE {0} END").format(text)


@dataclass(frozen=True)
class Mark:
    """The watermark of a table: the moment of each row's last change, by which windows are chosen.

    A watermark that is text is compared as the text its format gives, byte by byte: no other order of texts is one of moments.
    """

    name: str
    stored: str
    column: Column

    @property
    def is_text(self) -> bool:
        """Return whether the watermark is text in the database."""
        return self.stored in TEXTS

    @property
    def value(self) -> sql.Composable:
        """Return the expression that is compared with the bounds of a window."""
        return sql.SQL('{}::text COLLATE "C"' if self.is_text else "{}").format(sql.Identifier(self.name))

    def before(self, day: date) -> sql.Composable:
        """Return the condition of rows changed before a day begins."""
        return sql.SQL("{} < {}").format(self.value, self._beginning(day))

    def since(self, day: date) -> sql.Composable:
        """Return the condition of rows changed since a day began."""
        return sql.SQL("{} >= {}").format(self.value, self._beginning(day))

    @property
    def day(self) -> sql.Composable:
        """Return the expression of the day of a row's change; `day_of` reads it."""
        if self.is_text:
            return sql.SQL("left({}::text, {})").format(sql.Identifier(self.name), sql.Literal(len(self._date_format[1])))
        return sql.SQL("CASE WHEN isfinite({0}) THEN to_char({0}, 'YYYY-MM-DD') END").format(sql.Identifier(self.name))

    def day_of(self, text: str | None) -> date | None:
        """Return the day that `day` gave, None where there is no day (infinity, a text that is none)."""
        try:
            return datetime.strptime(text or "", self._date_format[0] if self.is_text else "%Y-%m-%d").date()  # noqa: DTZ007
        except ValueError:
            return None

    def _beginning(self, day: date) -> sql.Composable:
        form = self._format if self.is_text else "%Y-%m-%d %H:%M:%S"
        midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001 - local time of the city
        return sql.Literal(midnight.strftime(form.replace("%Y", f"{day.year:04d}")))  # %Y writes the year 99 with two digits

    @property
    def _format(self) -> str:
        declared = self.column.type if self.column.type in DEFAULT_FORMATS else "timestamp"
        return text_format(declared, self.column.format).python

    @property
    def _date_format(self) -> tuple[str, str]:
        """Return the format of the date a text begins with, and an example of it."""
        form = self._format.partition("%d")[0] + "%d"
        return form, LONG_TERM.strftime(form)
