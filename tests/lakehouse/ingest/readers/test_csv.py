"""CSV deliveries: every line becomes a row or a named reject, one wrong byte spoils one record only, and both counters agree."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lakehouse.contracts.layouts import Encoding
from lakehouse.contracts.model import CsvSource
from lakehouse.errors import SourceError
from lakehouse.ingest.readers.csv import Dialect, read_named, read_written
from lakehouse.ingest.readers.csv_count import count_records, count_written
from lakehouse.ingest.readers.header import Expected
from lakehouse.ingest.readers.records import MAX_CELL_CHARACTERS, MAX_RECORD_BYTES, MAX_RECORD_LINES, Record

pytestmark = pytest.mark.fast

OPEN_QUOTE = b'"' + b"x\n" * MAX_RECORD_LINES
LONG_CELL = b"x" * (MAX_CELL_CHARACTERS + 1)
LONG_FORMULA = "＝".encode() + LONG_CELL[2:]
LONG_EMOJI = "\U0001f6a7".encode() * 20_000
LONG_LINE = b"x" * (MAX_RECORD_BYTES + 1)


def read(content: bytes, encoding: Encoding = "utf-8", delimiter: str = ",", more: tuple[str, ...] = ()) -> list[Record]:
    """Read a file with the columns a and b, and more that are dropped; the second counter must find as many records."""
    source = CsvSource(kind="csv", path="", encoding=encoding, delimiter=delimiter)
    records = list(read_named(io.BytesIO(content), Dialect(source, Expected("t_thing", ("a", "b", *more)), ("a", "b")), "some.csv"))
    assert count_records(io.BytesIO(content), source) == len(records)
    return records


def outcome(record: Record) -> tuple[object, ...]:
    return (record.line, *(record.texts or (record.reject, record.raw)))


CORPUS = {
    "plain": (b"a,b\n1,2\n", [(2, "1", "2")]),
    "no newline at the end": (b"a,b\n1,2", [(2, "1", "2")]),
    "carriage return and newline": (b"a,b\r\n1,2\r\n3,4\r\n", [(2, "1", "2"), (3, "3", "4")]),
    "carriage return only": (b"a,b\r1,2\r3,4", [(2, "1", "2"), (3, "3", "4")]),
    "line ends mixed": (b"a,b\r1,2\n3,4\r\n5,6", [(2, "1", "2"), (3, "3", "4"), (4, "5", "6")]),
    "byte order mark": (b"\xef\xbb\xbfa,b\n1,2\n", [(2, "1", "2")]),
    "header in another order": (b"b,a\n1,2\n", [(2, "2", "1")]),
    "header only": (b"a,b\n", []),
    "empty text is null": (b'a,b\n,""\n', [(2, None, None)]),
    "spaces are kept": (b"a,b\n 1 ,\t2\n", [(2, " 1 ", "\t2")]),
    "quoted comma and newline": (b'a,b\n"1,1","2\n2"\n3,4\n', [(2, "1,1", "2\n2"), (4, "3", "4")]),
    "quoted line ends stay as they are": (b'a,b\n"1\r\n1","2\r2"\r\n3,4', [(2, "1\r\n1", "2\r2"), (5, "3", "4")]),
    "doubled quote": (b'a,b\n"1""1",""""\n', [(2, '1"1', '"')]),
    "quote inside a field": (b'a,b\n5",6" pipe\n', [(2, '5"', '6" pipe')]),
    "quoted header": (b'"a","b"\n1,2\n', [(2, "1", "2")]),
    "unicode line separators are text": ("a,b\n1\u2028,2\x85\n".encode(), [(2, "1\u2028", "2\x85")]),
    "too few": (b"a,b\n1\n3,4\n", [(2, "too_few_fields", b"1\n"), (3, "3", "4")]),
    "too many": (b"a,b\n1,2,3\r\n3,4\n", [(2, "too_many_fields", b"1,2,3\r\n"), (3, "3", "4")]),
    "too few over two lines": (b'a,b\n"1\n1"\n3,4\n', [(2, "too_few_fields", b'"1\n1"\n'), (4, "3", "4")]),
    "blank line": (b"a,b\n1,2\n\r\n3,4\n\n", [(2, "1", "2"), (3, "blank_line", b"\r\n"), (4, "3", "4"), (5, "blank_line", b"\n")]),
    "zero byte": (b"a,b\n1\0,2\n3,4\n", [(2, "nul_byte", b"1\0,2\n"), (3, "3", "4")]),
    "not UTF-8": (b"a,b\n\xff\xc5,2\n3,4\n", [(2, "undecodable", b"\xff\xc5,2\n"), (3, "3", "4")]),
    "GB18030 in one line": (b"a,b\n\xd5\xc5,2\n3,4\n", [(2, "foreign_gb18030", b"\xd5\xc5,2\n"), (3, "3", "4")]),
    "Big5 in one line": (b"a,b\n\xb3\xaf\xa7\xd3,2\n3,4\n", [(2, "foreign_big5", b"\xb3\xaf\xa7\xd3,2\n"), (3, "3", "4")]),
    "half a character at the end": (b"a,b\n1,2\n3,\xe5\xbc", [(2, "1", "2"), (3, "undecodable", b"3,\xe5\xbc")]),
    "a second mark in the middle": (b"a,b\n\xef\xbb\xbf1,2\n", [(2, "\ufeff1", "2")]),
    "zero bytes to the end of the file": (b"a,b\n1,2\n" + bytes(600), [(2, "1", "2"), (3, "nul_byte", bytes(600))]),
    "text after a quote": (b'a,b\n"1"x,2\n3,4\n', [(2, "bad_quoting", b'"1"x,2\n'), (3, "3", "4")]),
    "quote open to the end": (b'a,b\n1,"2\n3,4\n', [(2, "bad_quoting", b'1,"2\n'), (3, "3", "4")]),
    "quote open until the next one": (b'a,b\n"1,2\n3,"4"\n5,6', [(2, "bad_quoting", b'"1,2\n'), (3, "3", "4"), (4, "5", "6")]),
    "cell too large with its apostrophe": (b"a,b\n1," + LONG_FORMULA + b"\n", [(2, "oversize_cell", b"1," + LONG_FORMULA + b"\n")]),
    "cell too large in units of UTF-16": (b"a,b\n1," + LONG_EMOJI + b"\n", [(2, "oversize_cell", b"1," + LONG_EMOJI + b"\n")]),
    "largest cell": (b"a,b\n1," + LONG_CELL[1:] + b"\n", [(2, "1", LONG_CELL[1:].decode())]),
    "cell too large": (b"a,b\n1," + LONG_CELL + b"\n3,4\n", [(2, "oversize_cell", b"1," + LONG_CELL + b"\n"), (3, "3", "4")]),
    "quoted cell too large": (
        b'a,b\n1,"' + LONG_CELL * 5 + b'"\n3,4\n',
        [(2, "oversize_cell", b'1,"' + LONG_CELL * 5 + b'"\n'), (3, "3", "4")],
    ),
    "line too long keeps its beginning": (
        b"a,b\n" + LONG_LINE + b"\n3,4\n",
        [(2, "oversize_record", LONG_LINE[:-1]), (3, "3", "4")],
    ),
}


