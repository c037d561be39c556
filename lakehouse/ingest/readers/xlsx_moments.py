"""Turn what a workbook stores for dates and times, serial numbers and ISO 8601 texts, into the texts of the column they stand in."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal

from lakehouse.contracts.model import Column
from lakehouse.ingest.readers.xlsx_formats import Shown
from lakehouse.rules.format import text_format

SECONDS = 86_400
LAST_SERIAL = 2_958_465  # 9999-12-31
NO_DAY = 60  # 1900-02-29, a day in the 1900 calendar of spreadsheets that never existed
BARE_SERIALS = range(10_000, 100_000)  # 1927-05-18 to 2173-10-13; shorter and longer numbers may be a year, a month, or both
ISO_MOMENT = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[T ]([0-9]{2}:[0-9]{2}(?::[0-9]{2})?)(\.[0-9]+)?)?")
ISO_TIME = re.compile(r"T?([0-9]{2}:[0-9]{2}(?::[0-9]{2})?)(\.[0-9]+)?")
SOME_DAY = "1900-01-01"


def serial_text(serial: Decimal, from_1904: bool, shown: Shown, column: Column | None) -> str | None:
    """Return the text of a serial number, None where it is no date or time.

    A number that is not shown as a date is one only in a column of dates, and only with five digits: 2027 or 202703 is a year or a month.
    """
    shows_moment = shown.what != "number"
    if not shows_moment and (not _is_time(column) or int(serial) not in BARE_SERIALS):
        return None
    moment = None if shown.what == "clock" and serial < 1 else _moment(serial, from_1904)
    if moment is not None:
        return _text(moment, shown, column)
    return _clock(min(_whole(serial * SECONDS), SECONDS - 1)) if shows_moment and 0 <= serial < 1 else None


def iso_text(written: str, shown: Shown, column: Column | None) -> str:
    """Return the text of a cell that holds ISO 8601; what is no local date or time stays as written, for the gate to judge."""
    at, clock = ISO_MOMENT.fullmatch(written), ISO_TIME.fullmatch(written)
    try:
        if at is not None:
            moment = datetime.fromisoformat(f"{at[1]} {at[2] or '00:00'}") + timedelta(seconds=_rounded(at[3]))
            return _text(moment, shown, column)
        if clock is not None:
            whole = datetime.fromisoformat(f"{SOME_DAY} {clock[1]}") - datetime.fromisoformat(SOME_DAY)
            return _clock(min(whole.seconds + _rounded(clock[2]), SECONDS - 1))
    except (ValueError, OverflowError):  # the 30th of February; the last second of the calendar, rounded up
        return written
    return written


def _is_time(column: Column | None) -> bool:
    return column is not None and column.type in ("date", "timestamp")


def _whole(number: Decimal) -> int:
    return int(number.to_integral_value(ROUND_HALF_UP))


def _rounded(fraction: str | None) -> int:
    return _whole(Decimal(fraction)) if fraction else 0


def _clock(seconds: int) -> str:
    return f"{seconds // 3600:02}:{seconds % 3600 // 60:02}:{seconds % 60:02}"


def _moment(serial: Decimal, from_1904: bool) -> datetime | None:
    """Return the date and time of a serial number, None where there is none (outside the calendar, or the day that never existed)."""
    days, rest = divmod(_whole(serial * SECONDS), SECONDS)
    if not (0 if from_1904 else 1) <= days <= LAST_SERIAL - (1462 if from_1904 else 0) or (days == NO_DAY and not from_1904):
        return None
    first = date(1904, 1, 1) if from_1904 else date(1899, 12, 31) if days < NO_DAY else date(1899, 12, 30)
    return datetime.combine(first, time.min) + timedelta(days=days, seconds=rest)


def _text(moment: datetime, shown: Shown, column: Column | None) -> str:
    """Return a date and time as its cell shows it and in the column's format.

    A month or year that is all people see is that month or year; a time of day in a column of dates is kept. The gate judges both.
    """
    is_midnight = moment.time() == time.min
    if is_midnight and moment.day == 1 and (shown.what == "month" or (shown.what == "year" and moment.month == 1)):
        return moment.date().isoformat()[: 7 if shown.what == "month" else 4]
    if column is not None and (column.type == "timestamp" or (column.type == "date" and is_midnight)):
        return moment.strftime(text_format(column.type, column.format).python)
    return moment.date().isoformat() if is_midnight else moment.isoformat(sep=" ")
