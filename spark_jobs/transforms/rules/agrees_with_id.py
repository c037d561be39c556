"""Spark predicate `agrees_with_id`: a value contradicts the resident number of its row. Not broken where that number is not valid."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

from spark_jobs.transforms.rules import resident_id
from spark_jobs.transforms.rules.scope import Helper, RuleCase


def helpers(case: RuleCase) -> dict[str, Helper]:
    """Return the helper columns that read the resident number."""
    return resident_id.reading(case.params["id"])


def breaks(case: RuleCase) -> Column:
    """Return true where gender, date of birth or age (at the business date) differ from what a valid number says."""
    differs = {"gender": _gender, "birth_date": _birth_date, "age": _age}[case.params["part"]]
    return resident_id.is_valid(case.params["id"]) & differs(case)


def _gender(case: RuleCase) -> Column:
    """Return whether the gender code contradicts the number; codes 0 and 9 (unknown, not stated) never do.

    Source: GB/T 2261.1; GB 11643 (an odd 17th digit is male).
    """
    number = case.text_of(case.params["id"])
    says = F.when((F.ascii(F.substring(number, 17, 1)) % 2) == 1, F.lit("1")).otherwise(F.lit("2"))
    return case.text.isin("1", "2") & (case.text != says)


def _birth_date(case: RuleCase) -> Column:
    return case.typed() != resident_id.birth_date(case.params["id"])


def _age(case: RuleCase) -> Column:
    years = age(resident_id.birth_date(case.params["id"]), case.business_date)
    return F.abs(case.typed() - years) > case.params.get("tolerance", 1)


def age(born: Column, day: Column) -> Column:
    """Return the completed years of life at a date; somebody born on 29 February completes one on 1 March."""
    had_birthday = F.date_format(day, "MMdd") >= F.date_format(born, "MMdd")
    return F.year(day) - F.year(born) - F.when(had_birthday, 0).otherwise(1)