@pytest.mark.parametrize("name", CORPUS)
def test_every_line_has_its_outcome(name: str) -> None:
    content, expected = CORPUS[name]
    assert [outcome(record) for record in read(content)] == expected


def test_a_quote_that_stays_open_costs_one_line() -> None:
    records = read(b"a,b\n" + OPEN_QUOTE + b"3,4\n")
    assert (records[0].line, records[0].reject, records[0].raw) == (2, "bad_quoting", b'"x\n')
    assert {record.reject for record in records[1:-1]} == {"too_few_fields"}
    assert records[-1].texts == ("3", "4")


def test_gb18030_reads_four_bytes_and_rejects_what_is_neither() -> None:
    content = "a,b\n张三,\U00020bb7\n".encode("gb18030") + b"\x81\xff,2\n" + "李四,㐀\n".encode("gb18030")
    assert [outcome(record) for record in read(content, "gb18030")] == [
        (2, "张三", "\U00020bb7"),
        (3, "undecodable", b"\x81\xff,2\n"),
        (4, "李四", "㐀"),
    ]


def test_gb18030_half_a_character_costs_its_own_row() -> None:
    records = read("a,b\n张三,1\n".encode("gb18030") + b"\xd5,2\n3,\xd5", "gb18030")
    assert [record.reject for record in records] == [None, "undecodable", "undecodable"]


def test_utf8_in_a_gb18030_file_is_named_whether_it_can_be_decoded_or_not() -> None:
    honest, even, odd = "周立夏,1".encode("gb18030"), "林晓,2".encode(), "欧阳青,3".encode()
    records = read(b"\n".join((b"a,b", honest, even, odd, honest)), "gb18030")
    assert [(record.texts, record.reject, record.raw) for record in records] == [
        (("周立夏", "1"), None, None),
        (None, "foreign_utf8", even + b"\n"),
        (None, "foreign_utf8", odd + b"\n"),
        (("周立夏", "1"), None, None),
    ]


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf16_is_decoded_before_it_is_split(codec: str) -> None:
    mark = "" if codec == "utf-16" else "\ufeff"
    content = (mark + 'a,b\r\n张\u0a0d,"\U00020bb7\n"\r\n3,4').encode(codec)
    assert [outcome(record) for record in read(content, "utf-16")] == [(2, "张\u0a0d", "\U00020bb7\n"), (4, "3", "4")]


def test_utf16_rejects_half_characters() -> None:
    content = "\ufeffa,b\n1,\ud800\n3,4\n".encode("utf-16-le", "surrogatepass") + b"5"
    assert [record.reject for record in read(content, "utf-16")] == ["undecodable", None, "undecodable"]


