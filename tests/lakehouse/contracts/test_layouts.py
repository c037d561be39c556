"""Layouts of a resource: one holds on every business date, and a contract laid out for a date needs no further knowledge of them."""

from __future__ import annotations

import shutil
from datetime import date, timedelta
from pathlib import Path

import pytest

from lakehouse.config import PROJECT
from lakehouse.contracts.difference import differences
from lakehouse.contracts.laid_out import laid_out
from lakehouse.contracts.loader import load_contract
from lakehouse.contracts.model import CsvSource, PostgresSource, XlsxSource
from lakehouse.declarations.codes import load_code_tables
from lakehouse.derive import docs
from lakehouse.errors import ContractError

pytestmark = pytest.mark.fast
LIST, LEDGER, REGISTER, EVENTS = (
    "street/s_elderly_service_list", "community/v_resident_ledger", "city/c_household_registration", "grid/g_grid_event",
)  # fmt: skip
CHANGE = date(2026, 7, 1)
BEFORE, SINCE = "{name: before, validTo: 2026-07-01", "{name: since July, validFrom: 2026-07-01"


def declared(folder: Path, resource: str, *layouts: str) -> Path:
    """Return the file of a contract to which layouts were added, in a copy of the project's contracts."""
    shutil.copytree(PROJECT / "contracts" / "codes", folder / "codes", dirs_exist_ok=True)
    path = folder / "resources" / f"{resource}.odcs.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = "\n".join(f"      - {layout}" for layout in layouts)
    text = (PROJECT / "contracts" / "resources" / f"{resource}.odcs.yaml").read_text("utf-8")
    path.write_text(text.replace("schema:\n", f"  - property: layouts\n    value:\n{lines}\nschema:\n", 1), "utf-8")
    return path


REFUSED: dict[str, tuple[str, tuple[str, ...], str]] = {
    "a gap between two": (
        LIST, ("{name: a, validTo: 2026-06-01}", "{name: b, validFrom: 2026-07-01}"),
        "no layout holds from 2026-06-01 (a) until 2026-07-01 (b).",
    ),
    "a gap before": (LIST, ("{name: a, validFrom: 2026-06-01}",), "no layout holds before 2026-06-01, where a begins."),
    "a gap after": (LIST, ("{name: a, validTo: 2026-06-01}",), "no layout holds from 2026-06-01 on, where a ends."),
    "an overlap": (LIST, ("{name: a, validTo: 2026-07-02}", SINCE + "}"), "a and since July overlap: both hold from 2026-07-01 on."),
    "two that never end": (LIST, ("{name: a}", "{name: b}"), "a and b overlap"),
    "an overlap of three": (
        LIST, (BEFORE + "}", "{name: b, validFrom: 2026-07-01, validTo: 2026-09-01}", "{name: c, validFrom: 2026-08-01}"),
        "b and c overlap: both hold from 2026-08-01 on.",
    ),
    "an end before the beginning": (LIST, (BEFORE + "}", "{name: b, validFrom: 2026-07-01, validTo: 2026-06-01}"), "b: ends on 2026-06-01"),
    "one name twice": (LIST, ("{name: a, validTo: 2026-07-01}", "{name: a, validFrom: 2026-07-01}"), "there are two layouts a."),
    "a bare number as date": (LIST, ("{name: a, validTo: 20}", "{name: b, validFrom: 20}"), "is no date; write it as YYYY-MM-DD."),
    "a name of no column": (LIST, ("{name: a, names: {telephone: 手机}}",), "there is no column 'telephone'.\n  Allowed: phone"),
    "an absent column that does not exist": (LIST, ("{name: a, absent: [mail]}",), "there is no column 'mail'."),
    "an absent key": (LIST, ("{name: a, absent: [pay_month]}",), "the column 'pay_month' is part of the key, so no delivery"),
    "an absent column that is required": (LIST, ("{name: a, absent: [person_name]}",), "the column 'person_name' is required, so no"),
    "an absent position": (REGISTER, ("{name: a, absent: [update_time]}",), "is the position, so no delivery"),
    "a name of an absent column": (LIST, ("{name: a, names: {phone: 手机}, absent: [phone]}",), "has a name here, but is absent."),
    "two columns of one name": (LIST, ("{name: a, names: {phone: 备注}}",), "two columns are called '备注'."),
    "an order with a header": (LIST, ("{name: a, order: [person_name]}",), "the columns are found by the names in the header."),
    "an order that lacks columns": (LIST, ("{name: a, headerRows: 0, order: [person_name]}",), "does not name every column"),
    "a sheet of a text file": (LIST, ("{name: a, sheet: 表}",), "a source of kind csv has none.\n  Allowed: encoding, delimiter"),
    "an encoding of a workbook": (LEDGER, ("{name: a, encoding: utf-8}",), "a source of kind xlsx has none."),
    "a header of two lines in a text file": (LIST, ("{name: a, headerRows: 2}",), "a source of kind csv cannot have 2.\n  Allowed: 0, 1"),
    "a workbook without a header": (LEDGER, ("{name: a, headerRows: 0}",), "a source of kind xlsx cannot have 0."),
    "a sheet no workbook can have": (LEDGER, ("{name: a, sheet: 居民/台账}",), "is a name no sheet can have."),
    "a separator that may be part of a character": (LIST, ('{name: a, delimiter: "|"}',), "'|' may be part of a character of gb18030"),
    "an encoding of a table": (REGISTER, ("{name: a, encoding: utf-8}",), "a source of kind postgres has none."),
    "an unknown key": (LIST, ("{name: a, until: 2026-07-01}",), "the key 'until' is unknown."),
}  # fmt: skip


