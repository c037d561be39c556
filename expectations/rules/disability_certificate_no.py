"""Judge rule kind `disability_certificate_no` in plain Python."""

from __future__ import annotations

from expectations.rules.check import Check, Row, day
from lakehouse.numbers.disability_certificate import disability_certificate_fault


def breaks(check: Check, row: Row) -> bool:
    """Return whether the certificate number is not valid."""
    number = check.text(row)
    return number is not None and disability_certificate_fault(number, day(row)) is not None
