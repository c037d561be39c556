"""An answer in each of its forms: typed where the form has types, harmless in a spreadsheet, readable in a terminal."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, date, datetime
from decimal import Decimal

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rich.cells import cell_len

from application.sql import Answer
from application.sql_forms import FORMS, rendered

pytestmark = pytest.mark.fast
MIDNIGHT, CLOCK = map(datetime.fromisoformat, ("2026-06-01T00:00", "2026-06-01T08:00"))  # as a workbook has them
AT = datetime(2026, 6, 1, 8, tzinfo=UTC)
COLUMNS = {
    "name": pa.array(["=1+1", "001", None]),
    "amount_yuan": pa.array([Decimal("12.50"), Decimal("-3.00"), None]),
    "id_no": pa.array([Decimal("12345678901234567890"), Decimal(7), None], pa.decimal128(38)),
    "day": pa.array([date(2026, 6, 1), date(1850, 2, 3), None]),
    "at": pa.array([AT, AT, None], pa.timestamp("us", tz="UTC")),
    "alive": pa.array([True, False, None]),
    "tags": pa.array([["a", "值"], [], None]),
    "share": pa.array([0.5, float("nan"), None]),
}
TYPED = Answer(pa.table(COLUMNS))
TWICE = Answer(pa.Table.from_arrays([pa.array([1]), pa.array([2]), pa.array([3])], names=["a", "a", "a_2"]))


def test_csv_opens_in_excel_and_no_text_of_it_is_a_formula() -> None:
    content = rendered(TYPED, "csv", None)
    assert content.startswith("\ufeffname,".encode())
    assert b"\r" not in content
    header, first, second, third = csv.reader(io.StringIO(content.decode("utf-8-sig")))
    assert header == list(COLUMNS)
    assert first == ["'=1+1", "12.50", "12345678901234567890", "2026-06-01", "2026-06-01 08:00:00", "True", '["a", "值"]', "0.5"]
    assert second[:2] == ["001", "-3.00"]
    assert third == [""] * len(COLUMNS)


def test_a_workbook_has_numbers_dates_and_texts() -> None:
    page = openpyxl.load_workbook(io.BytesIO(rendered(TYPED, "xlsx", None))).active
    rows = [[cell.value for cell in row] for row in page.iter_rows()]
    assert rows[0] == list(COLUMNS)
    assert rows[1] == [
        "'=1+1",
        12.5,
        "12345678901234567890",
        MIDNIGHT,
        CLOCK,
        True,
        '["a", "值"]',
        0.5,
    ]
    assert rows[2][:5] == ["001", -3, 7, "1850-02-03", CLOCK]
    assert rows[2][-1] == "nan"
    assert page["A2"].data_type == "s"


def test_parquet_keeps_the_types() -> None:
    found = pq.read_table(io.BytesIO(rendered(TYPED, "parquet", None)))
    assert found.schema.equals(TYPED.table.schema)
    assert found.slice(0, 1).equals(TYPED.table.slice(0, 1))
    assert pq.read_table(io.BytesIO(rendered(TWICE, "parquet", None))).column_names == ["a", "a_2", "a_2_2"]


def test_json_is_an_object_for_each_row_or_one_for_all() -> None:
    lines = [json.loads(line, parse_constant=pytest.fail) for line in rendered(TYPED, "json", None).decode().splitlines()]
    assert len(lines) == 3
    assert lines[0] == {
        "name": "=1+1", "amount_yuan": "12.50", "id_no": "12345678901234567890", "day": "2026-06-01", "at": "2026-06-01 08:00:00",
        "alive": True, "tags": ["a", "值"], "share": 0.5,
    }  # fmt: skip
    assert lines[1]["share"] == "nan"
    assert lines[2] == dict.fromkeys(COLUMNS)
    assert json.loads(rendered(TWICE, "json", None)) == {"a": 1, "a_2": 2, "a_2_2": 3}
    assert json.loads(rendered(TWICE, "object", None)) == {"columns": ["a", "a", "a_2"], "rows": [[1, 2, 3]]}


def test_rows_that_do_not_fit_stand_as_blocks() -> None:
    wide = Answer(pa.table({f"column_{number}": ["翠香街道人民路一号" * 2, "b"] for number in range(8)}))
    shown = rendered(wide, "table", 80).decode().splitlines()
    assert shown[0].startswith("── 1 ─")
    assert shown[1] == "column_0 │ 翠香街道人民路一号翠香街道人民路一号"
    assert shown[9].startswith("── 2 ─")
    assert len(shown) == 2 * 9
    beside = rendered(wide, "table", 400).decode().splitlines()
    assert sum("column_7" in line for line in beside) == 1


def test_a_table_never_exceeds_the_terminal_and_loses_nothing() -> None:
    long = Answer(pa.table({"a": ["人民路一号" * 30], "b": ["x"]}))
    shown = rendered(long, "table", 60).decode().splitlines()
    assert max(map(cell_len, shown)) <= 60
    assert "".join(shown).count("号") == 30
    whole = rendered(long, "table", None).decode()
    assert "人民路一号" * 30 in whole


def test_data_cannot_steer_the_terminal() -> None:
    evil = Answer(pa.table({"a": ["\x1b[2J\x07b\r", "two\nlines", "[red]x[/red]"]}))
    for width in (None, 80, 1):
        shown = rendered(evil, "table", width).decode()
        assert not set(shown) & set("\x1b\x07\r")
    assert "[red]x[/red]" in rendered(evil, "table", 80).decode()


@pytest.mark.parametrize("form", FORMS)
def test_an_answer_without_rows_has_its_columns(form: str) -> None:
    content = rendered(Answer(pa.table({"a": pa.array([], pa.string())})), form, 80)
    assert content or form == "json"
