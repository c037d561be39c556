"""A file nobody declared: encoding, separator, header and sheet are found; what is of no kind that is read is refused by name."""

from __future__ import annotations

import io
import random

import pytest

from lakehouse.errors import SourceError
from lakehouse.ingest.undeclared.charset import guess_encoding
from lakehouse.ingest.undeclared.specimen import read_specimen
from tests.lakehouse.ingest.readers.books import Book, body, row
from tests.lakehouse.ingest.readers.test_xlsx import ERROR, FORMULA

pytestmark = pytest.mark.fast
HEADERS = ("编号", "姓名", "住址", "登记日期")
PEOPLE = [(f"A{place}", f"王小{'明红华军'[place % 4]}", f"望海街道晨光路{place}号", f"2026-06-0{1 + place % 9}") for place in range(12)]
TRADITIONAL = [("編號", "姓名", "地址"), *((f"B{place}", "陳國榮", f"澳門新馬路{place}號") for place in range(12))]


def table(*above: str, delimiter: str = ",", encoding: str = "utf-8", end: str = "\n", headers: tuple[str, ...] = HEADERS) -> bytes:
    """Return a text file with lines above its header."""
    rows = [headers, *PEOPLE] if headers else PEOPLE
    return (end.join([*above, *(delimiter.join(one) for one in rows)]) + end).encode(encoding)


PLAIN = {"kind": "csv", "path": "", "encoding": "utf-8"}
FILES: dict[str, tuple[bytes, dict[str, object]]] = {
    "UTF-8": (table(), PLAIN),
    "UTF-8 with a mark": (table(encoding="utf-8-sig"), PLAIN),
    "GB18030": (table(encoding="gb18030"), {**PLAIN, "encoding": "gb18030"}),
    "GBK, with line ends of Windows": (table(encoding="gbk", end="\r\n"), {**PLAIN, "encoding": "gb18030"}),
    "UTF-16": (table(encoding="utf-16"), {**PLAIN, "encoding": "utf-16"}),
    "UTF-16 without a mark": (table(encoding="utf-16-le"), {**PLAIN, "encoding": "utf-16"}),
    "tabs": (table(delimiter="\t"), {**PLAIN, "delimiter": "\t"}),
    "semicolons": (table(delimiter=";", encoding="gb18030"), {**PLAIN, "encoding": "gb18030", "delimiter": ";"}),
    "bars": (table(delimiter="|"), {**PLAIN, "delimiter": "|"}),
    "a title": (table("居民登记表"), {**PLAIN, "headerFrom": 2}),
    "a title and who filled it in": (table("居民登记表", "填报单位：望海街道,,,"), {**PLAIN, "headerFrom": 3}),
    "no header": (table(headers=()), {**PLAIN, "headerRows": 0}),
}


@pytest.mark.parametrize("name", FILES)
def test_a_text_file_is_understood(name: str) -> None:
    content, source = FILES[name]
    found = read_specimen(content, "some.csv")
    assert dict(found.source) == source
    assert found.headers == (HEADERS if source.get("headerRows") != 0 else ("column 1", "column 2", "column 3", "column 4"))
    assert found.rows == tuple(PEOPLE)


def test_big5_is_told_from_gb18030() -> None:
    content = "".join(",".join(one) + "\n" for one in TRADITIONAL).encode("big5")
    found = read_specimen(content, "some.csv")
    assert (found.source["encoding"], found.headers, found.rows[0]) == ("big5", *TRADITIONAL[:2])


COMMON = "的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过子说产种面而方后多定行学法所民得经"
COMMON_BIG5 = (
    "的一是在不了有和人這中大為上個國我以要他時來用們生到作地於出就分對成會可主發年動同工也能下過子說產種面而方後多定行學法所民得經"
)


@pytest.mark.parametrize(("letters", "encoding"), [(COMMON, "gb18030"), (COMMON_BIG5, "big5"), (COMMON, "utf-8"), (COMMON, "utf-16")])
def test_an_encoding_is_guessed_from_few_lines(letters: str, encoding: str) -> None:
    chance = random.Random(7)
    for _ in range(200):
        lines = ["".join(chance.choices(letters, k=6)) + ",1,2026-06-01" for _ in range(5)]
        assert guess_encoding("\n".join(lines).encode(encoding)) == encoding


