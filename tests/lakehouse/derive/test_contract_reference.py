"""The reference of contracts: current, every key described, and no key of the loader left out."""

from __future__ import annotations

import ast
import re

import pytest

from lakehouse.config import PROJECT
from lakehouse.derive.contract_reference import render

pytestmark = pytest.mark.fast
PAGE = PROJECT / "docs" / "reference" / "contract.md"
READERS = ("columns", "consistency", "loader")
NOT_KEYS = {"type", "engine", "property", "value", "class", "grade"}  # keys around a rule and a property; the last two are properties


def test_the_page_is_current() -> None:
    told = "the model changed: run `huiliu docs` and copy derived/docs/contract.md to docs/reference/contract.md"
    assert PAGE.read_text("utf-8") == render(), told


def test_every_key_says_what_it_is() -> None:
    rows = [line for line in render().splitlines() if line.startswith("| `")]
    assert len(rows) > 100
    silent = [row for row in rows if not row.rstrip(" |").rpartition("| ")[2].strip() or row.endswith("|  |")]
    assert silent == [], "describe each key in the section `Attributes` of its class"


def test_every_key_the_loader_reads_is_on_the_page() -> None:
    read = set()
    for name in READERS:
        tree = ast.parse((PROJECT / "lakehouse" / "contracts" / f"{name}.py").read_text("utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get" and node.args:
                read |= {node.args[0].value} if isinstance(node.args[0], ast.Constant) else set()
            if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str):
                read.add(node.slice.value)
    page = {key for keys in re.findall(r"`([\w.]+)`", render()) for key in (keys, *keys.split("."))}
    assert {key for key in read if isinstance(key, str)} - NOT_KEYS - page == set()
    assert {"physicalName", "layouts", "primaryKeyPosition", "purpose"} <= read
