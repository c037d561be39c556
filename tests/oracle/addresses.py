"""Returns where an address text leads: a second reading of the written rule, by looking the parts up among the standard addresses."""

from __future__ import annotations

import re

from tests.oracle.rules import half

DOOR = re.compile(r"(\d+)号(?!楼)")
BUILDING = re.compile(r"(\d+)(?:栋|幢|号楼|楼)")
UNIT = re.compile(r"(\d+)单元")
ROOM = re.compile(r"(\d{3,4})(?:房|室)?$")
PLACES = ("district", "street", "community", "grid")


class Directory:
    """The standard addresses in use, by district, road and door; `regions` are the regions in force, as (level, name, chain)."""

    def __init__(self, addresses: list[dict], regions: list[tuple[str, str, dict]]) -> None:
        self.doors: dict[tuple, list[dict]] = {}
        for address in addresses:
            self.doors.setdefault((address["district"], address["road_name"], address["door_no"]), []).append(address)
        self.roads = sorted({address["road_name"] for address in addresses}, key=len, reverse=True)
        self.districts = sorted({address["district"] for address in addresses})
        self.regions = [one for one in regions if one[0] in ("district", "street")]

    def find(self, text: str | None, hint: str | None) -> dict:
        """Returns what all standard addresses that fit agree on: address_id, grid … district; empty when none fits.

        `hint` is the district the row's own code lies in, for texts that name none.
        """
        plain = re.sub(r"\s", "", half(text or "") or "")
        found = DOOR.search(plain)
        road = found and next((road for road in self.roads if plain[: found.start()].endswith(road)), None)
        if not found or not road:
            return {}
        districts = self.named(plain[: found.start()]) or ([hint] if hint else self.districts)
        fitting = [one for district in districts for one in self.doors.get((district, road, found[1]), [])]
        return agreed(narrowed(fitting, plain[found.end() :]))

    def named(self, text: str) -> list[str]:
        """Returns the districts a text names, itself or by a street of theirs."""
        by_level = {
            level: {chain["district"] for one, name, chain in self.regions if one == level and name in text} for level in PLACES[:2]
        }
        return sorted(by_level["district"] or by_level["street"])


def narrowed(fitting: list[dict], rest: str) -> list[dict]:
    """Returns the addresses that also agree with building, unit and room, as far as any does."""
    said = [("building_no", BUILDING.search(rest)), ("unit_no", UNIT.search(rest)), ("room_no", ROOM.search(rest))]
    for name, part in said:
        if part is None:
            continue
        fewer = [one for one in fitting if one[name] == part[1]]
        if not fewer:
            break
        fitting = fewer
    return fitting


def agreed(fitting: list[dict]) -> dict:
    """Returns the parts all addresses have in common."""
    found = {name: {one[name] for one in fitting} for name in ("address_id", *PLACES)}
    return {name: values.pop() for name, values in found.items() if len(values) == 1}
