"""Compute the disposition of every row and the history of the valid rows, from the written definitions.

A batch is `{batch_id, delivery_no, business_date, taken_on, held, rows}`, of snapshots also with `provider`; a row is `{line, key,
position, hash, content, deleted}` and, where it did not get in, `rejected` or `quarantined`. Positions and dates are anything that sorts.
"""

from __future__ import annotations

from collections import defaultdict


def dispositions(batches: list[dict]) -> dict[tuple, str]:
    """Return the disposition of every row by (batch id, line)."""
    found, said = {}, defaultdict(list)
    for batch in sorted(batches, key=lambda batch: batch["delivery_no"]):
        last_line, waiting = {}, []
        for row in sorted(batch["rows"], key=lambda row: row["line"]):
            name = (batch["batch_id"], row["line"])
            if batch["held"]:
                found[name] = "held"
            elif row.get("rejected"):
                found[name] = "rejected"
            elif row.get("quarantined"):
                found[name] = "quarantined"
            elif repeats(said[row["key"], row["position"]], place(batch, row), word(batch, row)):
                found[name] = "duplicate"
            else:
                last_line[row["key"], row["position"]] = row["line"]
                waiting.append((name, row))
        for name, row in waiting:
            found[name] = "accepted" if last_line[row["key"], row["position"]] == row["line"] else "superseded"
    return found


def repeats(said: list[tuple], here: tuple, what: tuple) -> bool:
    """Tell whether a row says what was said directly before it (of what was delivered so far); remember that it was said."""
    earlier = [one for one in said if one[0][0] <= here[0]]
    said.append((here, what))
    return bool(earlier) and max(earlier)[1] == what


def place(batch: dict, row: dict) -> tuple:
    """Return the place of a row among those of its key and position."""
    return batch["business_date"], batch["delivery_no"], row["line"]


def word(batch: dict, row: dict) -> tuple:
    """Return what a row says; of a snapshot also who says it."""
    return row["hash"], batch.get("provider")


def counts(batches: list[dict]) -> dict[str, dict[str, int]]:
    """Return the number of rows by batch id and disposition."""
    found: dict[str, dict[str, int]] = {batch["batch_id"]: defaultdict(int) for batch in batches}
    for (batch_id, _), disposition in dispositions(batches).items():
        found[batch_id][disposition] += 1
    return {batch_id: dict(numbers) for batch_id, numbers in found.items()}


def news(batches: list[dict]) -> dict[str, list[tuple]]:
    """Return by key what was said, in order, as (order, batch, row): every valid row but those that repeat the row directly before."""
    told = defaultdict(list)
    for batch in batches:
        for row in [] if batch["held"] else batch["rows"]:
            if not row.get("rejected") and not row.get("quarantined"):
                told[row["key"]].append(((row["position"], *place(batch, row)), batch, row))
    found = {}
    for key, said in told.items():
        said.sort(key=lambda one: one[0])
        spots = [(order[0], word(batch, row)) for order, batch, row in said]
        found[key] = [one for one, spot, before in zip(said, spots, [None, *spots], strict=False) if spot != before]
    return found


def versions(batches: list[dict], event: bool = False) -> list[dict]:
    """Return the present versions of all keys: `{key, start, end, content, deleted, batch_id, line}`; the end of an open one is None."""
    found = []
    for key, told in news(batches).items():
        said = [(order, batch["batch_id"], row) for order, batch, row in told]
        found += [last_of(key, said)] if event else intervals(key, said)
    return found


def last_of(key: str, said: list[tuple]) -> dict:
    """Return the one version of an event: its last row."""
    return version(key, said[-1])


def intervals(key: str, said: list[tuple]) -> list[dict]:
    """Return the versions of a key: the last row at a position counts, and content equal to the one before makes no version."""
    standing = {order[0]: (order, batch_id, row) for order, batch_id, row in said}
    found: list[dict] = []
    for one in standing.values():
        told = version(key, one)
        if found and (found[-1]["content"], found[-1]["deleted"]) == (told["content"], told["deleted"]):
            continue
        if found:
            found[-1]["end"] = told["start"]
        found.append(told)
    return found


def version(key: str, said: tuple) -> dict:
    """Return an open version that starts with this row."""
    (position, *_), batch_id, row = said
    told = {"content": row["content"], "deleted": row["deleted"], "batch_id": batch_id, "line": row["line"]}
    return {"key": key, "start": position, "end": None, **told}


def known(batches: list[dict], day: object, event: bool = False) -> list[dict]:
    """Return the versions known at the end of a day: those computed from the batches taken in until then."""
    return versions([batch for batch in batches if batch["taken_on"] <= day], event)
