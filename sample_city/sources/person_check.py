"""Deliver the grid centre's files of person checks: the 180 days before the first day, then one JSON Lines file a day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from sample_city.sources.defects import Defect, Labelled, Occasion, Row, declared, kinds_of, odd_people
from sample_city.sources.file_source import Batch, File, FileSource
from sample_city.sources.json_lines import MALFORMED, JsonLines, key_twice
from sample_city.sources.spoiling import check_digit, put
from sample_city.world.lives import Lives
from sample_city.world.oddities import quota
from sample_city.world.people import FIRST_DAY
from sample_city.world.visits import GONE, PRESENT, SEED_DATE, Visit, Visits

BARE = "empty_optional_fields"
REASONS = ("多次上门无人应答", "邻居称不认识此人", "门牌不存在")


def _unknown_grid(row: Row, at: Occasion) -> Row:
    return {**row, "grid_code": f"44990{at.number % 10}{900 + at.number // 10 % 100:03d}777001"}


def _later(row: Row, at: Occasion) -> Row:
    moment = datetime.fromisoformat(row["check_time"]) + timedelta(days=1 + at.number % 300)
    return {**row, "check_time": moment.isoformat(sep=" ")}


class PersonCheck(FileSource):
    """The checks of a city."""

    code = "g_person_check"
    columns = (
        "check_id", "grid_code", "check_time", "checker_id", "person_name", "id_no", "phone", "address_id", "result", "reason",
        "is_hukou_consistent", "lon", "lat",
    )  # fmt: skip
    format = JsonLines()
    defects = declared(
        Defect("unknown_grid", "quarantined", "place_known", _unknown_grid),
        Defect("time_after_business_date", "quarantined", "not_after", _later),
        Defect("not_found_without_reason", "quarantined", "required_when", put({"result": "查无", "phone": ""})),
        Defect("check_id_check_digit", "quarantined", "resident_id", check_digit("id_no", 4)),
        MALFORMED,
        key_twice("grid_code"),
        Defect("burst", "batch_warning", "burst"),
        *odd_people(empty_optional_fields=put({"phone": "", "address_id": "", "lon": None, "lat": None})),
    )

    def __init__(self, lives: Lives) -> None:
        super().__init__(lives)
        self.visits = Visits(lives)

    def first_batches(self) -> Iterator[Batch]:
        """Yield the file of the 180 days before the first day."""
        yield Batch.of_one(File(SEED_DATE), self.seed())

    def batches(self, day: date) -> Iterator[Batch]:
        """Yield the file of a day."""
        yield Batch.of_one(File(day), self._day(day))

    def seed(self) -> Iterator[Labelled]:
        """Yield the checks of the 180 days before the first day, with labelled defects among them."""
        wrong = [(kind, n) for n in range(quota(self.setting.people)) for kind in kinds_of(self.defects, "burst")]
        gap = max(1, self.setting.people // 2 // len(wrong))
        for place, visits in enumerate(self.visits.before_first()):
            yield from self._seen(visits)
            if place % gap == gap - 1 and wrong:
                yield self._defect(*wrong.pop(), SEED_DATE)
        for n, visit in enumerate(self.visits.burst()):
            yield {**self._row(visit), "check_id": f"JB{visit.moment:%Y%m%d-%H%M}-{n:08d}", "checker_id": "WG99999999"}, visit.kind

    def _day(self, day: date) -> Iterator[Labelled]:
        """Yield the checks of a day and two labelled defects."""
        yield from ((self._row(visit), visit.kind) for visit in self.visits.on(day))
        kinds, first = kinds_of(self.defects, "burst"), (day - FIRST_DAY).days * 2
        for n in range(first, first + 2):
            yield self._defect(kinds[n % len(kinds)], n, day)

    def _seen(self, visits: list[Visit]) -> Iterator[Labelled]:
        """Yield the checks of one person; for some people the optional fields of the last check are empty."""
        for visit in visits:
            kind = BARE if visit.person.trait == BARE and visit is visits[-1] else visit.kind
            yield self.spoiled(self._row(visit), kind), kind

    def _defect(self, kind: str, number: int, day: date) -> Labelled:
        visit = self.visits.one_more(kind, number, day)
        check = {**self._row(visit), "check_id": f"JD{visit.moment:%Y%m%d%H%M%S}{number:04d}{visit.person.no:08d}"}
        return self.spoiled(check, kind, number, day), kind

    def _row(self, visit: Visit) -> Row:
        person, moment, setting = visit.person, visit.moment, self.setting
        rng = setting.chance("check", person.no, moment)
        community, room = setting.places.community_of(person.grid), setting.houses.room(person.room)
        found = visit.result or _result(visit, rng.random() if not visit.kind else 1.0)
        return self.row(
            f"JC{moment:%Y%m%d-%H%M%S}-{person.no:08d}", person.grid, moment.isoformat(sep=" "), f"WG{int(community[4:]):08d}",
            person.person_name, person.id_no, person.phone if found == PRESENT else "", room.address_id, found,
            rng.choice(REASONS) if found == "查无" else "", "01" if community == person.community else "02",
            round(room.lon + rng.random() / 5_000, 6), round(room.lat + rng.random() / 5_000, 6),
        )  # fmt: skip


def _result(visit: Visit, draw: float) -> str:
    if visit.person.died_on:
        return "死亡线索"
    if visit.person.left_on:
        return GONE
    return "查无" if draw < 0.02 else "空置" if draw < 0.03 else PRESENT
