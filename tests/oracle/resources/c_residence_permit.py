"""The city's residence permits (居住证), asked of an API every day."""

from tests.oracle import columns as read
from tests.oracle import vocabulary as ask
from tests.oracle.files import JsonLines
from tests.oracle.shape import Page, Residence, warn

PAGE = Page(
    file=JsonLines(),
    key=("permit_no",),
    position="update_time",
    residence=Residence(code="residence_region_code", address="residence_address"),
    columns={
        "permit_no": read.plain(ask.required, ask.pattern("[0-9]{18}")),
        "id_no": read.identity(ask.required, ask.resident_id, warn(ask.resident_id_15)),
        "person_name": read.trimmed(ask.required),
        "gender_code": read.plain(ask.required, ask.domain("gender"), ask.gender_of_id),
        "birth_date": read.birthday(ask.required, ask.birth_date_of_id),
        "hukou_region_code": read.plain(warn(ask.pattern("[0-9]{6}([0-9]{6})?"))),
        "residence_address": read.trimmed(warn(ask.required)),
        "residence_region_code": read.place(
            ask.required, warn(ask.place_known("community")), warn(ask.place_current("community")), warn(ask.place_inside)
        ),
        "residence_reason_code": read.plain(ask.required, ask.domain("residence_reason")),
        "landlord_name": read.trimmed(),
        "landlord_phone": read.plain(warn(ask.pattern(ask.PHONE))),
        "arrive_date": read.day(warn(ask.no_later_than("issue_date"))),
        "issue_date": read.day(ask.required, ask.not_after_today),
        "endorse_due_date": read.day(warn(ask.no_earlier_than("issue_date")), warn(ask.not_overdue("status", "有效"))),
        "status": read.trimmed(ask.required, ask.domain("permit_status")),
        "phone": read.plain(warn(ask.pattern(ask.PHONE))),
        "update_time": read.moment(ask.required),
    },
)
