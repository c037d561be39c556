"""The declarations of public models: every model has its key, and every column a description in Chinese and English."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from lakehouse.config import PROJECT
from lakehouse.contracts.loader import load_contracts
from lakehouse.declarations.authority import load_authority
from lakehouse.derive.dbt import code_tables

pytestmark = pytest.mark.fast
MODELS = PROJECT / "dbt_project" / "models"
SCHEMAS = {path.parent.name: yaml.safe_load(path.read_text("utf-8"))["models"] for path in MODELS.glob("*/schema.yml")}
DECLARED = {model["name"]: model for models in SCHEMAS.values() for model in models}
PUBLIC = [path for path in sorted(MODELS.rglob("*.sql")) if path.parent.name != "intermediate"]
LOCALITY = [
    "province_code",
    "city_code",
    "district_code",
    "street_code",
    "community_code",
    "grid_code",
    "locality_source",
    "locality_confidence",
]


def test_every_public_model_is_declared() -> None:
    assert sorted((folder, model["name"]) for folder, models in SCHEMAS.items() for model in models) == sorted(
        (path.parent.name, path.stem) for path in PUBLIC
    )


def test_what_two_libraries_share_is_described_in_the_same_words() -> None:
    said: dict[str, set[str]] = {}
    for model in DECLARED.values():
        for column in model["columns"]:
            if column["name"] in (*LOCALITY, "person_id", "id_no", "person_name", "uscc", "_row_hash", "_since"):
                said.setdefault(column["name"], set()).add(column["description"])
    assert {name: texts for name, texts in said.items() if len(texts) > 1} == {}


@pytest.mark.parametrize("path", PUBLIC, ids=lambda path: path.stem)
def test_its_columns_are_described_in_both_languages_and_its_key_is_the_tested_one(path: Path) -> None:
    model = DECLARED[path.stem]
    columns = {column["name"]: column for column in model["columns"]}
    assert len(columns) == len(model["columns"])
    for described in (model, *columns.values()):
        chinese, _, english = described["description"].partition(" / ")
        assert re.search("[\u4e00-\u9fff]", chinese), described
        assert re.search("[A-Za-z]{3}", english), described
        assert not re.search("[\u4e00-\u9fff]", english), described
    assert all(column["data_type"] for column in columns.values())
    (key,) = (test["one_row_per"]["keys"] for test in model["data_tests"])
    written = re.search(r"unique_key=(\[[^]]*\]|'[^']*')", path.read_text("utf-8"))
    assert written
    assert re.findall(r"'([^']*)'", written[1]) == key
    assert list(columns)[-2:] == ["_row_hash", "_since"]
    if path.parent.name in ("base", "thematic", "special", "mart"):
        assert set(LOCALITY) <= set(columns)


@pytest.mark.parametrize("path", [path for path in PUBLIC if path.parent.name in ("thematic", "special")], ids=lambda path: path.stem)
def test_every_code_has_its_label_beside_it(path: Path) -> None:
    """Regions have no label column: `ref.region` has names by date, and a renaming must not rewrite every row of the region."""
    contracts = load_contracts(PROJECT / "contracts")
    coded = {name.partition(".")[2] for name in code_tables(load_authority(PROJECT / "contracts" / "authority.yaml", contracts), contracts)}
    columns = [column["name"] for column in DECLARED[path.stem]["columns"]]
    labels = {name: f"{name.removesuffix('_code')}_name" for name in columns if name in coded - set(LOCALITY)}
    assert labels
    assert {name: columns[columns.index(name) + 1] for name in labels} == labels


@pytest.mark.parametrize("path", PUBLIC, ids=lambda path: path.stem)
def test_instants_have_local_time_beside_them_and_ages_say_what_they_are(path: Path) -> None:
    columns = {column["name"]: column for column in DECLARED[path.stem]["columns"]}
    names = list(columns)
    for name in (name for name, column in columns.items() if column["data_type"] == "timestamp"):
        beside = columns[names[names.index(name) + 1]]
        assert (beside["name"], beside["data_type"]) == (f"{name}_local", "string")
        assert "（UTC）" in columns[name]["description"]
        assert "当地时间" in beside["description"]
    for name in {"age_band", "minor_count", "elderly_count"} & set(columns):
        assert re.search("业务日.*周岁.*full years on the business date", columns[name]["description"])
