"""Spark predicate `resident_id`: a resident number is not valid (length, characters, date of birth, check character).

Source: GB 11643-1999. The region part is not judged: a number stays valid when its region is abolished.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lakehouse.numbers.resident import FIRST_BIRTH_DATE
from spark_jobs.transforms.rules.scope import Helper, RuleCase, normalised_text
from spark_jobs.transforms.text import check_character


def helpers(case: RuleCase) -> dict[str, Helper]:
    """Return the helper columns that read the number of the rule's column."""
    return reading(case.rule.column)


def breaks(case: RuleCase) -> Column:
    """Return true where the normalised text is not a valid number of somebody born by the business date."""
    return case.text.isNotNull() & ~is_valid(case.rule.column)


def reading(column: str, length: int = 18) -> dict[str, Helper]:
    """Return the helper columns that read resident numbers: the date of birth (null where it is no date), then whether the number is valid.

    `length` is the length of the whole text; the number may be the beginning of a longer text.
    """
    return {
        _born(column): lambda rows: rows.withColumn(_born(column), _birth_date(normalised_text(column))),
        _valid(column, length): lambda rows: _with_validity(rows, column, length),
    }


def is_valid(column: str, length: int = 18) -> Column:
    """Return whether a text of this length begins with a valid number of a person born by the business date; false for null."""
    return F.col(_valid(column, length))


def birth_date(column: str) -> Column:
    """Return the date of birth inside a number, null where it is no date."""
    return F.col(_born(column))


def _with_validity(rows: DataFrame, column: str, length: int) -> DataFrame:
    text, born = normalised_text(column), birth_date(column)
    lives = (born >= F.lit(FIRST_BIRTH_DATE)) & (born <= F.col("_business_date"))
    right = (F.length(text) == length) & (F.substring(text, 18, 1) == check_character(F.substring(text, 1, 17)))
    return rows.withColumn(_valid(column, length), F.coalesce(lives & right, F.lit(False)))


def _birth_date(text: Column) -> Column:
    digits = F.substring(text, 7, 8)
    return F.when(digits.rlike(r"\A[0-9]{8}\z"), F.to_date(F.try_to_timestamp(digits, F.lit("yyyyMMdd"))))


def _born(column: str) -> str:
    return f"_born_{column}"


def _valid(column: str, length: int) -> str:
    return f"_valid_{length}_{column}"
