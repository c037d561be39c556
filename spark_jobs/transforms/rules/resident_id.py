"""Returns whether a resident number is wrong: length, characters, date of birth, check character.

Source: GB 11643-1999. The region part is not judged: regions are abolished and numbers stay.
"""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

from lakehouse.identifiers import FIRST_BIRTH_DATE
from spark_jobs.transforms.rules.scope import RuleCase
from spark_jobs.transforms.text import check_character

SHAPE = r"\A[0-9]{17}[0-9X]\z"


def breaks(case: RuleCase) -> Column:
    """Returns true where the normalised text is not a valid number of somebody born by the business date."""
    return case.text.isNotNull() & ~is_valid(case.text, case.business_date)


def is_valid(text: Column, day: Column) -> Column:
    """Returns whether a text is a resident number of 18 characters whose bearer is born by a date; not true for null."""
    born = birth_date(text)
    shaped = text.rlike(SHAPE) & (F.substring(text, 18, 1) == check_character(text))
    return shaped & F.coalesce((born >= F.lit(FIRST_BIRTH_DATE)) & (born <= day), F.lit(False))


def birth_date(text: Column) -> Column:
    """Returns the date of birth inside a number of 18 characters, null where it is no date."""
    digits = F.substring(text, 7, 8)
    return F.when(digits.rlike(r"\A[0-9]{8}\z"), F.to_date(F.try_to_timestamp(digits, F.lit("yyyyMMdd"))))
