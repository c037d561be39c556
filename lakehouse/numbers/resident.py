"""Normalise and check resident numbers (公民身份号码, GB 11643-1999), and read birth date and gender from them."""

from __future__ import annotations

import re
from datetime import date
from typing import Literal

from stdnum.iso7064 import mod_11_2

Fault = Literal["length", "characters", "check_digit", "date"]
FIRST_BIRTH_DATE = date(1900, 1, 1)
OLD_NUMBER = re.compile("[0-9]{15}")
NUMBER = re.compile("[0-9]{17}[0-9X]")
HALF_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}


def normalise_resident_id(text: str) -> str:
    """Return the number trimmed, half-width, with a capital X and 18 digits where it was an old one of 15."""
    number = text.strip().translate(HALF_WIDTH).upper()
    if OLD_NUMBER.fullmatch(number):
        body = f"{number[:6]}19{number[6:]}"
        return body + mod_11_2.calc_check_digit(body)
    return number


def resident_id_fault(number: str, business_date: date) -> Fault | None:
    """Return what is wrong with a normalised number, None when it is correct.

    Region digits are not judged: region codes are abolished while numbers stay, and 81/82/83 are residence permits of people from Hong
    Kong, Macao and Taiwan.
    """
    if len(number) != 18:
        return "length"
    if not NUMBER.fullmatch(number):
        return "characters"
    if mod_11_2.calc_check_digit(number[:17]) != number[17]:
        return "check_digit"
    born = _birth_date(number)
    if born is None or not FIRST_BIRTH_DATE <= born <= business_date:
        return "date"
    return None


def birth_date(number: str) -> date:
    """Return the birth date inside a valid number."""
    return date.fromisoformat(f"{number[6:10]}-{number[10:12]}-{number[12:14]}")


def gender_code(number: str) -> Literal["1", "2"]:
    """Return the gender inside a valid number (GB/T 2261.1: 1 male, 2 female)."""
    return "1" if int(number[16]) % 2 else "2"


def age(born: date, at: date) -> int:
    """Return the age in full years at a date; a person born on 29 February has their birthday on 1 March in common years."""
    return at.year - born.year - ((at.month, at.day) < (born.month, born.day))


def _birth_date(number: str) -> date | None:
    try:
        return birth_date(number)
    except ValueError:
        return None
