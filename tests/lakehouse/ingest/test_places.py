"""Where a delivered row stands: sheet and cell of a workbook, else line and the sender's name of the column."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from lakehouse.contracts.model import Contract
from lakehouse.errors import SourceError
from lakehouse.ingest.places import cell_places, places_of_rules, row_place
from lakehouse.naming import landing_prefix
from lakehouse.objects import Area
from lakehouse.ops.batches import Landed
from tests.lakehouse.ingest.readers.books import Book, row
from tests.lakehouse.ingest.readers.contract import PROVIDER, column, contract

pytestmark = pytest.mark.fast
DAY = date(2026, 6, 1)
SHEET = {"kind": "xlsx", "path": "t/{date}_{n}.xlsx", "sheet": "表", "headerFrom": 2, "headerRows": 2}
COLUMNS = [
    column("case_no", source_name="编号", key=True),
    column("member_id", source_name="成员/证号", key=True),
    column("member_name", source_name="成员/姓名"),
    column("changed_at", source_name="时间", type="timestamp"),
]
RULE = {"id": "member_name.required", "kind": "required", "column": "member_name", "severity": "error", "dimension": "0201"}
RULES = [{**RULE, "message_zh": "", "message_en": ""}]
HEADER = row(1, "表题") + row(2, "时间", "编号", "成员") + row(3, None, None, "姓名", "证号")
ROWS = row(7, "2026-06-01 08:00:00", "1", None, "x") + row(8, "2026-06-01 08:00:00", '<c r="@" t="e"><v>#REF!</v></c>', "张三", "y")


@pytest.fixture
def landed(tmp_path: Path) -> tuple[Area, Landed, Contract]:
    """Return a landed workbook with a header in two rows."""
    of = contract("csv", source=SHEET, columns=COLUMNS, rules=RULES, position="changed_at")
    area = Area(tmp_path.as_uri())
    batch = Landed("b", of.code, PROVIDER, DAY, "", 1, DAY, "a/1.xlsx", 0, 2)
    book = Book(HEADER + ROWS, merged=("A2:A3", "B2:B3", "C2:D2"))
    area.put_new(f"{landing_prefix(of.code, DAY, 'b')}/1.xlsx", book.content())
    return area, batch, of


def test_values_of_a_workbook_stand_in_cells(landed: tuple[Area, Landed, Contract]) -> None:
    expected = {"changed_at": "表!A7", "case_no": "表!B7", "member_name": "表!C7", "member_id": "表!D7"}
    assert cell_places(*landed, 7) == expected
    assert row_place(landed[2], 7) == "sheet 表, row 7"


def test_a_broken_rule_is_told_with_the_cell_that_breaks_it(landed: tuple[Area, Landed, Contract]) -> None:
    rules = ["member_name.required", "_key.unreadable", "_position.unreadable", "unknown.rule"]
    assert places_of_rules(*landed, 7, rules) == {
        "member_name.required": "表!C7",
        "_key.unreadable": "表!B7, 表!D7",
        "_position.unreadable": "表!A7",
    }
    assert places_of_rules(*landed, 8, ["reject.error_cell"]) == {"reject.error_cell": "表!B8"}


def test_a_text_file_has_lines_and_names_of_columns(landed: tuple[Area, Landed, Contract]) -> None:
    area, batch, _ = landed
    of = contract("csv", columns=COLUMNS, rules=RULES)
    assert (row_place(of, 7), row_place(None, 7)) == ("line 7", "line 7")
    assert places_of_rules(area, batch, of, 7, ["member_name.required", "reject.bad_quoting"]) == {"member_name.required": "成员/姓名"}


def test_a_landed_file_that_is_no_longer_as_declared_is_told(landed: tuple[Area, Landed, Contract]) -> None:
    area, batch, _ = landed
    renamed = contract("csv", source={**SHEET, "sheet": "新表"}, columns=COLUMNS)
    with pytest.raises(SourceError, match="there is no sheet 新表"):
        cell_places(area, batch, renamed, 7)
