"""Judge landed rows: find the rules that each row breaks, by the page of its resource."""

from __future__ import annotations

from tests.oracle.resources import RESOURCES
from tests.oracle.rules import World
from tests.oracle.shape import Page, Row


def verdicts(world: World, batch: dict) -> dict[int, set[str]]:
    """Return the broken rules by line, for every readable row of a batch."""
    page = RESOURCES[batch["resource"]]
    found = {row["_line"]: broken(page, Row(world, page, batch, row)) for row in batch["rows"]}
    for rule in page.rules:
        for line in rule.check.lines(batch["rows"], rule.column) if rule.check.lines else ():
            found[line].add(rule.id)
    return found


def broken(page: Page, row: Row) -> set[str]:
    """Return the ids of the rules that a row breaks, without the rules about the batch as a whole."""
    return {
        rule.id
        for rule in page.rules
        if (rule.check.asks_empty or row.text(rule.column) is not None) and rule.check.is_broken(row, rule.column)
    }
