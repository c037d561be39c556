"""What people need to read returns: the labels of codes, and sheets whose names a workbook accepts."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from lakehouse.city.regions import RegionState
from lakehouse.contracts.model import Contract
from lakehouse.declarations.codes import load_code_tables
from lakehouse.errors import ContractError, Problem, nearest_first, problems_text
from lakehouse.returns import cover
from lakehouse.returns.model import Return
from lakehouse.returns.payloads import CHANGES_SUFFIX, WORKBOOK_LEVELS

REGION, RESOURCE = "region", "resource"
LONGEST = 31 - len(CHANGES_SUFFIX)  # a workbook takes 31 characters
FORBIDDEN = re.compile(r"[\[\]:*?/\\]|^'|'$")
TAKEN = (cover.NAME, "History")  # spreadsheet programs keep the second for themselves


def load_labels(
    folder: Path, returns: Collection[Return], regions: RegionState, contracts: Mapping[str, Contract]
) -> dict[str, dict[str, str]]:
    """Return, for every code table a return names, code → label, including codes no longer in force.

    The table `region` gives names of regions, the table `resource` names of contracts.

    Raises:
        ContractError: a return names a table that does not exist.
    """
    wanted = {column.codes: one.id for one in returns for column in one.columns if column.codes is not None}
    tables = load_code_tables(folder)
    known = {name: {one.code: one.label_zh for one in table.versions} for name, table in tables.items()}
    known[REGION] = {code: region.name for code, region in regions.by_code.items()}
    known[RESOURCE] = {code: contract.name_zh for code, contract in contracts.items()}
    missing = [
        Problem(f"contracts/returns/{wanted[name]}.yaml", f"there is no code table {name}.", nearest_first(name, list(known)))
        for name in sorted(set(wanted) - set(known))
    ]
    if missing:
        raise ContractError(problems_text(missing))
    return {name: known[name] for name in sorted(wanted)}


def check_sheets(returns: Collection[Return]) -> None:
    """Refuse returns whose names cannot be names of the sheets of one workbook.

    Raises:
        ContractError: a name is too long, has a forbidden character or is taken; all problems at once.
    """
    problems = [*_sheet_problems([one for one in returns if not one.audiences.keys().isdisjoint(WORKBOOK_LEVELS)])]
    if problems:
        raise ContractError(problems_text(problems))


def _sheet_problems(listed: Collection[Return]) -> Iterator[Problem]:
    taken = {name.casefold() for name in TAKEN}
    for one in listed:
        where = f"contracts/returns/{one.id}.yaml: name"
        if not one.name or len(one.name) > LONGEST or FORBIDDEN.search(one.name):
            allowed = f"1 to {LONGEST} characters, none of [ ] : * ? / \\, no apostrophe at an end"
            yield Problem(where, "is no name of a sheet in a workbook.", allowed, "shorten or correct it.")
        names = {name.casefold() for name in (one.name, f"{one.name}{CHANGES_SUFFIX}")}
        if names & taken:
            yield Problem(where, "a sheet of that name is in the same workbook already.", "", "give the return a name of its own.")
        taken |= names
