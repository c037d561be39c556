"""Read a declaration in YAML as plain values and keep their lines, so that problems are reported by path and line."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from lakehouse.errors import ContractError, Problem, problems_text

Step = str | int
TWICE = "is written twice"


@dataclass(frozen=True)
class Finding:
    """One thing wrong in a document; `steps` lead to it from the root. It becomes a `Problem` with path and line."""

    steps: tuple[Step, ...]
    found: str
    allowed: str = ""
    fix: str = ""


class _TextLoader(yaml.CSafeLoader):
    """Reads dates as text and refuses a key written twice (YAML itself lets the last one win in silence)."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.constructor.ConstructorError(None, None, f"the key {key.value!r} {TWICE}", key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


_TextLoader.yaml_implicit_resolvers = {
    first: [(tag, regex) for tag, regex in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


@dataclass(frozen=True)
class Document:
    """One YAML file; `name` is what messages call it."""

    path: Path
    name: str
    content: dict[str, Any]

    def problems(self, findings: Iterable[Finding]) -> list[Problem]:
        """Return the findings as problems, in the order of the file and without repetitions."""
        ordered = sorted(dict.fromkeys(findings), key=lambda finding: (self._line(finding.steps), self._display(finding.steps)))
        return [
            Problem(f"{self.name}:{self._line(finding.steps)}: {self._display(finding.steps)}", finding.found, finding.allowed, finding.fix)
            for finding in ordered
        ]

    @cached_property
    def _root(self) -> yaml.Node | None:
        with self.path.open(encoding="utf-8") as stream:
            return yaml.compose(stream, Loader=yaml.CSafeLoader)

    def _line(self, steps: tuple[Step, ...]) -> int:
        node, line = self._root, 1
        for step in steps:
            child = _child(node, step)
            if child is None:
                break
            line, node = child
        return line

    def _display(self, steps: tuple[Step, ...]) -> str:
        """Return the steps as a readable path: list items by name, without the only table of a contract (`schema.id_no.quality[0]`)."""
        words, value = [], self.content
        for step in steps:
            value = _value(value, step)
            if isinstance(step, str):
                words.append(f".{step}")
            elif isinstance(value, dict) and (value.get("name") or value.get("property")):
                words.append(f".{value.get('name') or value.get('property')}")
            else:
                words.append(f"[{step}]")
        if steps[:3:2] == ("schema", "properties"):
            words[1:3] = []
        return "".join(words).lstrip(".") or "file"


def read_document(path: Path, name: str) -> Document:
    """Return the file as a document; `name` is what messages call it.

    Raises:
        ContractError: the file is no YAML mapping, or a key is written in it twice.
    """
    try:
        with path.open(encoding="utf-8") as stream:
            content = yaml.load(stream, Loader=_TextLoader)  # noqa: S506 (a CSafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        told = str(getattr(error, "problem", None) or error)
        found = f"{told}." if TWICE in told else f"the file is no YAML: {told}."
        raise ContractError(Problem(f"{name}{line}", found, "", "correct the line.").text()) from None
    except UnicodeDecodeError:
        raise ContractError(Problem(name, "the file is not UTF-8.", "", "save it as UTF-8.").text()) from None
    if not isinstance(content, dict):
        raise ContractError(Problem(name, "the file is no mapping of keys.", "", "begin with a key and a colon.").text())
    return Document(path, name, content)


def refuse(document: Document, findings: Iterable[Finding]) -> None:
    """Raise one ContractError with all findings, if there are any."""
    problems = document.problems(findings)
    if problems:
        raise ContractError(problems_text(problems))


def _child(node: yaml.Node | None, step: Step) -> tuple[int, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):
        return next(((key.start_mark.line + 1, value) for key, value in node.value if key.value == step), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step].start_mark.line + 1, node.value[step]
    return None


def _value(value: Any, step: Step) -> Any:
    if isinstance(value, dict):
        return value.get(step)
    return value[step] if isinstance(value, list) and isinstance(step, int) and step < len(value) else None
