"""The shipped contracts: each labelled defect breaks exactly one rule of the right severity, each odd but valid row breaks none."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from stdnum.iso7064 import mod_11_2

from expectations.rules.check import Ground
from expectations.rules.registry import broken
from lakehouse.codes import load_code_tables
from lakehouse.config import PROJECT
from lakehouse.contracts.loader import load_contracts
from lakehouse.regions import load_regions

pytestmark = pytest.mark.fast
DAY = date(2026, 6, 1)
CONTRACTS = load_contracts(PROJECT / "contracts")
GROUND = Ground(load_code_tables(PROJECT / "contracts"), load_regions(PROJECT / "cities" / "tiny"), "Asia/Shanghai")
HOUSEHOLD: dict[str, Any] = {
    "id_no": "44990119900307001X",
    "person_name": "王小明",
    "former_name": None,
    "gender_code": "1",
    "birth_date": "1990-03-07",
    "ethnicity_code": "01",
    "hukou_region_code": "449901001001",
    "hukou_address": "示范东区第一街道一号101房",
    "household_no": "100000001",
    "head_id_no": "44990119900307001X",
    "relation_to_head_code": "0",
    "register_type": "家庭户",
    "move_in_date": None,
    "move_out_date": None,
    "cancel_reason": None,
    "cancel_date": None,
    "update_time": "2026-05-20 10:00:00",
}
ELDERLY: dict[str, Any] = {
    "person_name": "李大华",
    "id_no": "44990219551224002X",
    "age_reported": "70",
    "service_type": "高龄津贴",
    "amount_yuan": "100.00",
    "pay_month": "2026-05",
    "phone": "13800138000",
    "community_name": "第一社区",
    "remark": None,
}
CHECK: dict[str, Any] = {
    "check_id": "JC1",
    "grid_code": "449901001001001",
    "check_time": "2026-06-01 10:00:00",
    "checker_id": "WG1",
    "person_name": "王小明",
    "id_no": "44990119900307001X",
    "phone": "13800138000",
    "address_id": None,
    "result": "在住",
    "reason": None,
    "is_hukou_consistent": "01",
    "lon": "113.55",
    "lat": "22.27",
}
ROWS = {"c_household_registration": HOUSEHOLD, "s_elderly_service_list": ELDERLY, "g_person_check": CHECK}
H, E, G = ROWS


def numbered(body: str) -> str:
    """Returns 17 digits with their check character."""
    return body + mod_11_2.calc_check_digit(body)


def verdict(resource: str, changed: dict[str, Any]) -> list[str]:
    """Returns the rules an otherwise faultless row breaks."""
    row = {**ROWS[resource], **changed, "_business_date": DAY, "_batch_id": "b"}
    return broken(CONTRACTS[resource], GROUND, [row])[0]


@pytest.mark.parametrize(
    ("resource", "changed", "rule", "severity"),
    [
        (H, {"id_no": "449901199003070011"}, "id_no.resident_id", "error"),
        (H, {"gender_code": "2"}, "gender_code.agrees_with_id", "error"),
        (H, {"birth_date": "1990-04-07"}, "birth_date.agrees_with_id", "error"),
        (H, {"person_name": "\u3000"}, "person_name.required", "error"),
        (H, {"hukou_region_code": "449901001091"}, "hukou_region_code.place_current", "warning"),
        (H, {"id_no": "449901900307001"}, "id_no.resident_id_15", "warning"),
        (H, {"relation_to_head_code": None}, "relation_to_head_code.required", "warning"),
        (H, {"ethnicity_code": "57"}, "ethnicity_code.domain", "error"),
        (H, {"update_time": "2026-5-20 10:00:00"}, "update_time.format", "error"),
        (H, {"hukou_region_code": "440402001099"}, "hukou_region_code.place_known", "warning"),
        (E, {"id_no": "4.49902E+17"}, "id_no.resident_id", "error"),
        (E, {"amount_yuan": "-100.00"}, "amount_yuan.range", "error"),
        (E, {"amount_yuan": "一百"}, "amount_yuan.format", "error"),
        (E, {"pay_month": "2026-07"}, "pay_month.range", "error"),
        (E, {"pay_month": "2026-13"}, "pay_month.pattern", "error"),
        (E, {"service_type": "理发补贴"}, "service_type.domain", "error"),
        (E, {"age_reported": "67"}, "age_reported.agrees_with_id", "warning"),
        (E, {"phone": "1380013800"}, "phone.pattern", "warning"),
        (G, {"grid_code": "449901001001999"}, "grid_code.place_known", "error"),
        (G, {"grid_code": "449901001091001"}, "grid_code.place_current", "warning"),
        (G, {"check_time": "2026-06-02 00:00:00"}, "check_time.not_after", "error"),
        (G, {"result": "查无"}, "reason.required_when", "error"),
        (G, {"id_no": "449901199003070011"}, "id_no.resident_id", "error"),
    ],
)
def test_a_defect_breaks_exactly_one_rule(resource: str, changed: dict[str, Any], rule: str, severity: str) -> None:
    if rule == "pay_month.pattern":  # a month that is none is also above every month; the pattern must speak, the range may
        assert rule in verdict(resource, changed)
        return
    assert verdict(resource, changed) == [rule]
    assert {found.id: found.severity for found in CONTRACTS[resource].rules}[rule] == severity


@pytest.mark.parametrize(
    ("resource", "changed"),
    [
        (H, {}),
        (E, {}),
        (G, {}),
        (H, {"id_no": "810000199408230021", "gender_code": "2", "birth_date": "1994-08-23"}),
        (H, {"id_no": numbered("44990919900307001")}),
        (H, {"id_no": "44990119900307001x"}),
        (H, {"person_name": "𠮷𫖯"}),
        (H, {"person_name": "阿卜杜拉·买买提·艾力江·卡德"}),
        (H, {"id_no": numbered("44990119190307001"), "birth_date": "1919-03-07"}),
        (H, {"id_no": numbered("44990119880229001"), "birth_date": "1988-02-29"}),
        (H, {"former_name": "", "head_id_no": "", "move_in_date": " "}),
        (H, {"gender_code": "9"}),
        (H, {"hukou_region_code": "449901001000"}),
        (E, {"amount_yuan": "0", "pay_month": "2026-06", "age_reported": "71", "phone": "0756-2123456"}),
        (E, {"remark": '行动不便,需上门服务\n"二楼"', "phone": None, "age_reported": None}),
        (G, {"result": "查无", "reason": "多次上门无人"}),
        (G, {"result": "空置", "id_no": None, "person_name": None, "phone": None, "lon": None, "lat": None}),
        (G, {"check_time": "2026-06-01 23:59:59"}),
    ],
)
def test_an_odd_but_valid_row_breaks_no_rule(resource: str, changed: dict[str, Any]) -> None:
    assert verdict(resource, changed) == []


def test_more_than_a_hundred_checks_in_a_minute_are_a_burst() -> None:
    def batch(size: int) -> set[str]:
        times = [f"2026-06-01 10:00:{number % 60:02d}" for number in range(size)]
        rows = [{**CHECK, "check_id": str(number), "check_time": text} for number, text in enumerate(times)]
        found = broken(CONTRACTS[G], GROUND, [{**row, "_business_date": DAY, "_batch_id": "b"} for row in rows])
        return {rule for verdicts in found for rule in verdicts}

    assert (batch(100), batch(101)) == (set(), {"check_time.burst"})
