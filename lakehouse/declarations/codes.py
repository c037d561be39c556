"""The code tables (`contracts/codes/<table>.csv`), effective-dated; all problems of a file are reported together, by line."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from lakehouse.declarations.headed_csv import headed_rows, validity
from lakehouse.errors import ContractError, Problem, nearest_first, problems_text

HEADER = ("code", "label_zh", "label_en", "valid_from", "valid_to", "successor_code")


@dataclass(frozen=True)
class Code:
    """One version of a code, valid from `valid_from` until before `valid_to`; None means without limit."""

    code: str
    label_zh: str
    label_en: str
    valid_from: date | None
    valid_to: date | None
    successor_code: str | None

    def covers(self, at: date) -> bool:
        """Return whether the code is in force at a date."""
        return (self.valid_from is None or self.valid_from <= at) and (self.valid_to is None or at < self.valid_to)


@dataclass(frozen=True)
class CodeTable:
    """A code table: every version of every code, in file order."""

    name: str
    versions: tuple[Code, ...]

    def at(self, on: date) -> dict[str, Code]:
        """Return the codes in force at a date."""
        return {version.code: version for version in self.versions if version.covers(on)}

    def holds(self, code: str, on: date) -> bool:
        """Return whether a code is in force at a date."""
        return any(version.code == code and version.covers(on) for version in self.versions)


def code_table_names(folder: Path) -> list[str]:
    """Return the names of the tables of a contracts folder, without reading them."""
    return sorted(path.stem for path in (folder / "codes").glob("*.csv"))


def load_code_tables(folder: Path) -> dict[str, CodeTable]:
    """Return all code tables of a contracts folder by name.

    Raises:
        ContractError: files are wrong; the message lists all their problems.
    """
    problems: list[Problem] = []
    tables = {name: read_code_table(folder / "codes" / f"{name}.csv", problems) for name in code_table_names(folder)}
    if problems:
        raise ContractError(problems_text(problems))
    return tables


def read_code_table(path: Path, problems: list[Problem]) -> CodeTable:
    """Return one table as far as it can be read; what is wrong with the rest is added to `problems`."""
    versions: list[Code] = []
    known: dict[str, list[Code]] = {}
    for where, row in headed_rows(path, HEADER, problems):
        found = _code(where, row, problems)
        if found:
            problems.extend(_overlap(where, found, known.setdefault(found.code, [])))
            known[found.code].append(found)
            versions.append(found)
    problems.extend(_lost_successors(path, versions))
    return CodeTable(path.stem, tuple(versions))


def _code(where: str, row: dict[str, str], problems: list[Problem]) -> Code | None:
    valid = validity(where, row, problems)
    empty = [name for name in ("code", "label_zh") if not row[name]]
    problems += [Problem(f"{where}: {name}", "is empty.", "", "fill it in.") for name in empty]
    if valid is None or empty:
        return None
    return Code(row["code"], row["label_zh"], row["label_en"], valid[0], valid[1], row["successor_code"] or None)


def _overlap(where: str, new: Code, versions: list[Code]) -> list[Problem]:
    start, end = new.valid_from or date.min, new.valid_to or date.max
    if any(start < (old.valid_to or date.max) and (old.valid_from or date.min) < end for old in versions):
        return [Problem(where, f"the code {new.code} is valid twice at the same time.", "", "close the earlier line with valid_to.")]
    return []


def _lost_successors(path: Path, versions: list[Code]) -> list[Problem]:
    known = sorted({version.code for version in versions})
    return [
        Problem(
            f"{path}: {version.code}: successor_code", f"{version.successor_code} is not in the table.", nearest_first(version.code, known)
        )
        for version in versions
        if version.successor_code and version.successor_code not in known
    ]
