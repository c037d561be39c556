"""Stray quotes cost the rows they stand in, never those between them; what people wrote on several lines stays one row."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.lakehouse.ingest.readers.test_csv import read

pytestmark = pytest.mark.fast

Outcomes = list[tuple[int, str]]
STRAY: dict[str, tuple[str, Outcomes]] = {  # columns a, b and c; of each record its line, and a or the reject
    "at the ends of two rows": (
        '1,x,"came\n2,y,z\n3,y,z\n4,x,fine"\n5,x,y\n',
        [(2, "bad_quoting"), (3, "2"), (4, "3"), (5, "4"), (6, "5")],
    ),
    "of neighbouring rows": ('1,x,"came\n2,x,fine"\n3,x,y\n', [(2, "bad_quoting"), (3, "2"), (4, "3")]),
    "in a column in the middle": ('1,"x,y\n2,x",y\n3,x,y\n', [(2, "bad_quoting"), (3, "2"), (4, "3")]),
    "in the first column": ('"1,x,y\n2",x,y\n3,x,y\n', [(2, "bad_quoting"), (3, '2"'), (4, "3")]),
    "closing before the last column": ('1,x,"y\n2",x,y\n3,x,y\n', [(2, "bad_quoting"), (3, '2"'), (4, "3")]),
    "alone in an empty cell": ('1,x,"\n2,x,"\n3,x,y\n', [(2, "bad_quoting"), (3, "bad_quoting"), (4, "3")]),
    "with an empty quoted cell between": ('1,x,"y\n2,"",y\n3,x,y"\n4,x,y\n', [(2, "bad_quoting"), (3, "2"), (4, "3"), (5, "4")]),
    "with a quoted comma after it": ('1,x,"y\n2,x","a,b"\n3,x,y\n', [(2, "bad_quoting"), (3, "2"), (4, "3")]),
    "around a line that is no row": ('1,x,"y\nno row\n2,x,y"\n3,x,y\n', [(2, "bad_quoting"), (3, "too_few_fields"), (4, "2"), (5, "3")]),
}
HONEST = {
    "a remark of several lines": '1,x,"came,\nsaid that all is well,\nand left"\n',
    "a remark with an empty line": '1,x,"came\n\nleft"\n',
    "a first cell of two lines": '"1\n1",x,y\n',
    "a cell in the middle": '1,"x\nx",y\n',
    "two cells of two lines": '1,"x\nx","y\ny"\n',
    "three cells of two lines": '"1\n1","x\nx","y\ny"\n',
    "quoted words on lines of their own": '1,x,"he said\n""yes""\nand left"\n',
    "a line with more commas than a row": '1,x,"one, two, three,\nfour, five, six, seven"\n',
}
ENDS = pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])


@ENDS
@pytest.mark.parametrize("name", STRAY)
def test_rows_between_stray_quotes_are_read(name: str, end: str) -> None:
    body, expected = STRAY[name]
    records = read(f"a,b,c\n{body}".replace("\n", end).encode(), more=("c",))
    assert [(record.line, record.reject or (record.texts or ("",))[0]) for record in records] == expected


@ENDS
@pytest.mark.parametrize("name", HONEST)
def test_a_cell_of_several_lines_stays_one_row(name: str, end: str) -> None:
    first, last = read(f"a,b,c\n{HONEST[name]}9,x,y\n".replace("\n", end).encode(), more=("c",))
    assert first.reject is None
    assert (last.texts or ("",))[0] == "9"


@pytest.mark.parametrize(("delimiter", "encoding"), [(";", "utf-8"), ("\t", "gb18030"), (",", "utf-16")])
def test_stray_quotes_are_found_in_every_dialect(delimiter: str, encoding: str) -> None:
    rows = [("a", "b"), ("郑", '"家属来电'), ("何", "独居"), ("高", '说好"'), ("马", "无")]
    content = "\n".join(delimiter.join(row) for row in rows).encode(encoding)
    records = read(content, encoding, delimiter)  # type: ignore[arg-type]
    assert [record.reject or (record.texts or ("",))[0] for record in records] == ["bad_quoting", "何", "高", "马"]


def test_a_header_of_several_lines_is_a_header() -> None:
    (record,) = read(b'"more\nover","a","b"\n1,2,3\n', more=("more\nover",))
    assert record.texts == ("2", "3")


PLACES = st.tuples(st.integers(0, 5), st.integers(0, 2), st.booleans())


@settings(max_examples=300, deadline=None)
@given(first=PLACES, second=PLACES, ends=st.sampled_from(["\n", "\r\n"]))
def test_two_stray_quotes_anywhere_lose_no_row_that_has_none(
    first: tuple[int, int, bool], second: tuple[int, int, bool], ends: str
) -> None:
    rows = [[f"{row}{column}" for column in "abc"] for row in range(6)]
    for row, column, is_before in (first, second):
        rows[row][column] = f'"{rows[row][column]}' if is_before else f'{rows[row][column]}"'
    records = read(ends.join(",".join(row) for row in (["a", "b", "c"], *rows)).encode(), more=("c",))
    assert len(records) == len(rows)
    for number in {0, 1, 2, 3, 4, 5} - {first[0], second[0]}:
        assert records[number].texts == (f"{number}a", f"{number}b")
