"""Returns as sheets of one workbook: their names must be such that a workbook accepts them side by side."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from lakehouse.errors import Problem
from lakehouse.returns import cover
from lakehouse.returns.list_layout import CHANGES_SUFFIX
from lakehouse.returns.model import Return
from lakehouse.returns.wording import WORKBOOK_LEVELS

LONGEST = 31 - len(CHANGES_SUFFIX)  # a workbook takes 31 characters
FORBIDDEN = re.compile(r"[\[\]:*?/\\]|^'|'$")
TAKEN = (cover.NAME, "History")  # spreadsheet programs keep the second for themselves


def sheet_problems(returns: Collection[Return]) -> Iterator[tuple[str, Problem]]:
    """Yield the id of each return whose name cannot be the name of a sheet beside those before it, with the problem."""
    taken = {name.casefold() for name in TAKEN}
    for one in returns:
        if one.audiences.keys().isdisjoint(WORKBOOK_LEVELS):
            continue
        where = f"contracts/returns/{one.id}.yaml: name"
        if not one.name or len(one.name) > LONGEST or FORBIDDEN.search(one.name):
            allowed = f"1 to {LONGEST} characters, none of [ ] : * ? / \\, no apostrophe at an end"
            yield one.id, Problem(where, "is no name of a sheet in a workbook.", allowed, "shorten or correct it.")
        names = {name.casefold() for name in (one.name, f"{one.name}{CHANGES_SUFFIX}")}
        if names & taken:
            found = "a sheet of that name is in the same workbook already."
            yield one.id, Problem(where, found, "", "give the return a name of its own.")
        taken |= names
