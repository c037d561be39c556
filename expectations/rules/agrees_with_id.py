"""Judge rule kind `agrees_with_id` in plain Python."""

from __future__ import annotations

from expectations.rules.check import Check, Row, day
from lakehouse.numbers.resident import age, birth_date, gender_code, resident_id_fault


def breaks(check: Check, row: Row) -> bool:
    """Return whether the value contradicts the resident number of the row; false when that number itself is not valid."""
    number, value = check.text(row, check.params["id"]), check.value(row)
    if number is None or value is None or resident_id_fault(number, day(row)) is not None:
        return False
    if check.params["part"] == "gender":
        return value in ("1", "2") and value != gender_code(number)
    if check.params["part"] == "birth_date":
        return bool(value != birth_date(number))
    return bool(abs(value - age(birth_date(number), day(row))) > check.params.get("tolerance", 1))
