"""Compute the history of keys that snapshots name and close, from the written definition (ADR 0005, ADR 0025).

Batches are those of `history`, each with `provider` and `position`. A rejected row has `raw`, its text; a quarantined one whose key is
broken is `misspelt`, one without any key has the key None.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from tests.oracle import history

ALLOWED_PER_EDIT = 10


@dataclass(frozen=True)
class Reading:
    """How snapshots are read: the pattern of their keys, and from how many closings on these are held (shares of the open keys)."""

    key_pattern: str
    share: float
    keys: int
    most: float

    def is_too_much(self, lacking: int, open_: int) -> bool:
        """Tell whether so many closings are held."""
        return (lacking > self.share * open_ and lacking > self.keys) or lacking > self.most * open_


def versions(batches: list[dict], reading: Reading) -> list[dict]:
    """Return the present versions of all keys; a key's end is a version without content, `deleted`, of no line."""
    found, doubted = [], held(batches, reading)
    ending = [batch for batch in closing(batches) if batch["batch_id"] not in doubted]
    for key, rows in history.news(batches).items():
        found += lives(key, told(key, rows, ending, reading))
    return found


def told(key: str, rows: list[tuple], ending: list[dict], reading: Reading) -> list[tuple]:
    """Return the rows and the ends of a key in order, each with its place and its batch."""
    said = [(place(batch, row["line"]), batch, row) for _, batch, row in rows]
    ends = [(place(batch, 0), batch, None) for batch in ending if not names(batch, key, reading.key_pattern)]
    return sorted(said + ends, key=lambda one: one[0])


def held(batches: list[dict], reading: Reading) -> set[str]:
    """Return the ids of the snapshots whose closings are held, each judged by the deliveries with lower numbers."""
    found: set[str] = set()
    for batch in sorted(batches, key=lambda one: one["delivery_no"]):
        if batch["held"] or not batch["rows"]:
            continue
        lower = [one for one in batches if one["delivery_no"] < batch["delivery_no"]]
        ending = [one for one in closing([*lower, batch]) if one["batch_id"] not in found and one is not batch]
        open_ = [key for key, rows in history.news(lower).items() if is_open(key, told(key, rows, ending, reading), batch)]
        lacking = [key for key in open_ if not names(batch, key, reading.key_pattern)]
        if reading.is_too_much(len(lacking), len(open_)):
            found.add(batch["batch_id"])
    return found


def is_open(key: str, events: list[tuple], batch: dict) -> bool:
    """Tell whether a key is open, and of the snapshot's provider, just before the snapshot."""
    before = lives(key, [one for one in events if one[0] < place(batch, 0)])
    return bool(before) and not before[-1]["deleted"] and before[-1]["_content"][2] == batch["provider"]


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


def lives(key: str, events: list[tuple]) -> list[dict]:
    """Return the versions of a key from its rows and ends in order; an end counts if its provider was the last to name the key."""
    counted, owner = [], None
    for order, batch, row in events:
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
