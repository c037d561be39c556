"""Workbooks from other programs: a cell is read by its value and as people see it; what is odd costs its row, what is damaged itself."""

from __future__ import annotations

import re
import shutil
import zipfile
from datetime import date
from pathlib import Path

import pytest

from application.tickets import case_place, find_cases
from lakehouse.config import Instance
from lakehouse.ops import cases, connect, tickets
from tests.cases import lake
from tests.lakehouse.ingest.readers.books import packed

pytestmark = pytest.mark.spark
APPROVAL, DISTRICT = "d_assistance_approval", "449901"
LEDGER, COMMUNITY, OTHER = "v_resident_ledger", "449901001001", "449901001002"
ISO, YEARS, MONTHS, OLD_MACINTOSH = (date(2026, 6, day) for day in (2, 3, 4, 5))
LOCK, ZEROS, SPELLING, MACROS, ODD, TIME = (date(2026, 6, day) for day in range(2, 8))
CASES = {
    (APPROVAL, ISO): "c20-xlsx-iso-date-cells",
    (APPROVAL, YEARS): "c22-xlsx-year-in-a-date-column",
    (APPROVAL, MONTHS): "c23-xlsx-month-shown-as-month",
    (LEDGER, TIME): "c21-xlsx-bare-time-cell",
    (LEDGER, ZEROS): "c24-xlsx-leading-zero-by-format",
    (LEDGER, SPELLING): "c25-xlsx-part-names-in-other-case",
    (LEDGER, MACROS): "c26-xlsx-macro-part-in-workbook",
}
LOCKED = lake.DELIVERIES / "c27-xlsx-excel-lock-file" / "inbox"
Told = dict[int, tuple[str, frozenset[str], frozenset[str]]]
Rows = dict[str, dict[tuple[date, int], lake.Fate]]
NONE: frozenset[str] = frozenset()
IN_SILVER = ("in silver", NONE, NONE)


def changed(case: str, resource: str, *changes: tuple[str, str]) -> bytes:
    """Return the workbook of a case after replacing texts in its parts."""
    with zipfile.ZipFile(lake.DELIVERIES / case / f"{resource}.xlsx") as archive:
        parts = {name: archive.read(name).decode() for name in archive.namelist()}
    for old, new in changes:
        assert any(old in text for text in parts.values())
        parts = {name: text.replace(old, new) for name, text in parts.items()}
    return packed(parts)


def from_1904() -> bytes:
    """Return the approvals of c23 as a program wrote them that counts from 1904, with other formats of months and two bare numbers."""
    return changed(
        CASES[APPROVAL, MONTHS],
        APPROVAL,
        ("<sheets>", '<workbookPr date1904="1"/><sheets>'),
        ("<v>46143</v>", "<v>44681</v>"),
        ('numFmtId="17"', 'numFmtId="57"'),
        ('formatCode="yyyy\\-mm"', 'formatCode="[$-804]yyyy\\.m;@"'),
        ("MO-", "MAC-"),
        ('<c r="M6" t="inlineStr"><is><t xml:space="preserve">2027-03-31</t></is></c>', '<c r="M6"><v>45015</v></c>'),
        ('<c r="M7" t="inlineStr"><is><t xml:space="preserve">2027-03-31</t></is></c>', '<c r="M7"><v>2027</v></c>'),
    )


def odd() -> bytes:
    """Return the ledger of c21 for other people, its first row with a text that is not in the file, its last one with an ISO moment."""
    return changed(
        CASES[LEDGER, TIME],
        LEDGER,
        ('<c r="B2" t="inlineStr"><is><t xml:space="preserve">云重阳</t></is></c>', '<c r="B2" t="s"><v>99</v></c>'),
        ("苏中秋", "苏三秋"),
        ('t="d"><v>10:10:10</v>', 't="d"><v>2026-06-05T24:61:00</v>'),
        ("潘腊八", "潘初八"),
    )


@pytest.fixture(scope="module")
def lived(module_instance: Instance) -> Instance:
    """Deliver all cases and what is like them, and bring each resource in once."""
    inbox = module_instance.folder("inbox")
    shutil.copytree(LOCKED, inbox, dirs_exist_ok=True)
    for (resource, day), case in CASES.items():
        lake.drop(module_instance, case, f"{resource}.xlsx", f"{resource}/{DISTRICT if resource == APPROVAL else COMMUNITY}/{day}_1.xlsx")
    (inbox / APPROVAL / DISTRICT / f"{OLD_MACINTOSH}_1.xlsx").write_bytes(from_1904())
    ledgers = inbox / LEDGER / COMMUNITY
    (ledgers / f"{ODD}_1.xlsx").write_bytes(odd())
    (ledgers / f"{ODD}_2.xlsx").write_text("<html><table><tr><td>云重阳</td></tr></table></html>", "utf-8")
    (ledgers / f"{ODD}_3.xlsx").write_bytes(odd()[:-300])
    (ledgers / f"{ODD}_4.xlsx").symlink_to("/proc/self/mem")
    Path(ledgers, "台账.xlsx".encode("gb18030").decode("utf-8", "surrogateescape")).write_bytes(odd())
    for resource in (APPROVAL, LEDGER):
        lake.bring_in(module_instance, resource, TIME)
    return module_instance


