"""Documentation written from the declarations: a page and a catalog entry per resource, the dictionary, dbt's docs."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from application import docs
from application.pages import handbook
from lakehouse.config import PROJECT, Instance, Settings
from lakehouse.contracts.loader import contract_paths, load_contracts
from lakehouse.declarations.codes import load_code_tables
from lakehouse.derive.curated import public_models
from tests.application.pages.browser import Seen, see


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
    sections = dict(re.findall(r'<section id="([^"]+\.[^"]+|._[^"]+)" data-unit>(.*?)</section>', page, re.DOTALL))
    told = {
        name: re.findall(r'<th scope="row"><code>([^<]+)</code>', body.split("<details data-unit>")[0]) for name, body in sections.items()
    }
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


def searched(dictionary: Path, folder: Path, width: int, text: str) -> Seen:
    """Return what a reader sees who types a text into the search."""
    typed = f'var field = document.getElementById("search"); field.value = "{text}"; field.dispatchEvent(new Event("input"));'
    return see(dictionary, folder, width, act=typed)


@pytest.mark.browser
@pytest.mark.parametrize("width", [390, 1280])
def test_the_search_filters_the_whole_page(dictionary: Path, tmp_path: Path, width: int) -> None:
    whole, seen = see(dictionary, tmp_path / "whole", width), searched(dictionary, tmp_path / "look", width, "is_zombie")
    assert "找到 1 行" in seen.text
    assert "is_zombie" in seen.text
    gone = (
        "base.household",
        "分级分类提供规定",
        "代码表",
        "数据资源\n",
        "person_id",
    )  # other tables, policies, codes, contents, other columns
    assert [word for word in gone if word in seen.text] == []
    assert [word for word in gone[:3] if word not in whole.text] == []
    assert (seen.width <= width, seen.faint, seen.loaded) == (True, [], [])


@pytest.mark.browser
def test_a_search_that_finds_nothing_says_so(dictionary: Path, tmp_path: Path) -> None:
    seen = searched(dictionary, tmp_path / "look", 390, "无此物")
    assert "无结果" in seen.text
    assert "Nothing found" in seen.other_text
    assert "base." not in seen.text
    assert seen.faint == []


@pytest.mark.browser
def test_a_word_finds_what_the_declarations_call_otherwise(dictionary: Path, tmp_path: Path) -> None:
    words = {"老人": "养老服务与高龄津贴名册", "手机": "联系电话", "低保": "最低生活保障", "街道": "镇街", "老人 手机": "联系电话"}
    each = """
      var field = document.getElementById("search"), main = document.querySelector("main"), told = [];
      WORDS.forEach(function (word) {
        field.value = word;
        field.dispatchEvent(new Event("input"));
        told.push(main.innerText);
      });
      main.textContent = told.join("\\n====\\n");
    """
    seen = see(dictionary, tmp_path / "look", 1280, act=each.replace("WORDS", json.dumps([*words])))
    for (word, found), text in zip(words.items(), seen.text.split("===="), strict=True):
        assert "也查了" in text, word
        assert found in text.split("名词解释")[-1], word


@pytest.mark.browser
def test_a_link_opens_what_a_phone_keeps_closed(dictionary: Path, tmp_path: Path) -> None:
    closed, named = see(dictionary, tmp_path / "closed", 390), see(dictionary, tmp_path / "named", 390, "#base.household")
    assert ("member_count" in closed.text, "member_count" in named.text) == (False, True)
    assert "is_zombie" not in named.text


@pytest.mark.fast
def test_the_handbook_has_every_chapter_and_no_dead_link(home: Instance) -> None:
    written = handbook.write(home.folder("derived", "docs", "handbook"))
    assert {path.stem for path in written} == {path.stem for name in handbook.FOLDERS for path in (PROJECT / "docs" / name).glob("*.md")}
    for page in written:
        text = page.read_text("utf-8")
        assert re.findall(r"""(?:srcset|action)\s*=|@import|url\(""", text) == []
        assert all((page.parent / picture).is_file() for picture in re.findall(r'src="([^"]+)', text)), page.stem
        for link in re.findall(r'href="([^"#]+)', text):
            if "://" not in link and not link.endswith("start.html"):
                assert (page.parent / link).resolve() in written, (page.stem, link)
    titles = {one.name: one.title for one in handbook.chapters()}
    assert titles["backup"] == ("备份与恢复", "Backup and restore")
    assert [name for name, (zh, en) in titles.items() if zh == en] == []


@pytest.mark.browser
def test_the_dictionary_is_read_on_a_phone(dictionary: Path, tmp_path: Path) -> None:
    seen = see(dictionary, tmp_path / "look", 390)
    assert "人口基础库" in seen.text
    assert "Population base library" in seen.other_text
    assert (seen.width <= 390, seen.faint, seen.loaded) == (True, [], [])


@pytest.mark.dbt
def test_dbt_describes_its_models_without_a_warehouse(home: Instance) -> None:
    page, start = docs.write_dbt_docs(home)
    assert page.stat().st_size > 500_000
    assert json.dumps("这样做").strip('"') in page.read_text("utf-8")  # dbt's own first page is Chinese too
    assert all(f"model.huiliu.{path.stem}" in page.read_text("utf-8") for path in (PROJECT / "dbt_project/models/base").glob("*.sql"))
    lineage = start.read_text("utf-8")
    (person,) = re.findall(r'<h3 id="base\.person">.*?</dl>', lineage, re.DOTALL)
    made_of, used_by = person.split("<dt>")[1:]
    assert "户籍人口" in made_of
    assert 'href="#thematic.social_assistance"' in used_by
    assert set(re.findall(r'href="#([^"]+)"', lineage)) - {"content"} <= set(re.findall(r'id="([^"]+)"', lineage))
    assert {model.table for model in public_models(home.settings.dbt_project)} <= set(re.findall(r'<h3 id="([^"]+)"', lineage))
