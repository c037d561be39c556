"""Returns the plan of a return per level, or refuses it before anything runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lakehouse.contracts.model import COLUMN_CLASSES, Contract
from lakehouse.errors import ContractError, Problem, nearest_first, problems_text
from lakehouse.policies import STRICTNESS, Policies, applies
from lakehouse.returns.model import Return, ReturnColumn

ROW_KEY = "_row_key"
NEEDS_A_NEED = ("street", "community", "grid")


@dataclass(frozen=True)
class ColumnPlan:
    """What becomes of a column at a level; `minor_transform` is due instead in rows of minors."""

    name: str
    label: str
    type: str
    class_: str
    grade: int
    transform: str
    grade_after: int
    position: int
    minor_transform: str | None = None

    @property
    def payload_type(self) -> str:
        """Returns the type of the column in a payload: only a raw value keeps its own."""
        return self.type if self.transform == "raw" and self.minor_transform is None else "string"


@dataclass(frozen=True)
class LevelPlan:
    """A return at a level: the columns of its payloads in order; the row key comes before them."""

    return_id: str
    name: str
    level: str
    columns: tuple[ColumnPlan, ...]
    minors_under: int


ROW_KEY_COLUMN = ColumnPlan(ROW_KEY, "行标识", "string", "plain", 1, "token", 1, -1)


def compile_return(declared: Return, policies: Policies, contracts: Mapping[str, Contract]) -> dict[str, LevelPlan]:
    """Returns the plan per level.

    Raises:
        ContractError: a column lacks a class, exceeds the cap of a level after its transform, breaks a ban or is looser than the
            policy without a legal basis; a level lacks its need; all problems at once.
    """
    where = f"contracts/returns/{declared.id}.yaml"
    problems = [*_declaration_problems(where, declared), *_contract_problems(where, declared, contracts)]
    for level in declared.levels:
        for column in declared.columns:
            problems.extend(_column_problems(f"{where}: {column.name} at {level}", column, level, policies))
    if problems:
        raise ContractError(problems_text(problems))
    return {level: _level_plan(declared, level, policies) for level in declared.levels}


def _level_plan(declared: Return, level: str, policies: Policies) -> LevelPlan:
    plans = (_column_plan(declared, position, level, policies) for position in range(len(declared.columns)))
    kept = tuple(plan for plan in plans if plan.transform != "drop")
    return LevelPlan(declared.id, declared.name, level, kept, declared.minors.under if declared.minors else 0)


def _column_plan(declared: Return, position: int, level: str, policies: Policies) -> ColumnPlan:
    column = declared.columns[position]
    transform = _transform(column, level, policies)
    is_identity = declared.minors is not None and column.name in declared.minors.columns
    minor = policies.transform("minor_id", level) if is_identity else None
    grade = column.grade or 0
    after = policies.grade_of(grade, transform)
    return ColumnPlan(column.name, column.label, column.type, str(column.class_), grade, transform, after, position, minor)


def _transform(column: ReturnColumn, level: str, policies: Policies) -> str:
    own = column.policy.get(level)  # type: ignore[call-overload]
    return own.transform if own else policies.transform(str(column.class_), level)


def _declaration_problems(where: str, declared: Return) -> Iterator[Problem]:
    names = [column.name for column in declared.columns]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield Problem(f"{where}: {name}", "the column is declared more than once.", "", "keep one.")
    for name in declared.minors.columns if declared.minors else ():
        if name not in names:
            yield Problem(f"{where}: minors.columns", f"{name} is no column of the return.", nearest_first(name, names))
    for level, basis in declared.levels.items():
        if level in NEEDS_A_NEED and basis.legal_basis == "Art30" and basis.need is None:
            yield Problem(f"{where}: levels.{level}", "Art30 shares by need, and no need is named.", "", "add need: <id of the approval>.")
        if level in ("community", "grid") and basis.legal_basis != "Art30":
            yield Problem(f"{where}: levels.{level}", f"{basis.legal_basis} does not reach this level.", "Art30", "name the need.")


def _contract_problems(where: str, declared: Return, contracts: Mapping[str, Contract]) -> Iterator[Problem]:
    """Yields where a return calls a column less than the contract it comes from does."""
    for column in declared.columns:
        for contract in contracts.values():
            for source in contract.kept_columns:
                if source.name == column.name and column.grade is not None and column.grade < source.grade:
                    found = f"grade is {column.grade}, but {source.grade} in the contract {contract.code}."
                    yield Problem(f"{where}: {column.name}", found, "", "take the higher grade.")


def _column_problems(where: str, column: ReturnColumn, level: str, policies: Policies) -> Iterator[Problem]:
    if column.class_ is None or column.grade is None:
        lacking = "class" if column.class_ is None else "grade"
        allowed = ", ".join(COLUMN_CLASSES) if lacking == "class" else "1, 2, 3, 4"
        yield Problem(where, f"{lacking} is missing, so no policy can be found for it.", allowed, f"add {lacking}: … to the column.")
        return
    due = policies.transform(column.class_, level)
    transform = _transform(column, level, policies)
    if not applies(transform, column.class_):
        yield Problem(where, f"{transform} cannot be done to class {column.class_}.", due, "choose another transform.")
    own = column.policy.get(level)  # type: ignore[call-overload]
    if own is not None and STRICTNESS[transform] < STRICTNESS[due] and own.legal_basis is None:
        yield Problem(where, f"{transform} is looser than the policy and names no legal basis.", due, "tighten it, or add legalBasis.")
    if policies.is_banned(column.class_, level, transform):
        yield Problem(where, f"{transform} is banned for class {column.class_} at this level, whatever a return says.", due, "tighten it.")
    after, cap = policies.grade_of(column.grade, transform), policies.caps[level].grade  # type: ignore[index]
    if transform != "drop" and after > cap:
        yield Problem(where, f"grade is {after} after {transform}, above the cap.", f"up to {cap}", "choose a stricter transform.")
