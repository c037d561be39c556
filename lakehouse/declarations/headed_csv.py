"""Read the project's own CSV files with a header line (regions, departments, code tables): UTF-8, every problem by line."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

from lakehouse.errors import Problem, nearest_first


def headed_rows(path: Path, header: Sequence[str], problems: list[Problem]) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield (file and line, fields by name) for every line that has all fields; problems are added to `problems`.

    The file must have exactly these columns, in any order. An empty field is the empty text.
    """
    if not path.is_file():
        problems.append(Problem(str(path), "the file is missing.", ",".join(header), "add it with these columns."))
        return
    with path.open(encoding="utf-8", newline="") as lines:
        rows = csv.DictReader(lines)
        wrong = list(_header_problems(f"{path}:1", rows.fieldnames or (), header))
        problems += wrong
        for row in rows if not wrong else ():
            where = f"{path}:{rows.line_num}"
            if None in row or None in row.values():
                problems.append(Problem(where, f"the line does not have {len(header)} fields.", "", "quote fields that hold a comma."))
            else:
                yield where, row


def validity(where: str, row: dict[str, str], problems: list[Problem]) -> tuple[date | None, date | None] | None:
    """Return `valid_from` and `valid_to` (exclusive) of a line, each None when empty; None for both together when they are wrong."""
    found: dict[str, date | None] = {}
    for name in ("valid_from", "valid_to"):
        try:
            found[name] = date.fromisoformat(row[name]) if row[name] else None
        except ValueError:
            problems.append(Problem(f"{where}: {name}", "is no date.", "YYYY-MM-DD or empty", "write an ISO date."))
            return None
    start, end = found["valid_from"], found["valid_to"]
    if end is not None and end <= (start or date.min):
        problems.append(Problem(where, "valid_to is not after valid_from.", "", "correct the dates; valid_to is exclusive."))
        return None
    return start, end


def _header_problems(where: str, found: Sequence[str], header: Sequence[str]) -> Iterator[Problem]:
    for name in [name for name in header if name not in found]:
        yield Problem(where, f"the column {name} is missing.", ", ".join(header), "add it.")
    for name in [name for name in found if name not in header]:
        yield Problem(where, f"the column {name!r} is unknown.", nearest_first(name, header), "rename or remove it.")
