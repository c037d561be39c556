"""Seeded chance, shuffles, and synthetic identity numbers whose region (4499xx) belongs to no real place."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date, timedelta
from math import gcd
from operator import mul
from random import Random

ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
USCC_LETTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
USCC_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
RESIDENT_REGIONS = tuple(f"4499{n:02d}" for n in (*range(1, 9), *range(10, 42)))
ORDERS = 500  # order numbers per region, birth date and gender
LARGEST_CITY = 365 * ORDERS * len(RESIDENT_REGIONS)


def chance(*parts: object) -> Random:
    """Return a random generator that depends on the given parts only."""
    return Random("|".join(map(str, parts)))  # noqa: S311 - reproducible sample data, no secret


def fraction(*parts: object) -> float:
    """Return a number in [0, 1) that depends on the given parts only."""
    digest = hashlib.blake2b("|".join(map(str, parts)).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64


@dataclass(frozen=True)
class Shuffle:
    """A one-to-one mapping of 0 … size-1 onto itself that needs no list: an affine step modulo size."""

    size: int
    multiplier: int
    offset: int

    @classmethod
    def of(cls, size: int, *parts: object) -> Shuffle:
        """Return the shuffle of that size named by the given parts."""
        multiplier = int(size * (0.5 + 0.3 * fraction("multiplier", *parts))) | 1
        while gcd(multiplier, size) != 1:
            multiplier += 1
        return cls(size, multiplier % size or 1, int(size * fraction("offset", *parts)))

    def at(self, position: int) -> int:
        """Return the member at a position; positions beyond the size start again at 0."""
        return (position * self.multiplier + self.offset) % self.size

    def position(self, member: int) -> int:
        """Return the position of a member."""
        return (member - self.offset) * pow(self.multiplier, -1, self.size) % self.size


def resident_check(first_17: str) -> str:
    """Return the 18th character of a resident number.

    Source: GB 11643-1999, ISO 7064 MOD 11-2.
    """
    return "10X98765432"[sum(map(mul, map(int, first_17), ID_WEIGHTS)) % 11]


def resident_number(region: str, birth: date, order: int) -> str:
    """Return an 18-character resident number; the order number is odd for men."""
    first = f"{region}{birth:%Y%m%d}{order:03d}"
    return first + resident_check(first)


def old_resident_number(number: str) -> str:
    """Return the 15-digit form of a number of somebody born in 1900–1999."""
    return number[:6] + number[8:17]


def spread_birth(serial: int, year: int, gender: str) -> tuple[date, str]:
    """Return a birth date in that year and a resident number no other serial below `LARGEST_CITY` gets."""
    slot = serial % LARGEST_CITY
    region, rest = divmod(slot, 365 * ORDERS)
    day, order = divmod(rest, ORDERS)
    first = date(year, 1, 1) + timedelta(days=day)
    leap_day = date(year, 3, 1) - timedelta(days=1)
    birth = first + timedelta(days=1) if leap_day.day == 29 and first >= leap_day else first  # 29 February is left to the special people
    return birth, resident_number(RESIDENT_REGIONS[region], birth, order * 2 + (gender == "1"))


def organisation_code(first_8: str) -> str:
    """Return a nine-character organisation code.

    Source: GB 11714.
    """
    values = ("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ".index(letter) for letter in first_8)
    check = 11 - sum(value * weight for value, weight in zip(values, ORGANISATION_WEIGHTS, strict=True)) % 11
    return first_8 + {10: "X", 11: "0"}.get(check, str(check))


def social_credit_code(category: str, region: str, first_8: str) -> str:
    """Return an 18-character unified social credit code (统一社会信用代码) with both check characters right.

    Source: GB 32100-2015.
    """
    first = category + region + organisation_code(first_8)
    return first + social_credit_check(first)


def social_credit_check(first_17: str) -> str:
    """Return the last character of a unified social credit code.

    Source: GB 32100-2015.
    """
    total = sum(USCC_LETTERS.index(letter) * weight for letter, weight in zip(first_17, USCC_WEIGHTS, strict=True))
    return USCC_LETTERS[(31 - total % 31) % 31]
