"""Canaries: a unique mark in one row of every area, and where it is seen afterwards. Imports no other code of the project.

`plant` puts them into the population register before a day is run; `expected` says by the written policy who may read
them; `sightings` decodes every payload of the day; `leaks` looks through logs, Data Docs, dbt artefacts and reports, where none may be.
"""

from __future__ import annotations

import gzip
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import openpyxl
import psycopg
import pyarrow.parquet as pq

from tests.oracle.entitlement import BUREAU, COLUMNS, LEVELS, REACHES, Row, Today, Whose, cell, columns, due

LETTERS = dict(zip(LEVELS, "pcdsvg", strict=True))
AREAS = LEVELS[2:]
NUMERALS = "〇一二三四五六七八九"
Seen = dict[str, set[str]]


@dataclass(frozen=True)
class Canary:
    """A marked person of an area: the token in the address, and the identity number, which is unique too."""

    id_no: str
    token: str

    @property
    def marks(self) -> tuple[str, str]:
        """Return the texts that identify the canary wherever it is found."""
        return self.id_no, self.token


def choose(persons: Iterable[Row]) -> list[Canary]:
    """Return one adult resident per area: of each grid, and of each higher region with people whose place is known no deeper."""
    chosen: dict[tuple[object, ...], str] = {}
    for person in sorted(persons, key=lambda one: str(one["id_no"])):
        if person["is_alive"] and not person["is_moved_out"] and str(person["birth_date"]) < "2000":
            chosen.setdefault(tuple(person[f"{level}_code"] for level in AREAS), str(person["id_no"]))
    return [Canary(id_no, token(n)) for n, id_no in enumerate(chosen.values(), 1)]


def token(number: int) -> str:
    """Return a unique text without digits or Latin letters, so that it does not change how an address is resolved."""
    return "金丝雀" + "".join(NUMERALS[int(digit)] for digit in f"{number:05}")


def plant(url: str, canaries: Iterable[Canary], day: date) -> int:
    """Put the tokens into the register's addresses as changes of a day; return how many persons were found.

    Args:
        url: where the register is (`postgresql://…`).
        canaries: whom to mark.
        day: the business day whose run is to read it.
    """
    told = "UPDATE household_registration SET hukou_address = hukou_address || ' ' || %s, update_time = %s WHERE id_no = %s"
    with psycopg.connect(url) as connection:
        return sum(connection.execute(told, (one.token, f"{day} 08:00:00", one.id_no)).rowcount for one in canaries)


def sightings(exchange: Path, day: date, issue: int, marks: Sequence[str]) -> Seen:
    """Return the recipients whose package of the day has a decoded cell with the mark, for each mark."""
    found: Seen = defaultdict(set)
    for path in exchange.glob(f"*/*/{day}/{issue}/manifest.json"):
        manifest = json.loads(path.read_text("utf-8"))
        forms = [form["path"] for one in manifest["returns"] for form in one["forms"]]
        for payload in sorted({name for name in forms if name}):
            text = "\n".join(_cells(path.parent.parent.parent / payload))
            for mark in marks:
                if mark in text:
                    found[mark].add(manifest["recipient"]["id"])
    return dict(found)


def expected(tables: Mapping[str, Sequence[Row]], recipients: Iterable[tuple[str, str, str]], marks: Sequence[str], today: Today) -> Seen:
    """Return who may read each mark, by the written policy.

    Args:
        tables: the rows of every return's table.
        recipients: (id, audience, region) of everybody who receives packages.
        marks: what to look for.
        today: the business day.
    """
    marked = {name: [(row, held) for row in rows if (held := _held(name, row, marks))] for name, rows in tables.items()}
    found: Seen = defaultdict(set)
    for recipient, audience, region in recipients:
        for name, rows in marked.items():
            whose = Whose(name, audience, region)
            for row, held in rows if audience in REACHES[name] else ():
                if due(whose, [row]):
                    read = "\n".join(str(cell(whose, row, column, today)) for column in columns(name, audience))
                    for mark in held:
                        if mark in read:
                            found[mark].add(recipient)
    return dict(found)


def misplaced(exchange: Path, issue: int, tables: Mapping[str, Sequence[Row]], marks: Sequence[str], today: Today) -> dict[str, tuple]:
    """Return the marks whose actual and expected readers differ, with both; empty when all is right."""
    seen = sightings(exchange, today.date, issue, marks)
    due = expected(tables, recipients(exchange, today.date, issue), marks, today)
    return {mark: (seen.get(mark), due.get(mark)) for mark in marks if seen.get(mark) != due.get(mark)}


def recipients(exchange: Path, day: date, issue: int) -> list[tuple[str, str, str]]:
    """Return (id, audience, region) of everybody who has a package of the day."""
    found = [json.loads(path.read_text("utf-8"))["recipient"] for path in sorted(exchange.glob(f"*/*/{day}/{issue}/manifest.json"))]
    return [(one["id"], BUREAU if "department_uscc" in one else one["level"], one["region_code"]) for one in found]


def leaks(folders: Iterable[Path], marks: Sequence[str]) -> dict[str, str]:
    """Return the files below these folders that hold a mark, plain or JSON-escaped, with the mark; reads compressed files too."""
    wanted = {text.encode(): mark for mark in marks for text in (mark, json.dumps(mark).strip('"'))}
    found = {}
    for folder in folders:
        for path in sorted(one for one in folder.rglob("*") if one.is_file()):
            content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
            held = next((mark for text, mark in wanted.items() if text in content), None)
            if held is not None:
                found[str(path)] = held
    return found


def _held(return_id: str, row: Row, marks: Sequence[str]) -> list[str]:
    text = "\n".join(str(row.get(column)) for column in COLUMNS[return_id])
    return [mark for mark in marks if mark in text]


def _cells(payload: Path) -> Iterator[str]:
    if payload.suffix == ".parquet":
        for column in pq.read_table(payload).columns:
            yield from (str(value) for value in column.to_pylist())
        return
    with closing(openpyxl.load_workbook(payload, read_only=True)) as book:
        for page in book:
            for row in page.iter_rows(values_only=True):
                yield from (str(value) for value in row if value is not None)
