"""Returns the rules of the seven resources that came later, restated by hand one a line, and judges texts by them.

A line is `column.kind` (or the rule's own id and `=kind`), `!` for an error or `?` for a warning, and what the kind needs.
"""

from __future__ import annotations

from tests.oracle.sources import ADDRESS, ASSISTANCE, CERTIFICATE, ENTERPRISE, EVENT, LEDGER, PERMIT

PHONE = "1[3-9][0-9]{9}|0[0-9]{2,3}-?[0-9]{7,8}"
MONTH = "[0-9]{4}-(0[1-9]|1[0-2])"

RULES: dict[str, str] = {
    CERTIFICATE: f"""
        disability_cert_no.disability_certificate_no !
        id_no.equals_part ! disability_cert_no 1 18
        disability_category.domain ! disability_category
        disability_category.equals_part ? disability_cert_no 19 1
        disability_grade.domain ! disability_grade
        disability_grade.equals_part ? disability_cert_no 20 1
        issue_date.not_after !
        next_review_date.compare ? >= issue_date
        cert_status.domain ! certificate_status
        hukou_region_code.domain ? administrative_division
        guardian_phone.required_when ? disability_category 5,6
        guardian_phone.pattern ? {PHONE}
        """,
    PERMIT: f"""
        permit_no.pattern ! [0-9]{{18}}
        gender_code.domain ! gender
        gender_code.agrees_with_id ! gender
        birth_date.agrees_with_id ! birth_date
        hukou_region_code.pattern ? [0-9]{{6}}([0-9]{{6}})?
        residence_address.required ?
        residence_region_code.place_known ? community
        residence_region_code.place_current ? community
        residence_region_code.place_inside ?
        residence_reason_code.domain ! residence_reason
        landlord_phone.pattern ? {PHONE}
        arrive_date.compare ? <= issue_date
        issue_date.not_after !
        endorse_due_date.compare ? >= issue_date
        endorse_due_date.not_overdue ? status 有效
        status.domain ! permit_status
        phone.pattern ? {PHONE}
        """,
    ENTERPRISE: """
        uscc.uscc ! 91,92,93
        entity_type_code.domain ! entity_type
        legal_rep_id_no.resident_id ?
        legal_rep_id_no.resident_id_15 ?
        registered_capital.range ! 0
        registered_capital.unit=range ? 1000
        capital_currency.domain ? currency
        establish_date.not_after !
        term_to.compare ? >= term_from
        region_code.place_known ? any
        region_code.place_current ? any
        industry_code.pattern ? [A-T][0-9]{4}
        industry_code.domain ? industry 3
        status_code.domain ! enterprise_status
        approve_date.compare ? >= establish_date
        cancel_date.required_when ? status_code 3
        cancel_date.compare ? >= establish_date
        """,
    ADDRESS: """
        address_id.pattern ! [0-9]{29}
        full_text.pattern ? [^拆]*
        community_code.place_known ? community
        community_code.place_current ? community
        community_code.place_inside ?
        grid_code.place_known ? grid
        grid_code.place_current ? grid
        lon.range ? 109 118
        lat.range ? 20 26
        coord_sys.required_when ? status 启用
        coord_sys.domain ? coordinate_system
        status.domain ! address_status
        """,
    ASSISTANCE: f"""
        assistance_type.domain ! assistance_type
        applicant_id_no.resident_id ?
        applicant_id_no.resident_id_15 ?
        member_id_no.resident_id !
        member_id_no.resident_id_15 ?
        member_relation.domain ? relation_to_head
        household_size.range ! 1
        household_size.large=range ? - 20
        monthly_income_per_capita.range ! 0
        monthly_amount.range ! 0
        monthly_amount.large=range ? - 20000
        start_month.pattern ! {MONTH}
        end_month.pattern ! {MONTH}
        end_month.compare ! >= start_month
        status.domain ! assistance_status
        review_due.not_overdue ? status 在享
        street_code.place_known ? street
        street_code.place_inside ?
        community_code.place_known ? community
        community_code.place_current ? community
        community_code.place_inside ?
        update_time.not_after !
        """,
    LEDGER: f"""
        community_code.place_known ! community
        community_code.place_current ? community
        community_code.place_inside !
        phone.pattern ? {PHONE}
        address_text.required ?
        is_hukou_consistent.domain ! yes_no_0102
        is_tenant.domain ! yes_no
        """,
    EVENT: """
        grid_code.place_known ! grid
        grid_code.place_current ? grid
        event_class.domain ! event_class
        source.domain ! event_source
        report_time.not_after !
        lon.range ? 109 118
        lat.range ? 20 26
        coord_sys.domain ? coordinate_system
        urgency.domain ! event_urgency
        accept_time.compare ? >= report_time
        assign_time.compare ? >= accept_time
        handler_uscc.uscc ?
        finish_time.compare ? >= assign_time
        verify_time.compare ? >= finish_time
        close_time.required_when ? status 已结案
        close_time.compare ? >= report_time
        status.domain ! event_status
        result.required_when ? status 已结案
        reopened_times.range ? 0 20
        photo_count.range ? 0 50
        update_time.not_after !
        update_time.fresh ? 366
        """,
}
REQUIRED = {
    CERTIFICATE: "disability_cert_no id_no person_name disability_category disability_grade issue_date cert_status update_time",
    PERMIT: "permit_no id_no person_name gender_code birth_date residence_region_code residence_reason_code issue_date status update_time",
    ENTERPRISE: "uscc entity_name entity_type_code establish_date domicile region_code status_code update_time",
    ADDRESS: "address_id road_name full_text community_code status",
    ASSISTANCE: "case_no assistance_type member_name member_id_no household_size monthly_amount start_month status community_code "
    "update_time",
    LEDGER: "community_code person_name id_no",
    EVENT: "event_no grid_code event_class source report_time urgency status update_time",
}
PERSONS = (CERTIFICATE, PERMIT, LEDGER)  # their id_no is judged as everybody's
DATES = {
    CERTIFICATE: "issue_date next_review_date",
    PERMIT: "birth_date arrive_date issue_date endorse_due_date",
    ENTERPRISE: "establish_date term_from term_to approve_date cancel_date",
    ASSISTANCE: "review_due",
}
MOMENTS = {
    **dict.fromkeys((CERTIFICATE, PERMIT, ENTERPRISE, ASSISTANCE), "update_time"),
    EVENT: "report_time accept_time assign_time finish_time verify_time close_time update_time",
}
WHOLE = {ASSISTANCE: "household_size", EVENT: "reopened_times photo_count"}
NUMBERS = {ENTERPRISE: "registered_capital", ADDRESS: "lon lat", ASSISTANCE: "monthly_income_per_capita monthly_amount", EVENT: "lon lat"}


def rules(resource: str) -> list[tuple[str, str, str, bool, list[str]]]:
    """Returns (id, column, kind, is error, what the kind needs) of every rule of a resource, required ones and formats apart."""
    found = []
    for line in RULES[resource].split("\n"):
        if not line.strip():
            continue
        name, mark, *needs = line.split()
        rule, _, kind = name.partition("=")
        found.append((rule, rule.partition(".")[0], kind or rule.partition(".")[2], mark == "!", needs))
    return found
