"""The page of a return's keys names every key of the model."""

from __future__ import annotations

import re

import pytest
from pydantic import BaseModel

from lakehouse.config import PROJECT
from lakehouse.returns.model import Basis, Handler, Minors, Return, ReturnColumn, SmallCells, Task

pytestmark = pytest.mark.fast
PAGE = PROJECT / "docs" / "reference" / "return.md"


@pytest.mark.parametrize("model", [Return, ReturnColumn, Basis, Handler, Minors, SmallCells, Task])
def test_every_key_is_told(model: type[BaseModel]) -> None:
    told = set(re.findall(r"[A-Za-z]+", " ".join(re.findall(r"`([^`]+)`", PAGE.read_text("utf-8")))))
    keys = {field.alias or name for name, field in model.model_fields.items()}
    assert keys - told == set(), "say in docs/reference/return.md what the key does"
