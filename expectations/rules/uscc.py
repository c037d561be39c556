"""Judge rule kind `uscc` in plain Python, by the kernel's implementation of GB 32100 and GB 11714."""

from __future__ import annotations

from expectations.rules.check import Check, Row
from lakehouse.numbers.entity import uscc_fault


def breaks(check: Check, row: Row) -> bool:
    """Return whether the unified social credit code is not valid."""
    code = check.text(row)
    return code is not None and uscc_fault(code, check.params["categories"]) is not None
