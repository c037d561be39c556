"""Returns whether a text differs from certain characters of another column."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

from spark_jobs.transforms.rules.scope import RuleCase


def breaks(case: RuleCase) -> Column:
    """Return true where the other text is long enough and its part is another one."""
    other, first, length = case.text_of(case.params["of"]), case.params["from"], case.params["length"]
    return (F.char_length(other) >= first + length - 1) & (case.text != F.substring(other, first, length))
