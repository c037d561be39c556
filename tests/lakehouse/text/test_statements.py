"""A statement is read as Spark reads it: what opens it, what follows it, and what of it may be kept."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakehouse.text.statements import LONGEST, first_word, is_one, names_a_program, tokens, without_values

pytestmark = pytest.mark.fast
NAME = "王小明"


@pytest.mark.parametrize(
    ("statement", "kept"),
    [
        ("select a from t where id = '449901199001011234' and n > -3.5e2", "select a from t where id = ? and n > -?"),
        (f"select \"{NAME}\", r'{NAME}\\', date'1990-01-01', X'1F'", "select ?, ?, date?, X?"),
        (f"select 'it''s', 'a\\'{NAME}' -- {NAME}\n, b /* {NAME} /* {NAME} */ {NAME} */ from t", "select ??, ? , b from t"),
        (f"select `{NAME}` as 人数, `a``b`, `plain` from delta.`/x/{NAME}`", "select ? as ?, ?, `plain` from delta.?"),
        ("select x449901199001011234 as y, 449901199001011234X", "select ? as y, ?"),
        (f"select 'never closed {NAME}", "select ?"),
        (f"select 'never closed {NAME}\\", "select ?"),
        (f"select 1 /* never closed {NAME}", "select ?"),
        (f"select 1 -- goes on \\\n{NAME}\n, b", "select ? , b"),
    ],
)
def test_no_value_stays(statement: str, kept: str) -> None:
    assert without_values(statement) == kept


@given(st.text(alphabet="ab1'\"`\\-/* \n;=王", max_size=60))
def test_every_character_belongs_to_one_token(statement: str) -> None:
    assert "".join(part for _, part in tokens(statement)) == statement
    kept = without_values(statement)
    assert "王" not in kept
    assert len(kept) <= LONGEST


def test_the_first_word_is_the_one_that_counts() -> None:
    assert first_word(" -- insert\n /* drop */ ( (Select 1") == "SELECT"
    assert first_word("/* a /* b */ describe */ drop table x") == "DROP"
    assert first_word(" 'select'") == first_word("") == ""


@pytest.mark.parametrize("statement", ["select 1", "select 1 ; ; -- ;\n", "select ';' || \"; x\" || `;` /* ; x */"])
def test_one_statement_is_one(statement: str) -> None:
    assert is_one(statement)


@pytest.mark.parametrize("statement", ["select 1; drop table x", "select 1;;x", "select 1 /* */ ; select 'a'"])
def test_two_are_not(statement: str) -> None:
    assert not is_one(statement)


def test_a_program_is_named_by_a_text_after_using() -> None:
    assert names_a_program("select transform(a) using 'cat' from t")
    assert names_a_program('select transform(a) USING /* */ "cat" from t')
    assert not names_a_program("select transform(a, x -> x + 1) from t join u using (a) where b = 'using'")
