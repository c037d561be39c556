"""The text of a new contract: it loads as it is, and its comments say where a steward has to decide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lakehouse.contracts.properties import NAME_PATTERN


@dataclass(frozen=True)
class Start:
    """What is known when a contract is begun.

    `headers` are the names of the columns in the CSV files, `provider` is a kind of office, `class_` is the class of unclassified columns.
    """

    code: str
    name_zh: str
    level: str
    provider: str
    headers: Sequence[str]
    class_: str
    encoding: str = "utf-8"


HEAD = """\
apiVersion: v3.1.0
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
  - {{property: provider, value: {{kind: {provider}}}}}       # of the city; of: province; or {{each: street}}, with {{region}} in the path
  - property: source
    value: {{kind: csv, path: "{code}/{{date}}_{{n}}.csv", encoding: {encoding}}}
  - {{property: cycle, value: {{every: month, dueHours: 72}}}}
  - {{property: delivery, value: increment}}       # increment | snapshot | event
  - {{property: sharing, value: {{attribute: 2, grade: 3, openType: closed}}}}
  - {{property: locality, value: {{}}}}       # code, grid, communityName or address: which column says where a row belongs
schema:
  - name: {code}
    logicalType: object
    properties:
"""
COLUMN = """\
      - name: {name}
        physicalName: {header}
        businessName: {header}
        description: {name}
        logicalType: string
{key}        customProperties:
          - {{property: class, value: {class_}}}
          - {{property: grade, value: 3}}
"""
KEY = "        primaryKey: true\n        required: true\n"


def skeleton(start: Start) -> str:
    """Return the contract as YAML: every column a string of grade 3 and of the class of `start`, the first column the key."""
    head = HEAD.format(code=start.code, name_zh=start.name_zh, level=start.level, provider=start.provider, encoding=start.encoding)
    columns = [
        COLUMN.format(name=_column_name(header, number), header=_quoted(header), key=KEY if number == 1 else "", class_=start.class_)
        for number, header in enumerate(start.headers, start=1)
    ]
    return head + "".join(columns)


def _column_name(header: str, number: int) -> str:
    return header if NAME_PATTERN.fullmatch(header) else f"column_{number}"


def _quoted(header: str) -> str:
    return "'" + header.replace("'", "''") + "'"
