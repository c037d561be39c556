"""The departments of a city (`cities/<city>/departments.csv`): one row per department and region it serves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from lakehouse.declarations.headed_csv import headed_rows, validity
from lakehouse.errors import ConfigError, Problem, nearest_first, problems_text
from lakehouse.naming import LEVELS
from lakehouse.numbers.entity import uscc_fault

HEADER = ("uscc", "name", "kind", "level", "region_code", "valid_from", "valid_to")


@dataclass(frozen=True)
class Department:
    """One department and a region it serves; `valid_to` is exclusive, None is open."""

    uscc: str
    name: str
    kind: str
    level: str
    region_code: str
    valid_from: date
    valid_to: date | None

    def covers(self, at: date) -> bool:
        """Return whether the department exists at a date."""
        return self.valid_from <= at and (self.valid_to is None or at < self.valid_to)


def load_departments(city_folder: Path) -> tuple[Department, ...]:
    """Return the departments of a city, in file order.

    Raises:
        ConfigError: the file is wrong; the message lists all its problems.
    """
    problems: list[Problem] = []
    departments = tuple(_read(city_folder / "departments.csv", problems))
    if problems:
        raise ConfigError(problems_text(problems))
    return departments


def _read(path: Path, problems: list[Problem]) -> Iterator[Department]:
    for where, row in headed_rows(path, HEADER, problems):
        if uscc_fault(row["uscc"]) is not None:
            found = f"{row['uscc']} is no unified social credit code."
            problems.append(Problem(f"{where}: uscc", found, "18 characters with check character"))
        if row["level"] not in LEVELS:
            problems.append(Problem(f"{where}: level", f"{row['level']!r} is not a level.", nearest_first(row["level"], LEVELS)))
        valid = validity(where, row, problems)
        if valid and valid[0] is None:
            problems.append(Problem(f"{where}: valid_from", "is empty.", "YYYY-MM-DD", "say since when the department exists."))
        elif valid and valid[0]:
            yield Department(row["uscc"], row["name"], row["kind"], row["level"], row["region_code"], valid[0], valid[1])
