"""Spark predicate `disability_certificate_no`: the number is not a resident number followed by category and grade."""

from __future__ import annotations

from pyspark.sql import Column

from spark_jobs.transforms.rules import resident_id
from spark_jobs.transforms.rules.scope import Helper, RuleCase

LENGTH = 20


def helpers(case: RuleCase) -> dict[str, Helper]:
    """Return the helper columns that read the resident number at the beginning of the text."""
    return resident_id.reading(case.rule.column, LENGTH)


def breaks(case: RuleCase) -> Column:
    """Return true where the resident number, category (1 to 7) or grade (1 to 4) is wrong."""
    right = resident_id.is_valid(case.rule.column, LENGTH) & case.text.rlike(r"[1-7][1-4]\z")
    return case.text.isNotNull() & ~right
