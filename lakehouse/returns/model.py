"""Returns the typed model of a return: which rows of which table go to which levels, on what legal basis, with which columns."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from lakehouse.contracts.model import ColumnClass, Cycle, Level, LogicalType, Typed
from lakehouse.errors import ContractError, Problem, problems_text
from lakehouse.policies import Transform, declared_sha256, read_declaration


class Tightened(Typed):
    """A return's own transform of a column at a level; looser than the policy only with a legal basis."""

    transform: Transform
    legal_basis: str | None = Field(None, alias="legalBasis")


def _as_tightened(value: Any) -> Any:
    return {"transform": value} if isinstance(value, str) else value


class ReturnColumn(Typed):
    """A column of the source table: how it is called there and for people, what it reveals, how it differs from the policy."""

    name: str
    label: str
    type: LogicalType
    class_: ColumnClass | None = Field(None, alias="class")
    grade: Literal[1, 2, 3, 4] | None = None
    policy: dict[Level, Annotated[Tightened, BeforeValidator(_as_tightened)]] = Field(default_factory=dict)


class Basis(Typed):
    """Why a level receives the return: Decree 809 Art. 24 (complete, by area) or Art. 30 (by an approved need)."""

    legal_basis: Literal["Art24", "Art30"] = Field(alias="legalBasis")
    need: str | None = None
    purpose: str


class Minors(Typed):
    """Rows of people under an age (at the business date) whose identity columns are of class `minor_id`."""

    under: int = Field(14, ge=1, le=18)
    birth_date: str = Field(alias="birthDate")
    id_no: str | None = Field(None, alias="idNo")  # holds the date of birth where the column of that name is empty
    columns: tuple[str, ...]


class Return(Typed):
    """All of one `contracts/returns/<id>.yaml`."""

    id: str
    version: str
    name: str
    description: str
    source: str
    key: str
    filter: dict[str, bool | str] = Field(default_factory=dict)
    levels: dict[Level, Basis]
    minors: Minors | None = None
    cycle: Cycle
    retention_days: int = Field(alias="retentionDays", ge=1)
    receipt_required: bool = Field(True, alias="receiptRequired")
    enabled: bool = True
    columns: tuple[ReturnColumn, ...]

    @property
    def sha256(self) -> str:
        """Returns the hash of what the return says."""
        return declared_sha256(self)

    @property
    def needed_columns(self) -> list[str]:
        """Returns the columns of the source table the return has to read besides its own and the localities."""
        minors = [self.minors.birth_date, *([self.minors.id_no] if self.minors.id_no else [])] if self.minors else []
        return [self.key, *self.filter, *minors]


def load_returns(folder: Path) -> dict[str, Return]:
    """Returns the enabled returns by id.

    Raises:
        ContractError: a file is wrong; the problems of all files at once.
    """
    found: dict[str, Return] = {}
    problems: list[str] = []
    for path in sorted(folder.glob("*.yaml")):
        try:
            declared = read_declaration(path, Return)
        except ContractError as error:
            problems.append(str(error))
            continue
        if declared.id != path.stem:
            problems.append(problems_text([Problem(f"{path}: id", f"is {declared.id!r}.", path.stem, "name the file as the return.")]))
        if declared.enabled:
            found[declared.id] = declared
    if problems:
        raise ContractError("\n".join(problems))
    return found
