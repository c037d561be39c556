"""The province's disability certificates (残疾人证), asked of an API once a week."""

from tests.oracle import columns as read
from tests.oracle import vocabulary as ask
from tests.oracle.files import JsonLines
from tests.oracle.shape import Page, warn

PAGE = Page(
    file=JsonLines(),
    cycle="week",
    key=("disability_cert_no",),
    position="update_time",
    columns={
        "disability_cert_no": read.upper(ask.required, ask.certificate_no),
        "id_no": read.identity(
            ask.required, ask.resident_id, warn(ask.resident_id_15), ask.equals_part("disability_cert_no", 1, 18), ask.reference("person")
        ),
        "person_name": read.trimmed(ask.required),
        "disability_category": read.plain(
            ask.required, ask.domain("disability_category"), warn(ask.equals_part("disability_cert_no", 19, 1))
        ),
        "disability_grade": read.plain(ask.required, ask.domain("disability_grade"), warn(ask.equals_part("disability_cert_no", 20, 1))),
        "issue_date": read.day(ask.required, ask.not_after_today),
        "next_review_date": read.day(warn(ask.no_earlier_than("issue_date"))),
        "cert_status": read.trimmed(ask.required, ask.domain("certificate_status")),
        "hukou_region_code": read.plain(warn(ask.domain("administrative_division"))),
        "guardian_name": read.trimmed(),
        "guardian_phone": read.plain(warn(ask.required_when("disability_category", "5", "6")), warn(ask.pattern(ask.PHONE))),
        "update_time": read.moment(ask.required),
    },
)
