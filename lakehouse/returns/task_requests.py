"""What a street or community may open tasks about: the limits, and what is checked against its own newest package (ADR 0038).

Nothing is asked of the libraries: who opens a task learns no more than what it received.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from lakehouse.city.regions import RegionState
from lakehouse.declarations.policies import TASKS_SHOW_TO, Policies
from lakehouse.errors import Problem, nearest_first
from lakehouse.naming import CODE_LENGTHS, LEVELS, recipient_code
from lakehouse.ops.tasks import RowTask
from lakehouse.returns.compiler import ROW_KEY, task_transform
from lakehouse.returns.disclosure import is_under
from lakehouse.returns.earlier import Earlier
from lakehouse.returns.model import Return

OPENERS = ("street", "community")
MOST_DAYS = 10  # working days
MOST_PER_GRID = 30
ABOVE_A_GRID = LEVELS[LEVELS.index("district") : LEVELS.index("grid")]
BETWEEN_PLACES = re.compile(r"[\s/·>]+")
Row = Mapping[str, str | None]


@dataclass(frozen=True)
class TaskRequest:
    """What is asked for: the opener, the return, the rows by their keys in the opener's own package, for how many working days, why."""

    recipient_id: str
    return_id: str
    row_keys: tuple[str, ...]
    days: int
    reason: str


@dataclass(frozen=True)
class Known:
    """What a request is checked against: region tree and business date, policies, the tasks now open, the opener's newest package."""

    regions: RegionState
    on: date
    policies: Policies
    open_tasks: Sequence[RowTask]
    package: Earlier | None


def problems_of_form(request: TaskRequest) -> Iterator[Problem]:
    """Yield what is wrong with a request whatever the data: days, reason, rows."""
    if not 1 <= request.days <= MOST_DAYS:
        yield Problem("--days", f"a task cannot last {request.days} working days.", f"1 to {MOST_DAYS}", "open it again when it has ended.")
    if not request.reason.strip():
        yield Problem("--reason", "a task needs a reason.", "words that say why", "add --reason.")
    if not request.row_keys:
        yield Problem("--row", "no row is named.", "row keys of the opener's own package", "add --row.")
    for key in sorted(key for key, times in Counter(request.row_keys).items() if times > 1):
        yield Problem(f"--row {key}", "it is named more than once.", "", "name it once.")


def problems_of_return(request: TaskRequest, level: str, returns: Mapping[str, Return], policies: Policies) -> Iterator[Problem]:
    """Yield why no task can be opened about a return: no approved need, no grid that gets it, nothing to show, no rule for minors."""
    where, declared = f"return {request.return_id}", returns.get(request.return_id)
    if declared is None:
        yield Problem(where, "there is no such return.", nearest_first(request.return_id, sorted(returns)), "name one of these.")
        return
    basis = declared.levels.get(level)  # type: ignore[call-overload]
    if basis is None or basis.need is None:
        needed = ", ".join(name for name in OPENERS if (one := declared.levels.get(name)) and one.need)  # type: ignore[call-overload]
        yield Problem(where, f"there is no approved need for it at the level {level}.", needed or "nobody", "have a need approved first.")
    if TASKS_SHOW_TO not in declared.levels:
        yield Problem(where, "no grid receives it, so nobody could act on a task.", "", "name a return that grids receive.")
        return
    audience = declared.audiences[TASKS_SHOW_TO]
    if not any(task_transform(column, audience, policies) for column in declared.columns):
        yield Problem(where, "a task would show a grid nothing more of it.", "", "see `when: open_task` in policies.yaml.")
    if declared.minors is None:
        yield Problem(where, "it has no rule for minors, so nobody can tell whose rows a task must not show.", "", "declare `minors`.")


def problems_of_rows(request: TaskRequest, declared: Return, known: Known) -> tuple[dict[str, str], list[Problem]]:
    """Return the grid of each row, and why no task can be opened about some of them, all at once."""
    rows, grids, problems = _rows(request, known), dict[str, str](), list[Problem]()
    already = {one.row_key for one in known.open_tasks if (one.recipient_id, one.return_id) == (request.recipient_id, request.return_id)}
    for key in request.row_keys:
        where, row = f"row {key}", rows.get(key)
        if row is None:
            fix = f"take the row key from the newest workbook of {request.recipient_id}: every recipient has other ones."
            problems.append(Problem(where, f"it is not in the newest {request.return_id} of {request.recipient_id}.", "", fix))
            continue
        grid = grid_of(row, known.regions)
        if key in already:
            problems.append(Problem(where, "a task about it is open already.", "", "see `huiliu tasks list`."))
        if grid is None or recipient_code(request.recipient_id) not in known.regions.ancestors(grid).values():
            found = "its grid is not known yet." if grid is None else "its grid lies in another region."
            problems.append(Problem(where, found, f"rows with a grid below {request.recipient_id}", "settle its locality first."))
            continue
        if young := _minority(row, declared, known.on):
            problems.append(Problem(where, young, "rows of people who are of age for certain", "leave it out."))
        grids[key] = grid
    return grids, [*problems, *_crowded(grids, known.open_tasks)]


def grid_of(row: Row, regions: RegionState) -> str | None:
    """Return the grid a row of a package lies in, from the cells of its places; None where these do not tell exactly one.

    A cell holds a code, a code and a name, or a name alone; then the names of the places above tell grids of one name apart.
    """
    told = {level: cell for level in (*ABOVE_A_GRID, "grid") if (cell := row.get(f"{level}_code") or row.get(level))}
    if "grid" not in told:
        return None
    found = []
    for grid in regions.of_level("grid"):
        chain = regions.ancestors(grid.code)
        if all(level in chain and _is_named(chain[level], cell, regions) for level, cell in told.items()):
            found.append(grid.code)
    return found[0] if len(found) == 1 else None


def _is_named(code: str, cell: str, regions: RegionState) -> bool:
    parts = BETWEEN_PLACES.split(cell)
    first, last = parts[0], parts[-1]
    if first.isdigit() and len(first) in CODE_LENGTHS.values():
        return first == code
    return regions.by_code[code].name in (cell, last)


def _rows(request: TaskRequest, known: Known) -> dict[str, Row]:
    if known.package is None or not known.package.has(request.return_id):
        return {}
    wanted, table = set(request.row_keys), known.package.rows(request.return_id)
    return {str(row[ROW_KEY]): row for row in table.to_pylist() if row[ROW_KEY] in wanted}


def _minority(row: Row, declared: Return, on: date) -> str:
    """Return why somebody may be under age, from what the opener's own columns tell of the birth; empty for somebody of age for certain."""
    assert declared.minors is not None
    born, under = row.get(declared.minors.birth_date), declared.minors.under
    if born is None or not born[:4].isdigit():
        return f"its date of birth is not known here, so the person may be under {under}."
    if len(born) == len("2000"):
        age = on.year - int(born)
        if age == under:
            return f"the person, of whom only the year of birth is told here, may be under {under}."
        return f"the person is under {under}." if age < under else ""
    return f"the person is under {under}." if is_under(under, born, None, on) else ""


def _crowded(grids: Mapping[str, str], open_tasks: Sequence[RowTask]) -> Iterator[Problem]:
    before, new = Counter(one.grid_code for one in open_tasks), Counter(grids.values())
    for grid, more in sorted(new.items()):
        if before[grid] + more > MOST_PER_GRID:
            found = f"{before[grid]} tasks are open there, {more} more are asked for."
            fix = "close some with `huiliu tasks close`, or wait for their last day."
            yield Problem(f"grid {grid}", found, f"{MOST_PER_GRID} open tasks of all openers at a time", fix)
