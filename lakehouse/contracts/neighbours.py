"""What a contract may name of the declarations beside it: code tables, kinds of entities, classes of columns.

Only names are read here, so that a mistake elsewhere in those files, which is told by their own readers, spoils no contract.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lakehouse.declarations.codes import code_table_names
from lakehouse.declarations.document import read_document
from lakehouse.errors import ContractError
from lakehouse.rules.vocabulary import Labels


@dataclass(frozen=True)
class Neighbours:
    """The names that stand in the files beside a contract; None: the file cannot be read, so nothing is held to it.

    Attributes:
        code_tables: the code tables.
        entities: the kinds of entities of authority.yaml, and how people call them.
        classes: the classes of columns of policies.yaml.
        identity_class: the class of numbers that identify a person.
    """

    code_tables: tuple[str, ...]
    entities: Mapping[str, Labels] | None
    classes: tuple[str, ...] | None
    identity_class: str | None


def neighbours(folder: Path) -> Neighbours:
    """Return what the contracts of a contracts folder may name."""
    entities, policies = _mapping(_content(folder / "authority.yaml"), "entities"), _content(folder / "policies.yaml")
    classes, identity = _mapping(policies, "classes"), (_mapping(policies, "roles") or {}).get("identity")
    return Neighbours(
        tuple(code_table_names(folder)),
        None if entities is None else {name: _called(name, declared) for name, declared in entities.items()},
        None if classes is None else tuple(classes),
        identity if isinstance(identity, str) else None,
    )


def _content(path: Path) -> dict[str, Any]:
    try:
        return read_document(path, str(path)).content if path.is_file() else {}
    except ContractError:
        return {}


def _mapping(content: dict[str, Any], key: str) -> dict[str, Any] | None:
    found = content.get(key)
    return found if isinstance(found, dict) else None


def _called(name: str, declared: Any) -> Labels:
    said = declared if isinstance(declared, dict) else {}
    return Labels(str(said.get("name", name)), str(said.get("name_en", name)))
