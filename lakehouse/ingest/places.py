"""Tell where a delivered row stands as people find it: sheet and cell of a workbook, else line and name of the column."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from lakehouse.contracts.laid_out import laid_out
from lakehouse.contracts.model import Contract, XlsxSource
from lakehouse.ingest.landing import open_landed
from lakehouse.ingest.readers import xlsx
from lakehouse.objects import Area
from lakehouse.ops.batches import Landed
from lakehouse.ops.cases import UNREADABLE


def row_place(contract: Contract | None, line: int) -> str:
    """Return where a row stands in its file, by the contract in its layout; a resource without a contract may have any kind of file."""
    if contract is not None and isinstance(contract.source, XlsxSource):
        return f"sheet {contract.source.sheet}, row {line}"
    return f"line {line}"


def cell_places(landing: Area, landed: Landed, contract: Contract, line: int) -> Mapping[str, str]:
    """Return where the values of a row stand, by column: `sheet!B7` in a workbook, else the column's name as the sender spells it.

    Raises:
        SourceError, FileNotFoundError: the landed file is not there any more, or not as the contract says now.
    """
    contract = laid_out(contract, landed.business_date)
    if not isinstance(contract.source, XlsxSource):
        return {column.name: column.source_name for column in contract.columns}
    with open_landed(landing, landed) as stream:
        letters = xlsx.letters(stream, contract)
    sheet = contract.source.sheet
    return {one.name: f"{sheet}!{letters[one.source_name]}{line}" for one in contract.columns if one.source_name in letters}


def places_of_rules(landing: Area, landed: Landed, contract: Contract, line: int, rules: Iterable[str]) -> Mapping[str, str]:
    """Return where the values of a row stand that break rules, by rule; a rule without a certain place is left out.

    Of a row that cannot be read (`reject.<code>`) these are the cells to blame, where it lies in a workbook.

    Raises:
        SourceError, FileNotFoundError: as `cell_places`.
    """
    cells = cell_places(landing, landed, contract, line)
    columns = {rule.id: [rule.column] for rule in contract.rules}
    of_the_row = {"_key": [column.name for column in contract.key_columns], "_position": [contract.position or ""]}
    found = {}
    for rule in rules:
        if rule.startswith(UNREADABLE):
            places = _unreadable(landing, landed, contract, line)
        else:
            judged = columns.get(rule) or of_the_row.get(rule.partition(".")[0], [])
            places = [cells[name] for name in judged if name in cells]
        found[rule] = ", ".join(places)
    return {rule: place for rule, place in found.items() if place}


def _unreadable(landing: Area, landed: Landed, contract: Contract, line: int) -> list[str]:
    contract = laid_out(contract, landed.business_date)
    if not isinstance(contract.source, XlsxSource):
        return []
    with open_landed(landing, landed) as stream:
        return [f"{contract.source.sheet}!{letter}{line}" for letter in xlsx.broken_letters(stream, contract, line)]
