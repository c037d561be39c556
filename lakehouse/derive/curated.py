"""The curated tables as the dbt project describes them: schema, name, key, columns with types and labels in two languages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from lakehouse.declarations.libraries import table_of

BETWEEN_LANGUAGES = " / "
KEY_TEST = "one_row_per"


@dataclass(frozen=True)
class ModelColumn:
    """A column of a curated table; `label` is Chinese and English."""

    name: str
    type: str
    label: tuple[str, str]


@dataclass(frozen=True)
class Model:
    """A curated table: one row per `key`."""

    table: str
    label: tuple[str, str]
    key: tuple[str, ...]
    columns: tuple[ModelColumn, ...]


def public_models(project: Path) -> tuple[Model, ...]:
    """Return the described tables of a dbt project, in the order of its files; a folder of models is a schema."""
    tables = {path.stem: table_of(path) for path in (project / "models").rglob("*.sql")}
    return tuple(_model(tables[one["name"]], one) for one in _declared(project / "models") if one["name"] in tables)


def _declared(folder: Path) -> Iterator[dict[str, Any]]:
    for path in sorted(folder.rglob("*.yml")):
        yield from (yaml.safe_load(path.read_text("utf-8")) or {}).get("models", [])


def _model(table: str, declared: dict[str, Any]) -> Model:
    columns = (ModelColumn(one["name"], one.get("data_type", ""), _label(one)) for one in declared.get("columns", []))
    tests = (test[KEY_TEST] for test in declared.get("data_tests", []) if isinstance(test, dict) and KEY_TEST in test)
    key = next((test.get("arguments", test)["keys"] for test in tests), ())
    return Model(table, _label(declared), tuple(key), tuple(columns))


def _label(described: dict[str, Any]) -> tuple[str, str]:
    zh, _, en = str(described.get("description", "")).partition(BETWEEN_LANGUAGES)
    return zh.strip(), en.strip() or zh.strip()
