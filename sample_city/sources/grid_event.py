"""Returns the grid centre's files of events (g_grid_event): the backlog, then several files a day with the newest state of what changed.

One file of the first day is put down two days late: it tells what an event was like before the states delivered since.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path
from random import Random

from sample_city.world.coordinates import gcj02
from sample_city.sources.json_lines import JsonLines, Line
from sample_city.sources.labels import EVENT, Label, Outcome
from sample_city.world.lives import Lives
from sample_city.world.numbers import USCC_LETTERS, fraction
from sample_city.world.oddities import quota
from sample_city.world.people import FIRST_DAY

COLUMNS = (
    "event_no", "grid_code", "event_class", "event_subclass", "source", "report_time", "reporter_id", "lon", "lat", "coord_sys",
    "description", "urgency", "accept_time", "assign_time", "handler_uscc", "finish_time", "verify_time", "close_time", "status",
    "result", "reopened_times", "photo_count", "update_time",
)  # fmt: skip
OUTCOMES: dict[str, tuple[Outcome, str | None]] = {
    "unknown_grid": ("quarantined", "place_known"),
    "reported_after_business_date": ("quarantined", "not_after"),
    "unknown_class": ("quarantined", "domain"),
    "required_empty": ("quarantined", "required"),
    "finished_before_accepted": ("warning", "compare"),
    "assigned_before_accepted": ("warning", "compare"),
    "closed_without_result": ("warning", "required_when"),
    "handler_check_digit": ("warning", "uscc"),
    "lon_lat_swapped": ("warning", "range"),
    "malformed_json": ("rejected", None),
    "duplicate_json_key": ("rejected", None),
    "row_repeated": ("duplicate", None),
    "test_event": ("accepted", None),
    "gcj02": ("accepted", None),
    "reopened_often": ("accepted", None),
    "no_coordinates": ("accepted", None),
    "emoji_and_newline": ("accepted", None),
    "late_state": ("recut", None),
}
KINDS = tuple(kind for kind in OUTCOMES if kind != "late_state")
FILES = JsonLines(EVENT, COLUMNS, OUTCOMES)
MOST_OF_A_KIND = 36  # however large the city: files of a part of a day stay below the gate's thresholds
FILES_UNTIL_THIRD_DAY = 9
BACKLOG_DAYS, LONGEST_LIFE_DAYS = 8, 6
LATE_FILE, LATE_ON = f"{FIRST_DAY}_4", FIRST_DAY + timedelta(days=2)
CLASSES = {
    "市容环境": ("暴露垃圾", "道路破损", "积存渣土"), "宣传广告": ("非法小广告", "违规标语"), "施工管理": ("施工扰民", "工地扬尘"),
    "街面秩序": ("占道经营", "机动车乱停放"), "突发事件": ("路面塌陷", "管道爆裂"), "矛盾纠纷": ("邻里纠纷", "物业纠纷"),
    "公共安全": ("消防通道堵塞", "电动车飞线充电"), "民生服务": ("独居老人帮扶", "路灯不亮"),
}  # fmt: skip
RESULTS = ("已清理", "已劝导整改", "已修复", "已调解", "已转办并办结")
Record = dict[str, object]


@dataclass(frozen=True)
class Event:
    """One event with the times of its stages; what never happens is missing at the end."""

    record: Record  # without the times, the status and what comes with them
    times: tuple[datetime, ...]  # report, accept, assign, finish, verify, close
    handler: str

    def state(self, at: datetime) -> Record:
        """Returns the event as it stands at a moment after its report."""
        done = [moment for moment in self.times if moment <= at]
        stamps = [f"{moment}" for moment in done] + [None] * (6 - len(done))
        report, accept, assign, finish, verify, close = stamps
        status = "已结案" if close else "待核查" if finish else "处置中" if accept else "待受理"
        found = {
            **self.record, "report_time": report, "accept_time": accept, "assign_time": assign, "finish_time": finish,
            "verify_time": verify, "close_time": close, "handler_uscc": self.handler if assign else None, "status": status,
            "update_time": f"{done[-1]}", "result": self.record["result"] if close else None,
        }  # fmt: skip
        return {column: found[column] for column in COLUMNS}

    def changed(self, after: datetime, until: datetime) -> bool:
        """Returns whether a stage was reached after a moment and until another."""
        return any(after < moment <= until for moment in self.times)


class Events:
    """The events of a city."""

    def __init__(self, lives: Lives) -> None:
        self.setting = lives.setting
        self.events_a_day = max(6, self.setting.people * 3 // 1000)
        self._each = min(MOST_OF_A_KIND, quota(self.setting.people))
        self._offices = {row["region_code"]: row["uscc"] for row in self.setting.places.departments if row["kind"] == "street_office"}

    def put_down_first(self, _: Path) -> Iterator[Label]:
        """Yields nothing: the backlog is the first file of the first day."""
        return iter(())

    def put_down(self, inbox: Path, day: date) -> Iterator[Label]:
        """Writes the files of a day, and on the third day one of the first, and yields the labels of their lines."""
        for n, (after, until) in enumerate(_windows(day), start=1):
            yield from FILES.put_down(inbox, f"{day}_{n}", self._lines(day, n, after, until), day)
        if day == LATE_ON:
            yield from FILES.put_down(inbox, LATE_FILE, self._late(), FIRST_DAY)

    def _lines(self, day: date, n: int, after: datetime, until: datetime) -> Iterator[Line]:
        """Yields the newest state of the events that changed within a window, labelled ones between."""
        is_backlog = (day, n) == (FIRST_DAY, 1)
        daily = self._each // FILES_UNTIL_THIRD_DAY
        each = self._each - daily * (FILES_UNTIL_THIRD_DAY - 1) if is_backlog else daily
        special = [(kind, number) for number in range(each) for kind in KINDS]
        held = {event.record["event_no"] for event in self._held()} if day == FIRST_DAY and not is_backlog else set()
        for event in self._recent(day):
            if event.changed(after, until) and event.record["event_no"] not in held:
                yield Line(event.state(until))
                if special:
                    yield from self._special(*special.pop(), until, n)
        for kind, number in special:
            yield from self._special(kind, number, until, n)

    def _late(self) -> Iterator[Line]:
        _, until = _windows(FIRST_DAY)[-1]
        return (Line(event.state(until), "late_state") for event in self._held())

    def _held(self) -> Iterator[Event]:
        """Yields events whose state at the end of the first day is told only on the third: each has changed again on the second."""
        until = _windows(FIRST_DAY)[-1][1]
        yesterday, tomorrow = until - timedelta(days=1), until + timedelta(days=1)
        for event in self._recent(FIRST_DAY):
            if (
                event.changed(yesterday, until)
                and event.changed(until, tomorrow)
                and fraction(self.setting.seed, "held", event.record["event_no"]) < 0.7
            ):
                yield event

    def _recent(self, day: date) -> Iterator[Event]:
        """Yields the events reported on a day or so shortly before that they may still change."""
        days = BACKLOG_DAYS if day == FIRST_DAY else LONGEST_LIFE_DAYS
        for ago in range(days, -1, -1):
            for n in range(self.events_a_day):
                yield self._event(day - timedelta(days=ago), n)

    def _event(self, day: date, n: int) -> Event:
        rng = self.setting.chance("event", day, n)
        report = datetime.combine(day, time(6)) + timedelta(seconds=rng.randrange(17 * 3600))
        minutes = (rng.randint(5, 120), rng.randint(5, 60), rng.randint(60, 3600), rng.randint(30, 720), rng.randint(10, 120))
        times = [report]
        for stage in minutes[: 3 if rng.random() < 0.1 else 5]:  # one in ten stays unfinished for long
            times.append(times[-1] + timedelta(minutes=stage, seconds=rng.randrange(60)))
        return self._told(rng, f"SJ{day:%Y%m%d}{n:06d}", tuple(times))

    def _told(self, rng: Random, event_no: str, times: tuple[datetime, ...]) -> Event:
        places = self.setting.places
        community = places.some_community(rng)
        room = self.setting.houses.some_room(rng, places.some_grid(rng, community))
        event_class = rng.choice(tuple(CLASSES))
        subclass, source = rng.choice(CLASSES[event_class]), rng.choices(("巡查", "热线", "物联", "群众"), (60, 15, 5, 20))[0]
        record: Record = {
            "event_no": event_no,
            "grid_code": room.grid,
            "event_class": event_class,
            "event_subclass": subclass,
            "source": source,
            "reporter_id": f"WG{int(community[4:]):08d}" if source == "巡查" else None,
            "lon": room.lon,
            "lat": room.lat,
            "coord_sys": "CGCS2000",
            "description": f"{room.road}{room.door_no}号附近{subclass}",
            "urgency": rng.choices(("蓝", "黄", "红"), (65, 30, 5))[0],
            "result": rng.choice(RESULTS),
            "reopened_times": int(rng.random() < 0.05),
            "photo_count": rng.randint(0, 4),
        }
        return Event(record, times, self._offices[room.street])

    def _special(self, kind: str, number: int, until: datetime, n: int) -> Iterator[Line]:
        """Yields one more event, closed within the window, that is wrong or odd in one way."""
        rng = self.setting.chance("special event", kind, number, until)
        close = until - timedelta(minutes=30 + rng.randrange(240))
        back = (rng.randint(10, 90), rng.randint(30, 300), rng.randint(600, 2400), rng.randint(20, 60), rng.randint(5, 90))
        times = [close]
        for minutes in back:
            times.insert(0, times[0] - timedelta(minutes=minutes))
        event_no = f"SJ{until:%Y%m%d}{n}{KINDS.index(kind):02d}{number:04d}"
        record = self._told(rng, event_no, tuple(times)).state(until)
        if kind == "row_repeated":
            yield Line(record)
        yield Line(SPOILED[kind](record, number) if kind in SPOILED else record, kind)


def _windows(day: date) -> list[tuple[datetime, datetime]]:
    """Returns after and until of each file of a day; the first one of the first day holds the backlog."""
    midnight = datetime.combine(day, time())
    hours = (0, 0, 12, 24) if day == FIRST_DAY else (0, 9, 15, 24)
    edges = [midnight + timedelta(hours=hour, seconds=-1) for hour in hours]
    if day == FIRST_DAY:
        edges[0] -= timedelta(days=BACKLOG_DAYS)
    return list(pairwise(edges))


def _moved(record: Record, column: str, after: str, minutes: int) -> Record:
    return {**record, column: f"{datetime.fromisoformat(str(record[after])) + timedelta(minutes=minutes)}"}


def _tomorrow(record: Record, number: int) -> Record:
    never = dict.fromkeys(("accept_time", "assign_time", "handler_uscc", "finish_time", "verify_time", "close_time", "result"))
    return {**_moved(record, "report_time", "update_time", 1440 * (2 + number)), **never, "status": "待受理"}


def _other_handler(record: Record, _: int) -> Record:
    code = str(record["handler_uscc"])
    return {**record, "handler_uscc": code[:17] + USCC_LETTERS[(USCC_LETTERS.index(code[17]) + 5) % 31]}


def _in_gcj02(record: Record, _: int) -> Record:
    lon, lat = gcj02(float(str(record["lon"])), float(str(record["lat"])))
    return {**record, "lon": round(lon, 7), "lat": round(lat, 7), "coord_sys": "GCJ02"}


SPOILED: dict[str, Callable[[Record, int], Record]] = {
    "unknown_grid": lambda record, number: {**record, "grid_code": f"44990{number % 9}{900 + number % 100}777001"},
    "reported_after_business_date": _tomorrow,
    "unknown_class": lambda record, number: {**record, "event_class": ("环境卫生", "市容", "治安")[number % 3]},
    "required_empty": lambda record, _: {**record, "source": None},
    "finished_before_accepted": lambda record, _: _moved(record, "finish_time", "accept_time", -60),
    "assigned_before_accepted": lambda record, _: _moved(record, "assign_time", "accept_time", -10),
    "closed_without_result": lambda record, _: {**record, "result": None},
    "handler_check_digit": _other_handler,
    "lon_lat_swapped": lambda record, _: {**record, "lon": record["lat"], "lat": record["lon"]},
    "test_event": lambda record, _: {**record, "description": "测试事件，请勿处理", "event_class": "其他", "event_subclass": "测试"},
    "gcj02": _in_gcj02,
    "reopened_often": lambda record, number: {**record, "reopened_times": 5 + number % 12},
    "no_coordinates": lambda record, _: {**record, "lon": None, "lat": None, "coord_sys": None},
    "emoji_and_newline": lambda record, _: {**record, "description": f"{record['description']}\n“请尽快处理” 🚧🙏"},
}
