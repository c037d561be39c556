"""The packages of the sample city import each other in one direction only: world, then sources, then feed."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

pytestmark = pytest.mark.fast
SAMPLE_CITY = Path(__file__).resolve().parents[2] / "sample_city"
MAY_IMPORT = {"world": {"world"}, "sources": {"world", "sources"}, "feed": {"world", "sources", "feed"}}


def test_nothing_lies_beside_the_rooms() -> None:
    assert {path.name for path in SAMPLE_CITY.iterdir() if path.name != "__pycache__"} == {"__init__.py", *MAY_IMPORT}


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_imports_follow_the_direction_of_the_rooms(room: str) -> None:
    wrong = []
    for path in (SAMPLE_CITY / room).glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            parts = str(node.module).split(".") if isinstance(node, ast.ImportFrom) else []
            if parts[:1] == ["sample_city"] and parts[1] not in MAY_IMPORT[room]:
                wrong.append(f"{path.name} imports {node.module}")
    assert wrong == []
