"""Returns what is wrong with written payloads, by decoding them. Shares no code with what writes them, only the declarations.

A finding names recipient, return, form and kind, never a value.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

import pyarrow as pa
import pyarrow.parquet as pq
from python_calamine import CalamineWorkbook

from lakehouse.naming import LEVELS, recipient_prefix
from lakehouse.objects import Area
from lakehouse.policies import Policies
from lakehouse.returns.model import Return, ReturnColumn

FINDINGS = pa.schema([("invariant", pa.string()), ("where", pa.string()), ("kind", pa.string()), ("count", pa.int64())])
PERSONAL_NUMBER = re.compile(r"(?<![0-9])[1-9][0-9]{16}[0-9Xx](?![0-9])")
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
MASKS = {"id_no": r".\*{3,}.|\*+", "name": r".{0,2}\*+", "phone": r"[0-9-]*\*+[0-9]*"}
SHAPES = {
    "raw": r"(?s:.*)",
    "drop": r"(?!)",
    "year": r"[0-9]{4}",
    "age_band": r"[0-9]{1,2}-[0-9]{1,2}|100\+",
    "band": r"<0|[0-9]+-[0-9]+|[0-9]+\+",
    "flag": "是|否",
    "token": r"[A-Z2-7]{26}",
}
ROW_KEY, OPERATION = "_row_key", "_op"
LABELS = {ROW_KEY: "行标识", OPERATION: "操作"}
Columns = dict[str, list[str | None]]
Finding = tuple[str, str, int]


@dataclass(frozen=True)
class Inspection:
    """What an inspector has to know: the declarations and who lies below whom."""

    business_date: date
    exchange_url: str
    policies: Policies
    returns: tuple[Return, ...]
    parents: Mapping[str, str]


def inspect_payloads(batches: Iterable[pa.RecordBatch], inspection: Inspection) -> Iterator[pa.RecordBatch]:
    """Returns the findings in the payloads of these forms (rows of a build record), one row per kind."""
    area = Area(inspection.exchange_url)
    declared = {one.id: one for one in inspection.returns}
    for batch in batches:
        for form in batch.to_pylist():
            where = f"{form['recipient_id']} {form['return_id']} {form['form']}"
            content = area.get(f"{recipient_prefix(form['level'], form['recipient_id'])}/{form['path']}")
            found = list(_findings(content, form, declared[form["return_id"]], inspection))
            rows = [{"invariant": name, "where": where, "kind": kind, "count": count} for name, kind, count in found if count]
            yield pa.RecordBatch.from_pylist(rows, FINDINGS)


def is_personal_number(text: str) -> bool:
    """Returns whether 18 characters have the check digit of a resident identity number."""
    total = sum(int(digit) * weight for digit, weight in zip(text, WEIGHTS, strict=False))
    return "10X98765432"[total % 11] == text[17].upper()


def _findings(content: bytes, form: dict[str, object], declared: Return, inspection: Inspection) -> Iterator[Finding]:
    level, region = str(form["level"]), str(form["region_code"])
    expected = _expected(declared, level, inspection.policies)
    names = [*([OPERATION] if form["form"] == "changes" else []), ROW_KEY, *expected]
    columns = _decoded(content, form, names, {column.name: column.label for column in declared.columns})
    if columns is None:
        yield "I4", "columns that are not exactly the allowed ones", 1
        return
    keys = columns[ROW_KEY]
    yield "I3", "rows that are not as many as recorded", int(len(keys) != form["rows"])
    yield "I3", "row keys that repeat", len(keys) - len(set(keys))
    if form["form"] == "changes":
        yield "I3", "operations that are not as many as recorded", _miscounted(columns[OPERATION], form)
        kept = [place for place, operation in enumerate(columns[OPERATION]) if operation != "D"]
        yield "I4", "tombstones that hold more than a key", _talking(columns, names, kept)
        columns = {name: [values[place] for place in kept] for name, values in columns.items()}
    for name, column in expected.items():
        yield "I4", f"values of {name} that are not as the policy wants them", _unfit(columns, column, level, declared, inspection)
    if level in ("community", "grid"):
        yield "I4", "identity numbers", sum(_personal_numbers(values) for values in columns.values())
    yield "I3", "rows of another region", _strangers(columns, level, region, inspection.parents)


def _expected(declared: Return, level: str, policies: Policies) -> dict[str, ReturnColumn]:
    return {column.name: column for column in declared.columns if _due(column, level, policies) != "drop"}


def _due(column: ReturnColumn, level: str, policies: Policies) -> str:
    own = {str(name): one.transform for name, one in column.policy.items()}
    return own.get(level, policies.transform(str(column.class_), level))


def _decoded(content: bytes, form: dict[str, object], names: list[str], labels: Mapping[str, str]) -> Columns | None:
    if form["sheet"] is None:
        table = pq.read_table(io.BytesIO(content), page_checksum_verification=True)
        return {name: table[name].cast(pa.string()).to_pylist() for name in names} if table.column_names == names else None
    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    header, *rows = book.get_sheet_by_name(str(form["sheet"])).to_python(skip_empty_area=False)
    if header != [{**labels, **LABELS}[name] for name in names]:
        return None
    cells = [[str(cell) if cell != "" else None for cell in row] for row in rows]
    return {name: [row[place] for row in cells] for place, name in enumerate(names)}


def _miscounted(operations: list[str | None], form: dict[str, object]) -> int:
    named = {"I": "inserted", "U": "updated", "D": "deleted"}
    return sum(operations.count(letter) != (form[name] or 0) for letter, name in named.items())


def _talking(columns: Columns, names: list[str], kept: list[int]) -> int:
    others = set(range(len(columns[ROW_KEY]))) - set(kept)
    return sum(columns[name][place] is not None for name in names if name not in (ROW_KEY, OPERATION) for place in others)


def _unfit(columns: Columns, column: ReturnColumn, level: str, declared: Return, inspection: Inspection) -> int:
    """Returns the values that are not as they should be; where dates of birth are raw, minors are told from the others."""
    due = _shape(_due(column, level, inspection.policies), column)
    minors = declared.minors
    if minors is None or column.name not in minors.columns:
        return sum(value is not None and not re.fullmatch(due, value) for value in columns[column.name])
    own = _shape(inspection.policies.transform("minor_id", level), column)
    born = next((one for one in declared.columns if one.name == minors.birth_date), None)
    dates: list[str | None] = [None] * len(columns[column.name])
    if born is not None and _due(born, level, inspection.policies) == "raw":
        dates = columns[born.name]
    else:
        due = f"(?:{due})|(?:{own})"
    pairs = zip(columns[column.name], dates, strict=True)
    wanted = ((value, own if _is_minor(date, minors.under, inspection.business_date) else due) for value, date in pairs)
    return sum(value is not None and not re.fullmatch(shape, value) for value, shape in wanted)


def _is_minor(born: str | None, under: int, business_date: date) -> bool:
    if born is None:
        return False
    birthday = (int(born[5:7]), int(born[8:10]))
    return business_date.year - int(born[:4]) - ((business_date.month, business_date.day) < birthday) < under


def _shape(transform: str, column: ReturnColumn) -> str:
    return MASKS[str(column.class_)] if transform == "mask" else SHAPES[transform]


def _personal_numbers(values: list[str | None]) -> int:
    found = (number for value in values if value is not None and len(value) > 17 for number in PERSONAL_NUMBER.findall(value))
    return sum(is_personal_number(number) for number in found)


def _strangers(columns: Columns, level: str, region: str, parents: Mapping[str, str]) -> int:
    """Returns the rows with a place that is not the recipient's region and does not lie below it."""
    below = [f"{name}_code" for name in LEVELS[LEVELS.index(level) :] if f"{name}_code" in columns]
    codes = {code for name in below for code in columns[name] if code is not None}
    foreign = {code for code in codes if not _lies_in(code, region, parents)}
    return sum(any(columns[name][place] in foreign for name in below) for place in range(len(columns[ROW_KEY]))) if foreign else 0


def _lies_in(code: str | None, region: str, parents: Mapping[str, str]) -> bool:
    while code is not None and code != region:
        code = parents.get(code)
    return code == region
