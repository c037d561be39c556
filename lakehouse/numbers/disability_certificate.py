"""Check the number of a disability certificate (残疾人证号): a resident number, then category and grade (GB/T 26341)."""

from __future__ import annotations

import re
from datetime import date
from typing import Literal

from lakehouse.numbers.resident import Fault, resident_id_fault

CertificateFault = Fault | Literal["category_or_grade"]
CATEGORY_AND_GRADE = re.compile("[1-7][1-4]")


def disability_certificate_fault(number: str, business_date: date) -> CertificateFault | None:
    """Return what is wrong with the number of a disability certificate (残疾人证号), None when it is correct."""
    if len(number) != 20:
        return "length"
    return resident_id_fault(number[:18], business_date) or (None if CATEGORY_AND_GRADE.fullmatch(number[18:]) else "category_or_grade")
