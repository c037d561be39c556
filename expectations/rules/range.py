"""Judge rule kind `range` in plain Python. Native expectation: values lie between the limits; only where these are fixed numbers."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from expectations.rules.check import Check, Native, Row, day

MOVING = ("business_date", "business_month")


def breaks(check: Check, row: Row) -> bool:
    """Return whether the value lies outside its limits."""
    value = check.local_date(row)
    if value is None:
        return False
    lowest, highest = (_limit(check, check.params.get(name), row) for name in ("min", "max"))
    return (lowest is not None and value < lowest) or (highest is not None and _shortened(value, highest) > highest)


def _shortened(value: Any, limit: Any) -> Any:
    """Return a date as its month when the limit is a month, so that a date exceeds a month only in a later month."""
    return value.isoformat()[:7] if isinstance(value, date) and isinstance(limit, str) else value


def _limit(check: Check, limit: str | None, row: Row) -> Any:
    if limit is None:
        return None
    if limit == "business_month":
        return day(row).isoformat()[:7]
    if limit == "business_date":
        return day(row).isoformat() if check.column.type == "string" else day(row)
    if check.column.type == "string":
        return limit
    return date.fromisoformat(limit) if check.column.type in ("date", "timestamp") else Decimal(limit)


def native(check: Check) -> Native | None:
    """Return the native expectation; None for limits that move with the business date and for columns that are no numbers."""
    limits = {name: check.params.get(name) for name in ("min", "max")}
    if check.column.type not in ("integer", "number") or any(limit in MOVING for limit in limits.values()):
        return None
    bounds = {f"{name}_value": float(limit) for name, limit in limits.items() if limit is not None}
    return Native("expect_column_values_to_be_between", {"column": f"_t_{check.rule.column}", **bounds})
