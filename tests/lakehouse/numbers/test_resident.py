"""Resident numbers: the published examples, every kind of fault, and the facts read from a number."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakehouse.numbers.disability_certificate import disability_certificate_fault
from lakehouse.numbers.resident import (
    age,
    birth_date,
    gender_code,
    normalise_resident_id,
    resident_id_fault,
)

pytestmark = pytest.mark.fast
TODAY = date(2026, 6, 1)
VECTORS = ("44990119900307001X", "44990219551224002X", "449903198801011207", "449901201806151235")


@pytest.mark.parametrize("number", [*VECTORS, "810000199408230021", "830000199201300022"])
def test_a_published_number_is_valid(number: str) -> None:
    assert resident_id_fault(number, TODAY) is None


@given(number=st.sampled_from(VECTORS), place=st.integers(0, 17), digit=st.sampled_from("0123456789"))
def test_any_changed_digit_is_found(number: str, place: int, digit: str) -> None:
    changed = number[:place] + digit + number[place + 1 :]
    assert (resident_id_fault(changed, TODAY) is None) == (changed == number)


@pytest.mark.parametrize(
    ("number", "fault"),
    [
        ("4.49902E+17", "length"),
        ("4499011990030700", "length"),
        ("44990119900307001x", "characters"),
        ("A4990119900307001X", "characters"),
        ("449901199003070011", "check_digit"),
        ("449901199002300019", "date"),
        ("449901189912310013", "date"),
        ("449901202606020011", "date"),
    ],
)
def test_a_fault_is_named(number: str, fault: str) -> None:
    body = number if fault != "date" else number[:17] + _check(number[:17])
    assert resident_id_fault(body, TODAY) == fault


def _check(body: str) -> str:
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return "10X98765432"[sum(int(digit) * weight for digit, weight in zip(body, weights, strict=True)) % 11]


def test_spellings_of_one_number_become_one() -> None:
    spellings = ("44990119900307001x", "\u3000４４９９０１１９９００３０７００１Ｘ ", "449901900307001", "\u00a044990119900307001X\t")
    assert {normalise_resident_id(text) for text in spellings} == {"44990119900307001X"}
    assert normalise_resident_id("4.49902e+17") == "4.49902E+17"


@pytest.mark.parametrize(
    ("number", "fault"),
    [
        ("44990119900307001X11", None),
        ("44990219551224002X74", None),
        ("44990119900307001X10", "category_or_grade"),
        ("44990119900307001X15", "category_or_grade"),
        ("44990119900307001X04", "category_or_grade"),
        ("44990119900307001X84", "category_or_grade"),
        ("44990119900307001X4", "length"),
        ("44990119900307001143", "check_digit"),
        ("449901206201010018" + "43", "check_digit"),
    ],
)
def test_a_certificate_number_is_a_resident_number_with_category_and_grade(number: str, fault: str | None) -> None:
    assert disability_certificate_fault(number, TODAY) == fault


def test_a_number_says_birth_date_and_gender() -> None:
    assert birth_date("44990119900307001X") == date(1990, 3, 7)
    assert [gender_code(number) for number in VECTORS] == ["1", "2", "2", "1"]


def test_leap_day_birthdays_come_on_the_first_of_march() -> None:
    assert (age(date(2000, 2, 29), date(2026, 2, 28)), age(date(2000, 2, 29), date(2026, 3, 1))) == (25, 26)
