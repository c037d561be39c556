"""The types with which a kind of rule is declared: its parameters, its dimension, its messages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict


class Refers(NamedTuple):
    """Marks a parameter that names a `column` of the contract (`alike`: of the rule's column's type), a code `table` or an `entity`."""

    to: str
    alike: bool = False


ColumnName = Annotated[str, Refers("column")]
ColumnLikeThis = Annotated[str, Refers("column", alike=True)]
JudgedIn = Literal["gate", "libraries"]
CodeTableName = Annotated[str, Refers("table")]
EntityName = Annotated[str, Refers("entity")]


class Parameters(BaseModel):
    """Base of a kind's parameters: frozen, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Labels(NamedTuple):
    """The name of a column or of a kind of entity for people, Chinese and English."""

    zh: str
    en: str


class Called(NamedTuple):
    """How people call what the parameters of a rule name: other columns of the contract, and kinds of entities."""

    columns: Mapping[str, Labels]
    entities: Mapping[str, Labels]


class Messages(NamedTuple):
    """The text of a broken rule, Chinese and English; never a value from the data."""

    zh: str
    en: str


@dataclass(frozen=True)
class RuleKind:
    """One kind of rule; `dimension` is a code of GB/T 36344.

    `before_repair`: the kind judges the text after `trim`, `half_width` and `upper`, but before `resident_id_18` and `region_successor`
    repair it; all other kinds judge the text after the whole list. `types`: the logical types it can judge, empty for all.
    `misfit(logical type, parameters)` returns why parameters do not fit the type of the column. `judged_in`: at the gate row by row, or in
    the libraries, where other resources are known; only kinds of the gate have a predicate and stand in verdicts and suites.
    """

    name: str
    parameters: type[Parameters]
    dimension: str
    messages: Callable[[Labels, Any], Messages]
    before_repair: bool = False
    types: tuple[str, ...] = ()
    misfit: Callable[[str, Any], str | None] | None = None
    judged_in: JudgedIn = "gate"

    def references(self, parameters: Parameters, to: str) -> dict[str, str]:
        """Return the parameters that refer to a `column`, `table` or `entity`: parameter → name."""
        return {name: getattr(parameters, name) for name, mark in self._marks() if mark.to == to}

    def columns_alike(self, parameters: Parameters) -> dict[str, str]:
        """Return the parameters that name a column of the same type as the rule's column: parameter → name."""
        return {name: getattr(parameters, name) for name, mark in self._marks() if mark.alike}

    def _marks(self) -> list[tuple[str, Refers]]:
        fields = self.parameters.model_fields
        return [(name, mark) for name, field in fields.items() for mark in field.metadata if isinstance(mark, Refers)]
