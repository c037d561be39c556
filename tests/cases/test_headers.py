"""Headers: what is wrong is told by name with the remedy that fits, never a value; deliveries of other layouts are read as theirs."""

from __future__ import annotations

import io
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lakehouse.contracts.laid_out import laid_out
from lakehouse.contracts.layouts import Layout, completed
from lakehouse.contracts.model import Contract
from lakehouse.errors import SourceError
from lakehouse.ingest.landing import open_landed
from lakehouse.ingest.readers import read_delivery, reader_of
from lakehouse.ingest.readers.blocks import records_of
from lakehouse.ingest.readers.header import Expected, judge
from lakehouse.ingest.staging import stage
from lakehouse.naming import landing_prefix
from lakehouse.objects import Area
from lakehouse.ops.batches import Landed
from tests.lakehouse.ingest.readers.books import Book, body, row
from tests.lakehouse.ingest.readers.contract import PROVIDER, SOURCES, column, contract

pytestmark = pytest.mark.fast
OLD, NEW, CHANGE = date(2026, 6, 30), date(2026, 7, 1), "2026-07-01"
HEADED = {"id_no": "身份证号", "name": "姓名", "phone": "联系电话", "remark": "备注"}
SHEET = {"kind": "xlsx", "path": "t/{date}_{n}.xlsx", "sheet": "表"}


def people(source: dict[str, Any], *layouts: dict[str, Any]) -> Contract:
    """Return a contract of persons with Chinese headers and these layouts; its column `secret` (账号) is dropped."""
    columns = [column(name, source_name=header) for name, header in HEADED.items()]
    columns.insert(2, column("secret", source_name="账号", dropped=True))
    of = contract("csv", source=source, columns=columns)
    spelled = {one.name: one.source_name for one in of.columns}
    return of.model_copy(update={"layouts": tuple(completed(Layout.model_validate(layout), spelled) for layout in layouts)})


def read(content: bytes, of: Contract, on: date = NEW) -> list[tuple[Any, ...]]:
    """Return line and texts (or reject) of every record about a date; the second counter must find as many."""
    records = [record for block in read_delivery(io.BytesIO(content), of, "some.file", on) for record in records_of(block)]
    assert reader_of(of).count(io.BytesIO(content), laid_out(of, on)) == len(records)
    return [(record.line, *(record.texts or (record.reject,))) for record in records]


def refusal(content: bytes, of: Contract, on: date = NEW) -> str:
    """Return why a delivery is refused."""
    with pytest.raises(SourceError) as told:
        read(content, of, on)
    return str(told.value)


CSV, JSON = SOURCES["csv"], SOURCES["jsonl"]
ALL = ("身份证号", "姓名", "账号", "联系电话", "备注")
SENT = ("1", "甲", "2", "y")
FULL = "身份证号,姓名,账号,联系电话,备注\n1,甲,x,2,y\n"


def text(rows: str, encoding: str = "utf-8") -> bytes:
    return rows.encode(encoding)


