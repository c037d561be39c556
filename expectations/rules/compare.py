"""Judge rule kind `compare` in plain Python."""

from __future__ import annotations

import re
from typing import Any

from expectations.rules.check import Check, Row

MONTH = re.compile("[0-9]{4}-(0[1-9]|1[0-2])")


def breaks(check: Check, row: Row) -> bool:
    """Return whether both values can be read and the declared comparison does not hold."""
    one, other = _value(check, row, check.rule.column), _value(check, row, check.params["to"])
    if one is None or other is None:
        return False
    signs = {-1: ("<", "<="), 0: ("<=", "=", ">="), 1: (">", ">=")}
    return check.params["operator"] not in signs[(one > other) - (one < other)]


def _value(check: Check, row: Row, column: str) -> Any:
    value = check.value(row, column)
    if check.column.type != "string" or check.params["operator"] == "=" or value is None:
        return value
    return value if MONTH.fullmatch(value) else None
