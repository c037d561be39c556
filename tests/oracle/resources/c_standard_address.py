"""The city's standard addresses (标准地址), all of them in one file a week."""

from tests.oracle import columns as read
from tests.oracle import vocabulary as ask
from tests.oracle.files import Csv
from tests.oracle.shape import Page, warn

PAGE = Page(
    file=Csv(),
    cycle="week",
    delivery="snapshot",
    key=("address_id",),
    columns={
        "address_id": read.plain(ask.required, ask.pattern("[0-9]{29}")),
        "district_name": read.trimmed(),
        "street_name": read.trimmed(),
        "community_name": read.trimmed(),
        "road_name": read.trimmed(ask.required),
        "door_no": read.plain(),
        "estate_name": read.trimmed(),
        "building_no": read.plain(),
        "unit_no": read.plain(),
        "room_no": read.plain(),
        "full_text": read.trimmed(ask.required, warn(ask.pattern("[^拆]*"))),
        "community_code": read.place(
            ask.required, warn(ask.place_known("community")), warn(ask.place_current("community")), warn(ask.place_inside)
        ),
        "grid_code": read.place(warn(ask.place_known("grid")), warn(ask.place_current("grid"))),
        "building_code": read.plain(),
        "lon": read.number(warn(ask.between(109, 118)), decimals=7, is_typed=False),
        "lat": read.number(warn(ask.between(20, 26)), decimals=7, is_typed=False),
        "coord_sys": read.plain(warn(ask.required_when("status", "启用")), warn(ask.domain("coordinate_system"))),
        "status": read.trimmed(ask.required, ask.domain("address_status")),
        "alias": read.trimmed(),
    },
)
