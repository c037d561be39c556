"""A file in another encoding than declared is refused by the name of the encoding that fits, and no value is quoted."""

from __future__ import annotations

import io

import pytest

from lakehouse.errors import SourceError
from lakehouse.ingest.readers import reader_of
from lakehouse.ingest.readers.records import Record
from tests.lakehouse.ingest.readers.contract import contract

pytestmark = pytest.mark.fast

CHINESE, ASCII = ("编号", "姓名"), ("id", "name")
NAMES = ("林晓", "欧阳青", "周立夏", "马文")
TRADITIONAL = ("陳志明", "黃大文", "李小龍", "王中山")


def read(content: bytes, encoding: str, names: tuple[str, ...] = CHINESE) -> list[Record]:
    of = contract("csv", *names, source={"kind": "csv", "path": "t/{date}_{n}.csv", "encoding": encoding})
    return list(reader_of(of).read(io.BytesIO(content), of, "some.csv"))


def rows(header: tuple[str, ...], people: tuple[str, ...]) -> str:
    return "".join(f"{one},{other}\n" for one, other in (header, *((f"{number}", name) for number, name in enumerate(people))))


REFUSED = {
    "UTF-16 with its mark": (rows(CHINESE, NAMES).encode("utf-16"), "gb18030", "written in UTF-16"),
    "UTF-16 without a mark": (rows(ASCII, NAMES).encode("utf-16-le"), "utf-8", "written in UTF-16"),
    "UTF-16 the other way round": (rows(CHINESE, NAMES).encode("utf-16-be"), "gb18030", "written in UTF-16"),
    "UTF-16 as declared, without its mark": (rows(CHINESE, NAMES).encode("utf-16-le"), "utf-16", "without a byte order mark"),
    "UTF-8 where UTF-16 is declared": (rows(CHINESE, NAMES).encode(), "utf-16", "written in UTF-8"),
    "GB18030 where UTF-16 is declared": (rows(CHINESE, NAMES).encode("gb18030"), "utf-16", "written in GB18030"),
    "UTF-32 where UTF-16 is declared": (rows(ASCII, NAMES).encode("utf-32"), "utf-16", "written in UTF-32"),
    "one row of Big5": (rows(ASCII, ("台北市中山區民生東路",)).encode("big5"), "gb18030", "written in Big5"),
    "UTF-32 with its mark": (rows(ASCII, NAMES).encode("utf-32"), "utf-8", "written in UTF-32"),
    "UTF-8, its header first": (rows(CHINESE, NAMES).encode(), "gb18030", "written in UTF-8"),
    "UTF-8 with its mark": (rows(CHINESE, NAMES).encode("utf-8-sig"), "gb18030", "written in UTF-8"),
    "UTF-8 below a header in ASCII, half of its rows decodable": (rows(ASCII, NAMES).encode(), "gb18030", "written in UTF-8"),
    "GB18030, its header first": (rows(CHINESE, NAMES).encode("gb18030"), "utf-8", "written in GB18030"),
    "GB18030 of which half the rows are well-formed UTF-8": (
        rows(ASCII, ("女", "男") * 6).encode("gb18030"),
        "utf-8",
        "written in GB18030",
    ),
    "Big5 below a header in ASCII": (rows(ASCII, TRADITIONAL).encode("big5"), "gb18030", "written in Big5"),
    "Big5 where UTF-8 is declared": (rows(ASCII, TRADITIONAL).encode("big5"), "utf-8", "written in Big5"),
    "one header line in UTF-8": (rows(CHINESE, ()).encode(), "gb18030", "written in UTF-8"),
    "a header line in GB18030 above rows in UTF-8": (
        rows(CHINESE, ()).encode("gb18030") + rows(CHINESE, NAMES * 9).encode().split(b"\n", 1)[1],
        "gb18030",
        "written in UTF-8",
    ),
    "a header line in UTF-8 above rows in GB18030": (
        rows(CHINESE, ()).encode() + rows(CHINESE, NAMES).encode("gb18030").split(b"\n", 1)[1],
        "gb18030",
        "some.csv: header:\n  the bytes are written in UTF-8",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_foreign_file_is_refused_by_the_name_of_its_encoding(name: str) -> None:
    content, declared, said = REFUSED[name]
    with pytest.raises(SourceError) as refused:
        read(content, declared, ASCII if b"name" in content.replace(b"\0", b"") else CHINESE)
    message = str(refused.value)
    assert said in message
    assert "Fix: save the file as " in message
    assert not any(name in message for name in (*NAMES, *TRADITIONAL))


@pytest.mark.parametrize(("codec", "name"), [("utf-16", "UTF-16"), ("utf-16-le", "UTF-16"), ("gb18030", "GB18030"), ("big5", "Big5")])
def test_a_foreign_file_of_json_lines_is_refused_too(codec: str, name: str) -> None:
    of = contract("jsonl", "id", "name")
    people = TRADITIONAL if codec == "big5" else NAMES
    lines = "".join(f'{{"id": "{number}", "name": "{person}"}}\n' for number, person in enumerate(people))
    with pytest.raises(SourceError, match=f"written in {name}"):
        list(reader_of(of).read(io.BytesIO(lines.encode(codec)), of, "some.jsonl"))


def test_a_misspelt_header_is_not_taken_for_another_encoding() -> None:
    with pytest.raises(SourceError, match="missing: 姓名"):
        read("id,name,名字\n1,a,b\n".encode(), "utf-8", (*ASCII, "姓名"))


def test_one_foreign_line_among_others_costs_itself_only() -> None:
    content = rows(ASCII, ("a", "b", "c")).encode() + "4,张三\n5,d\n".encode("gb18030")
    assert [record.reject for record in read(content, "utf-8", ASCII)] == [None, None, None, "foreign_gb18030", None]


def test_half_a_file_in_another_encoding_is_told_row_by_row() -> None:
    halves = rows(CHINESE, NAMES * 10).encode("gb18030"), rows(CHINESE, NAMES * 10).encode().split(b"\n", 1)[1]
    assert [record.reject for record in read(b"".join(halves), "gb18030")] == [None] * 40 + ["foreign_utf8"] * 40


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "gb18030"])
@pytest.mark.parametrize("people", [NAMES, TRADITIONAL, ("女", "男"), ("José García", "Владимир", "Łódź") * 9, ("kg/m³·d",) * 30])
def test_a_file_written_as_declared_is_read(encoding: str, people: tuple[str, ...]) -> None:
    found = read(rows(ASCII, people).encode(encoding), encoding, ASCII)
    assert [(record.texts or ("", ""))[1] for record in found] == list(people)


def test_zero_bytes_at_the_end_of_a_file_are_no_utf16() -> None:
    assert [record.reject for record in read(rows(CHINESE, NAMES).encode("gb18030") + bytes(4096), "gb18030")] == [None] * 4 + ["nul_byte"]
