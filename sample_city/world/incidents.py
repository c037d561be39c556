"""Incidents reported in the grids (网格事件): what each is about and when it reaches each stage."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random

from sample_city.world.people import FIRST_DAY, Setting

BACKLOG_DAYS, LONGEST_LIFE_DAYS = 8, 6
CLASSES = {
    "市容环境": ("暴露垃圾", "道路破损", "积存渣土"), "宣传广告": ("非法小广告", "违规标语"), "施工管理": ("施工扰民", "工地扬尘"),
    "街面秩序": ("占道经营", "机动车乱停放"), "突发事件": ("路面塌陷", "管道爆裂"), "矛盾纠纷": ("邻里纠纷", "物业纠纷"),
    "公共安全": ("消防通道堵塞", "电动车飞线充电"), "民生服务": ("独居老人帮扶", "路灯不亮"),
}  # fmt: skip
RESULTS = ("已清理", "已劝导整改", "已修复", "已调解", "已转办并办结")


@dataclass(frozen=True)
class Incident:
    """One incident with the times of its stages; stages it never reaches are missing at the end of `times`."""

    event_no: str
    facts: dict[str, object]  # the columns that do not depend on the stage
    result: str
    times: tuple[datetime, ...]  # report, accept, assign, finish, verify, close
    handler: str

    def changed(self, after: datetime, until: datetime) -> bool:
        """Return whether a stage was reached in the window after `after` and up to `until`."""
        return any(after < moment <= until for moment in self.times)


class Incidents:
    """The incidents of a city."""

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self.incidents_a_day = max(6, setting.people * 3 // 1000)
        self._offices = {row["region_code"]: row["uscc"] for row in setting.places.departments if row["kind"] == "street_office"}

    def recent(self, day: date) -> Iterator[Incident]:
        """Yield the incidents reported on a day, or so shortly before it that they may still change."""
        days = BACKLOG_DAYS if day == FIRST_DAY else LONGEST_LIFE_DAYS
        for ago in range(days, -1, -1):
            for n in range(self.incidents_a_day):
                yield self._reported(day - timedelta(days=ago), n)

    def closed(self, rng: Random, event_no: str, until: datetime) -> Incident:
        """Return an incident that was closed shortly before a moment."""
        close = until - timedelta(minutes=30 + rng.randrange(240))
        back = (rng.randint(10, 90), rng.randint(30, 300), rng.randint(600, 2400), rng.randint(20, 60), rng.randint(5, 90))
        times = [close]
        for minutes in back:
            times.insert(0, times[0] - timedelta(minutes=minutes))
        return self._told(rng, event_no, tuple(times))

    def _reported(self, day: date, n: int) -> Incident:
        rng = self.setting.chance("event", day, n)
        report = datetime.combine(day, time(6)) + timedelta(seconds=rng.randrange(17 * 3600))
        minutes = (rng.randint(5, 120), rng.randint(5, 60), rng.randint(60, 3600), rng.randint(30, 720), rng.randint(10, 120))
        times = [report]
        for stage in minutes[: 3 if rng.random() < 0.1 else 5]:  # one in ten stays unfinished for long
            times.append(times[-1] + timedelta(minutes=stage, seconds=rng.randrange(60)))
        return self._told(rng, f"SJ{day:%Y%m%d}{n:06d}", tuple(times))

    def _told(self, rng: Random, event_no: str, times: tuple[datetime, ...]) -> Incident:
        places = self.setting.places
        community = places.some_community(rng)
        room = self.setting.houses.some_room(rng, places.some_grid(rng, community))
        event_class = rng.choice(tuple(CLASSES))
        subclass, source = rng.choice(CLASSES[event_class]), rng.choices(("巡查", "热线", "物联", "群众"), (60, 15, 5, 20))[0]
        facts: dict[str, object] = {
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
        }
        result = rng.choice(RESULTS)
        facts |= {"reopened_times": int(rng.random() < 0.05), "photo_count": rng.randint(0, 4)}
        return Incident(event_no, facts, result, times, self._offices[room.street])
