"""Returns the lines of the grid centre's files of person checks (g_person_check): 180 days before the first day, then one file a day."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from itertools import chain
from pathlib import Path

from sample_city.sources.json_lines import JsonLines, Line
from sample_city.sources.labels import CHECK, Label, Outcome
from sample_city.world.lives import Lives
from sample_city.world.numbers import Shuffle, fraction
from sample_city.world.oddities import ODD, quota
from sample_city.world.people import FIRST_DAY, Person

KEYS = (
    "check_id", "grid_code", "check_time", "checker_id", "person_name", "id_no", "phone", "address_id", "result", "reason",
    "is_hukou_consistent", "lon", "lat",
)  # fmt: skip
SEED_DATE = FIRST_DAY - timedelta(days=1)
SEED_DAYS = 180
OUTCOMES: dict[str, tuple[Outcome, str | None]] = {
    "unknown_grid": ("quarantined", "place_known"),
    "time_after_business_date": ("quarantined", "not_after"),
    "not_found_without_reason": ("quarantined", "required_when"),
    "check_id_check_digit": ("quarantined", "resident_id"),
    "malformed_json": ("rejected", None),
    "duplicate_json_key": ("rejected", None),
    "burst": ("batch_warning", "burst"),
    **dict.fromkeys(ODD, ("accepted", None)),
}
FILES = JsonLines(CHECK, KEYS, OUTCOMES)
DEFECTS = tuple(kind for kind in OUTCOMES if kind != "burst" and kind not in ODD)
SEEN_ODD = tuple(kind for kind in ODD if kind not in ("lower_case_x", "empty_optional_fields"))
REASONS = ("多次上门无人应答", "邻居称不认识此人", "门牌不存在")


class Checks:
    """The checks of a city."""

    def __init__(self, lives: Lives) -> None:
        self.lives, self.setting = lives, lives.setting
        self._shuffle = Shuffle.of(lives.setting.people, lives.setting.seed, "checks")
        self.checks_a_day = max(8, lives.setting.people // 300)

    def put_down_first(self, inbox: Path) -> Iterator[Label]:
        """Writes the checks of the 180 days before the first day and yields their labels."""
        return FILES.put_down(inbox, f"{SEED_DATE}_1", self.seed(), SEED_DATE)

    def put_down(self, inbox: Path, day: date) -> Iterator[Label]:
        """Writes the checks of a day and yields their labels."""
        return FILES.put_down(inbox, f"{day}_1", self.day(day), day)

    def seed(self) -> Iterator[Line]:
        """Yields the checks of the 180 days before the first day: two in three people, some twice, and labelled defects between."""
        each = quota(self.setting.people)
        wrong = [(kind, n) for n in range(each) for kind in DEFECTS]
        gap = max(1, self.setting.people // 2 // len(wrong))
        for place, person in enumerate(chain(self.lives.everybody(), self.lives.migrants)):
            yield from self._seed_of(person)
            if place % gap == gap - 1 and wrong:
                yield self._defect(*wrong.pop(), SEED_DATE)
        yield from self._burst()

    def day(self, day: date) -> Iterator[Line]:
        """Yields the checks of a day: a round of people, those who just moved, and two labelled defects."""
        first = (day - FIRST_DAY).days * self.checks_a_day
        for slot in range(first, first + self.checks_a_day):
            person = self.lives.truth(self._shuffle.at(slot), day)
            yield self._check(person, self._moment("round", slot, day), "")
        for event in self.lives.happened(day):
            if event.kind == "relocated":
                yield from self._relocation(event.no, day)
        n = (day - FIRST_DAY).days * 2
        for step in range(n, n + 2):
            yield self._defect(DEFECTS[step % len(DEFECTS)], step, day)

    def _seed_of(self, person: Person) -> Iterator[Line]:
        draw = fraction(self.setting.seed, "checked", person.no)
        if draw > 0.66 and person.trait not in ODD:
            return
        kind = person.trait if person.trait in SEEN_ODD else ""
        days_ago = int(fraction(self.setting.seed, "when", person.no) * SEED_DAYS)
        moment = self._moment("seed", person.no, SEED_DATE - timedelta(days=days_ago))
        if draw < 0.05 and not kind and days_ago < SEED_DAYS - 40:
            yield self._check(self._before(person), moment - timedelta(days=30), "")
        if 0.05 < draw < 0.07 and not kind:
            person = self._before(person)  # they have moved since; nobody has noticed
        line = self._check(person, moment, kind)
        if person.trait == "empty_optional_fields":
            line = Line({**line.record, "phone": "", "address_id": "", "lon": None, "lat": None}, person.trait)
        yield line

    def _before(self, person: Person) -> Person:
        rng = self.setting.chance("before", person.no)
        room = self.setting.houses.some_room(rng, self.setting.places.some_grid(rng, self.setting.places.some_community(rng)))
        return replace(person, grid=room.grid, room=room.address_id)

    def _relocation(self, no: int, day: date) -> Iterator[Line]:
        """Yields that somebody is gone from where they lived and, for most, that they were met where they live now."""
        before = self.lives.truth(no, day - timedelta(days=1))
        moment = datetime.combine(day, time(8, 30)) + timedelta(seconds=no % 1800)
        yield self._check(before, moment, "", "搬离")
        if fraction(self.setting.seed, "met", no, day) < 0.8:
            yield self._check(self.lives.truth(no, day), moment + timedelta(hours=9), "")

    def _check(self, person: Person, moment: datetime, kind: str, result: str = "") -> Line:
        rng = self.setting.chance("check", person.no, moment)
        community = self.setting.places.community_of(person.grid)
        room = self.setting.houses.room(person.room)
        found = result or self._result(person, rng.random() if not kind else 1.0)
        check: dict[str, object] = {
            "check_id": f"JC{moment:%Y%m%d-%H%M%S}-{person.no:08d}",
            "grid_code": person.grid,
            "check_time": moment.isoformat(sep=" "),
            "checker_id": f"WG{int(community[4:]):08d}",
            "person_name": person.person_name,
            "id_no": person.id_no,
            "phone": person.phone if found == "在住" else "",
            "address_id": room.address_id,
            "result": found,
            "reason": rng.choice(REASONS) if found == "查无" else "",
            "is_hukou_consistent": "01" if community == person.community else "02",
            "lon": round(room.lon + rng.random() / 5_000, 6),
            "lat": round(room.lat + rng.random() / 5_000, 6),
        }
        return Line(check, kind)

    def _result(self, person: Person, draw: float) -> str:
        if person.died_on:
            return "死亡线索"
        if person.left_on:
            return "搬离"
        return "查无" if draw < 0.02 else "空置" if draw < 0.03 else "在住"

    def _moment(self, purpose: str, number: int, day: date) -> datetime:
        rng = self.setting.chance("moment", purpose, number)
        return datetime.combine(day, time(8)) + timedelta(seconds=rng.randrange(12 * 3600))

    def _defect(self, kind: str, number: int, day: date) -> Line:
        """Returns one more check of an ordinary person, spoiled in one way."""
        lives = self.lives
        no = lives.oddities.count + int(fraction(self.setting.seed, kind, number, day) * (self.setting.people - lives.oddities.count))
        moment = self._moment(kind, number, day) + timedelta(hours=12)
        moment = min(moment, datetime.combine(day, time(23, 59)) - timedelta(seconds=number % 50))
        check = {
            **self._check(lives.truth(no, day), moment, kind, "在住").record,
            "check_id": f"JD{moment:%Y%m%d%H%M%S}{number:04d}{no:08d}",
        }
        if kind == "unknown_grid":
            check["grid_code"] = f"44990{number % 10}{900 + number // 10 % 100:03d}777001"
        elif kind == "time_after_business_date":
            check["check_time"] = (moment + timedelta(days=1 + number % 300)).isoformat(sep=" ")
        elif kind == "not_found_without_reason":
            check |= {"result": "查无", "phone": ""}
        elif kind == "check_id_check_digit":
            id_no, letters = str(check["id_no"]), "0123456789X"
            check["id_no"] = id_no[:17] + letters[(letters.index(id_no[17]) + 4) % 11]
        return Line(check, kind)

    def _burst(self) -> Iterator[Line]:
        """Yields hundreds of checks one checker ticked within a minute."""
        minute = datetime.combine(FIRST_DAY - timedelta(days=20), time(17, 5))
        size = max(120, min(240, self.setting.people // 80))
        ordinary = self.setting.people - self.lives.oddities.count
        for n in range(size):
            person = self.lives.populace.person(self.lives.oddities.count + n % ordinary)
            line = self._check(person, minute + timedelta(seconds=n % 60), "burst", "在住")
            yield Line({**line.record, "check_id": f"JB{minute:%Y%m%d-%H%M}-{n:08d}", "checker_id": "WG99999999"}, "burst")
