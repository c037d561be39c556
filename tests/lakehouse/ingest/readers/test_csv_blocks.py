"""Lines that are read many at once: the same rows, rejects and numbers as line by line, wherever a block begins and ends."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lakehouse.contracts.layouts import Encoding
from lakehouse.contracts.model import CsvSource
from lakehouse.errors import SourceError
from lakehouse.ingest.readers import csv, csv_blocks, csv_count
from lakehouse.ingest.readers.blocks import records_of
from lakehouse.ingest.readers.csv import Dialect
from lakehouse.ingest.readers.csv_feed import Feed, Span, line_ends
from lakehouse.ingest.readers.csv_plain import odd_lines, suspects
from lakehouse.ingest.readers.foreign import SUSPECT
from lakehouse.ingest.readers.header import Expected
from lakehouse.ingest.readers.lines import universal_lines
from lakehouse.ingest.readers.records import MAX_RECORD_BYTES, Record
from tests.lakehouse.ingest.readers.test_csv import CORPUS

pytestmark = pytest.mark.fast
Outcome = list[Record] | str
ROW = "449901,周立夏,玉溪路１号,,3.50"
NAMES = tuple("abcde")
TOKENS = (
    b"1", b"2", "周立夏".encode(), "林晓".encode("gb18030"), b",", b",", b",", b'"', b'"', b'""', b'","', b"\n", b"\n", b"\r\n", b"\r",
    b"\0",
    b"\xff", b"\xef\xbb\xbf", "éö".encode(), "周立夏".encode().decode("gb18030", "replace").encode(), b" ", b"\t", b"x\n" * 101, b"a,b\n",
)  # fmt: skip


def dialect(encoding: Encoding = "utf-8", names: tuple[str, ...] = NAMES, kept: tuple[str, ...] = ("d", "a"), rows: int = 1) -> Dialect:
    source = CsvSource(kind="csv", path="", encoding=encoding, header_rows=rows)
    return Dialect(source, Expected("t_thing", names), kept)


def delivered(content: bytes, of: Dialect, at_once: int) -> tuple[Outcome, Outcome]:
    """Return what becomes of a delivered file line by line, and in blocks."""
    blocks = partial(csv.read_named_blocks, at_once=at_once)
    return outcome(csv.read_named, content, of), outcome(blocks, content, of)


def written(content: bytes, names: tuple[str, ...], at_once: int) -> tuple[Outcome, Outcome]:
    """Return what becomes of a file that PostgreSQL wrote line by line, and in blocks."""
    blocks, expected = partial(csv.read_written_blocks, at_once=at_once), Expected("t_thing", names)
    return outcome(csv.read_written, content, expected), outcome(blocks, content, expected)


def outcome(read: Callable[..., Iterator[Any]], content: bytes, of: Dialect | Expected) -> Outcome:
    """Return the records, or why the file is refused."""
    try:
        found = list(read(io.BytesIO(content), of, "some.csv"))
    except SourceError as error:
        return str(error)
    return [record for one in found for record in ([one] if isinstance(one, Record) else records_of(one))]


@pytest.mark.parametrize("name", CORPUS)
def test_the_corpus_is_read_alike(name: str) -> None:
    content, _ = CORPUS[name]
    of = dialect(names=("a", "b"), kept=("a", "b"))
    alone, together = delivered(content, of, 10)
    assert together == alone
    padded = content + b"\n" + b"3,4\n" * 50
    alone, together = delivered(padded, of, 100)
    assert together == alone
    alone, together = written(padded, ("a", "b"), 100)
    assert together == alone


@settings(max_examples=200, deadline=None)
@given(
    tokens=st.lists(st.sampled_from(TOKENS), max_size=60),
    encoding=st.sampled_from(["utf-8", "gb18030", "big5", "utf-16"]),
    at_once=st.sampled_from([5, 40, 4096]),
    rows=st.sampled_from([0, 1]),
)
def test_any_bytes_are_read_alike(tokens: list[bytes], encoding: Encoding, at_once: int, rows: int) -> None:
    content = (b"a,b\n" if rows else b"") + b"".join(tokens)
    if encoding == "utf-16":
        content = content.decode("utf-8", "replace").encode("utf-16")
    alone, together = delivered(content, dialect(encoding, ("a", "b"), ("b", "a"), rows), at_once)
    assert together == alone
    alone, together = written(content, ("a", "b"), at_once)
    assert together == alone


@settings(max_examples=200, deadline=None)
@given(tokens=st.lists(st.sampled_from(TOKENS), max_size=60), at_once=st.sampled_from([5, 40, 4096]))
def test_lines_are_handed_out_as_they_are_found_one_by_one(tokens: list[bytes], at_once: int) -> None:
    content = b"".join(tokens)
    parts = [content[at : at + 13] for at in range(0, len(content), 13)]
    for longest in (3, MAX_RECORD_BYTES):
        assert list(Feed(iter(parts), longest, at_once)) == list(universal_lines(iter(parts), longest))


def test_a_line_without_end_takes_no_more_memory_than_a_record() -> None:
    parts = (b"x" * MAX_RECORD_BYTES for _ in range(200))
    feed = Feed(chain(parts, [b"\n1,2\n"]), MAX_RECORD_BYTES, 1000)
    first, second = list(feed)
    assert (first.number, first.too_long, len(first.content)) == (1, True, MAX_RECORD_BYTES)
    assert second == (2, b"1,2\n", False)
    assert len(feed.span.content) < 3 * MAX_RECORD_BYTES


PLAIN = (ROW, '"a,b",2,"",,"x"', ",,,,", '449901,"周立夏",1,2,3')
ODD = (
    'a"b,2,3,4,5',
    '"a""b",2,3,4,5',
    '"open,2,3,4,5',
    '"a"b,2,3,4,5',
    '2,"3,4,5',
    "",
    "x" * 20_000 + ",2,3,4,5",
    "\0,2,3,4,5",
    ' "a",2,3,4,5',
)


@pytest.mark.parametrize("line", PLAIN)
def test_lines_that_need_no_care_are_known(line: str) -> None:
    assert odd_of(f"{ROW}\n{line}\r\n{line}\r{line}") == []


@pytest.mark.parametrize("line", ODD)
def test_lines_that_need_care_are_known(line: str) -> None:
    assert odd_of(f"{ROW}\n{line}\n{ROW}\r\n{line}\r\n{ROW}") == [1, 3]


def odd_of(text: str) -> list[int]:
    content = text.encode()
    return odd_lines(Span(content, line_ends(np.frombuffer(content, np.uint8)), 1), ",").tolist()


def test_every_line_that_may_be_in_a_foreign_encoding_is_suspected() -> None:
    """Characters of all kinds in pairs: those that the pattern finds are found, and no others."""
    chance = Random(1)
    planes = [
        range(0x20, 0x100),
        range(0x80, 0x800),
        range(0x2000, 0x2200),
        range(0x3400, 0xA000),
        range(0xE000, 0xFB00),
        range(0x10000, 0x110000),
    ]
    lines = ["".join(chr(chance.choice(chance.choice(planes))) for _ in range(6)) for _ in range(20_000)]
    lines = [line.replace("\r", "").replace("\n", "") for line in lines]
    expected = [place for place, line in enumerate(lines) if SUSPECT.search(line)]
    assert len(expected) > 1_000
    assert suspects("\n".join(lines)).tolist() == expected


def test_a_second_counter_that_skips_counts_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    chance, source = Random(2), CsvSource(kind="csv", path="")
    for _ in range(300):
        content = b"a,b\n" + b"".join(chance.choices(TOKENS, k=chance.randrange(80)))
        counts = []
        for worthwhile, at_once in ((1 << 40, 1 << 20), (0, 1 << 20), (0, 50), (20, 300)):
            monkeypatch.setattr(csv_count, "WORTHWHILE", worthwhile)
            monkeypatch.setattr(csv_count, "AT_ONCE", at_once)
            counts.append(csv_count.count_records(io.BytesIO(content), source))
        assert len(set(counts)) == 1, content


def test_only_lines_that_need_care_are_read_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    strict, right = list[int](), csv_blocks.record_of
    monkeypatch.setattr(csv_blocks, "record_of", lambda piece, form: strict.append(piece.number) or right(piece, form))
    rows = [f"{ROW}\n".encode()] * 1_000
    rows[10], rows[500], rows[501], rows[999] = b'a,"b""",c,d,e\n', b"a,b\n", b'"quoted, whole",b,c,d,e\n', b"\xff,b,c,d,e\n"
    alone, together = delivered(b"a,b,c,d,e\n" + b"".join(rows), dialect(), 1 << 20)
    assert together == alone
    assert len(together) == 1_000
    assert sorted(strict) == [12, 502, 1001]
