"""The page and the catalog entry of a resource are derived from the contract alone, with the same bytes each time."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from lakehouse.config import PROJECT
from lakehouse.contracts.loader import load_contract, load_contracts
from lakehouse.declarations.codes import load_code_tables
from lakehouse.derive import catalog, docs

pytestmark = pytest.mark.fast
GOLDEN = Path(__file__).parent / "golden"
LIST = "resources/street/s_elderly_service_list.odcs.yaml"
ARTICLE_13 = ("数据目录名称", "数据项", "提供单位", "数据格式", "数据更新频率", "共享属性", "共享方式", "使用条件", "数据分类分级")


def test_the_page_is_as_agreed() -> None:
    contract = load_contracts(PROJECT / "contracts", standard=False)["s_elderly_service_list"]
    page = docs.render(contract, load_code_tables(PROJECT / "contracts"))
    assert page == (GOLDEN / "s_elderly_service_list.md").read_text("utf-8"), "write the new page to the golden file if it is right"


def test_the_page_of_a_snapshot_says_how_much_it_may_lack() -> None:
    contracts, tables = load_contracts(PROJECT / "contracts", standard=False), load_code_tables(PROJECT / "contracts")
    said = "lacks more than 5% and more than 20 of the open keys, or more than 50%, none of them is closed."
    pages = {code: docs.render(contract, tables) for code, contract in contracts.items()}
    assert [code for code, page in pages.items() if said in page] == [code for code, one in contracts.items() if one.delivery == "snapshot"]


def test_a_resource_that_is_not_shared_names_the_law_in_the_catalog(tmp_path: Path) -> None:
    shutil.copytree(PROJECT / "contracts" / "codes", tmp_path / "codes")
    path = tmp_path / LIST
    path.parent.mkdir(parents=True)
    text = (PROJECT / "contracts" / LIST).read_text("utf-8")
    path.write_text(text.replace("{attribute: 2,", "{attribute: 3, legalBasis: 《个人信息保护法》第三十四条,"), "utf-8")
    entry = catalog.entry(load_contract(path))
    assert (entry["共享属性"], entry["使用条件"]) == ("不予共享", "不予共享，依据：《个人信息保护法》第三十四条")


def test_every_catalog_entry_has_what_article_13_demands() -> None:
    for contract in load_contracts(PROJECT / "contracts", standard=False).values():
        entry = json.loads(catalog.render(contract))
        assert [item for item in ARTICLE_13 if not entry.get(item)] == []
        assert "bank_account" not in {column["字段"] for column in entry["数据项"]}
