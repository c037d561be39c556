"""What fits into a cell: counted as a workbook holds it, and what does not fit is shortened with a note instead of stopping a day."""

from __future__ import annotations

import io

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lakehouse.errors import QualityError
from lakehouse.numbers.resident import HALF_WIDTH
from lakehouse.returns.workbook.file import read_sheet, write_workbook
from lakehouse.returns.workbook.pages import plain_sheet
from lakehouse.text.cells import MOST_UNITS, SHORTENED, fits, fitting, harmless, original
from tests.oracle import text as oracle

pytestmark = pytest.mark.fast
EMOJI, HAN = "🚧", "长"
NEAR = st.builds(
    lambda first, body, units: first + body * ((units - len(first)) // (2 if body == EMOJI else 1)),
    st.sampled_from(["", "=", "＝", "'", "@", "\t", "x", "<r>", "＜ｒ＞"]),
    st.sampled_from([EMOJI, HAN, "x"]),
    st.integers(MOST_UNITS - 3, MOST_UNITS + 3),
)


@given(NEAR)
@settings(max_examples=60, deadline=None)
def test_what_fits_is_written_also_after_its_first_character_became_half_width(text: str) -> None:
    assert fits(text) is not oracle.is_too_long(text)
    for sent in {text, text.translate(HALF_WIDTH)} if fits(text) else {fitting(text)}:
        assert read_sheet(write_workbook([plain_sheet("s", ("k",), [[sent]])]), "s")[1:] == [[sent]]


@pytest.mark.parametrize("text", ["-" + "x" * (MOST_UNITS - 1), "＝" + "x" * (MOST_UNITS - 1), EMOJI * 20_000, "x" * (MOST_UNITS + 1)])
def test_what_does_not_fit_is_shortened_with_a_note(text: str) -> None:
    assert not fits(text)
    told = fitting(text)
    assert fits(told)
    assert told.endswith(SHORTENED)
    assert text.startswith(told.removesuffix(SHORTENED))
    assert len(told.encode("utf-16-le")) // 2 >= MOST_UNITS - 2


@pytest.mark.parametrize("text", ["", "x" * MOST_UNITS, EMOJI * (MOST_UNITS // 2), "-" + "x" * (MOST_UNITS - 2)])
def test_what_just_fits_stays(text: str) -> None:
    assert fits(text)
    assert fitting(text) == text


@given(st.text(max_size=6))
def test_harmless_text_has_its_original_back(text: str) -> None:
    assert original(harmless(text)) == text


def test_workbook_counts_as_the_door_does() -> None:
    with pytest.raises(QualityError, match="1 cells do not fit"):
        write_workbook([plain_sheet("s", ("值",), [[EMOJI * (MOST_UNITS // 2 + 1)]])])
    page = openpyxl.load_workbook(io.BytesIO(write_workbook([plain_sheet("s", ("值",), [["\ufffe\uffff\x07a"]])])))["s"]
    assert page["A2"].value.endswith("a")