@pytest.fixture(scope="module")
def rows(lived: Instance) -> Rows:
    return {resource: lake.fates(lived, resource) for resource in (APPROVAL, LEDGER)}


def told(rows: Rows, resource: str, on: date) -> Told:
    found = {line: (row.became, row.rules, row.flags) for (day, line), row in rows[resource].items() if day == on}
    return dict(sorted(found.items()))


def test_iso_dates_are_read_by_their_value(rows: Rows) -> None:
    assert told(rows, APPROVAL, ISO) == dict.fromkeys((4, 5, 6, 7), IN_SILVER)
    of_day = [rows[APPROVAL][ISO, line] for line in (4, 5, 6, 7)]
    assert {row.kept["review_due"] for row in of_day} == {date(2027, 3, 31)}
    assert of_day[1].sent["update_time"] == "2026-06-02 09:15:00"


def test_a_bare_time_costs_no_row(rows: Rows) -> None:
    assert told(rows, LEDGER, TIME) == dict.fromkeys((2, 3, 4), IN_SILVER)
    assert rows[LEDGER][TIME, 3].kept["remark"] == "10:10:10"


def test_a_year_is_no_serial_date(rows: Rows) -> None:
    unreadable = ("quarantined", frozenset({"review_due.format"}), NONE)
    assert told(rows, APPROVAL, YEARS) == {4: unreadable, 5: unreadable, 6: IN_SILVER, 7: unreadable}
    assert rows[APPROVAL][YEARS, 6].kept["review_due"] == date(2027, 3, 31)


def test_a_month_shown_as_a_month_is_that_month(rows: Rows) -> None:
    assert told(rows, APPROVAL, MONTHS) == dict.fromkeys((4, 5, 6, 7), IN_SILVER)
    assert {row.kept["start_month"] for (day, _), row in rows[APPROVAL].items() if day == MONTHS} == {"2026-05"}


def test_a_workbook_that_counts_from_1904_is_read_alike(rows: Rows) -> None:
    year = ("quarantined", frozenset({"review_due.format"}), NONE)
    assert told(rows, APPROVAL, OLD_MACINTOSH) == {**dict.fromkeys((4, 5, 6), IN_SILVER), 7: year}
    assert {rows[APPROVAL][OLD_MACINTOSH, line].kept["start_month"] for line in (4, 5, 6)} == {"2026-05"}
    assert rows[APPROVAL][OLD_MACINTOSH, 6].kept["review_due"] == date(2027, 3, 31)


def test_a_code_reads_as_its_zeros_show_it(rows: Rows) -> None:
    bare = ("quarantined", frozenset({"is_hukou_consistent.domain"}), NONE)
    assert told(rows, LEDGER, ZEROS) == {2: IN_SILVER, 3: IN_SILVER, 4: IN_SILVER, 5: bare}
    assert [rows[LEDGER][ZEROS, line].kept["is_hukou_consistent"] for line in (2, 3)] == ["01", "02"]


def test_parts_in_other_letters_and_macros_change_nothing(rows: Rows) -> None:
    assert told(rows, LEDGER, SPELLING) == {2: IN_SILVER}
    assert told(rows, LEDGER, MACROS) == {2: IN_SILVER, 3: IN_SILVER}


def test_an_odd_cell_costs_its_row_and_a_damaged_file_itself(lived: Instance, rows: Rows) -> None:
    malformed = ("rejected", frozenset({"reject.malformed_cell"}), NONE)
    assert told(rows, LEDGER, ODD) == {2: malformed, 3: IN_SILVER, 4: IN_SILVER}
    assert rows[LEDGER][ODD, 3].kept["remark"] == "2026-06-05T24:61:00"
    with connect(lived) as connection:
        messages = [f"{one.kind}: {one.message}" for one in tickets.find(connection, resource=LEDGER)]
    assert [one.split("\n")[1].rpartition(" / ")[2].strip() for one in sorted(messages)] == [
        "the file is a web page or plain XML, only its name is that of a workbook.",
        "the file is cut off or damaged: it cannot be unpacked.",
        "the file cannot be opened: a program holds it, or this account may not read it.",
        "the path states no business date in the declared way.",
    ]
    assert re.search("云重阳|Error|BadZip|~\\$", "".join(messages)) is None


def test_a_lock_file_is_left_alone(lived: Instance, rows: Rows) -> None:
    assert told(rows, LEDGER, LOCK) == {2: IN_SILVER}
    assert (lived.folder("inbox") / LEDGER / OTHER / "~$2026-06-02_1.xlsx").is_file()


def test_the_place_of_a_row_is_told_as_sheet_and_cell(lived: Instance) -> None:
    places = {}
    for resource in (APPROVAL, LEDGER):
        for case in find_cases(lived, cases.Filter(resource), 100):
            places[resource, case.business_date, case.source_line] = (case.place, dict(case_place(lived, case.case_id).cells))
    assert places[APPROVAL, YEARS, 4] == ("sheet 审核确认, row 4", {"review_due.format": "审核确认!M4"})
    assert places[LEDGER, ZEROS, 5] == ("sheet 居民台账, row 5", {"is_hukou_consistent.domain": "居民台账!F5"})
    assert places[LEDGER, ODD, 2] == ("sheet 居民台账, row 2", {"reject.malformed_cell": "居民台账!B2"})
