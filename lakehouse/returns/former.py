"""Former forms of a return that may not run: what a package refers to of the package before, never beyond today's area, term or policy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import pyarrow as pa

from lakehouse.city.regions import RegionTree
from lakehouse.declarations.policies import STRICTNESS, Policies
from lakehouse.returns.addressees import Addressee
from lakehouse.returns.compiler import ROW_KEY, ColumnPlan, Plan
from lakehouse.returns.earlier import Earlier
from lakehouse.returns.manifest import SHOWN_BY_TASKS, Document, canonical
from lakehouse.returns.model import Audience, Return, SmallCells

Grades = Mapping[str, int]


@dataclass(frozen=True)
class Former:
    """The rows of a return as a recipient had them before; `document` is their entry of the manifest, with when they expire."""

    plan: Plan
    as_of: date
    rows: pa.Table
    pending: int
    content_sha256: str
    document: str


@dataclass(frozen=True)
class Limits:
    """What a former form must lie within.

    Attributes:
        on: the business date.
        left_out: the returns left out; the declaration where its file can be read.
        then: the declarations the former forms were published under.
        policies: the policies of the day.
        grades: resource → column → grade in its contract of the day.
        regions: the region tree, and the hash of its file.
    """

    on: date
    left_out: Mapping[str, Return | None]
    then: Mapping[str, Return]
    policies: Policies
    grades: Mapping[str, Grades]
    regions: tuple[RegionTree, str]


def former_returns(earlier: Earlier, recipient: Addressee, limits: Limits) -> Iterator[Former]:
    """Yield what the recipient's package before holds of returns left out today, as far as it lies within today's limits."""
    for entry in earlier.manifest["returns"]:
        then = limits.then.get(entry["return_id"])
        if entry["return_id"] not in limits.left_out or then is None or entry.get(SHOWN_BY_TASKS):
            continue  # what was shown for the life of a task is not handed on
        as_of = date.fromisoformat(entry.get("as_of") or earlier.manifest["business_date"])
        now = limits.left_out[entry["return_id"]]
        declared = [then] if now is None else [then, now]
        expires_on = as_of + timedelta(days=min(one.retention_days for one in declared))
        is_there = earlier.manifest["regions_sha256"] == limits.regions[1] and _keeps_its_area(recipient.region_code, as_of, limits)
        if limits.on < expires_on and is_there and _is_within_policy(entry, recipient.audience, declared, limits):
            found = _former(earlier, entry, then.audiences[recipient.audience], (then, as_of, expires_on))
            if now is None or not _tells_small_counts(found.rows, now.small_cells):
                yield found


def _keeps_its_area(code: str, as_of: date, limits: Limits) -> bool:
    """Return whether every region that lay in this one then still exists and lies in it."""
    tree, _ = limits.regions
    then, now = tree.at(as_of), tree.at(limits.on)
    waiting = [code]
    while waiting:
        below = waiting.pop()
        if below not in now.by_code or code not in now.ancestors(below).values():
            return False
        waiting.extend(region.code for region in then.children(below))
    return True


def _is_within_policy(entry: Document, audience: str, declared: Sequence[Return], limits: Limits) -> bool:
    """Return whether the declarations, then and now, serve this audience, and today's rules allow every column as it was shown."""
    if not all(audience in one.audiences for one in declared) or _takes_fewer_rows(declared[-1], declared[0]):
        return False
    grades = [limits.grades.get(resource, {}) for resource in entry["contracts"]]
    shown = [column for column in entry["columns"] if column["name"] != ROW_KEY]
    return all(_is_allowed(column, declared[0].audiences[audience], (declared, grades), limits.policies) for column in shown)


def _takes_fewer_rows(now: Return, then: Return) -> bool:
    """Return whether a declaration may take other rows than the one before, or treats more of them as rows of minors."""
    ages = [one.minors.under if one.minors else 0 for one in (now, then)]
    return (now.source, now.key, now.filter) != (then.source, then.key, then.filter) or ages[0] > ages[1]


def _tells_small_counts(rows: pa.Table, small: SmallCells | None) -> bool:
    if small is None or small.column not in rows.column_names:
        return False
    counts = [int(count) for count in rows[small.column].to_pylist() if count is not None]
    return any(0 < count < small.under for count in counts)


def _is_allowed(column: Document, audience: Audience, known: tuple[Sequence[Return], list[Grades]], policies: Policies) -> bool:
    """Return whether a column may be shown as it was: by the strictest of its classes, grades and transforms, then and now."""
    declared, in_contracts = known
    name, transform = column["name"], column["transform"]
    own = [next((found for found in one.columns if found.name == name), None) for one in declared]
    present = [one for one in own if one is not None]
    classes = {column["class"], *(one.class_ for one in present if one.class_ is not None)}
    if len(present) < len(own) or not classes <= set(policies.classes):
        return False
    grade = max([column["grade"], *(one.grade or 0 for one in present), *(grades.get(name, 0) for grades in in_contracts)])
    due = [policies.transform(class_, audience.level, audience.fulfils) for class_ in classes]
    due += [one.policy[audience.name].transform for one in present if audience.name in one.policy]
    is_hidden = all(STRICTNESS[transform] >= STRICTNESS[one] for one in due)
    is_banned = any(policies.is_banned(class_, audience.level, transform) for class_ in classes)
    is_low = policies.grade_of(grade, transform) <= policies.cap(audience.level, audience.fulfils)
    return (
        policies.applies(transform, column["class"])
        and is_hidden
        and not is_banned
        and is_low
        and _spares_minors(column, audience, declared, policies)
    )


def _spares_minors(column: Document, audience: Audience, declared: Sequence[Return], policies: Policies) -> bool:
    if not any(one.minors is not None and column["name"] in one.minors.columns for one in declared):
        return True
    due = policies.transform(policies.roles.minor, audience.level, audience.fulfils)
    return STRICTNESS[column.get("minor_transform") or column["transform"]] >= STRICTNESS[due]


def _former(earlier: Earlier, entry: Document, audience: Audience, when: tuple[Return, date, date]) -> Former:
    then, as_of, expires_on = when
    columns = tuple(_column(place, column) for place, column in enumerate(entry["columns"]) if column["name"] != ROW_KEY)
    audience = Audience(audience.name, audience.level, entry["legal_basis"], entry["need_id"], entry["purpose"], audience.fulfils)
    plan = Plan(then.id, then.name, audience, columns, 0, then.retention_days, answers=then.answers)
    form = next(one for one in entry["forms"] if one["form"] == "rows")
    said = {name: value for name, value in entry.items() if name not in ("forms", "rows", "pending_locality")}
    document = canonical({"expires_on": expires_on.isoformat(), "returned": {**said, "as_of": as_of.isoformat()}}).decode()
    return Former(plan, as_of, earlier.rows(then.id), entry["pending_locality"], form["content_sha256"], document)


def _column(place: int, column: Document) -> ColumnPlan:
    said = (column["name"], column["label"], column["type"], column["class"], column["grade"], column["transform"], column["grade_after"])
    special = {"codes": column.get("labels"), "is_hidden": column.get("hidden", False), "is_correctable": column.get("correctable", False)}
    return ColumnPlan(*said, place, column.get("minor_transform"), **special)
