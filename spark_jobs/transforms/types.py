"""Convert normalised text to typed values. Text that does not fit becomes null and never raises an error, although ANSI mode is on.

A text must fit its format exactly (first the declared regular expression, then a tolerant cast), so that nothing is guessed:
`2026-2-3`, `1e5` or more decimals than the column keeps do not fit. Local wall time becomes UTC. The session's time zone must be UTC.
"""

from __future__ import annotations

import re
from datetime import date

from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql import types as T

from lakehouse.contracts import model
from lakehouse.contracts.shape import stored_type
from lakehouse.rules.format import BOOLEANS, INTEGER_REGEX, NUMBER_REGEX, text_format

SIMPLE = {
    "string": T.StringType(),
    "date": T.DateType(),
    "timestamp": T.TimestampType(),
    "boolean": T.BooleanType(),
    "int": T.IntegerType(),
    "bigint": T.LongType(),
    "double": T.DoubleType(),
}
_DECIMAL = re.compile(r"decimal\((\d+),(\d+)\)")


def spark_type(column: model.Column) -> T.DataType:
    """Return the type of a column in silver."""
    name = stored_type(column)
    parsed = _DECIMAL.fullmatch(name)
    return T.DecimalType(int(parsed[1]), int(parsed[2])) if parsed else SIMPLE[name]


def typed(text: Column, column: model.Column, timezone: str) -> Column:
    """Return the typed value of a column's normalised text, null where the text does not fit."""
    if column.type in ("date", "timestamp"):
        return _moment(text, column, timezone)
    if column.type == "boolean":
        return _boolean(text)
    return text if column.type == "string" else _number(text, spark_type(column))


def _moment(text: Column, column: model.Column, timezone: str) -> Column:
    written = text_format(column.type, column.format)
    # Spark knows the years 0 and 10000, the readers of its tables do not; every format begins with the year
    is_readable = text.rlike(whole(written.regex)) & ~text.startswith("0000")
    wall = F.when(is_readable, F.try_to_timestamp(text, F.lit(written.java)))
    if column.type == "date":
        return F.to_date(wall)
    instant = F.to_utc_timestamp(wall, timezone)
    may_leave = text.startswith("0001") | text.startswith("9999")
    return F.when(~may_leave | F.year(instant).between(1, 9999), instant)


def _boolean(text: Column) -> Column:
    meant = {value: [word for word, means in BOOLEANS.items() if means is value] for value in (True, False)}
    return F.when(text.isin(meant[True]), F.lit(True)).when(text.isin(meant[False]), F.lit(False))


def _number(text: Column, to: T.DataType) -> Column:
    number = F.when(text.rlike(whole(INTEGER_REGEX if isinstance(to, T.IntegralType) else NUMBER_REGEX)), text.try_cast(to))
    if not isinstance(to, T.DecimalType):
        return number
    return F.when(~text.rlike(rf"\.[0-9]{{{to.scale}}}0*[1-9]"), number)


def local_date(instant: Column, timezone: str) -> Column:
    """Return the date of an instant in the given (local) time zone."""
    return F.to_date(F.from_utc_timestamp(instant, timezone))


def position_text(instant: Column) -> Column:
    """Return an instant as UTC ISO text with six decimals, which sorts as text."""
    return F.date_format(instant, "yyyy-MM-dd'T'HH:mm:ss.SSSSSS'Z'")


def midnight(day: Column, timezone: str) -> Column:
    """Return the instant at which a local date begins."""
    return F.to_utc_timestamp(day.cast("timestamp"), timezone)


def whole(pattern: str) -> str:
    r"""Return the pattern anchored to the whole text (`$` alone would accept a final newline)."""
    return rf"\A(?:{pattern})\z"


def literal_date(value: str) -> Column:
    """Return a date literal from ISO text."""
    return F.lit(date.fromisoformat(value))
