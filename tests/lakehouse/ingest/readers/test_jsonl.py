"""JSON Lines deliveries: one object a line, read with every value as text; every other line is a named reject."""

from __future__ import annotations

import io

import pytest

from lakehouse.ingest.readers import jsonl
from lakehouse.ingest.readers.records import MAX_CELL_CHARACTERS, MAX_RECORD_BYTES
from tests.lakehouse.ingest.readers.contract import column, contract
from tests.oracle import columns as read
from tests.oracle.files import Spelled
from tests.oracle.files import json_text as oracle_text

pytestmark = pytest.mark.fast

LONG_CELL = b'{"a": "' + b"x" * (MAX_CELL_CHARACTERS + 1) + b'"}\n'
LONG_FORMULA = b'{"a": "-' + b"x" * (MAX_CELL_CHARACTERS - 1) + b'"}\n'
LONG_EMOJI = '{{"a": "{}"}}\n'.format("\U0001f6a7" * 20_000).encode()
LONGEST_CELL = "x" * MAX_CELL_CHARACTERS
LONG_LINE = b'{"a": "' + b"x" * MAX_RECORD_BYTES + b'"}'

CORPUS = {
    "texts": ('{"a": "张三", "b": "\U00020bb7"}\n'.encode(), ("张三", "\U00020bb7")),
    "keys in any order": (b'{"b": "2", "a": "1"}\n', ("1", "2")),
    "no newline at the end": (b'{"a": "1", "b": "2"}', ("1", "2")),
    "carriage return and newline": (b'{"a": "1", "b": "2"}\r\n', ("1", "2")),
    "byte order mark": (b'\xef\xbb\xbf{"a": "1", "b": "2"}\n', ("1", "2")),
    "numbers as they were written": (b'{"a": 0.10, "b": 123456789012345678901}\n', ("0.10", "123456789012345678901")),
    "truth values": (b'{"a": true, "b": false}\n', ("true", "false")),
    "absent, null and empty are one": (b'{"a": null, "b": ""}\n', (None, None)),
    "an absent key": (b'{"b": "2"}\n', (None, "2")),
    "a dropped column": (b'{"a": "1", "secret": "3"}\n', ("1", None)),
    "cut off": (b'{"a": "1", \n', "malformed_json"),
    "two objects": (b'{"a": "1"} {"a": "2"}\n', "malformed_json"),
    "not a number": (b'{"a": NaN}\n', "malformed_json"),
    "very deep": (b'{"a": ' + b"[" * 200_000 + b"}\n", "malformed_json"),
    "raw control character": (b'{"a": "\t"}\n', "malformed_json"),
    "a list": (b'["1", "2"]\n', "not_an_object"),
    "a text": (b'"1"\n', "not_an_object"),
    "the same key twice": (b'{"a": "1", "a": "2"}\n', "duplicate_key"),
    "the same key twice, escaped": (b'{"a": "1", "\\u0061": "1"}\n', "duplicate_key"),
    "a key nobody declared": (b'{"a": "1", "c": "2"}\n', "unknown_key"),
    "an object inside": (b'{"a": {"b": "1"}}\n', "nested_value"),
    "a list inside": (b'{"a": []}\n', "nested_value"),
    "blank": (b" \r\n", "blank_line"),
    "not UTF-8": (b'{"a": "\xff\xc5"}\n', "undecodable"),
    "GB18030": ('{"a": "张三"}\n'.encode("gb18030"), "foreign_gb18030"),
    "Big5, a backslash among its bytes": ('{"a": "許功蓋"}\n'.encode("big5"), "foreign_big5"),
    "GB18030 that is well-formed UTF-8": ('{"a": "郑楼"}\n'.encode("gb18030"), "foreign_gb18030"),
    "UTF-8 encoded twice": ('{"a": "林晓"}\n'.encode().decode("latin-1").encode(), "encoded_twice"),
    "UTF-8 read as GB18030, escaped": (b'{"a": "\\u93cb\\u6941\\u6abd"}\n', "foreign_utf8"),
    "cut off within a character": ('{"a": "张'.encode()[:-1] + b"\n", "undecodable"),
    "half a character": (b'{"a": "\\ud800"}\n', "undecodable"),
    "zero byte": (b'{"a": "\0"}\n', "nul_byte"),
    "zero character": (b'{"a": "\\u0000"}\n', "nul_byte"),
    "cell too large": (LONG_CELL, "oversize_cell"),
    "cell too large with its apostrophe": (LONG_FORMULA, "oversize_cell"),
    "cell too large in units of UTF-16": (LONG_EMOJI, "oversize_cell"),
    "the largest cell": (f'{{"a": "{LONGEST_CELL}"}}\n'.encode(), (LONGEST_CELL, None)),
    "line too long": (LONG_LINE + b"\n", "oversize_record"),
}


