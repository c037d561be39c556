"""Compute the history of keys that snapshots name and close, from the written definition (ADR 0005).

Batches are those of `history`, each with `provider` and `position`. A rejected row has `raw`, its text; a quarantined one whose key is
broken is `misspelt`, one without any key has the key None.
"""

from __future__ import annotations

import re
from collections import defaultdict

from tests.oracle import history

ALLOWED_PER_EDIT = 10


def versions(batches: list[dict], key_pattern: str) -> list[dict]:
    """Return the present versions of all keys; a key's end is a version without content, `deleted`, of no line."""
    became = history.dispositions(batches)
    said = defaultdict(list)
    for batch in batches:
        for row in batch["rows"]:
            if became[batch["batch_id"], row["line"]] == "accepted":
                said[row["key"]].append((place(batch, row["line"]), batch, row))
    found = []
    for key, rows in said.items():
        ends = [(place(batch, 0), batch, None) for batch in closing(batches) if not names(batch, key, key_pattern)]
        found += lives(key, sorted(rows + ends, key=lambda one: one[0]))
    return found


def closing(batches: list[dict]) -> list[dict]:
    """Return the last snapshot that is not held of each provider and date, if it is not empty."""
    last = {}
    for batch in sorted(batches, key=lambda batch: batch["delivery_no"]):
        if not batch["held"]:
            last[batch["provider"], batch["business_date"]] = batch
    return [batch for batch in last.values() if batch["rows"]]


def place(batch: dict, line: int) -> tuple:
    """Return the sort key of a line of a snapshot."""
    return batch["position"], batch["delivery_no"], line


def names(batch: dict, key: str, key_pattern: str) -> bool:
    """Tell whether the snapshot names a key, or may name it in an unreadable row."""
    return any(may_be(row, key, key_pattern) for row in batch["rows"])


def may_be(row: dict, key: str, key_pattern: str) -> bool:
    """Tell whether a row is, or may be, about the key."""
    if row.get("raw") is not None:
        return key in row["raw"] or not re.search(key_pattern, row["raw"])
    if row["key"] is None:
        return True
    return key == row["key"] or (row.get("misspelt", False) and distance(key, row["key"]) * ALLOWED_PER_EDIT <= len(key))


def lives(key: str, told: list[tuple]) -> list[dict]:
    """Return the versions of a key from its rows and ends in order; an end counts if its provider was the last to name the key."""
    counted, owner = [], None
    for order, batch, row in told:
        if row is None and batch["provider"] != owner:
            continue
        owner = owner if row is None else batch["provider"]
        counted.append((order, batch, row))
    at_position = {order[0]: (order[0], batch, row) for order, batch, row in counted}
    found: list[dict] = []
    for position, batch, row in at_position.values():
        content = (row["content"] if row else None, row is None, batch["provider"])
        if found and found[-1]["_content"] == content:
            continue
        if found:
            found[-1]["end"] = position
        version = {"key": key, "start": position, "end": None, "content": content[0], "deleted": row is None}
        found.append(version | {"batch_id": batch["batch_id"], "line": row["line"] if row else None, "_content": content})
    return found


def distance(one: str, other: str) -> int:
    """Return the edit distance of two texts: the number of characters to change, add or remove."""
    row = list(range(len(other) + 1))
    for place_, character in enumerate(one, 1):
        row, before = [place_], row
        for column, letter in enumerate(other, 1):
            row.append(min(row[-1] + 1, before[column] + 1, before[column - 1] + (character != letter)))
    return row[-1]
