"""Documentation written from the declarations: a page and a catalog entry per resource, the dictionary, dbt's docs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from application import docs
from lakehouse.config import PROJECT, Instance, Settings
from lakehouse.contracts.loader import contract_paths, load_contracts
from lakehouse.declarations.codes import load_code_tables
from lakehouse.derive.curated import public_models
from tests.application.pages.browser import see


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Instance:
    """Return an instance without running services."""
    return Instance(Settings(home=tmp_path_factory.mktemp("docs")))


@pytest.fixture(scope="module")
def dictionary(home: Instance) -> Path:
    """Return the dictionary of the project's own declarations."""
    return docs.write_dictionary(home)


@pytest.mark.fast
def test_every_resource_has_a_page_and_an_entry(home: Instance) -> None:
    written = docs.write_resources(home)
    assert len(written) == 2 * len(contract_paths(home.settings.contracts))
    assert all(path.stat().st_size for path in written)


@pytest.mark.fast
def test_the_dictionary_has_every_column_of_every_table_and_resource(home: Instance, dictionary: Path) -> None:
    page = dictionary.read_text("utf-8")
    sections = dict(re.findall(r'<section id="([^"]+)" data-search="[^"]*">(.*?)</section>', page, re.DOTALL))
    told = {name: re.findall(r'<th scope="row"><code>([^<]+)</code>', body.split("<details>")[0]) for name, body in sections.items()}
    contracts = load_contracts(home.settings.contracts, standard=False)
    expected = {model.table: [column.name for column in model.columns] for model in public_models(home.settings.dbt_project)}
    expected |= {code: [column.name for column in contract.columns] for code, contract in contracts.items()}
    assert told == expected
    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(re.findall(r'id="([^"]+)"', page))
    assert set(re.findall(r'<details id="codes-(\w+)"', page)) <= set(load_code_tables(home.settings.contracts))


@pytest.mark.fast
def test_the_dictionary_says_who_is_believed_and_who_receives(dictionary: Path) -> None:
    page = dictionary.read_text("utf-8")
    row = re.search(r'<section id="base\.person".*?<tr><th scope="row"><code>id_no</code>(.*?)</tr>', page, re.DOTALL)
    assert row
    plain = re.sub(r'<span class="en".*?</span>', "", row[1])
    plain = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", plain))
    assert re.search(r"id_no 3 1 户籍人口.* 2 居住证", plain)
    assert re.search(r"resident_list 区级 原值 .*镇街 遮盖 .*社区 遮盖 .*网格 不提供", plain)


@pytest.mark.browser
def test_the_dictionary_is_read_on_a_phone(dictionary: Path, tmp_path: Path) -> None:
    seen = see(dictionary, tmp_path / "look", 390)
    assert "人口基础库" in seen.text
    assert "Population base library" in seen.other_text
    assert (seen.width <= 390, seen.faint, seen.loaded) == (True, [], [])


@pytest.mark.dbt
def test_dbt_describes_its_models_without_a_warehouse(home: Instance) -> None:
    page = docs.write_dbt_docs(home)
    assert page.stat().st_size > 500_000
    assert all(f"model.huiliu.{path.stem}" in page.read_text("utf-8") for path in (PROJECT / "dbt_project/models/base").glob("*.sql"))
