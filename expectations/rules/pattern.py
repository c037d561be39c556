"""Judge rule kind `pattern` in plain Python. Native expectation: values match the expression."""

from __future__ import annotations

import re

from expectations.rules.check import Check, Native, Row


def breaks(check: Check, row: Row) -> bool:
    """Return whether the expression does not match the whole text."""
    text = check.text(row)
    return text is not None and re.fullmatch(check.params["regex"].removesuffix("$"), text) is None


def native(check: Check) -> Native:
    """Return the native expectation, for the whole text (Java's `$` alone would accept a final newline)."""
    whole = rf"\A(?:{check.params['regex']})\z"
    return Native("expect_column_values_to_match_regex", {"column": f"_n_{check.rule.column}", "regex": whole})
