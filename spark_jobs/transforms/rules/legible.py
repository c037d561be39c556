"""Spark predicate `legible`: a text holds characters that stand for lost ones."""

from __future__ import annotations

import re

from pyspark.sql import Column

from lakehouse.text.characters import GARBLED, LOST, PLACEHOLDERS, members
from spark_jobs.transforms.rules.scope import RuleCase


def breaks(case: RuleCase) -> Column:
    """Return true where the normalised text holds a lost character, a garbled one, or in a name a placeholder."""
    lost = members(LOST) + (PLACEHOLDERS if case.column.is_name else "")
    return case.text.rlike("|".join((f"[{lost}]", *map(re.escape, GARBLED))))
