"""Returns the vocabulary in which a kind of rule declares itself: its parameters, its dimension, its text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple

from pydantic import BaseModel, ConfigDict


class Refers(NamedTuple):
    """Marks a parameter that names something else: a `column` of the contract or a code `table`."""

    to: str


ColumnName = Annotated[str, Refers("column")]
CodeTableName = Annotated[str, Refers("table")]


class Parameters(BaseModel):
    """Base of a kind's parameters: frozen, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Labels(NamedTuple):
    """The name of a column for people, Chinese and English."""

    zh: str
    en: str


class Messages(NamedTuple):
    """What a broken rule says, Chinese and English; never a value from the data."""

    zh: str
    en: str


@dataclass(frozen=True)
class RuleKind:
    """One kind of rule; `dimension` is a code of GB/T 36344.

    `before_repair`: the kind judges the text after `trim`, `half_width` and `upper`, but before `resident_id_18` and `region_successor`
    repair it; all other kinds judge the text after the whole list. `types`: the logical types it can judge, empty for all.
    `misfit(logical type, parameters)` says what parameters do not fit the type of the column.
    """

    name: str
    parameters: type[Parameters]
    dimension: str
    messages: Callable[[Labels, Any], Messages]
    before_repair: bool = False
    types: tuple[str, ...] = ()
    misfit: Callable[[str, Any], str | None] | None = None

    def references(self, parameters: Parameters, to: str) -> dict[str, str]:
        """Returns the parameters that refer to a `column` or `table`: parameter → name."""
        fields = self.parameters.model_fields
        return {name: getattr(parameters, name) for name, field in fields.items() if Refers(to) in field.metadata}
