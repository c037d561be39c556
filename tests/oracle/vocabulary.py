"""Every check that a page can use, in plain Python from its written definition; its severity is error unless put into `warn(…)`.

An unreadable or empty value breaks no check but `required`, `required_when` and the readability check of typed columns.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from operator import gt, lt

from tests.oracle.columns import clean
from tests.oracle.rules import age_on, born_of, day_of, is_resident_id, is_uscc
from tests.oracle.shape import Check, Row

PHONE = "1[3-9][0-9]{9}|0[0-9]{2,3}-?[0-9]{7,8}"
MONTH = "[0-9]{4}-(0[1-9]|1[0-2])"


def required_when(other: str, *values: str) -> Check:
    """Require a value where another column has one of these."""
    return Check("required_when", lambda row, column: row.text(column) is None and row.text(other) in values, asks_empty=True)


def domain(table: str, first: int | None = None) -> Check:
    """Require that a code, or its first characters, is in its table and valid on the day."""
    return Check("domain", lambda row, column: not row.world.has_code(table, row.text(column)[:first], row.day))


def pattern(regex: str) -> Check:
    """Require that the whole text matches a regular expression."""
    return Check("pattern", lambda row, column: not re.fullmatch(regex, row.text(column)), needs=regex)


def between(low: int, high: int) -> Check:
    """Require that a number is neither smaller nor larger."""

    def is_broken(row: Row, column: str) -> bool:
        value = row.value(column)
        return value is not None and not Decimal(low) <= value <= Decimal(high)

    return Check("range", is_broken)


def at_least(low: int) -> Check:
    """Require that a number is not smaller."""
    return Check("range", lambda row, column: (value := row.value(column)) is not None and value < Decimal(low))


def at_most(high: int) -> Check:
    """Require that a number is not larger."""
    return Check("range", lambda row, column: (value := row.value(column)) is not None and value > Decimal(high))


def no_earlier_than(other: str) -> Check:
    """Require that a day, moment or month does not lie before another of the row."""
    return Check("compare", lambda row, column: _both(row, column, other, lt))


def no_later_than(other: str) -> Check:
    """Require that a day, moment or month does not lie after another of the row."""
    return Check("compare", lambda row, column: _both(row, column, other, gt))


def not_overdue(other: str, *values: str) -> Check:
    """Require that a day has not passed where another column has one of these values."""
    return Check("not_overdue", lambda row, column: (on := _day(row, column)) is not None and on < row.day and row.text(other) in values)


def fresh(days: int) -> Check:
    """Require that a day is not more than `days` days ago."""
    return Check("fresh", lambda row, column: (on := _day(row, column)) is not None and on < row.day - timedelta(days=days))


def equals_part(other: str, first: int, length: int) -> Check:
    """Require that a text is a part of another column's, counted from 1, where that is long enough."""

    def is_broken(row: Row, column: str) -> bool:
        whole, end = row.text(other), first - 1 + length
        return whole is not None and len(whole) >= end and row.text(column) != whole[first - 1 : end]

    return Check("equals_part", is_broken)


def credit_code(*kinds: str) -> Check:
    """Require a unified social credit code with right check characters, of one of these kinds if any are named."""

    def is_broken(row: Row, column: str) -> bool:
        code = row.text(column)
        return not is_uscc(code) or (bool(kinds) and code[:2] not in kinds)

    return Check("uscc", is_broken)


def place_known(level: str) -> Check:
    """Require that a code is, or once was, a place of this level (or of `any`)."""
    return Check("place_known", lambda row, column: not _written_place(row, column, level)[1])


def place_current(level: str) -> Check:
    """Require that a known place is in force on the day."""

    def is_broken(row: Row, column: str) -> bool:
        code, is_known = _written_place(row, column, level)
        return is_known and row.world.region(code, row.day) is None

    return Check("place_current", is_broken)


