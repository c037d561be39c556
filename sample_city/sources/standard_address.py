"""Returns the snapshots of standard addresses (c_standard_address): every room of the city in one UTF-8 CSV file.

Rooms are added and demolished between snapshots. A room whose line carries a defect is in that snapshot only so: it cannot be read, but it
has not gone.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

from sample_city.world.addresses import FULL_WIDTH, Room, complete
from sample_city.world.coordinates import gcj02
from sample_city.world.deal import Deal
from sample_city.world.whole_files import delivered
from sample_city.world.houses import SPARE_ROOMS
from sample_city.sources.labels import ADDRESS, Label, Outcome, row_sha256
from sample_city.world.lives import Lives
from sample_city.world.numbers import fraction
from sample_city.world.oddities import quota
from sample_city.world.people import FIRST_DAY
from sample_city.world.places import Places

COLUMNS = (
    "address_id", "district_name", "street_name", "community_name", "road_name", "door_no", "estate_name", "building_no", "unit_no",
    "room_no", "full_text", "community_code", "grid_code", "building_code", "lon", "lat", "coord_sys", "status", "alias",
)  # fmt: skip
OUTCOMES: dict[str, tuple[Outcome, str | None]] = {
    "required_empty": ("quarantined", "required"),
    "unknown_status": ("quarantined", "domain"),
    "lon_lat_swapped": ("warning", "range"),
    "point_far_away": ("warning", "range"),
    "unknown_grid": ("warning", "place_known"),
    "abolished_community": ("warning", "place_current"),
    "demolished_but_active": ("warning", "pattern"),
    "too_few_fields": ("rejected", None),
    "undecodable_bytes": ("rejected", None),
    "same_key_twice": ("superseded", None),
    "row_repeated": ("duplicate", None),
    "gcj02": ("accepted", None),
    "wgs84": ("accepted", None),
    "former_name": ("accepted", None),
    "other_building_word": ("accepted", None),
    "full_width_digits": ("accepted", None),
    "community_not_the_grids": ("accepted", None),  # the grid's parent counts
}
CHANGE_DAYS = (FIRST_DAY + timedelta(days=1), FIRST_DAY + timedelta(days=2))
Row = dict[str, str]


class StandardAddresses:
    """The snapshots of a city."""

    def __init__(self, lives: Lives) -> None:
        self.setting = lives.setting
        self.houses = self.setting.houses

    def put_down_first(self, _: Path) -> Iterator[Label]:
        """Yields nothing: the first snapshot is that of the first day."""
        return iter(())

    def put_down(self, inbox: Path, day: date) -> Iterator[Label]:
        """Writes the snapshot of a Monday, and of the two days after the first, and yields the labels of its lines."""
        if day.weekday() and day not in CHANGE_DAYS:
            return
        source = f"{ADDRESS}/{day}_1.csv"
        with delivered(inbox / source) as file:
            file.write(",".join(COLUMNS).encode() + b"\n")
            for number, (row, kind) in enumerate(self.lines(day), start=2):
                file.write(_line(row, kind))
                if kind:
                    yield _label(row, kind, source, number, day)

    def lines(self, day: date) -> Iterator[tuple[Row, str]]:
        """Yields the rows of a snapshot, each with the kind of its label."""
        places, each = self.setting.places.on(day), quota(self.setting.people)
        days = (day - FIRST_DAY).days
        deal = Deal(tuple(OUTCOMES), max(2, each // 3) if days else each, self.houses.count, days)
        for n, room in enumerate(self.houses):
            kind = deal.kind(n)
            row = row_of(room, places)
            if kind == "same_key_twice":
                yield {**row, "full_text": row["full_text"].replace("号", "号旁", 1)}, kind
                yield row, ""
            elif kind == "row_repeated":
                yield row, ""
                yield row, kind
            else:
                yield self._spoiled(row, kind, n), kind
        yield from ((row_of(room, places, status), "") for room, status in self._spare(day))

    def _spoiled(self, row: Row, kind: str, n: int) -> Row:
        places = self.setting.places
        if kind == "abolished_community":
            return {**row, "community_code": places.abolished[n % len(places.abolished)].code}
        if kind == "community_not_the_grids":
            others = [code for code in places.communities if code != row["community_code"]]
            return {**row, "community_code": others[n % len(others)]}
        return SPOILED[kind](row, n) if kind in SPOILED else row

    def _spare(self, day: date) -> Iterator[tuple[Room, str]]:
        """Yields the rooms nobody lives in: some come with the snapshots of the first days, some go, some stand, closed or not."""
        for grid in self.houses.grids:
            for n in range(SPARE_ROOMS):
                room = self.houses.room_of(grid, self.houses.rooms_in(grid) + n)
                comes, goes, stands = (fraction("spare", room.address_id) * 12 - 2 * step for step in range(3))
                has_come = 0 <= comes < 2 and day >= CHANGE_DAYS[int(comes)]
                is_there = has_come or (0 <= goes < 2 and day < CHANGE_DAYS[int(goes)])
                if is_there or 0 <= stands < 2:
                    yield room, "停用" if stands > 1 else "启用"


def row_of(room: Room, places: Places, status: str = "启用") -> Row:
    """Returns the row of a room as it ought to be, by the region tree of `places`."""
    names = {region.level: region for region in places.line(room.grid)}
    community = names["community"]
    standing = replace(room, community=community.code)
    values = (
        room.address_id, names["district"].name, names["street"].name, community.name, room.road, room.door_no, room.estate,
        room.building_no, room.unit_no, room.room_no, complete(places, standing), community.code, room.grid, room.building_code,
        f"{room.lon:.7f}", f"{room.lat:.7f}", "CGCS2000", status, room.alias,
    )  # fmt: skip
    return dict(zip(COLUMNS, values, strict=True))


def _in_gcj02(row: Row, _: int) -> Row:
    lon, lat = gcj02(float(row["lon"]), float(row["lat"]))
    return {**row, "lon": f"{lon:.7f}", "lat": f"{lat:.7f}", "coord_sys": "GCJ02"}


def _former_name(row: Row, _: int) -> Row:
    if not row["estate_name"]:
        return {**row, "alias": "老街坊大院"}
    alias = row["alias"] or f"原{row['estate_name']}"
    return {**row, "alias": alias, "full_text": row["full_text"].replace(row["estate_name"], alias)}


def _other_word(row: Row, n: int) -> Row:
    return {**row, "full_text": row["full_text"].replace(f"{row['building_no']}栋", row["building_no"] + ("楼", "幢", "号楼")[n % 3])}


SPOILED: dict[str, Callable[[Row, int], Row]] = {
    "lon_lat_swapped": lambda row, _: {**row, "lon": row["lat"], "lat": row["lon"]},
    "point_far_away": lambda row, n: {**row, "lat": f"{39.9 + n % 100 / 1000:.7f}", "lon": f"{116.4 + n % 100 / 1000:.7f}"},
    "unknown_grid": lambda row, n: {**row, "grid_code": f"{row['community_code']}{900 + n % 100}"},
    "required_empty": lambda row, _: {**row, "full_text": ""},
    "unknown_status": lambda row, n: {**row, "status": ("拆除", "已拆", "在用")[n % 3]},
    "demolished_but_active": lambda row, _: {**row, "full_text": f"{row['full_text']}（已拆除）"},
    "gcj02": _in_gcj02,
    "wgs84": lambda row, _: {**row, "coord_sys": "WGS84"},
    "former_name": _former_name,
    "other_building_word": _other_word,
    "full_width_digits": lambda row, _: {**row, "door_no": row["door_no"].translate(FULL_WIDTH)},
}


def _line(row: Row, kind: str) -> bytes:
    fields = list(row.values())
    buffer = io.StringIO(newline="")
    csv.writer(buffer, lineterminator="\n").writerow(fields[:-3] if kind == "too_few_fields" else fields)
    content = buffer.getvalue().encode()
    return content.replace(row["road_name"].encode(), b"\xff\xff", 1) if kind == "undecodable_bytes" else content


def _label(row: Row, kind: str, source: str, line: int, day: date) -> Label:
    outcome, rule = OUTCOMES[kind]
    sha256 = None if outcome == "rejected" else row_sha256(list(row.values()))
    return Label(
        resource=ADDRESS, business_date=day.isoformat(), kind=kind, outcome=outcome, rule=rule, source=source, line=line,
        row_sha256=sha256,
    )  # fmt: skip
