"""Judge rule kind `domain` in plain Python. Native expectation: values are in a set; only where no code of the table ever changed."""

from __future__ import annotations

from expectations.rules.check import Check, Native, Row, day


def breaks(check: Check, row: Row) -> bool:
    """Return whether the code (or its first characters) is not in the code table at the business date."""
    text = check.text(row)
    return text is not None and not check.ground.codes[check.params["codes"]].holds(text[: check.params.get("first")], day(row))


def native(check: Check) -> Native | None:
    """Return the native expectation; None for a table whose codes have validity dates, or when only first characters are compared."""
    if "first" in check.params:
        return None
    versions = check.ground.codes[check.params["codes"]].versions
    if any(version.valid_from or version.valid_to for version in versions):
        return None
    codes = sorted({version.code for version in versions})
    return Native("expect_column_values_to_be_in_set", {"column": f"_n_{check.rule.column}", "value_set": codes})
