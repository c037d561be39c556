"""Decode written payloads and report what is wrong with them. Shares only the declarations with the writer, no code.

A finding names recipient, return, form and kind of fault, never a value.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pyarrow as pa

from lakehouse.declarations.policies import STRICTNESS, Policies, Transform
from lakehouse.naming import recipient_code, recipient_folder, recipient_id, recipient_prefix
from lakehouse.objects import Area
from lakehouse.returns.decoding import (
    AFTER,
    BEFORE,
    FIELD,
    OPERATION,
    ROW_KEY,
    Columns,
    Expected,
    cells_of,
    of_changes,
    of_list,
    of_table,
)
from lakehouse.returns.model import Return, ReturnColumn
from lakehouse.returns.strangers import Places, strangers

FINDINGS = pa.schema([("invariant", pa.string()), ("where", pa.string()), ("kind", pa.string()), ("count", pa.int64())])
PERSONAL_NUMBER = re.compile(r"(?<![0-9])[1-9][0-9]{16}[0-9Xx](?![0-9])")
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
MASKS = {"ends": r".\*{3,}.|\*+", "surname": r".{0,2}\*+", "phone": r"[0-9-]*\*+[0-9]*"}
SHAPES = {
    "raw": r"(?s:.*)",
    "drop": r"(?!)",
    "year": r"[0-9]{4}",
    "age_band": r"[0-9]{1,2}-[0-9]{1,2}|100\+",
    "band": r"<0|[0-9]+-[0-9]+|[0-9]+\+",
    "flag": "是|否",
    "token": r"[A-Z2-7]{26}",
}
COVER = "cover"
HANDLES = "statutory_handler"
OPEN_TASK = "open_task"
Finding = tuple[str, str, int]


@dataclass(frozen=True)
class Inspection:
    """What the inspection needs to know: the declarations, and the regions of the day.

    `tasks` says how many rows of a recipient's return (by both ids) may show more because open tasks are about them. `places_then` are the
    regions of the dates that former rows are of, as they were called then.
    """

    business_date: date
    exchange_url: str
    policies: Policies
    returns: tuple[Return, ...]
    places: Places
    tasks: Mapping[tuple[str, str], int] = field(default_factory=dict)
    places_then: Mapping[str, Places] = field(default_factory=dict)


def inspect_payloads(batches: Iterable[pa.RecordBatch], inspection: Inspection) -> Iterator[pa.RecordBatch]:
    """Yield the findings in the payloads of these forms (rows of a build record): one row per form and kind of fault."""
    area = Area(inspection.exchange_url)
    declared = {one.id: one for one in inspection.returns}
    for batch in batches:
        for form in batch.to_pylist():
            where = f"{form['recipient_id']} {form['return_id']} {form['form']}"
            content = area.get(f"{recipient_prefix(form['recipient_id'])}/{form['path']}")
            if form["form"] == COVER:
                found = list(_findings_on_cover(content, form))
            elif form["former"] is not None:
                found = list(_findings_in_former(content, form, inspection))
            else:
                found = list(_findings(content, form, declared[form["return_id"]], inspection))
            rows = [{"invariant": name, "where": where, "kind": kind, "count": count} for name, kind, count in found if count]
            yield pa.RecordBatch.from_pylist(rows, FINDINGS)


def rows_of_tasks(
    tasks: Iterable[Mapping[str, Any]], returns: Iterable[Return], places: Places, business_date: date
) -> dict[tuple[str, str], int]:
    """Return how many rows of a grid's return (by both ids) open tasks are about, as a day froze them.

    A task counts from its opening to its last day, while the grid lies in its opener's region, under the need it was opened under.
    """
    declared, found = {one.id: one for one in returns}, Counter[tuple[str, str]]()
    for one in tasks:
        levels = {str(name): basis for name, basis in declared[one["return_id"]].levels.items()} if one["return_id"] in declared else {}
        basis, region = levels.get(recipient_folder(one["recipient_id"])), recipient_code(one["recipient_id"])
        is_due = one["opened_on"] <= business_date <= one["last_day"] and basis is not None and basis.need == one["need_id"]
        if is_due and places.lies_in(one["grid_code"], region):
            found[recipient_id("grid", one["grid_code"]), one["return_id"]] += 1
    return dict(found)


def is_personal_number(text: str) -> bool:
    """Return whether 18 characters are a resident identity number, by check digit and date of birth (a company's code has no such date)."""
    if not ("1900" <= text[6:10] <= "2099" and "01" <= text[10:12] <= "12" and "01" <= text[12:14] <= "31"):
        return False
    total = sum(int(digit) * weight for digit, weight in zip(text, WEIGHTS, strict=False))
    return "10X98765432"[total % 11] == text[17].upper()


def due_transform(column: ReturnColumn, audience: str, level: str, handles: str | None, policies: Policies) -> Transform:
    """Return the transform a column must have for an audience: the return's own, else an exemption that applies, else the policy's."""
    own = {name: one.transform for name, one in column.policy.items()}
    treatment = policies.classes[str(column.class_)][level]  # type: ignore[index]
    looser = treatment.exemption
    return own.get(audience, looser.transform if looser is not None and looser.when == handles else treatment.transform)


def _findings_on_cover(content: bytes, form: dict[str, object]) -> Iterator[Finding]:
    yield "I4", "identity numbers", sum(_personal_numbers([*line]) for line in cells_of(content, str(form["sheet"])))


def _findings(content: bytes, form: dict[str, object], declared: Return, inspection: Inspection) -> Iterator[Finding]:
    due = _due(declared, str(form["audience"]), str(form["level"]), inspection.policies)
    expected = {column.name: column for column in declared.columns if due[column.name] != "drop"}
    is_list, is_changes = form["sheet"] is not None, form["form"] == "changes"
    if is_list:
        shown = [Expected(name, column.heading(due[name]), _type(column, due[name])) for name, column in expected.items()]
        named = [one for one in shown if one.name in declared.named_by]
        sheet = str(form["sheet"])
        columns = of_changes(content, sheet, named) if is_changes else of_list(content, sheet, shown)
    else:
        columns = of_table(content, [*([OPERATION] if is_changes else []), ROW_KEY, *expected])
    if columns is None:
        yield "I4", "list of columns that differs from the allowed one", 1
        return
    yield "I3", "number of rows that differs from the build record", int(len(columns[ROW_KEY]) != form["rows"])
    if is_changes:
        yield "I3", "number of operations that differs from the build record", _miscounted(columns, form)
    if is_list and is_changes:
        yield from _findings_in_told_changes(columns, expected, due, (form, declared, inspection))
        return
    yield "I3", "row keys that occur more than once", len(columns[ROW_KEY]) - len(set(columns[ROW_KEY]))
    if is_changes:
        kept = [place for place, operation in enumerate(columns[OPERATION]) if operation != "D"]
        yield "I4", "tombstone values besides the row key", _talking(columns, kept)
        columns = {name: [values[place] for place in kept] for name, values in columns.items()}
    yield from _findings_in_rows(columns, expected, due, (form, declared, inspection))


def _findings_in_rows(
    columns: Columns, expected: Mapping[str, ReturnColumn], due: Mapping[str, str], what: tuple[dict[str, object], Return, Inspection]
) -> Iterator[Finding]:
    form, declared, inspection = what
    allowed = inspection.tasks.get((str(form["recipient_id"]), declared.id), 0)
    about = _shown_by_tasks(columns, expected, due, what) if allowed else frozenset()
    yield "I4", "rows that show more than the open tasks are about", max(0, len(about) - allowed)
    for name, column in expected.items():
        yield "I4", f"values of {name} without the transform that is due", len(_unfit(columns, column, due, what) - about)
    if form["level"] in ("community", "grid"):
        yield "I4", "identity numbers", sum(_personal_numbers(values) for values in columns.values())
    if declared.small_cells is not None:
        small = declared.small_cells
        yield "I4", "counts below the small-cell limit", sum(0 < int(count) < small.under for count in columns[small.column] if count)
    yield "I3", "rows of another region", _foreign(columns, form, inspection.places)


def _findings_in_told_changes(
    columns: Columns, expected: Mapping[str, ReturnColumn], due: Mapping[str, str], what: tuple[dict[str, object], Return, Inspection]
) -> Iterator[Finding]:
    """Yield the findings in a list of changes: it names columns, and what it tells of each must look like that column does today."""
    form, declared, _ = what
    lines = list(zip(columns[ROW_KEY], columns[FIELD], strict=True))
    yield "I3", "changes that are told more than once", len(lines) - len(set(lines))
    by_heading = {column.heading(due[name]): column for name, column in expected.items()}
    told: dict[str, list[str | None]] = {name: [] for name in (*expected, "")}
    for operation, heading, before, after in zip(*(columns[name] for name in (OPERATION, FIELD, BEFORE, AFTER)), strict=True):
        column = by_heading.get(heading or "") if operation == "U" else None
        told[column.name if column else ""] += [before, after]
    yield "I4", "changes of no column that is allowed", sum(value is not None for value in told[""])
    for name in declared.named_by:
        if name in expected:
            told[name] += columns[name]
    for name, column in expected.items():
        yield "I4", f"values of {name} without the transform that is due", len(_unfit({name: told[name]}, column, due, what))
    if form["level"] in ("community", "grid"):
        yield "I4", "identity numbers", sum(_personal_numbers(values) for values in columns.values())


def _findings_in_former(content: bytes, form: dict[str, object], inspection: Inspection) -> Iterator[Finding]:
    """Yield the findings in former rows of a return left out today: they stay as they were, and the policies of today must allow that."""
    shown = [one for one in json.loads(str(form["former"]))["returned"]["columns"] if one["name"] != ROW_KEY]
    due_columns = [Expected(one["name"], one["label"], one["type"]) for one in shown]
    names = [ROW_KEY, *(one["name"] for one in shown)]
    columns = of_table(content, names) if form["sheet"] is None else of_list(content, str(form["sheet"]), due_columns)
    if columns is None:
        yield "I4", "list of columns that differs from the allowed one", 1
        return
    keys = columns[ROW_KEY]
    yield "I3", "number of rows that differs from the build record", int(len(keys) != form["rows"])
    yield "I3", "row keys that occur more than once", len(keys) - len(set(keys))
    handles = HANDLES if form["audience"] != form["level"] else None
    for one in shown:
        column = ReturnColumn(**{name: one[name] for name in ("name", "label", "type", "class", "grade")})
        due = due_transform(column, str(form["audience"]), str(form["level"]), handles, inspection.policies)
        is_looser = STRICTNESS[one["transform"]] < STRICTNESS[due]
        yield "I4", f"former values of {column.name} shown looser than the policies allow", int(is_looser)
        shape = "|".join(_former_shape(name) for name in (one["transform"], one.get("minor_transform")) if name is not None)
        wrong = sum(value is not None and not re.fullmatch(shape, value) for value in columns[column.name])
        yield "I4", f"former values of {column.name} without the transform they are said to have", wrong
    if form["level"] in ("community", "grid"):
        yield "I4", "identity numbers", sum(_personal_numbers(values) for values in columns.values())
    then = inspection.places_then.get(json.loads(str(form["former"]))["returned"]["as_of"], inspection.places)
    yield "I3", "rows of another region", _foreign(columns, form, then)


def _due(declared: Return, audience: str, level: str, policies: Policies) -> dict[str, str]:
    """Return the transform each column must have for an audience, by column."""
    handles = HANDLES if any(one.kind == audience for one in declared.handlers) else None
    return {column.name: due_transform(column, audience, level, handles, policies) for column in declared.columns}


def _type(column: ReturnColumn, transform: str) -> str:
    return column.type if transform == "raw" else "string"


def _miscounted(columns: Columns, form: dict[str, object]) -> int:
    """Return how many operations have another number of rows than the build record; a row may have several changes."""
    keys: dict[str | None, set[str | None]] = {}
    for operation, key in zip(columns[OPERATION], columns[ROW_KEY], strict=True):
        keys.setdefault(operation, set()).add(key)
    named = {"I": "inserted", "U": "updated", "D": "deleted"}
    return sum(len(keys.get(letter, ())) != (form[name] or 0) for letter, name in named.items()) + (None in keys)


def _talking(columns: Columns, kept: list[int]) -> int:
    others = set(range(len(columns[ROW_KEY]))) - set(kept)
    return sum(values[place] is not None for name, values in columns.items() if name not in (ROW_KEY, OPERATION) for place in others)


def _shown_by_tasks(
    columns: Columns, expected: Mapping[str, ReturnColumn], due: Mapping[str, str], what: tuple[dict[str, object], Return, Inspection]
) -> frozenset[int]:
    """Return the rows whose only values without the due transform are shown as an open task about the row would show them.

    A row of somebody who is under age as far as the form tells is never among them, nor any row of a return without a rule for minors.
    """
    form, declared, inspection = what
    minors, audience = declared.minors, str(form["audience"])
    if minors is None or audience != form["level"]:
        return frozenset()
    rows: set[int] = set()
    others: set[int] = set()
    for name, column in expected.items():
        exemption = inspection.policies.classes[str(column.class_)][audience].exemption  # type: ignore[index]
        looser = exemption.transform if exemption and exemption.when == OPEN_TASK and audience not in column.policy else None
        shape = _shape(looser, column, inspection.policies) if looser else SHAPES["drop"]
        for place in _unfit(columns, column, due, what):
            (rows if re.fullmatch(shape, columns[name][place] or "") else others).add(place)
    born = columns.get(minors.birth_date)
    young = {place for place in rows if born is not None and _is_told_minor(born[place], minors.under, inspection.business_date)}
    return frozenset(rows - others - young)


def _is_told_minor(born: str | None, under: int, business_date: date) -> bool:
    """Return whether somebody is under an age for certain, from what is told of the birth: a date, a year or a band of ages."""
    if born is not None and re.fullmatch(SHAPES["age_band"], born):
        return "-" in born and int(born.split("-")[1]) < under
    return _is_minor(born, under, business_date) is True


def _unfit(columns: Columns, column: ReturnColumn, due: Mapping[str, str], what: tuple[dict[str, object], Return, Inspection]) -> set[int]:
    """Return the places of the values that do not look like the result of the due transform.

    Rows of minors are recognised by the birth column where it is disclosed; where it is not, both transforms are allowed.
    """
    form, declared, inspection = what
    policies, minors, values = inspection.policies, declared.minors, columns[column.name]
    shape = _shape(due[column.name], column, policies)
    if minors is None or column.name not in minors.columns:
        return {place for place, value in enumerate(values) if value is not None and not re.fullmatch(shape, value)}
    identity = column.model_copy(update={"class_": policies.roles.minor, "policy": {}})
    handles = HANDLES if form["audience"] != form["level"] else None
    own = _shape(due_transform(identity, str(form["audience"]), str(form["level"]), handles, policies), identity, policies)
    born: list[str | None] = [None] * len(values)
    if due.get(minors.birth_date) in ("raw", "year") and minors.birth_date in columns:
        born = columns[minors.birth_date]
    found = set()
    for place, (value, birth) in enumerate(zip(values, born, strict=True)):
        is_minor = _is_minor(birth, minors.under, inspection.business_date)
        fitting = f"(?:{shape})|(?:{own})" if is_minor is None else own if is_minor else shape
        if value is not None and not re.fullmatch(fitting, value):
            found.add(place)
    return found


def _is_minor(born: str | None, under: int, business_date: date) -> bool | None:
    """Return whether a person is under an age, from a date or year of birth; None where that is not certain."""
    if born is None:
        return None
    years = business_date.year - int(born[:4])
    if years != under or len(born) == len("2000"):
        return None if years == under else years < under
    return (business_date.month, business_date.day) < (int(born[5:7]), int(born[8:10]))


def _shape(transform: str, column: ReturnColumn, policies: Policies) -> str:
    return MASKS[policies.masks[str(column.class_)]] if transform == "mask" else SHAPES[transform]


def _former_shape(transform: str) -> str:
    """Return the shape of values shown on an earlier day; which mask their class had then is not recorded, so any will do."""
    shapes = MASKS.values() if transform == "mask" else [SHAPES[transform]]
    return "|".join(f"(?:{shape})" for shape in shapes)


def _personal_numbers(values: list[str | None]) -> int:
    found = (number for value in values if value is not None and len(value) > 17 for number in PERSONAL_NUMBER.findall(value))
    return sum(is_personal_number(number) for number in found)


def _foreign(columns: Columns, form: dict[str, object], places: Places) -> int:
    whose = (str(form["level"]), str(form["region_code"]))
    return strangers(columns, whose, places, is_list=form["sheet"] is not None)
