"""The city's register of enterprises (市场主体登记), a table read every day."""

from tests.oracle import columns as read
from tests.oracle import vocabulary as ask
from tests.oracle.files import Csv
from tests.oracle.shape import Page, warn

PAGE = Page(
    file=Csv(is_ours=True),
    key=("uscc",),
    position="update_time",
    columns={
        "uscc": read.upper(ask.required, ask.credit_code("91", "92", "93")),
        "entity_name": read.trimmed(ask.required),
        "entity_type_code": read.plain(ask.required, ask.domain("entity_type")),
        "legal_rep_name": read.trimmed(),
        "legal_rep_id_no": read.identity(warn(ask.resident_id), warn(ask.resident_id_15), ask.reference("person")),
        "registered_capital": read.number(ask.at_least(0), warn(ask.at_least(1000), name="unit")),
        "capital_currency": read.plain(warn(ask.domain("currency"))),
        "establish_date": read.day(ask.required, ask.not_after_today),
        "term_from": read.day(),
        "term_to": read.last_day(warn(ask.no_earlier_than("term_from"))),
        "domicile": read.trimmed(ask.required),
        "premises_address": read.trimmed(),
        "region_code": read.place(ask.required, warn(ask.place_known("any")), warn(ask.place_current("any"))),
        "industry_code": read.upper(warn(ask.pattern("[A-T][0-9]{4}")), warn(ask.domain("industry", first=3))),
        "business_scope": read.trimmed(),
        "registration_authority": read.trimmed(),
        "status_code": read.plain(ask.required, ask.domain("enterprise_status")),
        "approve_date": read.day(warn(ask.no_earlier_than("establish_date"))),
        "cancel_date": read.day(warn(ask.required_when("status_code", "3")), warn(ask.no_earlier_than("establish_date"))),
        "update_time": read.moment(ask.required),
    },
)
