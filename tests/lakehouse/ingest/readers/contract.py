"""Builders of small contracts for the tests of landing and readers."""

from __future__ import annotations

from typing import Any

from lakehouse.contracts.model import Contract

PROVIDER = "11449900MB2C000130"  # the tiny city's public security bureau
SOURCES: dict[str, dict[str, Any]] = {
    "csv": {"kind": "csv", "path": "t_thing/{date}_{n}.csv"},
    "jsonl": {"kind": "jsonl", "path": "t_thing/{date}_{n}.jsonl"},
    "postgres": {"kind": "postgres", "connection": "source_city", "table": "things", "watermark": "changed_at", "retry": {"attempts": 2}},
}


def contract(kind: str, *names: str, dropped: tuple[str, ...] = (), **changes: Any) -> Contract:
    """Return a contract `t_thing` with text columns of these names, the first its key; `changes` replaces parts."""
    columns = [column(name, key=number == 0) for number, name in enumerate(names)]
    columns += [column(name, dropped=True) for name in dropped]
    parts = {
        "code": "t_thing",
        "name_zh": "物",
        "name_en": "thing",
        "description": "",
        "version": "1.0.0",
        "level": "city",
        "provider": {"kind": "public_security"},
        "source": SOURCES[kind],
        "cycle": {"every": "day", "dueHours": 9},
        "delivery": "increment",
        "position": None,
        "sharing": {"attribute": 2, "grade": 1, "openType": "closed"},
        "locality": {},
        "columns": columns,
        "rules": [],
        "file": "t_thing.odcs.yaml",
    }
    return Contract.model_validate({**parts, **changes})


def column(name: str, **changes: Any) -> dict[str, Any]:
    """Return a text column of the contract model."""
    return {
        "name": name,
        "source_name": name,
        "label_zh": name,
        "label_en": name,
        "type": "string",
        "class_": "plain",
        "grade": 1,
        **changes,
    }
