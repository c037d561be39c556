"""Judge rule kind `unique` in plain Python, over a whole batch. Native expectation: batch and key together are unique."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from expectations.rules.check import Check, Native, Row


def observe(check: Check, rows: Iterable[Row]) -> Counter[tuple[str, ...]]:
    """Return the number of rows by batch and complete key."""
    return Counter(key for row in rows if (key := _key(check, row)))


def breaks(check: Check, row: Row) -> bool:
    """Return whether another row of the batch has the same key."""
    key = _key(check, row)
    return key is not None and check.seen[key] > 1


def _key(check: Check, row: Row) -> tuple[str, ...] | None:
    texts = [check.text(row, column.name) for column in check.contract.key_columns]
    known = [text for text in texts if text is not None]
    return (row["_batch_id"], *known) if len(known) == len(texts) else None


def native(check: Check) -> Native:
    """Return the native expectation; a row with an incomplete key is not judged."""
    columns = ["_batch_id", *(f"_n_{column.name}" for column in check.contract.key_columns)]
    return Native("expect_compound_columns_to_be_unique", {"column_list": columns, "ignore_row_if": "any_value_is_missing"})
