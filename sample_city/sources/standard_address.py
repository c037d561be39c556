"""Deliver the snapshots of standard addresses: every room of the city in one UTF-8 CSV file.

Rooms are added and demolished between snapshots. A room whose line has a defect has no other line in that snapshot: it cannot be read,
but the room still exists.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

from sample_city.sources.csv_file import CsvFormat
from sample_city.sources.defects import Defect, Labelled, LineDefect, Occasion, Row, declared
from sample_city.sources.file_source import Batch, File, FileSource
from sample_city.sources.spoiling import abolished, by_turns, changed, emptied, in_gcj02, put, swapped, without_last
from sample_city.world.addresses import FULL_WIDTH, Room, complete
from sample_city.world.houses import SPARE_ROOMS
from sample_city.world.numbers import fraction
from sample_city.world.oddities import quota
from sample_city.world.people import FIRST_DAY
from sample_city.world.places import Places

CHANGE_DAYS = (FIRST_DAY + timedelta(days=1), FIRST_DAY + timedelta(days=2))


def _far_away(row: Row, at: Occasion) -> Row:
    off = at.number % 100 / 1000
    return {**row, "lat": f"{39.9 + off:.7f}", "lon": f"{116.4 + off:.7f}"}


def _unknown_grid(row: Row, at: Occasion) -> Row:
    return {**row, "grid_code": f"{row['community_code']}{900 + at.number % 100}"}


def _other_community(row: Row, at: Occasion) -> Row:
    others = [code for code in at.places.communities if code != row["community_code"]]
    return {**row, "community_code": others[at.number % len(others)]}


def _former_name(row: Row, _: Occasion) -> Row:
    if not row["estate_name"]:
        return {**row, "alias": "老街坊大院"}
    alias = row["alias"] or f"原{row['estate_name']}"
    return {**row, "alias": alias, "full_text": row["full_text"].replace(row["estate_name"], alias)}


def _other_word(row: Row, at: Occasion) -> Row:
    word = ("楼", "幢", "号楼")[at.number % 3]
    return {**row, "full_text": row["full_text"].replace(f"{row['building_no']}栋", row["building_no"] + word)}


class StandardAddress(FileSource):
    """The snapshots of a city."""

    code = "c_standard_address"
    columns = (
        "address_id", "district_name", "street_name", "community_name", "road_name", "door_no", "estate_name", "building_no", "unit_no",
        "room_no", "full_text", "community_code", "grid_code", "building_code", "lon", "lat", "coord_sys", "status", "alias",
    )  # fmt: skip
    format = CsvFormat()
    defects = declared(
        Defect("required_empty", "quarantined", "required", emptied("full_text")),
        Defect("unknown_status", "quarantined", "domain", by_turns("status", ("拆除", "已拆", "在用"))),
        Defect("lon_lat_swapped", "warning", "range", swapped("lon", "lat")),
        Defect("point_far_away", "warning", "range", _far_away),
        Defect("unknown_grid", "warning", "place_known", _unknown_grid),
        Defect("abolished_community", "warning", "place_current", abolished("community_code")),
        Defect("demolished_but_active", "warning", "pattern", changed("full_text", lambda text: f"{text}（已拆除）")),
        Defect("too_few_fields", "rejected", spoil=without_last(3)),
        LineDefect("undecodable_bytes", "rejected", garble=lambda line, row: line.replace(row["road_name"].encode(), b"\xff\xff", 1)),
        Defect("same_key_twice", "superseded", spoil=changed("full_text", lambda text: text.replace("号", "号旁", 1))),
        Defect("row_repeated", "duplicate"),
        Defect("gcj02", "accepted", spoil=in_gcj02("{:.7f}".format)),
        Defect("wgs84", "accepted", spoil=put({"coord_sys": "WGS84"})),
        Defect("former_name", "accepted", spoil=_former_name),
        Defect("other_building_word", "accepted", spoil=_other_word),
        Defect("full_width_digits", "accepted", spoil=changed("door_no", lambda text: text.translate(FULL_WIDTH))),
        Defect("community_not_the_grids", "accepted", spoil=_other_community),  # the written community is wrong; the grid's parent counts
    )

    def batches(self, day: date) -> Iterator[Batch]:
        """Yield the snapshot of a Monday, and of the two days after the first."""
        if day.weekday() == 0 or day in CHANGE_DAYS:
            yield Batch.of_one(File(day), self.lines(day))

    def lines(self, day: date) -> Iterator[Labelled]:
        """Yield the rows of a snapshot, each with the kind of its label."""
        places, each = self.setting.places.on(day), quota(self.setting.people)
        days, houses = (day - FIRST_DAY).days, self.setting.houses
        deal = self.deal(houses.count, max(2, each // 3) if days else each, days)
        for n, room in enumerate(houses):
            kind, row = deal.kind(n), self._row(room, places)
            if kind == "row_repeated":
                yield row, ""
            yield self.spoiled(row, kind, n), kind
            if kind == "same_key_twice":
                yield row, ""
        yield from ((self._row(room, places, status), "") for room, status in self._spare(day))

    def _spare(self, day: date) -> Iterator[tuple[Room, str]]:
        """Yield the rooms nobody lives in: some appear in the snapshots of the first days, some disappear, some stay, closed or not."""
        houses = self.setting.houses
        for room in (houses.room_of(grid, houses.rooms_in(grid) + n) for grid in houses.grids for n in range(SPARE_ROOMS)):
            comes, goes, stands = (fraction("spare", room.address_id) * 12 - 2 * step for step in range(3))
            has_come = 0 <= comes < 2 and day >= CHANGE_DAYS[int(comes)]
            is_there = has_come or (0 <= goes < 2 and day < CHANGE_DAYS[int(goes)])
            if is_there or 0 <= stands < 2:
                yield room, "停用" if stands > 1 else "启用"

    def _row(self, room: Room, places: Places, status: str = "启用") -> Row:
        names = {region.level: region for region in places.line(room.grid)}
        community = names["community"]
        standing = replace(room, community=community.code)
        return self.row(
            room.address_id, names["district"].name, names["street"].name, community.name, room.road, room.door_no, room.estate,
            room.building_no, room.unit_no, room.room_no, complete(places, standing), community.code, room.grid, room.building_code,
            f"{room.lon:.7f}", f"{room.lat:.7f}", "CGCS2000", status, room.alias,
        )  # fmt: skip
