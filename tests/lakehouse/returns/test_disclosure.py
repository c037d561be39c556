"""The result of each transform of a value (data model 3.6, standards 2.5)."""

from __future__ import annotations

import re
from datetime import date
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lakehouse.declarations.policies import Mask
from lakehouse.errors import EntitlementError
from lakehouse.returns.disclosure import disclose, is_under, recipient_key, row_key
from lakehouse.returns.inspection import MASKS, PERSONAL_NUMBER, is_personal_number

pytestmark = pytest.mark.fast

VECTORS = [
    ("mask", "ends", "44990119900307001X", "4****************X"),
    ("mask", "surname", "欧阳某某", "欧阳**"),
    ("mask", "surname", "欧阳某", "欧阳*"),
    ("mask", "surname", "欧阳", "欧*"),
    ("mask", "surname", "张三", "张*"),
    ("mask", "surname", "阿依古丽·买买提", "阿*******"),
    ("mask", "surname", "某", "*"),
    ("mask", "phone", "13800008000", "138****8000"),
    ("mask", "phone", "0756-2112345", "0756-*****45"),
    ("mask", "phone", "110", "***"),
    ("mask", "phone", "138000080**", "***********"),  # masked by the source already
    ("mask", "phone", "13800008000/13900009000", "*" * 23),
    ("mask", "phone", "13800008000-1", "*" * 13),
    ("mask", "phone", "转8000", "*****"),
    ("mask", "ends", "未带证件", "****"),
    ("year", None, "1955-12-24", "1955"),
    ("age_band", None, "1955-12-24", "70-74"),
    ("age_band", None, "2026-01-01", "0-4"),
    ("age_band", None, "1919-06-01", "100+"),
    ("band", None, "1234.50", "1000-1999"),
    ("band", None, "0", "0-499"),
    ("band", None, "-3", "<0"),
    ("band", None, "250000", "100000+"),
    ("flag", None, "2", "是"),
    ("flag", None, None, "否"),
    ("raw", None, "张三", "张三"),
    ("raw", None, None, None),
    ("drop", None, "张三", None),
]


@pytest.mark.parametrize(("transform", "mask", "value", "left"), VECTORS)
def test_transform_leaves_what_is_written(transform: str, mask: str | None, value: str | None, left: str | None) -> None:
    assert disclose(value, transform, mask, 2026) == left


@pytest.mark.parametrize("mask", get_args(Mask))
@given(text=st.text("0189-*/ X转号欧阳", min_size=1, max_size=25))
def test_whatever_a_source_wrote_its_mask_is_one_the_proof_allows(mask: str, text: str) -> None:
    assert re.fullmatch(MASKS[mask], str(disclose(text, "mask", mask, 2026)))


@pytest.mark.parametrize(("transform", "mask"), [("mask", None), ("mask", "middle"), ("year", "ends"), ("token", None), ("blur", None)])
def test_transform_that_is_not_defined_discloses_nothing(transform: str, mask: str | None) -> None:
    with pytest.raises(EntitlementError):
        disclose("x", transform, mask, 2026)


@pytest.mark.parametrize(
    ("born", "on", "is_minor"),
    [
        ("2012-06-02", date(2026, 6, 1), True),
        ("2012-06-01", date(2026, 6, 1), False),
        ("2012-02-29", date(2026, 2, 28), True),
        ("2012-02-29", date(2026, 3, 1), False),
    ],
)
def test_minor_is_who_has_not_had_the_fourteenth_birthday(born: str, on: date, is_minor: bool) -> None:
    assert is_under(14, born, None, on) is is_minor
    assert is_under(14, None, f"449901{born.replace('-', '')}0012", on) is is_minor


def test_nobody_is_a_minor_without_any_date() -> None:
    assert not is_under(14, None, None, date(2026, 6, 1))


@given(st.text(min_size=1, max_size=64), st.text(min_size=1, max_size=20), st.text(min_size=1, max_size=20))
@settings(deadline=None)
def test_row_key_is_of_one_recipient_and_never_looks_like_an_identity_number(row: str, one: str, other: str) -> None:
    secret = bytes(32)
    keys = [row_key(recipient_key(secret, whom), row) for whom in (one, other)]
    assert (keys[0] == keys[1]) == (one == other)
    assert not PERSONAL_NUMBER.search(keys[0])


@pytest.mark.parametrize("number", ["44990119900307001X", "44990219551224002X", "449903198801011207", "449901201806151235"])
def test_inspector_knows_an_identity_number_by_its_check_digit(number: str) -> None:
    assert is_personal_number(number)
    assert not is_personal_number(number[:10] + str((int(number[10]) + 1) % 10) + number[11:])
