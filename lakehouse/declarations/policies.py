"""The typed `contracts/policies.yaml`: the classes of columns, the transform of each at each level of recipients, with caps and bans."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, Field

from lakehouse.contracts.model import Level
from lakehouse.declarations.strict_yaml import Declared, declared_sha256, read_declaration
from lakehouse.errors import ContractError, Problem, nearest_first, problems_text
from lakehouse.naming import LEVELS

Transform = Literal["raw", "mask", "year", "age_band", "band", "flag", "token", "drop"]
OfSomeClasses = Literal["year", "age_band", "band"]  # transforms that only some classes of values have a meaning for
Mask = Literal["ends", "surname", "phone"]
Condition = Literal["statutory_handler", "open_task"]
STATUTORY_HANDLER, OPEN_TASK = "statutory_handler", "open_task"
TASKS_SHOW_TO = "grid"  # the level whose workbooks show more of the rows that open tasks are about
STRICTNESS: dict[str, int] = {"raw": 0, "mask": 1, "year": 1, "age_band": 2, "band": 2, "flag": 3, "token": 3, "drop": 4}
ClassName = Annotated[str, Field(pattern="^[a-z][a-z_]*$")]


class Exemption(Declared):
    """A looser transform for recipients that fulfil a condition."""

    transform: Transform
    when: Condition


def _as_treatment(value: Any) -> Any:
    return {"transform": value} if isinstance(value, str) else value


class _Treatment(Declared):
    transform: Transform
    exemption: Exemption | None = Field(None, alias="or")


Treatment = Annotated[_Treatment, BeforeValidator(_as_treatment)]


class Cap(Declared):
    """The highest grade that may reach a level, after the transform; another one for recipients that handle the matter by law."""

    grade: Literal[1, 2, 3, 4]
    statutory_handler: Literal[1, 2, 3, 4] | None = Field(None, alias="statutoryHandler")


class Ban(Declared):
    """A transform that is forbidden for a class at these levels, whatever a return declares."""

    class_: str = Field(alias="class")
    transform: Transform
    levels: tuple[Level, ...]


class Roles(Declared):
    """The classes that mean something to the program.

    Attributes:
        identity: numbers that identify a person; pseudonyms are made from them.
        minor: what the identity columns of a minor's row are.
        public: what everybody may know: reference data.
        unclassified: what a new contract's columns are until a steward has decided.
    """

    identity: str
    minor: str
    public: str
    unclassified: str


class FewestTold(Declared):
    """The bound of small cells: no count from 1 to `under` − 1 is told, because it could identify single people."""

    under: int = Field(ge=2)


class Policies(Declared):
    """All of `policies.yaml`."""

    version: str
    grade_after: dict[Transform, Literal[1, 2, 3, 4]] = Field(alias="gradeAfter")
    masks: dict[str, Mask]
    applies_to: dict[OfSomeClasses, tuple[str, ...]] = Field(alias="appliesTo")
    roles: Roles
    small_cells: FewestTold = Field(alias="smallCells")
    caps: dict[Level, Cap]
    classes: dict[ClassName, dict[Level, Treatment]]
    bans: tuple[Ban, ...]

    def transform(self, class_: str, level: str, fulfils: str | None = None) -> Transform:
        """Return the transform of a class at a level; an exemption counts only for a recipient that fulfils its condition."""
        treatment = self.classes[class_][level]  # type: ignore[index]
        exempted = treatment.exemption is not None and treatment.exemption.when == fulfils
        return treatment.exemption.transform if exempted else treatment.transform  # type: ignore[union-attr]

    def transform_of_task(self, class_: str, level: str) -> Transform | None:
        """Return the looser transform of a class at a level for rows that an open task is about; None where the class has none."""
        exemption = self.classes[class_][level].exemption  # type: ignore[index]
        return exemption.transform if exemption is not None and exemption.when == OPEN_TASK else None

    def cap(self, level: str, fulfils: str | None = None) -> int:
        """Return the highest grade that may reach a level."""
        cap = self.caps[level]  # type: ignore[index]
        return (cap.statutory_handler or cap.grade) if fulfils == STATUTORY_HANDLER else cap.grade

    def grade_of(self, grade: int, transform: str) -> int:
        """Return the grade that a column of the given grade has after a transform."""
        return grade if transform in ("raw", "drop") else self.grade_after[transform]  # type: ignore[index]

    def applies(self, transform: str, class_: str) -> bool:
        """Return whether a transform can be done to a column of a class; a token is made of the row key, which is no declared column."""
        if transform == "mask":
            return class_ in self.masks
        if transform in get_args(OfSomeClasses):
            return class_ in self.applies_to.get(transform, ())  # type: ignore[call-overload]
        return transform != "token"

    def is_banned(self, class_: str, level: str, transform: str) -> bool:
        """Return whether a ban forbids a transform of a class at a level."""
        return any(ban.class_ == class_ and ban.transform == transform and level in ban.levels for ban in self.bans)

    @property
    def sha256(self) -> str:
        """Return the SHA-256 of the policies' content; comments and layout do not matter."""
        return declared_sha256(self)


