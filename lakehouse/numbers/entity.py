"""Check a unified social credit code (统一社会信用代码, GB 32100) and the organisation code in it (GB 11714)."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Literal

Fault = Literal["length", "characters", "category", "organisation_code", "check_character"]
LETTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # no I, O, S, V, Z
WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
ORGANISATION_LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
CODE = re.compile(f"[{LETTERS}]{{2}}[0-9]{{6}}[{LETTERS}]{{10}}")


def uscc_fault(code: str, categories: Collection[str] = ()) -> Fault | None:
    """Return what is wrong with a normalised code, None when it is correct.

    `categories` are the first two characters that are allowed (91 enterprise, 92 individual business …), all when empty. The region digits
    are not judged: a code stays valid after its region is abolished.
    """
    if len(code) != 18:
        return "length"
    if not CODE.fullmatch(code):
        return "characters"
    if categories and code[:2] not in categories:
        return "category"
    if organisation_check(code[8:16]) != code[16]:
        return "organisation_code"
    return None if check_character(code[:17]) == code[17] else "check_character"


def check_character(first_17: str) -> str:
    """Return the 18th character of a code."""
    total = sum(LETTERS.index(letter) * weight for letter, weight in zip(first_17, WEIGHTS, strict=True))
    return LETTERS[-total % 31]


def organisation_check(first_8: str) -> str:
    """Return the ninth character of an organisation code: 0 to 9 or X."""
    total = sum(ORGANISATION_LETTERS.index(letter) * weight for letter, weight in zip(first_8, ORGANISATION_WEIGHTS, strict=True))
    return "0123456789X"[-total % 11]
