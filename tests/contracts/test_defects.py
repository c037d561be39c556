"""The shipped contracts: each labelled defect breaks exactly one rule of the right severity; odd but valid rows break none."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from stdnum.iso7064 import mod_11_2

from expectations.rules.check import Ground
from expectations.rules.registry import broken
from lakehouse.city.profile import load_profile
from lakehouse.city.providers import load_offices
from lakehouse.config import PROJECT
from lakehouse.contracts.loader import load_contracts
from lakehouse.declarations.codes import load_code_tables
from tests.contracts.faultless import CHECK, PROVIDERS, ROWS

pytestmark = pytest.mark.fast
DAY = date(2026, 6, 1)
CONTRACTS = load_contracts(PROJECT / "contracts")
CITY = PROJECT / "cities" / "tiny"
OFFICES = load_offices(CITY, load_profile(CITY))
GROUND = Ground(load_code_tables(PROJECT / "contracts"), OFFICES.regions, "Asia/Shanghai", OFFICES.departments)
H, E, G, DC, RP, ER, SA, AA, RL, GE = ROWS


def numbered(body: str) -> str:
    """Return 17 digits with their check character."""
    return body + mod_11_2.calc_check_digit(body)


def verdict(resource: str, changed: dict[str, Any]) -> list[str]:
    """Return the rules that a faultless row breaks after the given changes."""
    provider = PROVIDERS.get(resource) or next(iter(OFFICES.senders(CONTRACTS[resource], "", DAY)), None)
    row = {**ROWS[resource], "_provider": provider, **changed, "_business_date": DAY, "_batch_id": "b"}
    return broken(CONTRACTS[resource], GROUND, [row])[0]


def test_a_provider_may_serve_several_regions() -> None:
    committee = next(one for one in OFFICES.departments if one.uscc == "54449901MB3A00021W")
    row = {**ROWS[RL], "_provider": committee.uscc, "_business_date": DAY, "_batch_id": "b"}
    both = replace(GROUND, departments=(*OFFICES.departments, replace(committee, region_code=row["community_code"])))
    assert [broken(CONTRACTS[RL], ground, [row])[0] for ground in (GROUND, both)] == [["community_code.place_inside"], []]


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
        (DC, {"id_no": "44990219551224002X"}, "id_no.equals_part", "error"),
        (DC, {"disability_cert_no": "44990119900307001X431"}, "disability_cert_no.disability_certificate_no", "error"),
        (DC, {"disability_category": "5", "guardian_phone": "19900000001"}, "disability_category.equals_part", "warning"),
        (DC, {"next_review_date": "2019-03-01"}, "next_review_date.compare", "warning"),
        (DC, {"disability_cert_no": "44990119900307001X53", "disability_category": "5"}, "guardian_phone.required_when", "warning"),
        (DC, {"hukou_region_code": "449909"}, "hukou_region_code.domain", "warning"),
        (RP, {"status": "挂失"}, "status.domain", "error"),
        (RP, {"issue_date": "2023-09-01"}, "arrive_date.compare", "warning"),
        (RP, {"endorse_due_date": "2026-05-31"}, "endorse_due_date.not_overdue", "warning"),
        (RP, {"residence_region_code": "440402001099"}, "residence_region_code.place_known", "warning"),
        (ER, {"uscc": "91449901MA5X00014N"}, "uscc.uscc", "error"),
        (ER, {"uscc": "91449901MA5X00013J"}, "uscc.uscc", "error"),
        (ER, {"uscc": "54449901MA5X00014G"}, "uscc.uscc", "error"),
        (ER, {"registered_capital": "100.00"}, "registered_capital.unit", "warning"),
        (ER, {"industry_code": "O7910"}, "industry_code.domain", "warning"),
        (ER, {"term_to": "2018-01-01"}, "term_to.compare", "warning"),
        (ER, {"status_code": "3"}, "cancel_date.required_when", "warning"),
        (ER, {"cancel_date": "2019-03-31"}, "cancel_date.compare", "warning"),
        (ER, {"region_code": "449977"}, "region_code.place_known", "warning"),
        (ER, {"region_code": "449901001091"}, "region_code.place_current", "warning"),
        (SA, {"address_id": "4499010010010000100080002"}, "address_id.pattern", "error"),
        (SA, {"lat": "39.9"}, "lat.range", "warning"),
        (SA, {"full_text": "晨光路8号（已拆除）"}, "full_text.pattern", "warning"),
        (SA, {"coord_sys": None}, "coord_sys.required_when", "warning"),
        (SA, {"grid_code": "449901001001999"}, "grid_code.place_known", "warning"),
        (AA, {"assistance_type": "低保"}, "assistance_type.domain", "error"),
        (AA, {"end_month": "2025-02"}, "end_month.compare", "error"),
        (AA, {"monthly_amount": "-1"}, "monthly_amount.range", "error"),
        (AA, {"monthly_amount": "25000"}, "monthly_amount.large", "warning"),
        (AA, {"applicant_id_no": "449901199003070011"}, "applicant_id_no.resident_id", "warning"),
        (AA, {"review_due": "2026-05-31"}, "review_due.not_overdue", "warning"),
        (AA, {"_provider": "54449901MB3A00021W", "street_code": None}, "community_code.place_inside", "warning"),
        (AA, {"update_time": "2026-06-02 00:00:00"}, "update_time.not_after", "error"),
        (RL, {"_provider": "54449901MB3A00021W"}, "community_code.place_inside", "error"),
        (RL, {"phone": "19900000001/19900000002"}, "phone.pattern", "warning"),
        (RL, {"is_tenant": "租"}, "is_tenant.domain", "error"),
        (GE, {"accept_time": "2026-06-01 07:59:59"}, "accept_time.compare", "warning"),
        (GE, {"handler_uscc": "11449901MB2E00016R"}, "handler_uscc.uscc", "warning"),
        (GE, {"event_class": "测试"}, "event_class.domain", "error"),
        (GE, {"result": None}, "result.required_when", "warning"),
        (H, {"person_name": "\u200b"}, "person_name.required", "error"),
        (H, {"person_name": "王\ufffd"}, "person_name.legible", "warning"),
        (H, {"former_name": "王？"}, "former_name.legible", "warning"),
        (H, {"hukou_address": "示范东区锟斤拷路1号"}, "hukou_address.legible", "warning"),
        (ER, {"entity_name": "\ue000光商贸有限公司"}, "entity_name.legible", "warning"),
        (SA, {"road_name": "烫烫烫路"}, "road_name.legible", "warning"),
        (RL, {"person_name": "#N/A"}, "person_name.required", "error"),
        (AA, {"member_name": "ＮＵＬＬ"}, "member_name.required", "error"),
        (AA, {"monthly_amount": "NULL"}, "monthly_amount.format", "error"),
        (E, {"amount_yuan": "100.005"}, "amount_yuan.format", "error"),
        (E, {"age_reported": "70.0"}, "age_reported.format", "error"),
        (AA, {"household_size": "2.5"}, "household_size.format", "error"),
        (RP, {"arrive_date": "0001-01-01"}, "arrive_date.calendar", "error"),
        (RP, {"arrive_date": "0000-01-01"}, "arrive_date.format", "error"),
        (RP, {"arrive_date": "0000-00-00"}, "arrive_date.format", "error"),
        (RP, {"endorse_due_date": "2200-01-01"}, "endorse_due_date.calendar", "error"),
        (H, {"move_in_date": "1899-12-31"}, "move_in_date.calendar", "error"),
        (H, {"update_time": "0001-01-01 00:00:00"}, "update_time.format", "error"),
        (H, {"update_time": "0002-01-01 00:00:00"}, "update_time.calendar", "error"),
        (GE, {"close_time": "9999-12-31 23:59:59"}, "close_time.calendar", "error"),
        (GE, {"report_time": "2025-05-30 08:00:00", "update_time": "2025-05-30 10:00:00"}, "update_time.fresh", "warning"),
    ],
)
def test_a_defect_breaks_exactly_one_rule(resource: str, changed: dict[str, Any], rule: str, severity: str) -> None:
    if rule == "pay_month.pattern":  # an invalid month is also above every month: the pattern must be broken, the range may be
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
        (H, {"person_name": "\ue81e文", "former_name": "None", "move_in_date": "NULL"}),
        (H, {"id_no": "\ufeff44990119900307001X\ue5e5", "gender_code": "1\u200b", "household_no": "\u3000100000001\u2003"}),
        (H, {"move_in_date": "1900-01-01", "move_out_date": "2199-12-31"}),
        (E, {"remark": "有何需求？\u200d无", "phone": "N/A", "age_reported": "nan"}),
        (GE, {"lon": "113.57621350000001", "lat": "22.27014380000001", "description": "NULL"}),
        (G, {"person_name": "秦\u200b立冬", "lon": "-0.00000004"}),
        (AA, {"monthly_amount": "1412.005", "monthly_income_per_capita": "N/A"}),
        (H, {"hukou_region_code": "449901001000"}),
        (E, {"amount_yuan": "0", "pay_month": "2026-06", "age_reported": "71", "phone": "0756-2123456"}),
        (E, {"remark": '行动不便,需上门服务\n"二楼"', "phone": None, "age_reported": None}),
        (G, {"result": "查无", "reason": "多次上门无人"}),
        (G, {"result": "空置", "id_no": None, "person_name": None, "phone": None, "lon": None, "lat": None}),
        (G, {"check_time": "2026-06-01 23:59:59"}),
        *((resource, {}) for resource in (DC, RP, ER, SA, AA, RL, GE)),
        (DC, {"next_review_date": None, "cert_status": "注销", "hukou_region_code": "449901"}),
        (DC, {"id_no": "44990119900307001x", "disability_cert_no": "44990119900307001x43"}),
        (RP, {"id_no": "810000199408230021", "birth_date": "1994-08-23", "hukou_region_code": "810000000000"}),
        (RP, {"residence_region_code": "449901001000", "endorse_due_date": "2026-06-01"}),
        (RP, {"status": "注销", "endorse_due_date": "2025-06-01"}),
        (ER, {"uscc": "92449902MA5X000141", "entity_type_code": "9500", "registered_capital": None, "legal_rep_id_no": None}),
        (ER, {"term_to": "2099-12-31", "region_code": "449901", "industry_code": "O8010"}),
        (ER, {"status_code": "3", "cancel_date": "2026-05-01"}),
        (SA, {"coord_sys": "GCJ02", "door_no": "８号", "status": "停用"}),
        (AA, {"end_month": "2025-03", "status": "停发", "review_due": "2026-01-01"}),
        (RL, {"phone": None, "is_tenant": None, "remark": "与李某同住"}),
        (
            GE,
            {
                "status": "待受理",
                "accept_time": None,
                "assign_time": None,
                "handler_uscc": None,
                "finish_time": None,
                "verify_time": None,
                "close_time": None,
                "result": None,
                "coord_sys": "GCJ02",
            },
        ),
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
