"""Two readers of workbooks that share no code, ours and the oracle's, find the same texts in the cases and in generated cells."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lakehouse.config import PROJECT
from lakehouse.contracts.loader import load_contract_of
from lakehouse.contracts.model import Contract
from lakehouse.ingest.readers import xlsx
from tests.cases.lake import DELIVERIES
from tests.lakehouse.ingest.readers.books import FIRST_FREE, MAIN, Book, body, packed
from tests.lakehouse.ingest.readers.contract import column, contract
from tests.oracle import columns as read_as
from tests.oracle import landed
from tests.oracle.files import Sheet
from tests.oracle.shape import Page

pytestmark = pytest.mark.fast
FILES = [path for path in sorted(DELIVERIES.glob("c2*/**/*.xlsx")) if not path.name.startswith("~$")]
FORMATS = ("General", "0", "00", "000000", "#,##0.00", "yyyy-mm-dd", "yyyy-mm-dd hh:mm:ss", 'yyyy"年"m"月"', "yyyy\\-mm", "yyyy", "h:mm:ss")
SHEET = {"kind": "xlsx", "path": "t/{date}_{n}.xlsx", "sheet": "表"}
TYPES = ("string", "date", "timestamp", "integer", "number")
OF = contract("csv", source=SHEET, columns=[column(name, type=name, key=name == "string") for name in TYPES])
PAGE = Page(
    file=Sheet("表"),
    key=("string",),
    columns=dict(zip(TYPES, (read_as.plain(), read_as.day(), read_as.moment(), read_as.whole(), read_as.number()), strict=True)),
)
NO_DAY = 60  # 1900-02-29, which the library of the oracle takes for the day before
NUMBERS = (
    st.integers(0, 2100)
    | st.integers(9_990, 110_000)
    | st.integers(190_001, 210_012)
    | st.integers(61 * 86_400, 60_000 * 86_400).map(lambda seconds: seconds / 86_400)
    | st.decimals(0, 100_000, places=2).map(float)
    | st.integers(43_000, 47_000)
).filter(lambda number: int(number) != NO_DAY)
MOMENTS = st.datetimes().filter(lambda at: at.year > 1899).map(lambda at: at.replace(microsecond=0))
ISO = MOMENTS.map(lambda at: at.isoformat()) | MOMENTS.map(lambda at: f"{at:%Y-%m}-01") | MOMENTS.map(lambda at: f"{at:%H:%M:%S}")
CELLS = st.tuples(st.just("n"), NUMBERS.map(repr), st.integers(0, len(FORMATS) - 1)) | st.tuples(
    st.just("d"), ISO, st.integers(0, len(FORMATS) - 1)
)


def ours(content: bytes, of: Contract) -> list[tuple[int, dict[str, str | None]]]:
    """Return line and texts of the rows that our reader can read."""
    names = [one.name for one in of.kept_columns]
    found = xlsx.read(io.BytesIO(content), of, "some.xlsx")
    return [(one.line, dict(zip(names, one.texts, strict=True))) for one in found if one.texts is not None]


def theirs(rows: list[dict[str, Any]], page: Page) -> list[tuple[int, dict[str, str | None]]]:
    return [(row["_line"], {name: row[name] for name in page.columns}) for row in rows]


def for_others(content: bytes) -> bytes:
    """Return a workbook without what the library of the oracle stumbles over: empty fills, texts that are missing or spelt otherwise."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    styles = parts["xl/styles.xml"].replace(b"<fill/>", b"<fill><patternFill/></fill>")
    texts = parts.pop("xl/SharedStrings.xml", f'<sst xmlns="{MAIN}"/>'.encode())
    return packed({**parts, "xl/styles.xml": styles, "xl/sharedStrings.xml": texts})


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(DELIVERIES).parts[0])
def test_both_readers_find_the_same_in_a_case(path: Path) -> None:
    resource = "d_assistance_approval" if "assistance" in path.name else "v_resident_ledger"
    content = path.read_bytes()
    found = ours(content, load_contract_of(PROJECT / "contracts", resource))
    assert found
    rows, rejects = landed.read(resource, for_others(content))
    assert not rejects
    assert found == theirs(rows, landed.RESOURCES[resource])


@given(st.lists(CELLS, min_size=5, max_size=5))
@settings(max_examples=150, deadline=None)
def test_both_readers_find_the_same_in_any_cells(cells: list[tuple[str, str, int]]) -> None:
    """One cell of a kind, value and format in a column of each type."""
    written = [f'<c r="@" t="{kind}" s="{FIRST_FREE + style}"><v>{text}</v></c>' for kind, text, style in cells]
    content = Book(body(written, header=TYPES), formats=FORMATS).content()
    rows, rejects = PAGE.file.read(content, PAGE)
    assert not rejects
    assert ours(content, OF) == theirs(rows, PAGE)
