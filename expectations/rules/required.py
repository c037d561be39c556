"""Judge rule kind `required` in plain Python. Native expectation: values are not null."""

from __future__ import annotations

from expectations.rules.check import Check, Native, Row


def breaks(check: Check, row: Row) -> bool:
    """Return whether the value is missing."""
    return check.text(row) is None


def native(check: Check) -> Native:
    """Return the native expectation."""
    return Native("expect_column_values_to_not_be_null", {"column": f"_n_{check.rule.column}"})
