"""Deliver the grid centre's files of events: the backlog, then several JSON Lines files a day with the newest state of changed events.

One file of the first day comes two days late: it holds states of events older than those delivered since.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from itertools import pairwise

from sample_city.sources.defects import Defect, Labelled, Occasion, Row, Spoil, declared, kinds_of
from sample_city.sources.file_source import Batch, File, FileSource
from sample_city.sources.json_lines import MALFORMED, JsonLines, key_twice
from sample_city.sources.spoiling import by_turns, changed, credit_check, in_gcj02, put, swapped
from sample_city.world.incidents import BACKLOG_DAYS, Incident, Incidents
from sample_city.world.lives import Lives
from sample_city.world.numbers import fraction
from sample_city.world.oddities import quota
from sample_city.world.people import FIRST_DAY

MOST_OF_A_KIND = 36  # the same for every city size, so that files of a part of a day stay below the gate's thresholds
FILES_UNTIL_THIRD_DAY = 9
LATE_FILE, LATE_ON = File(FIRST_DAY, 4), FIRST_DAY + timedelta(days=2)


def _minutes_after(column: str, after: str, minutes: int) -> Spoil:
    return lambda row, _: {**row, column: f"{datetime.fromisoformat(row[after]) + timedelta(minutes=minutes)}"}


def _in_some_days(row: Row, at: Occasion) -> Row:
    never = dict.fromkeys(("accept_time", "assign_time", "handler_uscc", "finish_time", "verify_time", "close_time", "result"))
    return {**_minutes_after("report_time", "update_time", 1440 * (2 + at.number))(row, at), **never, "status": "待受理"}


def _unknown_grid(row: Row, at: Occasion) -> Row:
    return {**row, "grid_code": f"44990{at.number % 9}{900 + at.number % 100}777001"}


class GridEvent(FileSource):
    """The events of a city."""

    code = "g_grid_event"
    columns = (
        "event_no", "grid_code", "event_class", "event_subclass", "source", "report_time", "reporter_id", "lon", "lat", "coord_sys",
        "description", "urgency", "accept_time", "assign_time", "handler_uscc", "finish_time", "verify_time", "close_time", "status",
        "result", "reopened_times", "photo_count", "update_time",
    )  # fmt: skip
    format = JsonLines()
    defects = declared(
        Defect("unknown_grid", "quarantined", "place_known", _unknown_grid),
        Defect("reported_after_business_date", "quarantined", "not_after", _in_some_days),
        Defect("unknown_class", "quarantined", "domain", by_turns("event_class", ("环境卫生", "市容", "治安"))),
        Defect("required_empty", "quarantined", "required", put({"source": None})),
        Defect("finished_before_accepted", "warning", "compare", _minutes_after("finish_time", "accept_time", -60)),
        Defect("assigned_before_accepted", "warning", "compare", _minutes_after("assign_time", "accept_time", -10)),
        Defect("closed_without_result", "warning", "required_when", put({"result": None})),
        Defect("handler_check_digit", "warning", "uscc", credit_check("handler_uscc", 5)),
        Defect("lon_lat_swapped", "warning", "range", swapped("lon", "lat")),
        MALFORMED,
        key_twice("grid_code"),
        Defect("row_repeated", "duplicate"),
        Defect("test_event", "accepted", spoil=put({"description": "测试事件，请勿处理", "event_class": "其他", "event_subclass": "测试"})),
        Defect("gcj02", "accepted", spoil=in_gcj02(lambda degrees: round(degrees, 7))),
        Defect("reopened_often", "accepted", spoil=by_turns("reopened_times", range(5, 17))),
        Defect("no_coordinates", "accepted", spoil=put({"lon": None, "lat": None, "coord_sys": None})),
        Defect("emoji_and_newline", "accepted", spoil=changed("description", lambda text: f"{text}\n“请尽快处理” 🚧🙏")),
        Defect("late_state", "recut"),
    )

    def __init__(self, lives: Lives) -> None:
        super().__init__(lives)
        self.incidents = Incidents(lives.setting)
        self._each = min(MOST_OF_A_KIND, quota(self.setting.people))
        self._kinds = kinds_of(self.defects, "late_state")

    def batches(self, day: date) -> Iterator[Batch]:
        """Yield the files of a day; the third day also brings the late file of the first."""
        for n, (after, until) in enumerate(_windows(day), start=1):
            yield Batch.of_one(File(day, n), self._rows(File(day, n), after, until))
        if day == LATE_ON:
            _, until = _windows(FIRST_DAY)[-1]
            yield Batch.of_one(LATE_FILE, ((self._row(held, until), "late_state") for held in self._held()))

    def _rows(self, file: File, after: datetime, until: datetime) -> Iterator[Labelled]:
        """Yield the newest state of the events that changed within a window, labelled rows among them."""
        is_backlog = file == File(FIRST_DAY, 1)
        daily = self._each // FILES_UNTIL_THIRD_DAY
        each = self._each - daily * (FILES_UNTIL_THIRD_DAY - 1) if is_backlog else daily
        special = [(kind, number) for number in range(each) for kind in self._kinds]
        held = {incident.event_no for incident in self._held()} if file.day == FIRST_DAY and not is_backlog else set()
        for incident in self.incidents.recent(file.day):
            if incident.changed(after, until) and incident.event_no not in held:
                yield self._row(incident, until), ""
                if special:
                    yield from self._special(*special.pop(), until, file.number)
        for kind, number in special:
            yield from self._special(kind, number, until, file.number)

    def _held(self) -> Iterator[Incident]:
        """Yield the events of the late file: their state at the end of the first day; each has changed again on the second."""
        until = _windows(FIRST_DAY)[-1][1]
        yesterday, tomorrow = until - timedelta(days=1), until + timedelta(days=1)
        for incident in self.incidents.recent(FIRST_DAY):
            has_changed = incident.changed(yesterday, until) and incident.changed(until, tomorrow)
            if has_changed and fraction(self.setting.seed, "held", incident.event_no) < 0.7:
                yield incident

    def _special(self, kind: str, number: int, until: datetime, n: int) -> Iterator[Labelled]:
        """Yield one more event, closed within the window, with one defect or oddity."""
        rng = self.setting.chance("special event", kind, number, until)
        event_no = f"SJ{until:%Y%m%d}{n}{self._kinds.index(kind):02d}{number:04d}"
        row = self._row(self.incidents.closed(rng, event_no, until), until)
        if kind == "row_repeated":
            yield row, ""
        yield self.spoiled(row, kind, number), kind

    def _row(self, incident: Incident, at: datetime) -> Row:
        """Return the row of an event as it is at a moment after it was reported."""
        done = [moment for moment in incident.times if moment <= at]
        stamps = [f"{moment}" for moment in done] + [None] * (6 - len(done))
        report, accept, assign, finish, verify, close = stamps
        status = "已结案" if close else "待核查" if finish else "处置中" if accept else "待受理"
        told = {
            **incident.facts, "event_no": incident.event_no, "report_time": report, "accept_time": accept, "assign_time": assign,
            "finish_time": finish, "verify_time": verify, "close_time": close, "handler_uscc": incident.handler if assign else None,
            "status": status, "update_time": f"{done[-1]}", "result": incident.result if close else None,
        }  # fmt: skip
        return self.row(*(told[column] for column in self.columns))


def _windows(day: date) -> list[tuple[datetime, datetime]]:
    """Return the window (after, until) of each file of a day; the first file of the first day holds the backlog."""
    midnight = datetime.combine(day, time())
    hours = (0, 0, 12, 24) if day == FIRST_DAY else (0, 9, 15, 24)
    edges = [midnight + timedelta(hours=hour, seconds=-1) for hour in hours]
    if day == FIRST_DAY:
        edges[0] -= timedelta(days=BACKLOG_DAYS)
    return list(pairwise(edges))