def load_policies(path: Path) -> Policies:
    """Return the validated policies.

    Raises:
        ContractError: the file is wrong; the message lists all its problems.
    """
    policies = read_declaration(path, Policies)
    problems = [*_gaps(str(path), policies), *_strangers(str(path), policies), *_misfits(str(path), policies)]
    if problems:
        raise ContractError(problems_text(problems))
    return policies


def _gaps(where: str, policies: Policies) -> Iterator[Problem]:
    for transform in sorted(set(STRICTNESS) - {"raw", "drop"} - set(policies.grade_after)):
        yield Problem(f"{where}: gradeAfter", f"{transform} is missing.", "", "say which grade remains after it.")
    for transform in sorted(set(get_args(OfSomeClasses)) - set(policies.applies_to)):
        yield Problem(f"{where}: appliesTo", f"{transform} is missing.", "", "say which classes it can be done to; [] for none.")
    for level in LEVELS:
        if level not in policies.caps:
            yield Problem(f"{where}: caps", f"{level} is missing.", "", "say which grade may reach it.")
    for name, declared in policies.classes.items():
        for level in LEVELS:
            if level not in declared:
                yield Problem(f"{where}: classes.{name}", f"{level} is missing.", "", "say which transform is due there.")


def _strangers(where: str, policies: Policies) -> Iterator[Problem]:
    """Yield the names of classes that stand outside of `classes` and are none of them."""
    named = [("masks", name) for name in policies.masks]
    named += [(f"appliesTo.{transform}", name) for transform, names in policies.applies_to.items() for name in names]
    named += [(f"roles.{role}", name) for role, name in policies.roles.model_dump().items()]
    named += [("bans", ban.class_) for ban in policies.bans]
    for place, name in named:
        if name not in policies.classes:
            allowed = nearest_first(name, list(policies.classes))
            yield Problem(f"{where}: {place}", f"there is no class {name}.", allowed, "declare it under classes, or correct the name.")


def _misfits(where: str, policies: Policies) -> Iterator[Problem]:
    for name, levels in policies.classes.items():
        for level, treatment in levels.items():
            place = f"{where}: classes.{name}.{level}"
            exempted = [treatment.exemption.transform] if treatment.exemption else []
            if treatment.exemption and treatment.exemption.when == OPEN_TASK and (level != TASKS_SHOW_TO or treatment.transform == "drop"):
                found = "an open task loosens a column that a grid's workbook has, nothing else."
                yield Problem(place, found, f"{TASKS_SHOW_TO}, where the transform is not drop", "leave the exemption out.")
            for transform in (treatment.transform, *exempted):
                if not policies.applies(transform, name):
                    fitting = [one for one in STRICTNESS if policies.applies(one, name)]
                    yield Problem(place, f"{transform} cannot be done to a column of class {name}.", nearest_first(transform, fitting))
                if policies.is_banned(name, level, transform):
                    yield Problem(place, f"{transform} is banned for {name} at {level}.", "", "choose a stricter transform.")
            for transform in exempted:
                if STRICTNESS[transform] >= STRICTNESS[treatment.transform]:
                    yield Problem(place, f"the exemption {transform} is not looser than {treatment.transform}.", "", "leave it out.")
