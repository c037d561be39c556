"""Declares `agrees_with_id`: gender, birth date or age agree with the resident number of the same row.

A row passes when the number is empty or wrong itself (`resident_id` reports that), when the value cannot be read, and when the gender is
neither 1 nor 2 (0 unknown and 9 not stated contradict nothing). Age is counted at the business date.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from lakehouse.rules.vocabulary import ColumnName, Labels, Messages
from lakehouse.rules.vocabulary import Parameters as Base

DIMENSION = "0402"
PARTS = {"gender": ("性别", "gender"), "birth_date": ("出生日期", "birth date"), "age": ("年龄", "age")}


class Parameters(Base):
    """`id` is the column of the resident number, `tolerance` the number of years by which an age may differ."""

    id: ColumnName
    part: Literal["gender", "birth_date", "age"]
    tolerance: int = Field(1, ge=0)


def messages(label: Labels, params: Parameters) -> Messages:
    """Return the text of a broken rule."""
    zh, en = PARTS[params.part]
    return Messages(f"{label.zh}与身份证号中的{zh}不一致", f"{label.en} contradicts the {en} in the resident number")
