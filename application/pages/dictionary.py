"""Write the data dictionary as an HTML page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from application.pages.words import LEVELS, SEVERITIES, TRANSFORMS, word
from lakehouse.declarations.codes import CodeTable
from lakehouse.derive.dictionary import Declarations, Library, LibraryColumn, Receipt, Resource, libraries, resources
from lakehouse.pages.rendering import Pair, put, render

TEMPLATES = Path(__file__).parent / "templates"
# The schemas of curated tables, in the order a reader needs them.
SCHEMAS: dict[str, Pair] = {
    "base": ("基础库", "Base libraries"),
    "thematic": ("主题库", "Thematic libraries"),
    "special": ("专题库", "Special-topic libraries"),
    "mart": ("集市", "Marts"),
    "quality": ("质量", "Quality"),
    "ref": ("参考", "Reference"),
}
FEW = 8  # so many labels of a code table are shown, and found, beside a column


@dataclass(frozen=True)
class Words:
    """What the page shows besides the declarations: the city's name, code tables, and words that people use for the same thing."""

    city: Pair
    codes: Mapping[str, CodeTable]
    synonyms: Sequence[Sequence[str]]


def write(folder: Path, declared: Declarations, words: Words) -> Path:
    """Write the page into a folder and return its path."""
    codes, city = words.codes, words.city
    names = {code: (contract.name_zh, contract.name_en) for code, contract in declared.contracts.items()}
    found = libraries(declared)
    named = [column.codes for one in found for column in one.columns]
    named += [column.codes for resource in resources(declared) for column in resource.columns]
    used = {name for name in named if name and name in codes}
    context = {
        "city": {"zh": city[0], "en": city[1]},
        "schemas": [
            {"name": name, "tables": [_library(one, names) for one in found if one.model.table.startswith(f"{schema}.")]}
            for schema, name in SCHEMAS.items()
        ],
        "resources": [_resource(one) for one in sorted(resources(declared), key=lambda one: list(LEVELS).index(one.contract.level))],
        "policies": _policies(declared),
        "levels": [LEVELS[level] for level in declared.policies.caps],
        "codes": [codes[name] for name in sorted(used)],
        "few": {name: labels for name in used if len(labels := _labels(codes[name])) <= FEW},
        "synonyms": words.synonyms,
    }
    return put(folder / "dictionary.html", render(TEMPLATES, "dictionary.html", context))


def _labels(table: CodeTable) -> list[str]:
    return list(dict.fromkeys(code.label_zh for code in table.versions))


def _library(one: Library, names: Mapping[str, Pair]) -> dict[str, Any]:
    return {
        "table": one.model.table,
        "name": one.model.label,
        "short": (one.model.label[0].split(":")[0], one.model.label[1].split(",")[0]),
        "key": ", ".join(one.model.key),
        "returns": one.returns,
        "columns": [_library_column(column, names) for column in one.columns],
    }


def _library_column(one: LibraryColumn, names: Mapping[str, Pair]) -> dict[str, Any]:
    by_return: dict[str, list[dict[str, Any]]] = {}
    for receipt in one.receipts:
        by_return.setdefault(receipt.return_id, []).append(_receipt(receipt))
    return {
        "name": one.column.name,
        "label": one.column.label,
        "type": one.column.type,
        "key": one.is_key,
        "class": one.class_,
        "grade": one.grade,
        "sources": [{"code": code, "name": names[code]} for code in one.sources],
        "codes": one.codes,
        "returns": by_return,
    }


def _receipt(one: Receipt) -> dict[str, Any]:
    minor = word(TRANSFORMS, one.minor_transform) if one.minor_transform else None
    return {"level": word(LEVELS, one.audience), "transform": one.transform, "word": word(TRANSFORMS, one.transform), "minor": minor}


def _resource(one: Resource) -> dict[str, Any]:
    contract = one.contract
    return {
        "code": contract.code,
        "name": (contract.name_zh, contract.name_en),
        "description": contract.description,
        "level": LEVELS[contract.level],
        "cycle": contract.cycle.rule.label,
        "kind": contract.source.kind,
        "delivery": contract.delivery,
        "version": contract.version,
        "grade": contract.sharing.grade,
        "columns": [{"codes": column.codes, "supplies": column.supplies, "column": column.column} for column in one.columns],
        "rules": [
            {"id": rule.id, "severity": rule.severity, "word": SEVERITIES[rule.severity], "text": (rule.message_zh, rule.message_en)}
            for rule in contract.rules
        ],
    }


def _policies(declared: Declarations) -> list[dict[str, Any]]:
    """Return a table of classes × levels: the transform, and the looser transform with the condition that allows it."""
    return [
        {
            "class": name,
            "cells": [
                {"transform": treatment.transform, "word": TRANSFORMS[treatment.transform], "exemption": treatment.exemption}
                for treatment in (treatments[level] for level in declared.policies.caps)
            ],
        }
        for name, treatments in declared.policies.classes.items()
    ]
