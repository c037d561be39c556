"""Rooms and their addresses as people write them. Road and estate names are synthetic."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from random import Random

from sample_city.world.numbers import fraction
from sample_city.world.person_names import short_community
from sample_city.world.places import Places

ROADS = tuple(
    f"{name}{kind}"
    for kind, named in (
        ("路", "人民 迎宾 凤凰 情侣 紫荆 香洲 兴业 柠溪 翠微 南湾 桥光 白石 景山 梅华 石花 前河 港湾 金凤 湖心 珠峰 藤山 中兴 井岸 环山"),
        ("街", "富华 水湾 和平 朝阳 光明 青春 桃园 莲塘 侨光 康宁 教育 园林"),
        ("大道", "九洲 金湾 白藤 港口"),
        ("巷", "福安 永兴 长堤 榕树"),
    )
    for name in named.split()
)
FORMER = {  # estates and their former names
    "海怡花园": "海边新村", "翠景苑": "翠微小区", "兰埔新村": "兰埔村", "丽景园": "机械厂宿舍", "华发雅居": "糖厂生活区",
    "锦绣园": "锦绣山庄", "银石苑": "石角咀新村", "春晖小区": "教师村", "海湾豪庭": "渔业队", "星园": "星园新村",
}  # fmt: skip
ESTATES = tuple(FORMER)
BUILDING = ("栋", "栋", "幢", "楼", "号楼")
FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")
LEVELS = ("province", "city", "district", "street", "community")
UNPARSABLE = ("老供销社后面第二排", "村口大榕树旁", "原糖厂宿舍", "码头边三层楼", "旧车站对面铺位楼上")


@dataclass(frozen=True)
class Room:
    """One room with the parts of its address; `community` and `street` as they were on the city's first day."""

    address_id: str  # community 12, road 5, door 4, building 4, room 4
    grid: str
    community: str
    street: str
    road: str
    door_no: str
    estate: str  # empty for a house on a road
    alias: str  # the former name of the estate
    building_no: str
    unit_no: str  # empty in a building with one entrance
    room_no: str
    building_code: str

    @property
    def lon(self) -> float:
        """Return the longitude (CGCS2000, degrees)."""
        return round(113.05 + 0.4 * fraction("lon", self.grid) + 0.01 * fraction("lon", self.building_code), 7)

    @property
    def lat(self) -> float:
        """Return the latitude (CGCS2000, degrees)."""
        return round(22.0 + 0.3 * fraction("lat", self.grid) + 0.01 * fraction("lat", self.building_code), 7)

    def text(self, rng: Random, places: Places, spoiled: bool = True) -> str:
        """Return the address as people write it; complete and in the usual order unless spoiled."""
        return written(rng, places, self) if spoiled else complete(places, self)


def complete(places: Places, room: Room) -> str:
    """Return the text of an address, complete and in the usual order, ending in room number and 房."""
    unit = f"{room.unit_no}单元" if room.unit_no else ""
    return f"{_above(places, room, 'province')}{_house(room)}{room.building_no}栋{unit}{room.room_no}房"


def written(rng: Random, places: Places, room: Room) -> str:
    """Return an address as people write it: one in five lacks the community, one in twenty cannot be parsed at all."""
    draw = rng.random()
    if draw < 0.05:
        return rng.choice(UNPARSABLE)
    top = rng.choices(("province", "city", "district", "street"), (0.4, 0.25, 0.3, 0.05))[0]
    left_out = {level for level, is_out in (("community", draw < 0.25), ("street", rng.random() < 0.12)) if is_out}
    house = _house(room).replace(room.estate, room.alias) if room.alias and rng.random() < 0.4 else _house(room)
    unit = f"{room.unit_no}单元" if room.unit_no and rng.random() > 0.1 else ""
    door = "" if rng.random() < 0.05 else room.room_no + rng.choice(("房", "房", "室", ""))
    text = f"{house}{room.building_no}{rng.choice(BUILDING)}{unit}{door}"
    return _above(places, room, top, left_out) + (text.translate(FULL_WIDTH) if rng.random() < 0.08 else text)


def _house(room: Room) -> str:
    return f"{room.road}{room.door_no}号{room.estate}"


def _above(places: Places, room: Room, top: str, left_out: Collection[str] = ()) -> str:
    """Return the region names from a level down to the community, without the levels left out."""
    wanted = LEVELS[LEVELS.index(top) :]
    line = [region for region in places.line(room.community) if region.level in wanted and region.level not in left_out]
    return "".join(short_community(region.name) if region.level == "community" else region.name for region in reversed(line))
