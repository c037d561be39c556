"""Code tables are effective-dated, and wrong lines are reported by file and line."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from lakehouse.config import PROJECT
from lakehouse.declarations.codes import HEADER, load_code_tables
from lakehouse.errors import ContractError

pytestmark = pytest.mark.fast


def write(folder: Path, text: str) -> Path:
    (folder / "codes").mkdir()
    (folder / "codes" / "colour.csv").write_text(text, "utf-8")
    return folder


def test_a_code_is_valid_in_its_time(tmp_path: Path) -> None:
    text = ",".join(HEADER) + "\n1,红,red,,2020-01-01,2\n2,蓝,blue,2020-01-01,,\n"
    table = load_code_tables(write(tmp_path, text))["colour"]
    before, after = date(2019, 12, 31), date(2020, 1, 1)
    assert [table.holds(code, day) for day in (before, after) for code in "12"] == [True, False, False, True]
    assert list(table.at(after)) == ["2"]


def test_every_wrong_line_is_named(tmp_path: Path) -> None:
    rows = ("1,红,red,,,9", "1,红,red,2020-01-01,,", "2,蓝,blue,1.1.2020,,", ",绿,green,,,", "3,黄,yellow,2021-01-01,2020-01-01,", "4,白")
    with pytest.raises(ContractError) as told:
        load_code_tables(write(tmp_path, "\n".join((",".join(HEADER), *rows)) + "\n"))
    found = str(told.value)
    expected = ("csv: 1: successor_code", "csv:3:", "csv:4: valid_from", "csv:5: code", "csv:6:", "csv:7:")
    assert [text for text in expected if f"colour.{text}" not in found] == []


def test_a_wrong_header_is_named(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match=r"the column label_zh is missing(?s:.)*'label_cn' is unknown"):
        load_code_tables(write(tmp_path, "code,label_cn,label_en,valid_from,valid_to,successor_code\n"))


@pytest.mark.parametrize(
    ("name", "code", "held", "not_held"),
    [
        ("administrative_division", "449909", date(2009, 12, 31), date(2010, 1, 1)),
        ("administrative_division", "440421", date(2001, 4, 3), date(2001, 4, 4)),  # Doumen became a district
        ("industry", "O79", date(2017, 9, 30), date(2017, 10, 1)),  # from this division on the codes of the 2017 edition are shifted by one
        ("industry", "N79", date(2017, 10, 1), date(2017, 9, 30)),
        ("industry", "T97", date(2017, 10, 1), date(2017, 9, 30)),
    ],
)
def test_a_code_holds_while_its_standard_does(name: str, code: str, held: date, not_held: date) -> None:
    table = load_code_tables(PROJECT / "contracts")[name]
    assert (table.holds(code, held), table.holds(code, not_held)) == (True, False)


def test_industries_are_those_of_the_standard() -> None:
    tables, today = load_code_tables(PROJECT / "contracts"), date(2026, 6, 1)
    sections, divisions = tables["industry_section"].at(today), tables["industry"].at(today)
    assert ("".join(sections), [code[1:] for code in divisions]) == ("ABCDEFGHIJKLMNOPQRST", [f"{n:02d}" for n in range(1, 98)])
    assert {code[0] for code in divisions} == set(sections)
    assert {name: divisions[name].label_zh for name in ("F52", "O80", "T97")} == {"F52": "零售业", "O80": "居民服务业", "T97": "国际组织"}
