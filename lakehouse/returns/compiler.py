"""Compile a declared return into one plan per audience, or refuse it before anything runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lakehouse.contracts.cycle import WHOLE_DAYS
from lakehouse.declarations.libraries import DeclaredLibrary
from lakehouse.declarations.policies import STRICTNESS, Policies
from lakehouse.errors import ContractError, Problem, nearest_first, problems_text
from lakehouse.naming import LEVELS
from lakehouse.returns.held import library_problems
from lakehouse.returns.model import Audience, Return, ReturnColumn, Task

ROW_KEY = "_row_key"
TAKES: dict[str, tuple[str, ...]] = {"year": ("date",), "age_band": ("date",), "band": ("number", "integer")}  # types of values
NEEDS_A_NEED = ("street", "community", "grid")


@dataclass(frozen=True)
class ColumnPlan:
    """How a column is transformed for an audience; rows of minors get `minor_transform` instead of `transform`.

    `mask` and `minor_mask` are what a mask leaves of a value, where the transform is one (see policies.yaml). Rows that an open task is
    about get `task_transform` and `task_mask`, where the class has such an exemption; rows of minors never do. `label` fits what the
    transform leaves. A hidden column is there in a workbook, but not shown.
    """

    name: str
    label: str
    type: str
    class_: str
    grade: int
    transform: str
    grade_after: int
    position: int
    minor_transform: str | None = None
    codes: str | None = None
    mask: str | None = None
    minor_mask: str | None = None
    is_hidden: bool = False
    is_correctable: bool = False
    task_transform: str | None = None
    task_mask: str | None = None

    @property
    def payload_type(self) -> str:
        """Return the type of the column in a payload: a raw value keeps its type, everything else becomes text."""
        return self.type if self.transform == "raw" and self.minor_transform is None else "string"


@dataclass(frozen=True)
class Plan:
    """A return as compiled for an audience: the columns of its payloads in order; the row key comes before them.

    `named_by` are those that are in its payloads of the columns that say whom a row is about.

    `sort_by` and `tasks` name only columns that are raw for the audience, so that neither the order nor the counts reveal a hidden value.
    """

    return_id: str
    name: str
    audience: Audience
    columns: tuple[ColumnPlan, ...]
    minors_under: int
    retention_days: int
    sort_by: tuple[str, ...] = ()
    tasks: tuple[Task, ...] = ()
    sources: tuple[str, ...] = ()
    named_by: tuple[str, ...] = ()
    pending_say: str = ""
    answers: tuple[str, ...] = ()

    @property
    def level(self) -> str:
        """Return the level of the audience."""
        return self.audience.level


ROW_KEY_COLUMN = ColumnPlan(ROW_KEY, "行标识", "string", "plain", 1, "token", 1, -1)


def compile_return(declared: Return, policies: Policies, libraries: Mapping[str, DeclaredLibrary]) -> dict[str, Plan]:
    """Return the plan of a return for each audience, by audience name; `libraries` are those with nothing wrong, by table.

    Raises:
        ContractError: a column lacks a class or has an unknown one, is called less sensitive than in its library, exceeds the cap of an
            audience after its transform, breaks a ban or is looser than the policy without a legal basis; or a level has no approved need.
            All problems are reported together.
    """
    where = f"contracts/returns/{declared.id}.yaml"
    problems = [*_declaration_problems(where, declared), *_handler_problems(where, declared, policies)]
    problems += [*library_problems(where, declared, libraries, policies), *_class_problems(where, declared, policies)]
    for audience in declared.audiences.values():
        problems.extend(_count_problems(f"{where}: smallCells at {audience.name}", declared, audience, policies))
        for column in declared.columns:
            problems.extend(_column_problems(f"{where}: {column.name} at {audience.name}", column, audience, policies))
    if problems:
        raise ContractError(problems_text(problems))
    return {name: _plan(declared, audience, policies) for name, audience in declared.audiences.items()}


def _plan(declared: Return, audience: Audience, policies: Policies) -> Plan:
    plans = (_column_plan(declared, position, audience, policies) for position in range(len(declared.columns)))
    kept = tuple(plan for plan in plans if plan.transform != "drop")
    shown = {plan.name for plan in kept if plan.transform == "raw" and plan.minor_transform is None}
    return Plan(
        declared.id,
        declared.name,
        audience,
        kept,
        declared.minors.under if declared.minors else 0,
        declared.retention_days,
        tuple(name for name in declared.sort_by if name in shown),
        tuple(task for task in declared.tasks if task.column in shown),
        named_by=tuple(plan.name for plan in kept if plan.name in declared.named_by),
        pending_say=declared.pending_say,
        answers=declared.answers,
    )


def _column_plan(declared: Return, position: int, audience: Audience, policies: Policies) -> ColumnPlan:
    column = declared.columns[position]
    transform = _transform(column, audience, policies)
    is_identity = declared.minors is not None and column.name in declared.minors.columns
    minor = policies.transform(policies.roles.minor, audience.level, audience.fulfils) if is_identity else None
    mask, minor_mask = _mask(transform, str(column.class_), policies), _mask(minor, policies.roles.minor, policies)
    if (minor, minor_mask) == (transform, mask):
        minor = minor_mask = None
    grade = column.grade or 0
    after = policies.grade_of(grade, transform)
    codes = column.codes if transform == "raw" else None
    said = (column.name, column.heading(transform), column.type, str(column.class_), grade, transform, after, position)
    shown = (audience.name in column.hidden_for, column.correctable)
    looser = task_transform(column, audience, policies)
    return ColumnPlan(*said, minor, codes, mask, minor_mask, *shown, looser, _mask(looser, str(column.class_), policies))


def task_transform(column: ReturnColumn, audience: Audience, policies: Policies) -> str | None:
    """Return the looser transform for rows that an open task is about; a return's own transform and the cap of the level stand above it."""
    if audience.fulfils is not None or audience.name in column.policy:
        return None
    looser, class_ = policies.transform_of_task(str(column.class_), audience.level), str(column.class_)
    if looser is None or column.type not in TAKES.get(looser, (column.type,)) or policies.is_banned(class_, audience.level, looser):
        return None
    return looser if policies.grade_of(column.grade or 4, looser) <= policies.cap(audience.level) else None


