"""The oracle reads CSV by its own code, character by character, and comes to what the lake's reader comes to."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lakehouse.contracts.model import CsvSource
from lakehouse.ingest.readers.csv import Dialect, read_named
from lakehouse.ingest.readers.header import Expected
from tests.lakehouse.ingest.readers.test_csv_split import HONEST, STRAY
from tests.oracle import columns as ask
from tests.oracle.files import Csv
from tests.oracle.shape import Page

pytestmark = pytest.mark.fast

PAGE = Page(file=Csv(), key=("a",), columns={"a": ask.plain(), "b": ask.plain(), "c": ask.plain()})
SOURCE = CsvSource(kind="csv", path="")


def of_both(body: str, encoding: str = "utf-8") -> tuple[dict[int, object], dict[int, object]]:
    """Return by line what the lake's reader and the oracle make of a file; blank lines are no records for the oracle."""
    content = f"a,b,c\n{body}".encode(encoding)
    dialect = SOURCE.model_copy(update={"encoding": encoding})
    read = read_named(io.BytesIO(content), Dialect(dialect, Expected("t_thing", tuple("abc")), tuple("abc")), "some.csv")
    rows, rejects = Csv(encoding).read(content, PAGE)
    told = {row["_line"]: tuple(row[name] for name in "abc") for row in rows} | {row["_line"]: row["_reject"] for row in rejects}
    return {one.line: one.texts or one.reject for one in read if one.reject != "blank_line"}, told


@pytest.mark.parametrize("body", [*(body for body, _ in STRAY.values()), *HONEST.values()])
def test_both_readers_agree_on_quotes(body: str) -> None:
    ours, theirs = of_both(body)
    assert ours == theirs
    assert ours


@settings(max_examples=300, deadline=None)
@given(body=st.text(st.sampled_from('1,,"\n\r'), max_size=40))
def test_both_readers_agree_on_any_quotes(body: str) -> None:
    ours, theirs = of_both(body)
    assert ours == theirs


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
@pytest.mark.parametrize("text", ["林晓", "宓峰海", "鏋楁檽", "æ\x9e\x97æ\x99\x93", "ÕÅÈý"])
def test_both_readers_agree_on_misread_texts(text: str, encoding: str) -> None:
    ours, theirs = of_both(f"1,{text},2\n", encoding)
    assert ours == theirs
