"""The text of a new contract: it loads as it is, and its comments say what was guessed and where a steward has to decide."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from lakehouse.contracts.guess.resource import Guess, GuessedColumn
from lakehouse.rules.format import DEFAULT_FORMATS

PLAIN = re.compile(r"[^\W\d_]([\w（）/ ]*[\w）])?")  # can stand in YAML without quotes
WORDS = ("true", "false", "yes", "no", "on", "off", "null", "y", "n")


@dataclass(frozen=True)
class Start:
    """What is known when a contract is begun.

    Attributes:
        code: the code of the resource.
        name_zh: its name.
        level: the level that delivers it.
        provider: the provider, as the contract declares it.
        source: the source, as the contract declares it.
        guess: what was guessed of its columns.
        remarks: what else has to be decided.
    """

    code: str
    name_zh: str
    level: str
    provider: Mapping[str, str]
    source: Mapping[str, Any]
    guess: Guess
    remarks: tuple[str, ...] = field(default=())


HEAD = """\
{remarks}apiVersion: v3.1.0
kind: DataContract
id: {code}
name: {name_zh}
version: 1.0.0
status: draft
description:
  purpose: {name_zh}
customProperties:
  - {{property: nameEn, value: {code}}}
  - {{property: level, value: {level}}}
  - {{property: provider, value: {provider}}}  # {{kind: …}}, {{kind: …, of: province}}, or {{each: street}} with {{region}} in the path
  - {{property: source, value: {source}}}
  - {{property: cycle, value: {{every: month, dueHours: 72}}}}  # day, week, month, year
  - {{property: delivery, value: increment}}  # increment | snapshot | event
{position}  - {{property: sharing, value: {{attribute: 2, grade: {grade}, openType: closed}}}}
  - {{property: locality, value: {locality}}}  # code, grid, communityName, addressId or address: which column says where a row belongs
schema:
  - name: {code}
    logicalType: object
    properties:
"""


def skeleton(start: Start) -> str:
    """Return the contract as YAML."""
    guess = start.guess
    head = HEAD.format(
        remarks="".join(f"# Decide: {remark}.\n" for remark in (*start.remarks, *guess.remarks)),
        code=start.code,
        name_zh=_written(start.name_zh),
        level=start.level,
        provider=_written(start.provider),
        source=_written(start.source),
        position=f"  - {{property: position, value: [{guess.position}]}}\n" if guess.position else "",
        grade=max((column.grade for column in guess.columns), default=1),
        locality=_written(guess.locality),
    )
    keys = [column.name for column in guess.columns if column.key]
    return head + "".join(f"{line}\n" for column in guess.columns for line in column_lines(column, keys))


def column_lines(column: GuessedColumn, keys: list[str]) -> Iterator[str]:
    """Yield the lines of a column as they stand in a contract, its remarks above; `keys` are the names of the key columns, in order."""
    nature = column.nature
    yield from (f"      # Decide: {remark}." for remark in column.remarks)
    yield f"      - name: {column.name}"
    if column.source_name != column.name:
        yield f"        physicalName: {_written(column.source_name)}"
    yield f"        businessName: {_written(column.source_name)}"
    yield f"        description: {_written(column.label_en)}"
    yield f"        logicalType: {nature.type}"
    if nature.physical_type:
        yield f"        physicalType: {nature.physical_type}"
    if nature.format and nature.format != DEFAULT_FORMATS.get(nature.type):
        yield f"        logicalTypeOptions: {{format: {json.dumps(nature.format)}}}"
    if column.key:
        yield "        primaryKey: true"
        yield f"        primaryKeyPosition: {keys.index(column.name) + 1}"
        yield "        required: true"
    if column.rules:
        yield "        quality:"
        yield from (f"          - {{type: custom, engine: huiliu, implementation: {_written(rule)}}}" for rule in column.rules)
    yield "        customProperties:"
    yield f"          - {{property: class, value: {column.class_}}}"
    yield f"          - {{property: grade, value: {column.grade}}}"
    if column.normalise != ("trim",):
        yield f"          - {{property: normalise, value: [{', '.join(column.normalise)}]}}"
    if column.identity:
        yield f"          - {{property: identity, value: {column.identity}}}"
    if column.dropped:
        yield "          - {property: dropped, value: true}"


def _written(value: Any) -> str:
    """Return a value as it stands in YAML, on one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_written(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, str):
        return (
            value if PLAIN.fullmatch(value) and value.casefold() not in WORDS else json.dumps(value, ensure_ascii=not value.isprintable())
        )
    return str(value)
