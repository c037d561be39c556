"""Works out the history of keys that snapshots name and close, from the written definition (ADR 0005).

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
    """Return of each provider and date the last snapshot that counts, if anything was in it."""
    last = {}
    for batch in sorted(batches, key=lambda batch: batch["delivery_no"]):
        if not batch["held"]:
            last[batch["provider"], batch["business_date"]] = batch
    return [batch for batch in last.values() if batch["rows"]]


def place(batch: dict, line: int) -> tuple:
    """Return where a line of a snapshot stands."""
    return batch["position"], batch["delivery_no"], line


def names(batch: dict, key: str, key_pattern: str) -> bool:
    """Tell whether a key is in the snapshot, or may be."""
    return any(may_be(row, key, key_pattern) for row in batch["rows"])


def may_be(row: dict, key: str, key_pattern: str) -> bool:
    """Tell whether a row is about the key, or may be."""
    if row.get("raw") is not None:
        return key in row["raw"] or not re.search(key_pattern, row["raw"])
    if row["key"] is None:
        return True
    return key == row["key"] or (row.get("misspelt", False) and distance(key, row["key"]) * ALLOWED_PER_EDIT <= len(key))


def lives(key: str, told: list[tuple]) -> list[dict]:
    """Return the versions of a key from rows and ends in order: an end counts where its provider spoke of the key last."""
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
    """Return how many characters have to be changed, added or left out to make one text the other."""
    row = list(range(len(other) + 1))
    for place_, character in enumerate(one, 1):
        row, before = [place_], row
        for column, letter in enumerate(other, 1):
            row.append(min(row[-1] + 1, before[column] + 1, before[column - 1] + (character != letter)))
    return row[-1]
