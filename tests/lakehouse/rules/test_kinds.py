"""Kinds of rules: each has its three files, texts in two languages and a quality dimension, and refuses unknown parameters."""

from __future__ import annotations

import re

import pytest
from pydantic import ValidationError

from lakehouse.config import PROJECT
from lakehouse.contracts.model import Column
from lakehouse.rules.registry import build_rule, gate_kinds, kinds
from lakehouse.rules.vocabulary import Called, Labels

pytestmark = pytest.mark.fast
COUNTS = {"01": 6, "02": 2, "03": 5, "04": 2, "05": 3, "06": 2}  # indicators of GB/T 36344 per group
DIMENSIONS = {f"{group}{number:02d}" for group, count in COUNTS.items() for number in range(1, count + 1)}
PARAMS: dict[str, dict[str, object]] = {
    "agrees_with_id": {"id": "id_no", "part": "age"},
    "burst": {"by": "checker_id"},
    "compare": {"operator": "<=", "to": "issue_date"},
    "domain": {"codes": "gender"},
    "equals_part": {"of": "cert_no", "length": 18},
    "fresh": {"maxDays": 366},
    "not_overdue": {"when": "status", "in": ["有效"]},
    "pattern": {"regex": "^[0-9]+$"},
    "place_current": {"level": "grid"},
    "place_inside": {"region": "provider"},
    "place_known": {"level": "community"},
    "reference": {"to": "person"},
    "range": {"min": 0, "max": "business_date"},
    "required_when": {"when": "result", "in": ["查无"]},
}
PHONE = Column(name="phone", source_name="phone", label_zh="联系电话", label_en="phone", type="string", class_="phone", grade=3)


def test_every_kind_has_its_three_files() -> None:
    for folder in ("lakehouse/rules", "spark_jobs/transforms/rules", "expectations/rules"):
        missing = {kind for kind in gate_kinds() if not (PROJECT / folder / f"{kind}.py").is_file()}
        assert not missing, f"write {folder}/<kind>.py for these"


def test_the_reference_page_tells_every_kind_with_its_dimension() -> None:
    page = (PROJECT / "docs" / "reference" / "rules.md").read_text("utf-8")
    told = dict(re.findall(r"^\| `(\w+)` \|.*\| (\d{4}) \|", page, re.MULTILINE))
    assert told == {name: kind.dimension for name, kind in kinds().items()}, "docs/reference/rules.md"


def test_what_other_resources_know_is_not_asked_at_the_gate() -> None:
    assert set(kinds()) - set(gate_kinds()) == {"reference"}


@pytest.mark.parametrize("kind", kinds())
def test_a_kind_says_its_dimension_and_speaks_two_languages(kind: str) -> None:
    rule = build_rule(kind, PHONE, "error", PARAMS.get(kind))
    assert rule.dimension in DIMENSIONS
    assert "联系电话" in rule.message_zh
    assert "phone" in rule.message_en
    assert rule.id == f"phone.{kind}"


@pytest.mark.parametrize("kind", kinds())
def test_a_kind_refuses_a_parameter_it_does_not_know(kind: str) -> None:
    with pytest.raises(ValidationError, match="colour"):
        build_rule(kind, PHONE, "error", {**PARAMS.get(kind, {}), "colour": "red"})


def test_other_columns_are_called_by_their_labels() -> None:
    labels = {"result": Labels("核查结果", "result of the check")}
    rule = build_rule("required_when", PHONE, "error", PARAMS["required_when"], Called(labels, {}))
    assert rule.message_zh == "核查结果为查无时，联系电话不能为空"
    assert rule.message_en == "phone is empty although result of the check is 查无"
    assert rule.params == {"when": "result", "in": ["查无"]}


def test_an_entity_is_called_by_its_name_in_the_declarations() -> None:
    rule = build_rule("reference", PHONE, "warning", {"to": "vehicle"}, Called({}, {"vehicle": Labels("车辆", "vehicle")}))
    assert rule.message_zh == "车辆库中没有该联系电话"
    assert rule.message_en == "phone names no known vehicle"
    assert rule.params == {"to": "vehicle"}


def test_bounds_are_kept_as_text() -> None:
    assert build_rule("range", PHONE, "error", {"min": 0, "max": 1.5}).params == {"min": "0", "max": "1.5"}
