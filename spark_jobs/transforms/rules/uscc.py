"""Spark predicate `uscc`: a unified social credit code is not valid (length, characters, category, organisation code, check character).

Source: GB 32100-2015, GB 11714. The region part is not judged: a code stays valid when its region is abolished.
"""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column
from pyspark.sql import functions as F

from spark_jobs.transforms.rules.scope import RuleCase

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
POWERS_OF_THREE = tuple(3**place % 31 for place in range(17))
ORGANISATION_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)


def breaks(case: RuleCase) -> Column:
    """Return true where the normalised text is not a valid code of one of the categories."""
    code, categories = case.text, case.params.get("categories") or []
    outer = _sum(code, 1, ALPHABET, POWERS_OF_THREE) + _value(code, 18, ALPHABET)
    inner = _sum(code, 9, ORGANISATION_ALPHABET, ORGANISATION_WEIGHTS) + _value(code, 17, "0123456789X")
    right = code.rlike(rf"\A[{ALPHABET}]{{2}}[0-9]{{6}}[{ALPHABET}]{{8}}[0-9X][{ALPHABET}]\z") & (outer % 31 == 0) & (inner % 11 == 0)
    return code.isNotNull() & ~(right & F.substring(code, 1, 2).isin(categories) if categories else right)


def _sum(code: Column, first: int, alphabet: str, weights: Sequence[int]) -> Column:
    terms = [_value(code, first + place, alphabet) * weight for place, weight in enumerate(weights)]
    return sum(terms[1:], terms[0])


def _value(code: Column, place: int, alphabet: str) -> Column:
    """Return the index of a character in the alphabet, from 0; −1 where it is not in it."""
    return F.locate(F.substring(code, place, 1), F.lit(alphabet)) - 1