def test_other_delimiters_are_declared() -> None:
    assert read(b'a;b\n"1;1";2,2\n', delimiter=";")[0].texts == ("1;1", "2,2")
    with pytest.raises(SourceError, match="part of a character"):
        read(b"a|b\n", "gb18030", "|")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"a\n1\n", "missing: b"),
        (b"a,b,a\n1,2,3\n", "more than once: a"),
        (b"a,b,e_mail\n1,2,3\n", "not declared: e_mail (column 3)"),
        (b"zhangsan,44\n", "missing: a, b; 未声明 / not declared: column 1, column 2"),
        (b"a,zhangsan\n1,2\n", "missing: b; 未声明 / not declared: column 2"),
        (b"a,b" + b",x" * 5_000 + b"\n1,2\n", "column 42 and 4960 more"),
        (b"\xff,b\n1,2\n", "undecodable"),
        (b'"a,b\n1,2\n', "bad_quoting"),
        (b"", "cannot be read"),
    ],
)
def test_a_wrong_header_refuses_the_file_without_quoting_it(content: bytes, said: str) -> None:
    with pytest.raises(SourceError) as refused:
        read(content)
    message = str(refused.value)
    assert said in message
    assert "some.csv: header:" in message
    assert "Allowed: a, b" in message
    assert "send the file again" in message
    assert "zhangsan" not in message


MORE = tuple(f"more{number}" for number in range(12))
CELLS = st.text(st.sampled_from('ab,"\n\r 张한'), max_size=6)


@settings(max_examples=300, deadline=None)
@given(rows=st.lists(st.tuples(CELLS, CELLS), max_size=6), ends=st.sampled_from(["\n", "\r\n", "\r"]))
def test_what_a_csv_writer_writes_is_read_back(rows: list[tuple[str, str]], ends: str) -> None:
    """The columns between the two hold no comma, so that no line of a cell can be taken for a row."""
    wide = [(a, *"-" * 12, b) for a, b in rows]
    target = io.StringIO()
    quoting = csv.QUOTE_MINIMAL if ends == "\r\n" else csv.QUOTE_ALL  # otherwise one half of the line end is left alone
    csv.writer(target, lineterminator=ends, quoting=quoting).writerows([("a", *MORE, "b"), *wide])
    records = read(target.getvalue().encode(), more=MORE)
    assert [record.texts for record in records] == [(a or None, b or None) for a, b in rows]


@settings(max_examples=200, deadline=None)
@given(rows=st.lists(st.tuples(CELLS, CELLS), max_size=6), long=st.integers(0, 3 * MAX_RECORD_LINES))
def test_what_postgresql_writes_is_read_back_however_many_lines_it_has(rows: list[tuple[str, str]], long: int) -> None:
    told = [*rows, ("list", "1, 2\n" * long)]
    target = io.StringIO()
    csv.writer(target, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows([("a", "b"), *told])
    content = target.getvalue().encode()
    records = list(read_written(io.BytesIO(content), Expected("t_thing", ("a", "b")), "some.csv"))
    assert [record.texts for record in records] == [(a or None, b or None) for a, b in told]
    assert count_written(io.BytesIO(content)) == len(told)


def test_only_the_limit_of_a_cell_holds_for_what_postgresql_wrote() -> None:
    long, too_long = b"x" * MAX_CELL_CHARACTERS, b"x\n" * MAX_RECORD_BYTES
    names = [f"c{number}" for number in range(40)]
    rows = (b",".join([long] * 40), b'"' + too_long + b'"' + b"," * 39, b"last" + b"," * 39)
    content = b"\n".join((",".join(names).encode(), *rows))
    whole, cut, last = read_written(io.BytesIO(content), Expected("t_thing", tuple(names)), "some.csv")
    assert (whole.texts or ("",))[39] == long.decode()
    assert (cut.line, cut.reject, len(cut.raw or b"")) == (3, "oversize_cell", MAX_RECORD_BYTES)
    assert (last.line, (last.texts or ("",))[0]) == (4 + MAX_RECORD_BYTES, "last")
    assert count_written(io.BytesIO(content)) == 3


@settings(max_examples=500, deadline=None)
@given(body=st.binary(max_size=60).map(lambda raw: bytes(b'ab,"\n\r\x81\x30'[byte % 8] for byte in raw)))
def test_both_counters_agree_on_any_bytes(body: bytes) -> None:
    for encoding in ("utf-8", "gb18030"):
        records = read(b"a,b\n" + body, encoding)
        assert all((record.texts is None) == (record.reject is not None) for record in records)


@settings(max_examples=200, deadline=None)
@given(body=st.binary(max_size=40).map(lambda raw: bytes(b'ab,"\n\r\x81\x30'[byte % 8] for byte in raw)))
def test_no_byte_is_lost(body: bytes) -> None:
    """Rejects carry their bytes, rows their line: the next record begins where the last one ended."""
    lines = body.splitlines(keepends=True)
    records = read(b"a,b\n" + body)
    ends = [*(record.line for record in records), len(lines) + 2][1:]
    for record, end in zip(records, ends, strict=True):
        if record.reject:
            assert record.raw == b"".join(lines[record.line - 2 : end - 2])