@pytest.mark.parametrize("name", CORPUS)
def test_every_line_has_its_outcome(name: str) -> None:
    line, expected = CORPUS[name]
    columns = contract("jsonl", "a", "b", dropped=("secret",))
    content = line + (b"" if line.endswith(b"\n") else b"\n") + b'{"a": "next"}'
    first, following = jsonl.read(io.BytesIO(content), columns, "some.jsonl")
    assert (first.line, first.texts or first.reject) == (1, expected)
    assert (following.line, following.texts) == (2, ("next", None))
    if first.reject:
        assert first.raw == line.removeprefix(b"\xef\xbb\xbf")[:MAX_RECORD_BYTES]


TYPES = {"string": {}, "integer": {"type": "integer"}, "number": {"type": "number", "physical_type": "decimal(10,7)"}}
NUMBERS = {  # a number of JSON → its text in a column of texts, of whole numbers, of numbers
    "3": ("3", "3", "3"),
    "3.0": ("3", "3", "3.0"),
    "1e1": ("10", "10", "10"),
    "-0.0": ("0", "0", "-0.0"),
    "1.135621E2": ("1.135621E2", "1.135621E2", "113.5621"),
    "2.5": ("2.5", "2.5", "2.5"),
    "0.10": ("0.10", "0.10", "0.10"),
    "2E-3": ("2E-3", "2E-3", "0.002"),
    "22.27014380000001": ("22.27014380000001", "22.27014380000001", "22.27014380000001"),
    "19900000001.0": ("19900000001", "19900000001", "19900000001.0"),
    "4.49909193805041214E17": ("4.49909193805041214E17", "449909193805041214", "449909193805041214"),
    "123456789012345678901": ("123456789012345678901",) * 3,
    "1e400": ("1e400",) * 3,
    "1E-999999999": ("1E-999999999",) * 3,
}


@pytest.mark.parametrize("number", NUMBERS)
def test_numbers_count_by_their_value_and_texts_as_they_are(number: str) -> None:
    columns = contract("jsonl", columns=[column(name, **given) for name, given in TYPES.items()])
    token = ", ".join(f'"{name}": {number}' for name in TYPES)
    text = ", ".join(f'"{name}": "{number}"' for name in TYPES)
    first, second = jsonl.read(io.BytesIO(f"{{{token}}}\n{{{text}}}".encode()), columns, "some.jsonl")
    assert (first.texts, second.texts) == (NUMBERS[number], (number,) * 3)
    assert tuple(oracle_text(Spelled(number), told) for told in (read.plain(), read.whole(), read.number(decimals=7))) == first.texts


@pytest.mark.parametrize(
    ("content", "lines"), [(b"", 0), (b"\xef\xbb\xbf", 0), (b"\n", 1), (b"x", 1), (b"x\n\n", 2), (b"\xef\xbb\xbfx\ny", 2)]
)
def test_both_counters_agree(content: bytes, lines: int) -> None:
    columns = contract("jsonl", "a")
    assert jsonl.count(io.BytesIO(content), columns) == lines
    assert len(list(jsonl.read(io.BytesIO(content), columns, "some.jsonl"))) == lines


def test_only_the_limit_of_a_cell_holds_for_what_the_api_reader_wrote() -> None:
    of = contract("jsonl", *(names := [f"c{number}" for number in range(40)]))
    long = b"{" + b", ".join(b'"%s": "%s"' % (name.encode(), b"x" * MAX_CELL_CHARACTERS) for name in names) + b"}"
    content = b"\n".join((long, LONG_LINE, b'{"c0": "next"}'))
    delivered = list(jsonl.read(io.BytesIO(content), of, "some.jsonl"))
    assert [record.reject for record in delivered] == ["oversize_record", "oversize_record", None]
    whole, unknown, following = jsonl.read_fetched(io.BytesIO(content), of, "some.jsonl")
    assert (whole.texts or ("",))[39] == "x" * MAX_CELL_CHARACTERS
    assert (unknown.line, unknown.reject, len(unknown.raw or b"")) == (2, "unknown_key", MAX_RECORD_BYTES)
    assert (following.line, (following.texts or ("",))[0]) == (3, "next")
    assert jsonl.count(io.BytesIO(content), of) == 3
