"""The typed model of a declared return: which rows of which table go to which levels, on what legal basis, with which columns."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from lakehouse.contracts.model import Cycle, Level, LogicalType
from lakehouse.declarations.policies import STATUTORY_HANDLER, Transform
from lakehouse.declarations.strict_yaml import Declared, declared_sha256, read_declaration
from lakehouse.errors import ContractError, Problem
from lakehouse.naming import LEVELS

WorkbookLevel = Literal["street", "community", "grid"]
ANSWERS = ("属实", "有误", "查无此人", "已搬离", "已死亡")
HEADINGS = {"year": "{}（年份）", "age_band": "{}（年龄段）", "band": "{}（区间）", "flag": "有无{}"}


class Tightened(Declared):
    """A return's own transform of a column for an audience; it may be looser than the policy only with a legal basis."""

    transform: Transform
    legal_basis: str | None = Field(None, alias="legalBasis")


def _as_tightened(value: Any) -> Any:
    return {"transform": value} if isinstance(value, str) else value


class ReturnColumn(Declared):
    """A column of a return: its name in the source table, its label for people, its class and grade, and transforms of its own.

    `policy` holds transforms by audience (a level, or the kind of a handler) that differ from policies.yaml. `label_after` names what a
    transform leaves where the label would not fit it. `codes` names the code table, `region` or `resource`, whose labels a workbook shows
    instead of the codes. `hidden_for` names the levels whose workbooks hide the column, because it says the same in every row there.
    Recipients may say that a `correctable` column is wrong.
    """

    name: str
    label: str
    type: LogicalType
    class_: str | None = Field(None, alias="class")
    grade: Literal[1, 2, 3, 4] | None = None
    label_after: dict[Transform, str] = Field(default_factory=dict, alias="labelAfter")
    codes: str | None = None
    policy: dict[str, Annotated[Tightened, BeforeValidator(_as_tightened)]] = Field(default_factory=dict)
    hidden_for: tuple[WorkbookLevel, ...] = Field((), alias="hiddenFor")
    correctable: bool = False

    def heading(self, transform: str) -> str:
        """Return what people read above the column after a transform."""
        declared = {str(name): text for name, text in self.label_after.items()}
        return declared.get(transform) or HEADINGS.get(transform, "{}").format(self.label)


class Basis(Declared):
    """Why a level receives the return: Decree 809 Art. 24 (complete, by area) or Art. 30 (by an approved need)."""

    legal_basis: Literal["Art24", "Art30"] = Field(alias="legalBasis")
    need: str | None = None
    purpose: str


class Handler(Declared):
    """A kind of department that handles the matter by law. There is one such department per region; it receives the rows of that region."""

    kind: str
    level: Level
    legal_basis: str = Field(alias="legalBasis")
    purpose: str


class Task(Declared):
    """A task for people who work with a list: the rows whose column has one of these values. The workbook's first page counts them."""

    say: str
    unit: str
    column: str
    values: tuple[str, ...]


class SmallCells(Declared):
    """A column of counts in which no value from 1 to `under` − 1 may appear, because so small a count could identify single people."""

    column: str
    under: int = Field(10, ge=2)


class Minors(Declared):
    """The rule for minors: in rows of people under an age (at the business date) the named columns are of the class of minors."""

    under: int = Field(14, ge=1, le=18)
    birth_date: str = Field(alias="birthDate")
    id_no: str | None = Field(None, alias="idNo")  # gives the date of birth where the birth date column is empty
    columns: tuple[str, ...]


@dataclass(frozen=True)
class Audience:
    """A group that receives a return in the same form: the regions of a level, or departments of a kind that handle the matter by law."""

    name: str
    level: str
    legal_basis: str
    need: str | None
    purpose: str
    fulfils: str | None = None
    below: str | None = None  # the next level that receives the return


class Return(Declared):
    """A declared return: the whole content of `contracts/returns/<id>.yaml`.

    `resources` names the resources behind the source table where authority.yaml does not. Of workbooks, `sort_by` orders the lists (numbers
    in texts count as numbers), `named_by` are the columns that say whom or what a row is about where changes are told, and `pending_say` is
    what to find out about a row whose place is known in the recipient's area, but not in which part of it. `answers` are what people can
    say of a row after they have looked.
    """

    id: str
    version: str
    name: str
    description: str
    source: str
    key: str
    filter: dict[str, bool | str] = Field(default_factory=dict)
    resources: tuple[str, ...] = ()
    levels: dict[Level, Basis]
    handlers: tuple[Handler, ...] = ()
    minors: Minors | None = None
    small_cells: SmallCells | None = Field(None, alias="smallCells")
    tasks: tuple[Task, ...] = ()
    sort_by: tuple[str, ...] = Field((), alias="sortBy")
    named_by: tuple[str, ...] = Field((), alias="namedBy")
    answers: tuple[str, ...] = ANSWERS
    pending_say: str = Field("查明属于下一级的哪一处", alias="pendingSay")
    cycle: Cycle
    retention_days: int = Field(alias="retentionDays", ge=1)
    receipt_required: bool = Field(True, alias="receiptRequired")
    enabled: bool = True
    columns: tuple[ReturnColumn, ...] = Field(min_length=1)

    @property
    def sha256(self) -> str:
        """Return the hash of the declaration."""
        return declared_sha256(self)

    @property
    def audiences(self) -> dict[str, Audience]:
        """Return the audiences of the return by name: levels from province down to grid, then handlers."""
        return self.audiences_at(LEVELS)

    def audiences_at(self, levels: Collection[str]) -> dict[str, Audience]:
        """Return the audiences in a city that has these levels: below the province there may be no city, below the city no district."""
        served = [level for level in LEVELS if level in self.levels and level in levels]
        found = {}
        for level, below in zip(served, (*served[1:], None), strict=False):
            basis = self.levels[level]  # type: ignore[index]
            found[level] = Audience(level, level, basis.legal_basis, basis.need, basis.purpose, below=below)
        for one in self.handlers:
            found[one.kind] = Audience(one.kind, one.level, one.legal_basis, None, one.purpose, STATUTORY_HANDLER)
        return found


def load_sound_returns(folder: Path) -> tuple[dict[str, Return], dict[str, str]]:
    """Return the enabled returns whose file is right, by id, and the problems of each wrong file under the id its name gives."""
    found: dict[str, Return] = {}
    wrong: dict[str, str] = {}
    for path in sorted(folder.glob("*.yaml")):
        try:
            declared = read_declaration(path, Return)
        except ContractError as error:
            wrong[path.stem] = str(error)
            continue
        if declared.id != path.stem:
            problem = Problem(f"{path}: id", f"is {declared.id!r}.", path.stem, "name the file like the return.")
            wrong[path.stem] = problem.text()
        elif declared.enabled:
            found[declared.id] = declared
    return found, wrong
