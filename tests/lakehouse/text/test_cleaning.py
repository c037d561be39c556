"""The cleaning of texts: two implementations agree, nothing invisible is left, and what people write stays."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lakehouse.config import PROJECT
from lakehouse.contracts.model import Contract
from lakehouse.declarations.codes import Code, CodeTable
from lakehouse.rules.registry import build_rule
from lakehouse.text.characters import ASSIGNED, BLANK, INVISIBLE, KEPT_INSIDE, LOST, lies_in, members, spread
from lakehouse.text.cleaning import CLEANINGS, WORDS, cleaned, is_nothing, words_for_nothing
from tests.lakehouse.ingest.readers.contract import column, contract
from tests.oracle import text as oracle

pytestmark = pytest.mark.fast
TRIMMED, KEPT = (contract("csv", "a", columns=[column("a", normalise=steps)]).columns[0] for steps in (("trim",), ()))
ODD = "".join((*spread(BLANK), *ASSIGNED, "\u200b\u200d\ufe0f\ufeff\u202e\x07\x9f\ufffe\U000e0101\U0010ffff\ue000\ufffd"))
TEXTS = st.text(st.one_of(st.sampled_from(ODD), st.characters(exclude_categories=["Cs"], exclude_characters="\0")), max_size=12)


@given(TEXTS)
@settings(max_examples=600, deadline=None)
def test_oracle_and_kernel_see_the_same_text(text: str) -> None:
    assert (cleaned(text, TRIMMED) or None) == oracle.seen(text)


@given(TEXTS)
@settings(max_examples=300, deadline=None)
def test_cleaning_leaves_nothing_to_clean(text: str) -> None:
    once = cleaned(text, TRIMMED)
    assert cleaned(once, TRIMMED) == once
    assert once == once.strip()
    assert not any(lies_in(one, INVISIBLE) or one in ASSIGNED for one in once)
    assert not any(lies_in(one, BLANK) and one not in KEPT_INSIDE for one in once)


@pytest.mark.parametrize("text", ["", "\u200b", "\u3164", "\u2003", "\u2800\u00ad", "\ufeff \ue5e5", "\x01\x7f\u061c", "\U000e0041\ufe0f"])
def test_what_looks_empty_is_empty(text: str) -> None:
    assert cleaned(text, TRIMMED) == ""


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("\ue81e文", "龴文"),
        ("\ue5e5赵\ue5e5芒\ue5e5", "赵\u3000芒"),
        ("秦\u200b立冬", "秦立冬"),
        ("王\u00a0小\u2003明", "王 小 明"),
        ("孙\u3000夏至", "孙\u3000夏至"),
        ("第一行\r\n第二行\t完", "第一行\r\n第二行\t完"),
        ("阿依古丽·买买提", "阿依古丽·买买提"),
        ("𠮷野家🚧🙏", "𠮷野家🚧🙏"),
        ("\ue000武", "\ue000武"),
    ],
)
def test_what_people_write_stays_and_what_stands_for_nothing_goes(text: str, left: str) -> None:
    assert cleaned(text, TRIMMED) == left


def test_ends_stay_where_a_column_is_not_trimmed() -> None:
    assert cleaned(" \u200ba\u2003", KEPT) == " a "


def test_old_code_points_are_those_of_the_standard() -> None:
    assert {ord(old): new for old, new in ASSIGNED.items()} == oracle.MEANT
    assert len(ASSIGNED) == 18 + 6 + 2
    assert all(unicodedata.category(old) == "Co" != unicodedata.category(new) for old, new in ASSIGNED.items())


def test_tables_do_not_overlap() -> None:
    blank, invisible = set(spread(BLANK)), set(spread(INVISIBLE))
    assert blank.isdisjoint(invisible)
    assert not any(lies_in(one, LOST) for one in invisible)
    assert {one for one in map(chr, range(0x110000)) if one.isspace()} <= blank | invisible | {"\x1c", "\x1d", "\x1e", "\x1f"}
    assert set(r"\]^[&") & set(members((*BLANK, *INVISIBLE, *LOST))) == set()


def told(words: tuple[str, ...] = (), **changes: Any) -> tuple[Contract, Any]:
    found = contract("csv", columns=[column("a", **changes)], words_for_nothing=words)
    return found, found.columns[0]


@pytest.mark.parametrize(
    "text", ["NULL", "null", r"\N", "N/A", "#N/A", "#REF!", "nan", "NaN", "None", "ＮＵＬＬ", "＃Ｎ／Ａ", "<NA>", "(null)"]
)
def test_words_every_export_writes_are_nothing(text: str) -> None:
    assert is_nothing(text, words_for_nothing(*told(), {}))
    assert oracle.is_no_word(text)


@pytest.mark.parametrize("text", ["无", "NA", "那", "nullo", "", "N", "#", "不详", "0", "-"])
def test_words_that_may_be_a_value_are_one(text: str) -> None:
    assert not is_nothing(text, words_for_nothing(*told(), {}))
    assert not oracle.is_no_word(text)


def test_contract_adds_its_own_words() -> None:
    words = words_for_nothing(*told(("无", "Unknown")), {})
    assert [is_nothing(text, words) for text in ("无", "ＵＮＫＮＯＷＮ", "NULL", "有")] == [True, True, True, False]


def test_code_of_the_columns_own_table_is_a_value() -> None:
    with_table, degree = told(type="string")
    rule = build_rule("domain", degree, "error", {"codes": "degree"})
    codes = {"degree": CodeTable("degree", (Code("None", "无", "none", None, None, None),))}
    words = words_for_nothing(with_table.model_copy(update={"rules": (rule,)}), degree, codes)
    assert WORDS - words == {"NONE"}


def test_required_value_that_is_no_text_keeps_the_word_for_its_format() -> None:
    assert words_for_nothing(*told(type="integer", required=True), {}) == frozenset()
    assert words_for_nothing(*told(type="integer"), {}) == words_for_nothing(*told(required=True), {}) == WORDS


def test_reference_page_names_every_cleaning_and_word() -> None:
    page = (PROJECT / "docs" / "reference" / "rules.md").read_text("utf-8")
    assert [name for name in CLEANINGS if f"| `{name}` |" not in page] == []
    assert {word for word in WORDS if f"`{word}`" not in page.upper()} == set()
