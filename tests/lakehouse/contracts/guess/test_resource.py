"""Columns guessed from header and rows: check digits count more than names, and what nobody knows takes the strictest class."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lakehouse.config import PROJECT
from lakehouse.contracts.guess.meanings import MEANINGS, meaning_of
from lakehouse.contracts.guess.resource import Declared, Guess, GuessedColumn, guess
from lakehouse.declarations.codes import load_code_tables
from lakehouse.declarations.policies import load_policies
from tests.lakehouse.contracts.guess.test_nature import PEOPLE, uscc

pytestmark = pytest.mark.fast
CODES = {name: frozenset(one.code for one in table.versions) for name, table in load_code_tables(PROJECT / "contracts").items()}
POLICIES = load_policies(PROJECT / "contracts" / "policies.yaml")
BESIDE = Declared(CODES, tuple(POLICIES.classes), POLICIES.roles.unclassified)
ROWS = 30


def columns(**texts: Sequence[str | None]) -> dict[str, GuessedColumn]:
    """Return the guessed columns of a table by header."""
    return {column.source_name: column for column in guessed(**texts).columns}


def guessed(**texts: Sequence[str | None]) -> Guess:
    return guess(list(texts), list(zip(*texts.values(), strict=True)), BESIDE)


def several(*texts: str) -> list[str]:
    """Return a column of `ROWS` texts that repeat these."""
    return [texts[place % len(texts)] for place in range(ROWS)]


NAMES = [f"王{place}" for place in range(ROWS)]


@pytest.mark.parametrize(
    ("header", "texts", "name", "class_", "grade"),
    [
        ("姓名", NAMES, "person_name", "name", 3),
        ("身份证号", PEOPLE[:ROWS], "id_no", "id_no", 3),
        ("证件", PEOPLE[:ROWS], "column_1", "id_no", 3),  # the numbers check, whatever the column is called
        ("备注", PEOPLE[:ROWS], "remark", "id_no", 4),
        ("残疾人联系电话", several("13800138000"), "disability_category", "phone", 4),
        ("户主身份证号", PEOPLE[:ROWS], "head_id_no", "id_no", 3),
        ("身份证号", NAMES, "id_no", "id_no", 3),  # the name says so, although nothing checks
        ("信用代码", [uscc(place) for place in range(ROWS)], "uscc", "entity_public", 1),
        ("联系方式", several("13800138000"), "phone", "phone", 3),
        ("家庭住址", NAMES, "address_text", "address", 3),
        ("出生日期", several("1980-01-01"), "birth_date", "birth_date", 3),
        ("残疾类别", several("1", "2"), "disability_category", "health", 4),
        ("月工资（元）", several("3000", "4000"), "amount_yuan", "money", 4),
        ("与户主关系", several("01", "02"), "relation_to_head_code", "relationship", 3),
        ("备注", NAMES, "remark", "free_text", 4),
        ("网格编码", several("449901001001001"), "grid_code", "plain", 2),
        ("person_name", NAMES, "person_name", "name", 3),
        ("mobile_phone", several("13800138000"), "mobile_phone", "phone", 3),
        ("update_time", several("2026-06-01 08:00:00"), "update_time", "plain", 1),
        ("积分", several("1", "2"), "column_1", "free_text", 4),  # nobody knows
        ("score", several("1", "2"), "score", "free_text", 4),
        ("宗教信仰", NAMES, "column_1", "free_text", 4),
    ],
)
def test_a_column_has_the_class_its_texts_or_its_name_call_for(header: str, texts: list[str], name: str, class_: str, grade: int) -> None:
    [column] = columns(**{header: texts}).values()
    assert (column.name, column.class_, column.grade) == (name, class_, grade)


@settings(max_examples=200, deadline=None)
@given(header=st.text(min_size=1, max_size=8), texts=st.lists(st.text(max_size=6), min_size=1, max_size=8))
def test_what_nobody_knows_leaves_the_lake_for_nobody(header: str, texts: list[str]) -> None:
    [column] = guess([header], [[text] for text in texts], BESIDE).columns
    if meaning_of(header) is None and column.nature.kind is None:
        assert (column.class_, column.grade) == ("free_text", 4)
        assert any("nobody knows yet" in remark for remark in column.remarks)


def test_check_digits_bring_their_rules_and_an_identity() -> None:
    found = columns(身份证号=PEOPLE[:ROWS], 配偶身份证号=PEOPLE[5 : ROWS + 5], 信用代码=[uscc(place) for place in range(ROWS)])
    told = {header: ([rule["rule"] for rule in column.rules], column.identity) for header, column in found.items()}
    assert told == {
        "身份证号": (["resident_id", "resident_id_15"], "person_id"),
        "配偶身份证号": (["resident_id", "resident_id_15"], "spouse_person_id"),
        "信用代码": (["uscc"], None),
    }


def test_codes_of_a_table_warn_of_others_and_stay_texts() -> None:
    found = columns(性别=several("1", "2", "9x"), 是否独居=several("01", "02"), 行业代码=NAMES)
    assert [dict(rule) for rule in found["性别"].rules] == [{"rule": "domain", "severity": "warning", "codes": "gender"}]
    assert (found["性别"].nature.type, found["是否独居"].rules[0]["codes"]) == ("string", "yes_no_0102")
    assert found["行业代码"].rules == ()
    assert any("no codes of industry" in remark for remark in found["行业代码"].remarks)


def test_a_bank_account_is_dropped_and_that_is_said() -> None:
    [column] = columns(开户银行账号=several("6222020000000000001", "6222020000000000002")).values()
    assert (column.dropped, column.class_, column.rules) == (True, "money", ())
    assert any("dropped when it is read" in remark for remark in column.remarks)


@pytest.mark.parametrize(
    ("texts", "key"),
    [
        ({"姓名": NAMES, "事件编号": [f"E{place}" for place in range(ROWS)]}, ["事件编号"]),
        ({"姓名": NAMES, "身份证号": PEOPLE[:ROWS]}, ["身份证号"]),
        ({"身份证号": [PEOPLE[place // 2] for place in range(ROWS)], "月份": several("2026-05", "2026-06"), "金额": several("1.5")},
         ["身份证号", "月份"]),
        ({"姓名": several("甲", "乙"), "金额": several("1.5", "2.5")}, ["姓名"]),  # none: the first stands in, and it is said
    ],
)  # fmt: skip
def test_the_key_names_the_rows(texts: dict[str, list[str]], key: list[str]) -> None:
    found = guessed(**texts)
    assert [column.source_name for column in found.columns if column.key] == key
    assert any("the key was guessed" in remark or "no key was found" in remark for remark in found.remarks)


def test_places_and_the_time_of_change_are_found_by_name() -> None:
    found = guessed(社区代码=several("449901001001"), 住址=NAMES, 更新时间=several("2026-06-01 08:00:00"), 社区=several("东社区"))
    assert found.locality == {"code": "community_code", "address": "address_text", "communityName": "community_name"}
    assert found.position == "update_time"
    assert guessed(更新时间=several("昨天")).position is None


def test_no_two_columns_have_one_name() -> None:
    headers = ["姓名", "姓名（二）", "姓 名", "person_name", "其他", "其它"]
    found = [column.name for column in guess(headers, [["甲"] * 6], BESIDE).columns]
    assert len(set(found)) == 6


def test_every_class_and_code_table_a_meaning_names_exists() -> None:
    assert {meaning.codes for meaning in MEANINGS if meaning.codes} <= set(CODES)
    assert {meaning.class_ for meaning in MEANINGS} <= set(POLICIES.classes)


def test_a_class_the_city_does_not_have_becomes_the_one_of_undecided_columns() -> None:
    city = Declared(CODES, ("name", "undecided"), "undecided")
    found = guess(["姓名", "联系电话", "身份证号"], [["王某", "13800138000", number] for number in PEOPLE], city).columns
    assert [(column.class_, column.grade) for column in found] == [("name", 3), ("undecided", 4), ("undecided", 4)]