def _mask(transform: str | None, class_: str, policies: Policies) -> str | None:
    return policies.masks[class_] if transform == "mask" else None


def _transform(column: ReturnColumn, audience: Audience, policies: Policies) -> str:
    own = column.policy.get(audience.name)
    return own.transform if own else policies.transform(str(column.class_), audience.level, audience.fulfils)


def _declaration_problems(where: str, declared: Return) -> Iterator[Problem]:
    names = [column.name for column in declared.columns]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield Problem(f"{where}: {name}", "the column is declared more than once.", "", "keep one.")
    for part, named in _named_columns(declared):
        for name in named:
            if name not in names:
                yield Problem(f"{where}: {part}", f"{name} is not a column of the return.", nearest_first(name, names))
    audiences = list(declared.audiences)
    for place, name in ((one.name, name) for one in declared.columns for name in one.policy if name not in audiences):
        found = f"{name} does not receive this return."
        yield Problem(f"{where}: {place}: policy", found, nearest_first(name, audiences), "correct the name.")
    if declared.cycle.rule.is_within_day:
        found = f"is {declared.cycle.every}, but packages are published once a day."
        yield Problem(f"{where}: cycle.every", found, ", ".join(WHOLE_DAYS), "declare how often whole packages are due.")
    yield from _basis_problems(where, declared)
    if not audiences:
        yield Problem(where, "nobody receives this return.", "", "name a level or a handler, or set enabled: false.")


def _basis_problems(where: str, declared: Return) -> Iterator[Problem]:
    for level, basis in declared.levels.items():
        if level in NEEDS_A_NEED and basis.legal_basis == "Art30" and basis.need is None:
            yield Problem(f"{where}: levels.{level}", "Art30 needs an approved need; none is named.", "", "add need: <id of the approval>.")
        if level in ("community", "grid") and basis.legal_basis != "Art30":
            yield Problem(f"{where}: levels.{level}", f"{basis.legal_basis} is no basis for this level.", "Art30", "use Art30, add need.")


