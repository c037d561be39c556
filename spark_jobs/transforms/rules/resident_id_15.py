"""Spark predicate `resident_id_15`: a resident number was sent in its old form of 15 digits."""

from __future__ import annotations

from pyspark.sql import Column

from spark_jobs.transforms.rules.scope import RuleCase


def breaks(case: RuleCase) -> Column:
    """Return true where the text as sent has exactly 15 digits."""
    return case.sent.rlike(r"\A[0-9]{15}\z")
