"""Unified social credit codes: published examples, every kind of fault, and a maintained library as a check of the outer check digit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import uscc

from lakehouse.numbers.entity import LETTERS, check_character, organisation_check, uscc_fault

pytestmark = pytest.mark.fast
ENTERPRISE, INDIVIDUAL, AGENCY, COMMITTEE = "91449901MA5X00014M", "92449902MA5X000141", "11449900MB2C12348R", "54449901MA5X00014G"
VECTORS = (ENTERPRISE, INDIVIDUAL, AGENCY, COMMITTEE, "91110000600037341L", "11430000006122244L")


@pytest.mark.parametrize("code", VECTORS)
def test_a_published_code_is_valid(code: str) -> None:
    assert uscc_fault(code) is None
    assert uscc.is_valid(code)


@given(code=st.sampled_from(VECTORS), place=st.integers(0, 17), letter=st.sampled_from(LETTERS))
def test_any_changed_character_is_found(code: str, place: int, letter: str) -> None:
    changed = code[:place] + letter + code[place + 1 :]
    assert (uscc_fault(changed) is None) == (changed == code)


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        (ENTERPRISE[:-1], "length"),
        ("9144990IMA5X00014M", "characters"),
        ("91A49901MA5X00014M", "characters"),
        ("91449901MA5X00014N", "check_character"),
        ("91449901MA5X00013J", "organisation_code"),  # the last check character is right
        (COMMITTEE, "category"),
    ],
)
def test_a_fault_is_named(code: str, fault: str) -> None:
    assert uscc_fault(code, ("91", "92", "93")) == fault


@given(first=st.text(LETTERS, min_size=8, max_size=8), category=st.sampled_from(("11", "54", "91", "N1", "Y1")))
def test_a_code_made_by_the_two_layers_is_valid(first: str, category: str) -> None:
    body = f"{category}449901{first}{organisation_check(first)}"
    assert uscc_fault(body + check_character(body)) is None