def _named_columns(declared: Return) -> Iterator[tuple[str, tuple[str, ...]]]:
    yield "minors.columns", declared.minors.columns if declared.minors else ()
    yield "smallCells", (declared.small_cells.column,) if declared.small_cells else ()
    yield "sortBy", declared.sort_by
    yield "namedBy", declared.named_by
    yield "tasks", tuple(task.column for task in declared.tasks)


def _handler_problems(where: str, declared: Return, policies: Policies) -> Iterator[Problem]:
    kinds = [one.kind for one in declared.handlers]
    for kind in sorted({kind for kind in kinds if kinds.count(kind) > 1 or kind in LEVELS}):
        yield Problem(f"{where}: handlers", f"{kind} is named more than once, or is a level.", "", "name each kind of department once.")
    for one in declared.handlers:
        if policies.caps[one.level].statutory_handler is None:
            allowed = ", ".join(level for level in LEVELS if policies.caps[level].statutory_handler)  # type: ignore[index]
            yield Problem(f"{where}: handlers.{one.kind}", f"policies.yaml allows no statutory handler at level {one.level}.", allowed)


def _class_problems(where: str, declared: Return, policies: Policies) -> Iterator[Problem]:
    """Yield the columns of a class that policies.yaml does not declare, and a bound of small counts below the one it sets."""
    for column in declared.columns:
        if column.class_ is not None and column.class_ not in policies.classes:
            allowed = nearest_first(column.class_, list(policies.classes))
            yield Problem(f"{where}: {column.name}: class", f"{column.class_} is not in policies.yaml.", allowed, "correct the name.")
    least = policies.small_cells.under
    if declared.small_cells is not None and declared.small_cells.under < least:
        found = f"is {declared.small_cells.under}, but policies.yaml lets no count under {least} be told."
        yield Problem(f"{where}: smallCells.under", found, f"{least} or more", "raise it.")


def _count_problems(where: str, declared: Return, audience: Audience, policies: Policies) -> Iterator[Problem]:
    """Yield a problem unless the small cells of a return can be looked for in what an audience receives."""
    counted = declared.small_cells.column if declared.small_cells else None
    for column in declared.columns:
        if column.name == counted and column.class_ in policies.classes:
            shown = _transform(column, audience, policies)
            if shown != "raw" or column.type != "integer":
                yield Problem(where, f"{counted} is a {column.type} as {shown}.", "an integer as raw", "name the column of counts.")


def _column_problems(where: str, column: ReturnColumn, audience: Audience, policies: Policies) -> Iterator[Problem]:
    if column.class_ is None or column.grade is None:
        lacking = "class" if column.class_ is None else "grade"
        allowed = ", ".join(policies.classes) if lacking == "class" else "1, 2, 3, 4"
        yield Problem(where, f"{lacking} is missing, so no policy can be found for it.", allowed, f"add {lacking}: … to the column.")
    elif column.class_ in policies.classes:
        yield from _policy_problems(where, (column, column.class_, column.grade), audience, policies)


def _policy_problems(where: str, said: tuple[ReturnColumn, str, int], audience: Audience, policies: Policies) -> Iterator[Problem]:
    """Yield what the policies refuse of a column with class and grade."""
    column, class_, grade = said
    due = policies.transform(class_, audience.level, audience.fulfils)
    transform = _transform(column, audience, policies)
    if not policies.applies(transform, class_):
        yield Problem(where, f"{transform} cannot be applied to class {class_}.", due, "choose another transform.")
    if column.type not in TAKES.get(transform, (column.type,)):
        yield Problem(where, f"{transform} cannot be applied to a {column.type}.", ", ".join(TAKES[transform]), "correct class or type.")
    own = column.policy.get(audience.name)
    if own is not None and STRICTNESS[transform] < STRICTNESS[due] and own.legal_basis is None:
        yield Problem(where, f"{transform} is looser than the policy and names no legal basis.", due, "tighten it, or add legalBasis.")
    if policies.is_banned(class_, audience.level, transform):
        yield Problem(where, f"{transform} is banned for class {class_} at this level, whatever a return says.", due, "tighten it.")
    after, cap = policies.grade_of(grade, transform), policies.cap(audience.level, audience.fulfils)
    if transform != "drop" and after > cap:
        yield Problem(where, f"grade is {after} after {transform}, above the cap.", f"up to {cap}", "choose a stricter transform.")
