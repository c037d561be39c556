"""Text of another encoding is named although it could be decoded; names, foreign words and units are left alone."""

from __future__ import annotations

import io
import json

import pytest

from lakehouse.contracts.layouts import Encoding
from lakehouse.ingest.readers import reader_of
from lakehouse.ingest.readers.foreign import misread, undecodable
from lakehouse.ingest.readers.likelihood import cost
from tests.fuzz.bounds import in_time
from tests.lakehouse.ingest.readers.books import Book, body
from tests.lakehouse.ingest.readers.contract import contract

pytestmark = pytest.mark.fast

MISREAD = {
    "UTF-8 read as GB18030": ("鏋楁檽", "foreign_utf8"),
    "the same, its last byte lost": ("鏉庡皬鏄?", "foreign_utf8"),
    "the same, with figures": ("香洲区12号之三".encode().decode("gb18030", "replace"), "foreign_utf8"),
    "the same, of rare characters": ("䶮㑇".encode().decode("gb18030"), "foreign_utf8"),
    "GB18030 that is well-formed UTF-8": ("郑楼".encode("gb18030").decode(), "foreign_gb18030"),
    "UTF-8 read as Latin-1": ("林晓".encode().decode("latin-1"), "encoded_twice"),
    "UTF-8 read as Windows-1252": ("林".encode().decode("cp1252"), "encoded_twice"),
    "the same, its control characters lost": ("é½å", "encoded_twice"),
    "GB18030 read as Latin-1": ("ÕÅÈý", "encoded_twice"),
    "the same, with ASCII letters in it": ("刘㑇".encode("gb18030").decode("latin-1"), "encoded_twice"),
}
HONEST = (
    *(
        "林晓",
        "宓峰海",
        "宓风欢",
        "宓烽帡",
        "陳劉寶鳳",
        "䶮㑇𠮷",
        "阿依古丽·买买提",
        "3号楼A座",
        "（东）—５栋",
        "××××公司",
        "张××",
        "····",
        "①②③Ⅱ期㎡",
        "",
    ),
    *("José García", "Łódź", "Çağrı", "Nguyễn Văn Đức", "Đỗ", "Владимир", "Нұрсұлтан", "ئابدۇللا", "Ελένη", "김철수", "ヒルトン株式会社"),
    *("kg/m³·d", "±0.5℃", "Φ50", "50μΩ·cm", "½", "Ω", "λ", "é", "“引号”…", "a\u00a0b", "\ufffd", "\ue863明"),
)


@pytest.mark.parametrize("name", MISREAD)
def test_a_misread_text_is_named_by_what_it_was(name: str) -> None:
    text, reject = MISREAD[name]
    assert misread(["周立夏", None, text]) == reject


@pytest.mark.parametrize("text", HONEST)
def test_what_people_write_is_not_foreign(text: str) -> None:
    assert misread([text, text]) is None


@pytest.mark.parametrize(
    ("raw", "declared", "reject"),
    [
        ("1,张三".encode("gb18030"), "utf-8", "foreign_gb18030"),
        ("1,陳志明".encode("big5"), "utf-8", "foreign_big5"),
        ("1,欧阳青,3".encode(), "gb18030", "foreign_utf8"),
        (b"1,\xff\xff", "gb18030", "undecodable"),
        ("1,林晓".encode()[:-1], "utf-8", "undecodable"),
        ("1,周".encode("gb18030") + ",欧阳青".encode() + b",\xff", "gb18030", "undecodable"),
    ],
)
def test_an_undecodable_record_is_named_by_the_one_encoding_that_fits(raw: bytes, declared: Encoding, reject: str) -> None:
    assert undecodable(raw, declared) == reject


@pytest.mark.parametrize("kind", ["jsonl", "api", "postgres", "xlsx"])
def test_misread_text_is_found_in_every_kind_of_source(kind: str) -> None:
    """A source system that misread what it was given hands on well-formed text."""
    texts = ("周立夏", MISREAD["UTF-8 read as GB18030"][0], "é")
    if kind == "xlsx":
        of = contract("csv", "甲", "乙", source={"kind": "xlsx", "path": "t/{date}_{n}.xlsx", "sheet": "表"})
        content = Book(body(*(("1", text) for text in texts))).content()
    elif kind == "postgres":
        of = contract("postgres", "甲", "乙")
        content = "".join(f"{one},{other}\n" for one, other in (("甲", "乙"), *(("1", text) for text in texts))).encode()
    else:
        source = {"source": {"kind": "api", "connection": "c", "path": "/p", "watermark": "甲"}} if kind == "api" else {}
        of = contract("jsonl", "甲", "乙", **source)
        content = "".join(json.dumps({"甲": "1", "乙": text}) + "\n" for text in texts).encode()
    found = list(reader_of(of).read(io.BytesIO(content), of, "a source"))
    assert [record.texts or record.reject for record in found] == [("1", "周立夏"), "foreign_utf8", ("1", "é")]
    assert found[1].raw
    assert reader_of(of).count(io.BytesIO(content), of) == 3


def test_a_long_run_of_letters_takes_no_time() -> None:
    with in_time(1.0):
        assert cost("x" * 100_000 + "张") == cost("张")
