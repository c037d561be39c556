"""Returns how the ten sources are written, restated by hand: format, headers, keys, order in source time, how each text is read.

How a text is read before rules and silver see it: `t` trimmed · `c` trimmed and half-width · `u` the same in upper case · `i` a resident
number · `p` a place code, an abolished one replaced by its successor · `o` a date of which 2099-12-31 and 9999-12-31 mean none ·
`x` dropped at landing. The last letter may be followed by `#` for numbers.
"""

from __future__ import annotations

CERTIFICATE, PERMIT, ENTERPRISE = "p_disability_certificate", "c_residence_permit", "c_enterprise_registration"
HOUSEHOLD, ADDRESS, ASSISTANCE = "c_household_registration", "c_standard_address", "d_assistance_approval"
ELDERLY, LEDGER, CHECK, EVENT = "s_elderly_service_list", "v_resident_ledger", "g_person_check", "g_grid_event"


def columns(text: str) -> dict[str, str]:
    """Returns name → how it is read, from `name:how` words; `c` where nothing is said."""
    return {name: how or "c" for name, _, how in (word.partition(":") for word in text.split())}


SOURCES: dict[str, dict] = {
    CERTIFICATE: {
        "cycle": "week",
        "format": "jsonl",
        "columns": columns(
            "disability_cert_no:u id_no:i person_name:t disability_category disability_grade issue_date next_review_date cert_status:t "
            "hukou_region_code guardian_name:t guardian_phone update_time"
        ),
        "key": ["disability_cert_no"],
        "position": "update_time",
    },
    PERMIT: {
        "format": "jsonl",
        "columns": columns(
            "permit_no id_no:i person_name:t gender_code birth_date hukou_region_code residence_address:t residence_region_code:p "
            "residence_reason_code landlord_name:t landlord_phone arrive_date issue_date endorse_due_date status:t phone update_time"
        ),
        "key": ["permit_no"],
        "position": "update_time",
    },
    HOUSEHOLD: {
        "format": "csv",
        "columns": columns(
            "id_no:i person_name:t former_name:t gender_code birth_date ethnicity_code hukou_region_code:p hukou_address:t household_no "
            "head_id_no:i relation_to_head_code register_type move_in_date move_out_date cancel_reason:t cancel_date update_time"
        ),
        "key": ["id_no"],
        "position": "update_time",
    },
    ENTERPRISE: {
        "format": "csv",
        "columns": columns(
            "uscc:u entity_name:t entity_type_code legal_rep_name:t legal_rep_id_no:i registered_capital:c# capital_currency "
            "establish_date term_from term_to:o domicile:t premises_address:t region_code:p industry_code:u business_scope:t "
            "registration_authority:t status_code approve_date cancel_date update_time"
        ),
        "key": ["uscc"],
        "position": "update_time",
    },
    ADDRESS: {
        "cycle": "week",
        "format": "csv",
        "delivery": "snapshot",
        "columns": columns(
            "address_id district_name:t street_name:t community_name:t road_name:t door_no estate_name:t building_no unit_no room_no "
            "full_text:t community_code:p grid_code:p building_code lon:c# lat:c# coord_sys status:t alias:t"
        ),
        "key": ["address_id"],
        "position": None,
    },
    ASSISTANCE: {
        "format": "xlsx",
        "sheet": "审核确认",
        "headers": (2, 3),
        "names": {
            "案件编号": "case_no", "救助类型": "assistance_type", "申请人/身份证号": "applicant_id_no", "成员/姓名": "member_name",
            "成员/身份证号": "member_id_no", "成员/关系": "member_relation", "家庭/人数": "household_size",
            "家庭/人均月收入": "monthly_income_per_capita", "家庭/月救助金": "monthly_amount", "起止/开始月份": "start_month",
            "起止/结束月份": "end_month", "状态": "status", "复核到期日": "review_due", "街道代码": "street_code",
            "社区代码": "community_code", "更新时间": "update_time",
        },
        "dates": ["review_due", "update_time"],
        "columns": columns(
            "case_no assistance_type applicant_id_no:i member_name:t member_id_no:i member_relation household_size:c# "
            "monthly_income_per_capita:c# monthly_amount:c# start_month end_month status review_due street_code:p community_code:p "
            "update_time"
        ),
        "key": ["case_no", "member_id_no"],
        "position": "update_time",
    },
    ELDERLY: {
        "cycle": "month",
        "format": "csv",
        "encoding": "gb18030",
        "names": {
            "姓名": "person_name", "身份证号": "id_no", "年龄": "age_reported", "服务类型": "service_type", "补贴标准": "amount_yuan",
            "发放月份": "pay_month", "开户银行账号": None, "联系电话": "phone", "社区": "community_name", "备注": "remark",
        },
        "columns": columns("person_name:t id_no:i age_reported:c# service_type:t amount_yuan:c# pay_month phone community_name:t remark:t"),
        "key": ["id_no", "pay_month", "service_type"],
        "position": None,
    },
    LEDGER: {
        "cycle": "week",
        "format": "xlsx",
        "sheet": "居民台账",
        "headers": (1, 1),
        "names": {
            "社区代码": "community_code", "姓名": "person_name", "身份证号": "id_no", "联系电话": "phone", "住址": "address_text",
            "人户一致标识": "is_hukou_consistent", "是否租户": "is_tenant", "备注": "remark",
        },
        "dates": [],
        "columns": columns("community_code:p person_name:t id_no:i phone address_text:t is_hukou_consistent is_tenant remark:t"),
        "key": ["community_code", "id_no"],
        "position": None,
    },
    CHECK: {
        "format": "jsonl",
        "delivery": "event",
        "columns": columns(
            "check_id:t grid_code:p check_time checker_id:t person_name:t id_no:i phone address_id:t result:t reason:t "
            "is_hukou_consistent lon:c# lat:c#"
        ),
        "key": ["check_id"],
        "position": "check_time",
    },
    EVENT: {
        "format": "jsonl",
        "columns": columns(
            "event_no grid_code:p event_class:t event_subclass:t source:t report_time reporter_id lon:c# lat:c# coord_sys "
            "description:t urgency:t accept_time assign_time handler_uscc:u finish_time verify_time close_time status:t result:t "
            "reopened_times:c# photo_count:c# update_time"
        ),
        "key": ["event_no"],
        "position": "update_time",
    },
}  # fmt: skip
COLUMNS = {resource: list(source["columns"]) for resource, source in SOURCES.items()}
