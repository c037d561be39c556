"""Record and read how many rows of a batch break each rule, as the gate counted them on the committed rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, delete, insert, select

from lakehouse.ops.tables import batch_rule


def record(connection: Connection, broken: Mapping[str, Mapping[str, int]]) -> None:
    """Record how many rows of each batch break each rule (batch id → rule → rows), without the rules no row breaks; newer counts stand."""
    connection.execute(delete(batch_rule).where(batch_rule.c.batch_id.in_(list(broken))))
    rows = [{"batch_id": batch, "rule": rule, "rows": count} for batch, rules in broken.items() for rule, count in rules.items() if count]
    if rows:
        connection.execute(insert(batch_rule), rows)


def of_batches(connection: Connection, batch_ids: Sequence[str]) -> dict[str, dict[str, int]]:
    """Return the broken rules of batches: batch id → rule → number of rows; a batch that breaks no rule has no entry."""
    found: dict[str, dict[str, int]] = {}
    ours = select(batch_rule).where(batch_rule.c.batch_id.in_(batch_ids)).order_by(batch_rule.c.batch_id, batch_rule.c.rule)
    for row in connection.execute(ours):
        found.setdefault(row.batch_id, {})[row.rule] = row.rows
    return found
