"""The grids' events (网格事件), one file a day; every row tells an event's state at its time of update."""

from tests.oracle import columns as read
from tests.oracle import vocabulary as ask
from tests.oracle.files import JsonLines
from tests.oracle.shape import Page, warn

PAGE = Page(
    file=JsonLines(),
    key=("event_no",),
    position="update_time",
    columns={
        "event_no": read.plain(ask.required),
        "grid_code": read.place(ask.required, ask.place_known("grid"), warn(ask.place_current("grid"))),
        "event_class": read.trimmed(ask.required, ask.domain("event_class")),
        "event_subclass": read.trimmed(),
        "source": read.trimmed(ask.required, ask.domain("event_source")),
        "report_time": read.moment(ask.required, ask.not_after_today),
        "reporter_id": read.plain(),
        "lon": read.number(warn(ask.between(109, 118)), decimals=7),
        "lat": read.number(warn(ask.between(20, 26)), decimals=7),
        "coord_sys": read.plain(warn(ask.domain("coordinate_system"))),
        "description": read.trimmed(),
        "urgency": read.trimmed(ask.required, ask.domain("event_urgency")),
        "accept_time": read.moment(warn(ask.no_earlier_than("report_time"))),
        "assign_time": read.moment(warn(ask.no_earlier_than("accept_time"))),
        "handler_uscc": read.upper(warn(ask.credit_code())),
        "finish_time": read.moment(warn(ask.no_earlier_than("assign_time"))),
        "verify_time": read.moment(warn(ask.no_earlier_than("finish_time"))),
        "close_time": read.moment(warn(ask.required_when("status", "已结案")), warn(ask.no_earlier_than("report_time"))),
        "status": read.trimmed(ask.required, ask.domain("event_status")),
        "result": read.trimmed(warn(ask.required_when("status", "已结案"))),
        "reopened_times": read.whole(warn(ask.between(0, 20))),
        "photo_count": read.whole(warn(ask.between(0, 50))),
        "update_time": read.moment(ask.required, ask.not_after_today, warn(ask.fresh(366))),
    },
)
