"""The grids' checks of people (网格人口核查), one file a day for the whole city, only ever appended to."""

from tests.oracle import columns as read
from tests.oracle import vocabulary as ask
from tests.oracle.files import JsonLines
from tests.oracle.shape import Page, Residence, warn

PAGE = Page(
    file=JsonLines(),
    delivery="event",
    key=("check_id",),
    position="check_time",
    residence=Residence(code="grid_code"),
    columns={
        "check_id": read.trimmed(ask.required),
        "grid_code": read.place(ask.required, ask.place_known("grid"), warn(ask.place_current("grid"))),
        "check_time": read.moment(ask.required, ask.not_after_today, warn(ask.burst("checker_id", more_than=100))),
        "checker_id": read.trimmed(ask.required),
        "person_name": read.trimmed(),
        "id_no": read.identity(ask.resident_id, warn(ask.resident_id_15)),
        "phone": read.plain(warn(ask.pattern(ask.PHONE))),
        "address_id": read.trimmed(ask.reference("address")),
        "result": read.trimmed(ask.required, ask.domain("check_result")),
        "reason": read.trimmed(ask.required_when("result", "查无")),
        "is_hukou_consistent": read.plain(ask.domain("yes_no_0102")),
        "lon": read.number(warn(ask.between(-180, 180)), decimals=7),
        "lat": read.number(warn(ask.between(-90, 90)), decimals=7),
    },
)