def burst(by: str, more_than: int) -> Check:
    """Limit the rows of a batch within one clock minute that have the same value in another column."""

    def lines(rows: list[dict], column: str) -> set[int]:
        minutes = Counter((row[by], (row[column] or "")[:16]) for row in rows)
        return {row["_line"] for row in rows if minutes[row[by], (row[column] or "")[:16]] > more_than}

    return Check("burst", lines=lines)


def reference(target: str) -> Check:
    """Require that a library has the `person` or the `address`; judged where libraries are known."""
    return Check("reference", needs=target)


def _of_id(is_other: Callable[[Row, str, str], bool]) -> Check:
    """Require that a column agrees with the row's own resident number, where that is a right one."""

    def is_broken(row: Row, column: str) -> bool:
        number = row.text("id_no")
        return number is not None and is_resident_id(number, row.day) and is_other(row, column, number)

    return Check("agrees_with_id", is_broken)


def _other_gender(row: Row, column: str, number: str) -> bool:
    return row.text(column) in ("1", "2") and (int(number[16]) % 2 == 1) != (row.text(column) == "1")


def _other_birth(row: Row, column: str, number: str) -> bool:
    return day_of(row.text(column)) is not None and row.text(column) != born_of(number)


def _other_age(row: Row, column: str, number: str) -> bool:
    age = row.value(column)
    return age is not None and abs(age - age_on(date.fromisoformat(born_of(number)), row.day)) > 1


def _both(row: Row, column: str, other: str, is_wrong: Callable[..., bool]) -> bool:
    values = row.value(column), row.value(other)
    if any(value is None or (isinstance(value, str) and not re.fullmatch(MONTH, value)) for value in values):
        return False
    return is_wrong(*values)


def _day(row: Row, column: str) -> date | None:
    value = row.value(column)
    return value.date() if isinstance(value, datetime) else value if isinstance(value, date) else None


def _written_place(row: Row, column: str, level: str) -> tuple[str, bool]:
    """Return the code (a street code padded to twelve digits as the street's own) and whether the place ever existed."""
    code = row.text(column)
    is_padded = level in ("community", "any") and len(code) == 12 and code.endswith("000") and code not in row.world.regions
    short = code[:9] if is_padded else code
    levels = {one["level"] for one in row.world.regions.get(short, [])}
    return short, bool(levels if level == "any" else levels & ({level, "street"} if is_padded else {level}))


def _is_outside(row: Row, column: str) -> bool:
    area = next((one["region_code"] for one in row.world.departments if one["uscc"] == row.provider), None)
    at, line = row.columns[column].kept(row.world, row.text(column), row.day), []
    while at and (region := row.world.region(at, row.day)):
        line.append(at)
        at = region["parent_code"]
    return bool(line) and area is not None and area not in line


def _is_no_certificate(row: Row, column: str) -> bool:
    code = row.text(column)
    return not (re.fullmatch(r".{18}[1-7][1-4]", code) and is_resident_id(code[:18], row.day))


def _is_ahead(row: Row, column: str) -> bool:
    month = row.text(column)
    return bool(re.fullmatch(MONTH, month)) and month > row.day.isoformat()[:7]


required = Check("required", lambda row, column: row.text(column) is None, asks_empty=True)
resident_id = Check("resident_id", lambda row, column: not is_resident_id(row.text(column), row.day))
resident_id_15 = Check("resident_id_15", lambda row, column: bool(re.fullmatch(r"\d{15}", clean(row.written[column]) or "")))
gender_of_id, birth_date_of_id, age_of_id = _of_id(_other_gender), _of_id(_other_birth), _of_id(_other_age)
not_after_today = Check("not_after", lambda row, column: (on := _day(row, column)) is not None and on > row.day)
month_not_ahead = Check("range", _is_ahead)
place_inside = Check("place_inside", _is_outside)
certificate_no = Check("disability_certificate_no", _is_no_certificate)
