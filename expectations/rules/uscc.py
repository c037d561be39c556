"""Judges `uscc` in plain Python: the kernel's reading of GB 32100 and GB 11714."""

from __future__ import annotations

from expectations.rules.check import Check, Row
from lakehouse.numbers.entity import uscc_fault


def breaks(check: Check, row: Row) -> bool:
    """Return whether the code has a fault."""
    code = check.text(row)
    return code is not None and uscc_fault(code, check.params["categories"]) is not None
