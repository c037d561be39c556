"""Compute the disposition of every row and the history of the accepted rows, from the written definitions.

A batch is `{batch_id, delivery_no, business_date, taken_on, held, rows}`, a row `{line, key, position, hash, content, deleted}` and, where
it did not get in, `rejected` or `quarantined`. Positions and dates are anything that sorts.
"""

from __future__ import annotations

from collections import defaultdict


def dispositions(batches: list[dict]) -> dict[tuple, str]:
    """Return the disposition of every row by (batch id, line)."""
    found, seen = {}, set()
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
            elif (row["hash"], row["position"]) in seen:
                found[name] = "duplicate"
            else:
                seen.add((row["hash"], row["position"]))
                last_line[row["key"], row["position"]] = row["line"]
                waiting.append((name, row))
        for name, row in waiting:
            found[name] = "accepted" if last_line[row["key"], row["position"]] == row["line"] else "superseded"
    return found


def counts(batches: list[dict]) -> dict[str, dict[str, int]]:
    """Return the number of rows by batch id and disposition."""
    found: dict[str, dict[str, int]] = {batch["batch_id"]: defaultdict(int) for batch in batches}
    for (batch_id, _), disposition in dispositions(batches).items():
        found[batch_id][disposition] += 1
    return {batch_id: dict(numbers) for batch_id, numbers in found.items()}


def versions(batches: list[dict], event: bool = False) -> list[dict]:
    """Return the present versions of all keys: `{key, start, end, content, deleted, batch_id, line}`; the end of an open one is None."""
    became = dispositions(batches)
    of_key = defaultdict(list)
    for batch in batches:
        for row in batch["rows"]:
            if became[batch["batch_id"], row["line"]] == "accepted":
                order = (row["position"], batch["business_date"], batch["delivery_no"], row["line"])
                of_key[row["key"]].append((order, batch["batch_id"], row))
    found = []
    for key, said in of_key.items():
        said.sort(key=lambda one: one[0])
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
        news = version(key, one)
        if found and (found[-1]["content"], found[-1]["deleted"]) == (news["content"], news["deleted"]):
            continue
        if found:
            found[-1]["end"] = news["start"]
        found.append(news)
    return found


def version(key: str, said: tuple) -> dict:
    """Return an open version that starts with this row."""
    (position, *_), batch_id, row = said
    told = {"content": row["content"], "deleted": row["deleted"], "batch_id": batch_id, "line": row["line"]}
    return {"key": key, "start": position, "end": None, **told}


def known(batches: list[dict], day: object, event: bool = False) -> list[dict]:
    """Return the versions known at the end of a day: those computed from the batches taken in until then."""
    return versions([batch for batch in batches if batch["taken_on"] <= day], event)