# What a layout can change: the source, the layout of before, a delivery of before, what is read of it (line, id_no, name, phone, remark).
LAYOUTS: dict[str, tuple[dict[str, Any], dict[str, Any], bytes, tuple[Any, ...]]] = {
    "a column of another name": (CSV, {"names": {"phone": "手机"}}, text("身份证号,姓名,账号,手机,备注\n1,甲,x,2,y\n"), (2, *SENT)),
    "no such column yet": (CSV, {"absent": ["remark"]}, text("姓名,身份证号,账号,联系电话\n甲,1,x,2\n"), (2, "1", "甲", "2", None)),
    "a dropped column that was not there": (CSV, {"absent": ["secret"]}, text("姓名,身份证号,联系电话,备注\n甲,1,2,y\n"), (2, *SENT)),
    "another encoding": (CSV, {"encoding": "gb18030"}, text(FULL, "gb18030"), (2, *SENT)),
    "Big5": (CSV, {"encoding": "big5", "names": {"id_no": "身分證號", "phone": "電話", "secret": "帳號", "remark": "備註"}},
             text("身分證號,姓名,帳號,電話,備註\n1,許功蓋,x,2,碁\n", "big5hkscs"), (2, "1", "許功蓋", "2", "碁")),
    "UTF-16": (CSV, {"encoding": "utf-16"}, text(FULL, "utf-16"), (2, *SENT)),
    "another separator": (CSV, {"delimiter": ";"}, text(FULL.replace(",", ";")), (2, *SENT)),
    "a bar between fields": (CSV, {"delimiter": "|"}, text(FULL.replace(",", "|")), (2, *SENT)),
    "a title above the header": (CSV, {"headerFrom": 3}, text("居民名单\n\n" + FULL), (4, *SENT)),
    "no header": (CSV, {"headerRows": 0, "order": ["phone", "id_no", "name", "secret", "remark"]}, text("2,1,甲,x,y\n"), (1, *SENT)),
    "no header, a title, a column less": (
        CSV, {"headerFrom": 2, "headerRows": 0, "order": ["name", "id_no"], "absent": ["phone", "secret", "remark"]},
        text("居民名单\n甲,1\n"), (2, "1", "甲", None, None),
    ),
    "another name of a field": (
        JSON, {"names": {"phone": "手机"}}, text('{"身份证号": "1", "姓名": "甲", "手机": "2"}\n'), (1, "1", "甲", "2", None),
    ),
    "another sheet below a title": (
        SHEET, {"sheet": "名单", "headerFrom": 2},
        Book(row(1, "名单") + row(2, *ALL) + row(3, "1", "甲", "x", "2", "y"), name="名单").content(),
        (3, *SENT),
    ),
    "a header in two rows": (
        SHEET, {"headerRows": 2, "names": {"phone": "联系/电话", "remark": "联系/备注"}},
        Book(row(1, "身份证号", "姓名", "账号", "联系", None) + row(2, None, None, None, "电话", "备注") + row(3, "1", "甲", "x", "2", "y"),
             merged=("A1:A2", "B1:B2", "C1:C2", "D1:E1")).content(),
        (3, *SENT),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_delivery_is_read_in_the_layout_of_its_date(name: str) -> None:
    source, before, content, expected = LAYOUTS[name]
    of = people(source, {"name": "before", "validTo": CHANGE, **before}, {"name": "since July", "validFrom": CHANGE})
    assert read(content, of, OLD) == [expected]
    with_names = {
        "csv": text(FULL),
        "jsonl": text('{"身份证号": "1", "姓名": "甲", "联系电话": "2", "备注": "y"}\n'),
        "xlsx": Book(body(("1", "甲", "x", "2", "y"), header=ALL)).content(),
    }[source["kind"]]
    assert read(with_names, of, NEW) == [(1 if source["kind"] == "jsonl" else 2, *SENT)]


def test_a_layout_sent_for_a_date_of_another_is_named() -> None:
    of = people(CSV, {"name": "旧表", "validTo": CHANGE, "names": {"phone": "手机"}}, {"name": "新表", "validFrom": CHANGE})
    for content, on, other in ((FULL.replace("联系电话", "手机"), NEW, "旧表"), (FULL, OLD, "新表")):
        told = refusal(text(content), of, on)
        assert f"these are the names of the layout {other}: check the date of the file" in told
        assert f"列名属于布局“{other}”" in told


def test_a_file_declared_without_header_is_refused_when_it_has_one() -> None:
    of = people({**CSV, "headerRows": 0})
    assert read(text("1,甲,x,2,y\n3,乙,x,4,\n"), of) == [(1, *SENT), (2, "3", "乙", "4", None)]
    told = refusal(text(FULL), of)
    assert "the first line is a header, but the contract says that there is none." in told
    assert read(b"", of) == []


PIECES = (b"a,b\n", b"1,2\r\n", b'"x', b'",', b"\n", b'q"q,"\n"\n', b"\xff,2\n", b"3", b"\r")


@settings(max_examples=400, deadline=None)
@given(pieces=st.lists(st.sampled_from(PIECES), max_size=12), above=st.integers(1, 4), rows=st.sampled_from([0, 1]))
def test_both_counters_agree_wherever_the_header_stands(pieces: list[bytes], above: int, rows: int) -> None:
    of = contract("csv", "a", "b", source={**CSV, "headerFrom": above, "headerRows": rows})
    content = b"".join(pieces)
    with suppress(SourceError):
        read(content, of)


def headed(*names: str, kind: str = "csv") -> bytes:
    """Return a delivery whose header has these names, with one row of values nobody may tell."""
    values = tuple(f"王某{place}" for place in range(len(names)))
    if kind == "xlsx":
        return Book(body(values, header=names)).content()
    return text(",".join(names) + "\n" + ",".join(values) + "\n")


SEND, RAISE = (
    "send the file again with exactly these header names",
    "raise the contract: `huiliu contracts diff t_thing --header FILE` says how",
)
# A header, what is told of it, the remedy.
FAULTS: dict[str, tuple[tuple[str, ...], str, str]] = {
    "a further column": ((*ALL, "电子邮箱"), "未声明 / not declared: 电子邮箱 (column 6).", RAISE),
    "two further columns": ((*ALL, "电子邮箱", "政治面貌"), "not declared: 电子邮箱 (column 6), 政治面貌 (column 7).", RAISE),
    "a column missing": (ALL[:-1], "缺少 / missing: 备注.", "if a column is gone for good, add a layout"),
    "a name misspelt": (("身份证号", "姓名", "账号", "联系电活", "备注"), "联系电活 (column 4, meant for 联系电话?)", RAISE),
    "a name with a blank": (("身份证号", "姓 名", "账号", "联系电话", "备注"), "姓 名 (column 2, meant for 姓名?)", RAISE),
    "a name in full width": (("身份证号", "姓名", "账号", "联系电话", "备注\u3000"), "备注\u3000 (column 5, meant for 备注?)", RAISE),
    "another word for the same": (("身份证号", "姓名", "账号", "手机号码", "备注"), "手机号码 (column 4, meant for 联系电话?)", RAISE),
    "a word for something else": (
        ("身份证号", "姓名", "账号", "联系地址", "备注"), "missing: 联系电话; 未声明 / not declared: column 4.", "add a layout",
    ),
    "the only one of both": (("身份证号", "姓名", "账号", "联系电话", "其他"), "column 5, meant for 备注?.", SEND),
    "a name twice": (("身份证号", "姓名", "账号", "联系电话", "备注", "姓名"), "重复 / more than once: 姓名.", SEND),
    "missing and further": (
        ("身份证号", "姓名", "账号", "党员", "低保"), "联系电话, 备注; 未声明 / not declared: column 4, column 5.", SEND,
    ),
    "a column without a name": (("身份证号", "姓名", "账号", "联系电话", "备注", "", "x"), "not declared: column 6, x (column 7).", RAISE),
    "a number for a name": ((*ALL, "13800138000"), "not declared: column 6.", RAISE),
    "an amount and a month for names": ((*ALL, "300.00", "2026-06"), "not declared: column 6, column 7.", RAISE),
    "a lost line end": ((*ALL[:-1], "备注王小明", "1", "王小明"), "not declared: column 5, meant for 备注?, column 6, column 7.", SEND),
    "a value that stuck to the last name": ((*ALL[:-1], "备注王小明"), "not declared: column 5, meant for 备注?.", SEND),
    "more columns than a source adds at once": ((*ALL, "甲方", "乙方", "丙方"), "not declared: column 6, column 7, column 8.", RAISE),
    "data instead of a header": (
        ("440106198001011234", "王小明", "x", "13800138000", "无"), "declared: column 1, column 2, column 3, column 4, column 5.",
        "this line looks like data",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
@pytest.mark.parametrize("name", FAULTS)
def test_what_is_wrong_with_a_header_is_told_with_its_remedy(name: str, kind: str) -> None:
    names, found, fix = FAULTS[name]
    told = refusal(headed(*names, kind=kind), people(CSV if kind == "csv" else SHEET))
    assert found in told
    assert fix in told
    for value in ("王某", "王小明", "13800138000", "440106198001011234"):
        assert value not in told


@pytest.mark.parametrize(
    ("found", "declared"),
    [
        (("申请人/姓名", "家庭/人数", "王小明/人均月收入"), ("申请人/姓名", "家庭/人数", "家庭/人均月收入")),
        (("address_id", "alias", "望海街道"), ("address_id", "alias", "street_name")),
        (("address_id", "alias", "海前社区"), ("address_id", "alias", "community_name")),
    ],
    ids=["data above a declared name", "a street by its own name", "a community by its own name"],
)
def test_a_value_that_says_what_its_column_holds_is_told_by_its_place_only(found: tuple[str, ...], declared: tuple[str, ...]) -> None:
    told = judge(found, Expected("c_some", declared)).found()
    assert f"column 3, meant for {declared[2]}?" in told
    assert found[2] not in told


def test_a_header_in_two_rows_that_lost_one_tells_no_data() -> None:
    """The first row of data is read as the lower row of the header then."""
    names = {"id_no": "身份证号", "name": "姓名", "phone": "联系/电话", "remark": "联系/备注"}
    columns = [column(name, source_name=header) for name, header in names.items()]
    of = contract("csv", source={**SHEET, "headerRows": 2}, columns=columns)
    book = Book(
        row(1, "身份证号", "姓名", "联系", None) + row(2, None, None, "王小明", "望海街道") + row(3, "1", "甲", "2", "y"), merged=("C1:D1",)
    )
    told = refusal(book.content(), of)
    assert "missing: 联系/电话, 联系/备注; 未声明 / not declared: column 3, column 4." in told
    assert "王小明" not in told
    assert "望海" not in told


def staged(tmp_path: Path, of: Contract, content: bytes) -> list[str]:
    """Stage one delivery and return what is remarked about it."""
    landing, lake = Area((tmp_path / "landing").as_uri()), Area((tmp_path / "lake").as_uri())
    landed = Landed("b", of.code, PROVIDER, NEW, "", 1, NEW, "some.jsonl", 0, content.count(b"\n"))
    landing.put_new(f"{landing_prefix(of.code, NEW, 'b')}/some.jsonl", content)
    with open_landed(landing, landed) as stream:
        assert stream.read() == content
    return stage((landing, lake), of, [landed], NEW).remarks.get("b", [])


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('{"身份证号": "1", "姓名": "甲", "邮箱": "a@b"}', "邮箱 (2)"),
        ('{"身份证号": "1", "姓名": "甲", "邮箱": "a", "政治面貌": "b"}', "政治面貌 (2), 邮箱 (2)"),
        ('{"身份证号": "1", "姓名": "甲", "13800138000": "a"}', None),
        ('{"王小明": "1", "李小红": "2"}', None),
        ('{"身份证号": "1", "姓名": "甲"}', None),
    ],
)
def test_fields_nobody_declared_are_remarked_upon_by_name(tmp_path: Path, line: str, told: str | None) -> None:
    [*remarks] = staged(tmp_path, people(JSON), text(f"{line}\n{line}\n"))
    assert len(remarks) == (told is not None)
    for remark in remarks:
        assert f"columns nobody declared (lines): {told}; leave them out and send again" in remark
        assert "`huiliu contracts diff t_thing --header FILE`" in remark
        assert "甲" not in remark