@pytest.mark.parametrize("mistake", REFUSED)
def test_a_layout_that_cannot_hold_is_refused_by_name(tmp_path: Path, mistake: str) -> None:
    resource, layouts, found = REFUSED[mistake]
    path = declared(tmp_path / "contracts", resource, *layouts)
    with pytest.raises(ContractError) as told:
        load_contract(path)
    assert found in str(told.value)
    assert "customProperties.layouts" in str(told.value)
    assert f"{path.name}:" in str(told.value)


def test_every_date_has_the_layout_that_holds_on_it(tmp_path: Path) -> None:
    layouts = (BEFORE + ", names: {phone: 手机}, absent: [remark, bank_account], encoding: utf-8, delimiter: ';'}", SINCE + "}")
    of = load_contract(declared(tmp_path / "contracts", LIST, *layouts))
    for days in range(-400, 400, 7):
        day = CHANGE + timedelta(days=days)
        assert sum(layout.covers(day) for layout in of.layouts) == 1
        laid = laid_out(of, day)
        assert laid_out(laid, day) == laid
        spelled = {column.name: column.source_name for column in laid.columns}
        assert isinstance(laid.source, CsvSource)
        if day < CHANGE:
            assert (spelled["phone"], "remark" in spelled, laid.source.encoding, laid.source.delimiter) == ("手机", False, "utf-8", ";")
        else:
            assert (spelled["phone"], "remark" in spelled, laid.source.encoding, laid.source.delimiter) == (
                "联系电话",
                True,
                "gb18030",
                ",",
            )
    assert [column.name for column in of.columns if column.dropped] == ["bank_account"]


def test_a_contract_without_layouts_is_laid_out_as_it_is() -> None:
    of = load_contract(PROJECT / "contracts" / "resources" / f"{LIST}.odcs.yaml")
    assert laid_out(of, CHANGE) is of


def test_the_watermark_is_called_as_its_column_is(tmp_path: Path) -> None:
    of = load_contract(declared(tmp_path / "contracts", REGISTER, BEFORE + "}", SINCE + ", names: {update_time: changed_at}}"))
    sources = [laid_out(of, day).source for day in (CHANGE - timedelta(days=1), CHANGE)]
    assert [source.watermark for source in sources if isinstance(source, PostgresSource)] == ["update_time", "changed_at"]


def test_a_workbook_may_get_another_sheet_and_another_header(tmp_path: Path) -> None:
    of = load_contract(declared(tmp_path / "contracts", LEDGER, BEFORE + "}", SINCE + ", sheet: 台账, headerFrom: 2, headerRows: 2}"))
    source = laid_out(of, CHANGE).source
    assert isinstance(source, XlsxSource)
    assert (source.sheet, source.header_from, source.header_rows) == ("台账", 2, 2)
    assert laid_out(of, CHANGE - timedelta(days=1)).source == of.source


def test_another_layout_fits_existing_tables_and_stands_on_the_page(tmp_path: Path) -> None:
    old = load_contract(PROJECT / "contracts" / "resources" / f"{LIST}.odcs.yaml")
    new = load_contract(declared(tmp_path / "contracts", LIST, BEFORE + ", names: {phone: 手机}, absent: [remark]}", SINCE + "}"))
    found = differences(old, new.model_copy(update={"version": "1.1.0"}))
    assert [(one.where, one.effect) for one in found] == [("layouts", "nothing")]
    page = docs.render(new, load_code_tables(PROJECT / "contracts"))
    assert "| before |  – 2026-07-01 | phone: 手机; remark: 无 / absent |" in page
    assert "## 布局" not in docs.render(old, load_code_tables(PROJECT / "contracts"))
