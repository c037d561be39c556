"""The page and the catalog entry of a resource are derived from the contract alone, with the same bytes each time."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lakehouse.config import PROJECT
from lakehouse.contracts.loader import load_contracts
from lakehouse.declarations.codes import load_code_tables
from lakehouse.derive import catalog, docs

pytestmark = pytest.mark.fast
GOLDEN = Path(__file__).parent / "golden"
ARTICLE_13 = ("数据目录名称", "数据项", "提供单位", "数据格式", "数据更新频率", "共享属性", "共享方式", "使用条件", "数据分类分级")


def test_the_page_is_as_agreed() -> None:
    contract = load_contracts(PROJECT / "contracts", standard=False)["s_elderly_service_list"]
    page = docs.render(contract, load_code_tables(PROJECT / "contracts"))
    assert page == (GOLDEN / "s_elderly_service_list.md").read_text("utf-8"), "write the new page to the golden file if it is right"


def test_every_catalog_entry_has_what_article_13_demands() -> None:
    for contract in load_contracts(PROJECT / "contracts", standard=False).values():
        entry = json.loads(catalog.render(contract))
        assert [item for item in ARTICLE_13 if not entry.get(item)] == []
        assert "bank_account" not in {column["字段"] for column in entry["数据项"]}
