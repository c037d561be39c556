"""What the texts of a column are: recognised by check digits and forms, in spite of some faults; never more than the texts say."""

from __future__ import annotations

import pytest

from lakehouse.contracts.guess.nature import nature_of
from lakehouse.numbers.entity import check_character, organisation_check
from lakehouse.numbers.resident import normalise_resident_id

pytestmark = pytest.mark.fast


def resident(number: int) -> str:
    """Return a valid resident number of a region that does not exist."""
    return normalise_resident_id(f"449901{80 + number % 10:02}0{1 + number % 9}1{number % 10}{100 + number:03}")


def uscc(number: int) -> str:
    """Return a valid unified social credit code."""
    organisation = f"MA{number:06}"
    body = f"91449901{organisation}{organisation_check(organisation)}"
    return body + check_character(body)


PEOPLE = [resident(number) for number in range(40)]
# Texts, then logical type, stored type, format, kind, number of texts that do not fit.
NATURES: dict[str, tuple[list[str | None], tuple[object, ...]]] = {
    "resident numbers": (PEOPLE, ("string", None, None, "resident_id", 0)),
    "resident numbers with faults": ([*PEOPLE, "44990119800101000", "无"], ("string", None, None, "resident_id", 2)),
    "in full width, with a small x": (
        [one.replace("X", "x").replace("4", "４") for one in PEOPLE], ("string", None, None, "resident_id", 0),
    ),
    "codes of grids, which look like old resident numbers": (
        [f"4499010010{number:02}001" for number in range(1, 30)], ("string", None, None, None, 0),
    ),
    "numbers of 18 digits that do not check": (["440106199001011230"] * 5 + ["440106199001011231"] * 5, ("string", None, None, None, 0)),
    "certificates of disability": ([f"{one}{1 + place % 7}{1 + place % 4}" for place, one in enumerate(PEOPLE)],
                                   ("string", None, None, "disability_certificate_no", 0)),
    "credit codes": ([uscc(number) for number in range(30)], ("string", None, None, "uscc", 0)),
    "phones": (["13800138000", "15912345678", "0756-3333333", "075612345678", "12345"], ("string", None, None, "phone", 1)),
    "dates": (["2026-06-01", "2025-12-31", None, ""], ("date", None, "yyyy-MM-dd", None, 0)),
    "dates with strokes": (["2026/06/01", "2025/12/31"], ("date", None, "yyyy/MM/dd", None, 0)),
    "dates of eight digits": (["20260601", "20251231"], ("date", None, "yyyyMMdd", None, 0)),
    "no dates for all their digits": (["20261301", "20269999", "20260001"], ("string", None, None, None, 0)),
    "dates without zeros": (["2026/6/1", "2026/12/1", "2025年3月"], ("string", None, None, "loose_date", 0)),
    "long term": (["2026-01-01", "9999-12-31"], ("date", None, "yyyy-MM-dd", None, 0)),
    "moments": (["2026-06-01 08:00:00", "2026-06-02 23:59:59"], ("timestamp", None, "yyyy-MM-dd HH:mm:ss", None, 0)),
    "moments of JSON": (["2026-06-01T08:00:00"], ("timestamp", None, "yyyy-MM-dd'T'HH:mm:ss", None, 0)),
    "months": (["2026-06", "2025-12"], ("string", None, None, "month", 0)),
    "counts": (["0", "12", "-3", "1000"], ("integer", None, None, None, 0)),
    "whole numbers of one length are numbers of something": (["100001", "100002", "200001"], ("string", None, None, None, 0)),
    "leading zeros": (["001", "012", "123"], ("string", None, None, None, 0)),
    "amounts": (["1.5", "100", "23.125"], ("number", "decimal(18,3)", None, None, 0)),
    "truth": (["true", "false", "true"], ("boolean", None, None, None, 0)),
    "codes": (["A1", "B2", "C3"] * 10, ("string", None, None, "code", 0)),
    "names": ([f"王{letter}" for letter in "一二三四五六七八九十"], ("string", None, None, None, 0)),
    "nothing": ([None, "", "  "], ("string", None, None, None, 0)),
}  # fmt: skip


@pytest.mark.parametrize("name", NATURES)
def test_texts_are_recognised(name: str) -> None:
    texts, expected = NATURES[name]
    nature = nature_of(texts)
    assert (nature.type, nature.physical_type, nature.format, nature.kind, nature.misfits) == expected
    assert nature.rows == len(texts)
    assert nature.filled == sum(bool(text and text.strip()) for text in texts)
