"""Returns whether the number of a disability certificate is wrong: a resident number, then category and grade."""

from __future__ import annotations

from pyspark.sql import Column

from spark_jobs.transforms.rules import resident_id
from spark_jobs.transforms.rules.scope import Helper, RuleCase

LENGTH = 20


def helpers(case: RuleCase) -> dict[str, Helper]:
    """Return what reads the resident number the text begins with."""
    return resident_id.reading(case.rule.column, LENGTH)


def breaks(case: RuleCase) -> Column:
    """Return true where the resident number, category (1 to 7) or grade (1 to 4) is wrong."""
    right = resident_id.is_valid(case.rule.column, LENGTH) & case.text.rlike(r"[1-7][1-4]\z")
    return case.text.isNotNull() & ~right
