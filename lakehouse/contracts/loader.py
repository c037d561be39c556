"""Load the contracts of a folder, typed; all problems of a file are reported together."""

from __future__ import annotations

from collections.abc import Container
from pathlib import Path
from typing import Any

from lakehouse.contracts import consistency
from lakehouse.contracts.columns import read_table
from lakehouse.contracts.layouts import completed
from lakehouse.contracts.model import Column, Contract, Source
from lakehouse.contracts.neighbours import Neighbours, neighbours
from lakehouse.contracts.properties import CONTRACT_PROPERTIES, read_properties
from lakehouse.contracts.standard import standard_findings
from lakehouse.contracts.terms import Alerts, BlockAt, ClosingsHeldAt
from lakehouse.declarations.document import Document, read_document
from lakehouse.errors import ContractError, Problem, nearest_first, problems_text
from lakehouse.rules.registry import gate_kinds

PATTERN = "resources/*/*.odcs.yaml"


def contract_paths(folder: Path) -> list[Path]:
    """Return the contract files of a contracts folder, in order of resource code."""
    return sorted(folder.glob(PATTERN), key=lambda path: path.name)


def load_contracts(folder: Path, standard: bool = True) -> dict[str, Contract]:
    """Return all contracts of a contracts folder by resource code.

    `standard=False` skips the standard's JSON Schema, which takes most of the time: for parsing DAGs, whose jobs validate in full.

    Raises:
        ContractError: files are wrong; the message lists all problems of all files.
    """
    contracts, wrong = load_sound_contracts(folder, standard)
    if wrong:
        raise ContractError("\n".join(wrong))
    return contracts


def load_sound_contracts(folder: Path, standard: bool = True) -> tuple[dict[str, Contract], list[str]]:
    """Return the contracts that are well formed, and what is wrong with the others: one wrong file need not stop the rest."""
    contracts: dict[str, Contract] = {}
    wrong: list[str] = []
    beside = neighbours(folder)
    for path in contract_paths(folder):
        try:
            contract = load_contract(path, standard, beside)
        except ContractError as error:
            wrong.append(str(error))
            continue
        if contract.code in contracts:
            twice = Problem(contract.file, f"{contracts[contract.code].file} describes the same resource.", "", "remove one.")
            wrong.append(twice.text())
        contracts.setdefault(contract.code, contract)
    return contracts, wrong


def resource_code(path: Path) -> str:
    """Return the code of the resource a contract file is about."""
    return path.name.removesuffix(".odcs.yaml")


def unread_codes(folder: Path, contracts: Container[str]) -> set[str]:
    """Return the codes of the resources of a contracts folder that are not among the contracts that could be read."""
    return {code for code in map(resource_code, contract_paths(folder)) if code not in contracts}


def load_contract_of(folder: Path, code: str) -> Contract:
    """Return the contract of one resource of a contracts folder.

    Raises:
        ContractError: there is no contract of that code, or its file is wrong; the message lists all its problems.
    """
    paths = {resource_code(path): path for path in contract_paths(folder)}
    if code not in paths:
        problem = Problem(f"resource {code}", "there is no such contract.", nearest_first(code, sorted(paths)), "check the code.")
        raise ContractError(problem.text())
    return load_contract(paths[code])


def load_contract(path: Path, standard: bool = True, beside: Neighbours | None = None) -> Contract:
    """Return the contract of a file `…/contracts/resources/<level>/<code>.odcs.yaml`.

    `beside` is what it may name of its folder's other declarations, where the caller has read that already.

    Raises:
        ContractError: the file is wrong; the message lists all its problems.
    """
    folder = path.absolute().parents[2]
    beside = beside or neighbours(folder)
    document = read_document(path, path.absolute().relative_to(folder.parent).as_posix())
    properties, findings = read_properties(document.content.get("customProperties"), CONTRACT_PROPERTIES, ())
    table = read_table(document, beside.entities or {})
    findings += [*table.findings, *consistency.findings(consistency.Draft(document, properties, table, beside))]
    if findings or standard:
        told = {finding.steps for finding in findings}
        findings += [finding for finding in standard_findings(document) if finding.steps not in told]
    if findings:
        raise ContractError(problems_text(document.problems(findings)))
    columns = tuple(_read_by_value(column, properties["source"]) for column in table.columns.values())
    return _contract(document, properties, columns, tuple(rule for rule, _ in table.rules))


def _read_by_value(column: Column, source: Source) -> Column:
    """Return the column with `round` where its source sends numbers, not their spelling: only a CSV file is judged as it is spelled."""
    if source.kind == "csv" or not column.decimals or "round" in column.normalise:
        return column
    return column.model_copy(update={"normalise": (*column.normalise, "round")})


def _contract(document: Document, properties: dict[str, Any], columns: tuple[Any, ...], rules: tuple[Any, ...]) -> Contract:
    content = document.content
    return Contract(
        code=content["id"],
        name_zh=content["name"],
        name_en=properties["nameEn"],
        description=content["description"]["purpose"],
        version=content["version"],
        level=properties["level"],
        provider=properties["provider"],
        source=properties["source"],
        cycle=properties["cycle"],
        delivery=properties["delivery"],
        position=properties.get("position"),
        operation=properties.get("operation"),
        sharing=properties["sharing"],
        locality=properties["locality"],
        block_at=properties.get("blockAt", BlockAt()),
        layouts=tuple(completed(one, {column.name: column.source_name for column in columns}) for one in properties.get("layouts", ())),
        closings_held_at=properties.get("closingsHeldAt", ClosingsHeldAt()),
        alerts=properties.get("alerts", Alerts()),
        words_for_nothing=properties.get("wordsForNothing", ()),
        migrations=properties.get("migrations", ()),
        columns=columns,
        rules=tuple(rule for rule in rules if rule.kind in gate_kinds()),
        references=tuple(rule for rule in rules if rule.kind not in gate_kinds()),
        file=document.name,
    )
