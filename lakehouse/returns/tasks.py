"""Open tasks when packages are built: what a day froze of them, and which rows of a grid show more because of them (ADR 0038).

A task names a row by its opener's row key. A grid has other row keys for the same rows, so the keys its community and street have are
computed from the due rows, where these are at hand; nothing that links recipients is stored.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date

import pyarrow as pa

from lakehouse.city.regions import RegionState
from lakehouse.naming import day_entry_path, recipient_code, recipient_folder
from lakehouse.objects import Area
from lakehouse.ops.tasks import FrozenTask, RowTask
from lakehouse.returns.compiler import ROW_KEY, ColumnPlan, Plan
from lakehouse.returns.disclosure import born_on, disclose, is_under, recipient_key, row_key
from lakehouse.returns.manifest import canonical, sha256
from lakehouse.returns.model import Return
from lakehouse.returns.task_documents import as_document, from_document

FEEDBACK = "feedback.json"
CHILDHOOD = 14  # years; of returns that declare no rule for minors
Opened = Mapping[str, frozenset[str]]  # opener → row keys of its own
ByReturn = Mapping[str, Opened]
Otherwise = Mapping[str, Mapping[str, str | None]]


@dataclass(frozen=True)
class Feedback:
    """What an issue of a day froze: its open tasks, and the hash of the file that says so; none where it says nothing."""

    tasks: tuple[FrozenTask, ...] = ()
    sha256: str | None = None

    @property
    def grids(self) -> frozenset[str]:
        """Return the recipients whose workbooks may show more by these tasks."""
        return frozenset(one.grid_id for one in self.tasks)


@dataclass(frozen=True)
class Holder:
    """Who gets rows: the recipient, the secret of all row keys, and the rows that tasks are about, now and in the package before."""

    recipient_id: str
    secret: bytes
    tasks: Opened = field(default_factory=dict)
    tasks_before: Opened = field(default_factory=dict)


def freeze(area: Area, business_date: date, issue: int, open_tasks: Iterable[RowTask]) -> None:
    """Write what a new issue of a day freezes, unless that is what the issue before froze; then nothing is written.

    Call it once, when the issue begins: what is opened later is for the next issue.
    """
    names = [one.name for one in fields(FrozenTask)]
    told = [as_document(one, names) for one in open_tasks]
    path, content = day_entry_path(business_date, issue, FEEDBACK), canonical({"business_date": business_date.isoformat(), "tasks": told})
    now, before = _parsed(content), frozen(area, business_date, issue - 1)
    if now.sha256 == before.sha256 or now.tasks == before.tasks == ():
        area.delete([path])  # left by a closing that was cut short
    else:
        area.put(path, content)


def frozen(area: Area, business_date: date, issue: int) -> Feedback:
    """Return what an issue of a day froze: what its own file says, else what the issues before it did."""
    for number in range(issue, 0, -1):
        try:
            return _parsed(area.get(day_entry_path(business_date, number, FEEDBACK)))
        except FileNotFoundError:
            continue
    return Feedback()


def in_force(tasks: Iterable[FrozenTask], returns: Collection[Return], regions: RegionState) -> Iterator[FrozenTask]:
    """Yield the tasks whose opener still receives the return under the same need, and whose grid still lies in the opener's region."""
    declared = {one.id: one for one in returns}
    for one in tasks:
        level, return_ = recipient_folder(one.recipient_id), declared.get(one.return_id)
        basis = return_.levels.get(level) if return_ else None  # type: ignore[call-overload]
        lies_in = regions.ancestors(one.grid_code).get(level) == recipient_code(one.recipient_id)
        if basis is not None and basis.need == one.need_id and lies_in:
            yield one


def by_grid(tasks: Iterable[FrozenTask]) -> dict[str, dict[str, dict[str, frozenset[str]]]]:
    """Return recipient id of the grid → return → opener → its row keys of rows that tasks are about."""
    found: dict[str, dict[str, dict[str, frozenset[str]]]] = {}
    for one in tasks:
        openers = found.setdefault(one.grid_id, {}).setdefault(one.return_id, {})
        openers[one.recipient_id] = openers.get(one.recipient_id, frozenset()) | {one.row_key}
    return found


@dataclass(frozen=True)
class Loosening:
    """The places of a grid's rows that tasks are about: those that show more now, and those that did in the package before.

    Rows of minors, and of people whose age nobody knows, are in neither.
    """

    now: frozenset[int] = frozenset()
    before: frozenset[int] = frozenset()

    def loosen(
        self, texts: Sequence[str | None], hidden: Sequence[str | None], column: ColumnPlan, year: int
    ) -> tuple[list[str | None], dict[int, str | None]]:
        """Return a column's cells, with those of tasks loosened; and, by place, what cells that tasks touch would hold otherwise."""
        shown, otherwise = list(hidden), dict[int, str | None]()
        for place in self.now | self.before:
            looser = disclose(texts[place], column.task_transform or column.transform, column.task_mask, year)
            otherwise[place] = hidden[place] if place in self.now else looser
            shown[place] = looser if place in self.now else hidden[place]
        return shown, otherwise


def loosening(rows: pa.Table, plan: Plan, holder: Holder, business_date: date) -> Loosening:
    """Return the places of due rows of one return that tasks are about."""
    if not (holder.tasks or holder.tasks_before) or not any(column.task_transform for column in plan.columns):
        return Loosening()
    row_ids = rows["row_id"].to_pylist()
    people = zip(rows["born"].to_pylist(), rows["id_no"].to_pylist(), strict=True)
    grown = {place for place, who in enumerate(people) if _is_grown(plan.minors_under or CHILDHOOD, *who, business_date)}
    return Loosening(*(frozenset(grown & _places(row_ids, opened, holder.secret)) for opened in (holder.tasks, holder.tasks_before)))


def restated(before: pa.Table, now: pa.Table, otherwise: Otherwise) -> pa.Table:
    """Return the rows before as they would be shown now: a cell that differs only because a task began or ended is no change of data.

    The same table is returned where there is no such cell.
    """
    keys, today = before[ROW_KEY].to_pylist(), now[ROW_KEY].to_pylist()
    found = before
    for name, other in otherwise.items():
        if name not in before.column_names or not other:
            continue
        cells, shown = before[name].to_pylist(), dict(zip(today, now[name].to_pylist(), strict=True))
        told = [shown[key] if key in other and key in shown and cell == other[key] else cell for key, cell in zip(keys, cells, strict=True)]
        if told != cells:
            found = found.set_column(found.column_names.index(name), name, pa.array(told, pa.string()))
    return found


def _places(row_ids: Sequence[str], opened: Opened, secret: bytes) -> set[int]:
    keys = [(recipient_key(secret, opener), wanted) for opener, wanted in opened.items()]
    return {place for place, row in enumerate(row_ids) if any(row_key(key, row) in wanted for key, wanted in keys)}


def _is_grown(under: int, born: str | None, id_no: str | None, business_date: date) -> bool:
    """Return whether a person is known to be of that age or older."""
    return born_on(born, id_no) is not None and not is_under(under, born, id_no, business_date)


def _parsed(content: bytes) -> Feedback:
    tasks = tuple(FrozenTask(**from_document(one)) for one in json.loads(content)["tasks"])
    return Feedback(tasks, sha256(content) if tasks else None)