def test_bytes_that_do_not_decode_do_not_change_the_guess() -> None:
    for encoding in ("utf-8", "gb18030"):
        assert guess_encoding(table(encoding=encoding) * 3 + b"\xff\xfe\x80,x\n") == encoding


def test_json_lines_have_the_fields_of_all_lines() -> None:
    content = b'{"id": "1", "n": 2, "ok": true}\n{"id": "2", "at": null, "place": {"x": 1}}\nbroken\n'
    found = read_specimen(content, "some.jsonl")
    assert (dict(found.source), found.headers) == ({"kind": "jsonl", "path": ""}, ("id", "n", "ok", "at", "place"))
    assert found.rows == (("1", "2", "true", None, None), ("2", None, None, None, None))
    assert found.remarks == ("place holds objects or lists, which are not read: ask for one text or number",)


GROUPED = row(1, "登记表") + row(2, "编号", "本人", None, "登记日期") + row(3, None, "姓名", "住址", None)
DATA = "".join(row(place, *one) for place, one in enumerate(PEOPLE, 4))
BOOKS: dict[str, tuple[bytes, dict[str, object], tuple[str, ...]]] = {
    "a plain sheet": (Book(body(*PEOPLE, header=HEADERS)).content(), {}, HEADERS),
    "a title and grouped columns": (
        Book(GROUPED + DATA, merged=("A1:D1", "A2:A3", "B2:C2", "D2:D3")).content(), {"headerFrom": 2, "headerRows": 2},
        ("编号", "本人/姓名", "本人/住址", "登记日期"),
    ),
    "a hidden sheet beside it": (Book(body(*PEOPLE, header=HEADERS), others={"底稿": "hidden"}).content(), {}, HEADERS),
}  # fmt: skip


@pytest.mark.parametrize("name", BOOKS)
def test_a_workbook_is_understood(name: str) -> None:
    content, source, headers = BOOKS[name]
    found = read_specimen(content, "some.xlsx")
    assert dict(found.source) == {"kind": "xlsx", "path": "", "sheet": "表", **source}
    assert (found.headers, len(found.rows)) == (headers, len(PEOPLE))


def test_formulas_and_other_sheets_are_remarked_upon() -> None:
    rows = body(*PEOPLE, ("A", FORMULA, ERROR, "x"), header=HEADERS)
    found = read_specimen(Book(rows, others={"说明": "visible"}).content(), "some.xlsx")
    assert [remark.split(":")[0] for remark in found.remarks] == [
        "the workbook has 1 other sheets, which are not read",
        "cells hold formulas",
    ]


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "the file is empty."),
        (b"\n\n", "the file is empty."),
        (b'[{"a": 1}]', "the file is one JSON list."),
        (b"{broken\n", "no line of the file is a JSON object."),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 64, "of the old format, or encrypted."),
        (b"PK\x03\x04 nothing", "the file is cut off or damaged"),
        (table(delimiter="|", encoding="gb18030"), "the separator '|' may be part of a character of gb18030."),
        (Book("").content(), "every sheet that people see is empty."),
        (Book(row(1, 1, 2) + row(2, 3, 4)).content(), "no header was found in the sheet."),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(content: bytes, found: str) -> None:
    with pytest.raises(SourceError) as told:
        read_specimen(content, "some.file")
    assert found in str(told.value)
    assert "some.file:" in str(told.value)


def test_any_bytes_are_understood_or_refused() -> None:
    chance = random.Random(11)
    for _ in range(300):
        content = bytearray(table(encoding=chance.choice(["utf-8", "gb18030", "utf-16"])))
        for _ in range(chance.randrange(1, 30)):
            content[chance.randrange(len(content))] = chance.randrange(256)
        try:
            found = read_specimen(bytes(content), "some.csv")
        except SourceError:
            continue
        assert all(len(one) == len(found.headers) for one in found.rows)
        assert io.BytesIO(content).read()
