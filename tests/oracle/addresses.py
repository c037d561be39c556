"""Find the standard address that a free text means, by looking up its parts: a second implementation of the written rule."""

from __future__ import annotations

import re

from tests.oracle.rules import half

DOOR = re.compile(r"(\d+)号(?!楼)")
BUILDING = re.compile(r"(\d+)(?:栋|幢|号楼|楼)")
UNIT = re.compile(r"(\d+)单元")
ROOM = re.compile(r"(\d{3,4})(?:房|室|$)")
PLACES = ("province", "city", "district", "street", "community", "grid")
ENDINGS = re.compile("(居民委员会|居委会|民委员会|委员会|委会)$")


class Directory:
    """Standard addresses by district, road and door; `regions` holds all regions ever, as (level, name, regions above by level)."""

    def __init__(self, addresses: list[dict], regions: list[tuple[str, str, dict]]) -> None:
        self.doors: dict[tuple, list[dict]] = {}
        for address in addresses:
            self.doors.setdefault((address["district"], address["road_name"], number(address["door_no"])), []).append(address)
        self.roads = sorted({address["road_name"] for address in addresses}, key=len, reverse=True)
        self.districts = sorted({address["district"] for address in addresses if address["district"]})
        self.names: dict[str, dict[str, set[str]]] = {}
        for level, name, above in regions:
            if level in PLACES[2:5] and above.get("district"):
                for written in {name, ENDINGS.sub("", name) if level == "community" else name}:
                    self.names.setdefault(level, {}).setdefault(written, set()).add(above["district"])

    def find(self, text: str | None) -> dict:
        """Return the values that all matching standard addresses share (address_id, grid … province); empty when none matches."""
        plain = re.sub(r"\s", "", half(text or "") or "")
        found = DOOR.search(plain)
        road = found and next((road for road in self.roads if plain[: found.start()].endswith(road)), None)
        if not found or not road:
            return {}
        before = plain[: found.start()].removesuffix(road)
        districts = self.named(before) or self.districts
        fitting = [one for district in districts for one in self.doors.get((district, road, number(found[1])), [])]
        return agreed(narrowed(fitting, plain[found.end() :]))

    def named(self, text: str) -> list[str]:
        """Return the one district that a text names, directly or by its street or community; None when it names none."""
        for level in PLACES[2:5]:
            lying = set.union(set(), *(districts for name, districts in self.names.get(level, {}).items() if name in text))
            if len(lying) == 1:
                return sorted(lying)
        return []


def number(text: str | None) -> str:
    """Return a number without leading zeros."""
    return (half(text or "") or "").lstrip("0")


def narrowed(fitting: list[dict], rest: str) -> list[dict]:
    """Return the addresses that match building, unit and room of a text; else those of the building; else all of the door."""
    said = {"building_no": BUILDING.search(rest), "unit_no": UNIT.search(rest), "room_no": ROOM.search(rest)}
    for names in (["building_no", "unit_no", "room_no"], ["building_no"]):
        wanted = {name: number(said[name][1]) for name in names if said[name]}
        if wanted and (fewer := [one for one in fitting if all(number(one[name]) == part for name, part in wanted.items())]):
            return fewer
    return fitting


def agreed(fitting: list[dict]) -> dict:
    """Return the parts that all addresses have in common."""
    found = {name: {one[name] for one in fitting} for name in ("address_id", *PLACES)}
    return {name: value for name, values in found.items() if len(values) == 1 and (value := next(iter(values))) is not None}
