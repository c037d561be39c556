"""The generators of identity numbers agree with the standards' examples, and shuffles are one-to-one."""

from __future__ import annotations

from datetime import date

import pytest

from sample_city.world.numbers import Shuffle, old_resident_number, resident_check, resident_number, social_credit_code, spread_birth

pytestmark = pytest.mark.fast


@pytest.mark.parametrize("number", ["44990119900307001X", "44990219551224002X", "449903198801011207", "449901201806151235"])
def test_check_digit_of_resident_numbers(number: str) -> None:
    assert resident_check(number[:17]) == number[17]
    assert resident_number(number[:6], date.fromisoformat(number[6:14]), int(number[14:17])) == number


@pytest.mark.parametrize("code", ["91449901MA5X00014M", "92449902MA5X000141", "11449900MB2C12348R", "54449901MA5X00014G"])
def test_both_check_characters_of_social_credit_codes(code: str) -> None:
    assert social_credit_code(code[:2], code[2:8], code[8:16]) == code


def test_old_numbers_lose_century_and_check_digit() -> None:
    assert old_resident_number("44990119900307001X") == "449901900307001"


def test_shuffle_visits_everybody_once() -> None:
    shuffle = Shuffle.of(997, 7, "events")
    assert sorted(shuffle.at(n) for n in range(997)) == list(range(997))
    assert all(shuffle.position(shuffle.at(n)) == n for n in range(997))


def test_spread_births_are_unique_and_never_on_29_february() -> None:
    born = [spread_birth(serial * 487, 1988, "2") for serial in range(10_000)]
    assert len({number for _, number in born}) == len(born)
    assert all(number[6:14] == f"{birth:%Y%m%d}" and (birth.month, birth.day) != (2, 29) for birth, number in born)
