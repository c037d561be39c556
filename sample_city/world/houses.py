"""The standard addresses of a city (标准地址): doors on roads, buildings, units and rooms, computed from the city's size and places.

No list is stored: a grid has a plan of a few numbers, and the n-th room of a grid is computed from it when needed. Each
grid has its own range of door numbers on one road of its district, so road and door identify one grid.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from random import Random

from sample_city.world.addresses import ESTATES, FORMER, ROADS, Room
from sample_city.world.numbers import fraction
from sample_city.world.places import Places

PEOPLE_A_ROOM = 2.2
SPARE_ROOMS = 4  # spare rooms of a grid, not yet built or demolished; nobody ever lives there


@dataclass(frozen=True)
class Plan:
    """The layout of the rooms of one grid, from which the n-th room is computed."""

    grid: str
    road: int
    first_door: int
    floors: int
    units: int
    rooms_a_floor: int  # per unit
    buildings_a_door: int
    rooms: int

    @property
    def rooms_a_building(self) -> int:
        """Return how many rooms a full building has."""
        return self.floors * self.units * self.rooms_a_floor

    @property
    def doors(self) -> int:
        """Return how many doors all rooms, spare ones too, need."""
        buildings = -(-(self.rooms + SPARE_ROOMS) // self.rooms_a_building)
        return -(-buildings // self.buildings_a_door)


class Houses:
    """The rooms of a city."""

    def __init__(self, people: int, places: Places) -> None:
        self.people, self.places = people, places

    def __iter__(self) -> Iterator[Room]:
        return self.rooms()

    def rooms(self) -> Iterator[Room]:
        """Yield every habitable room, grid by grid."""
        for grid in self._plans:
            yield from (self.room_of(grid, n) for n in range(self.rooms_in(grid)))

    @property
    def grids(self) -> list[str]:
        """Return the grids in the order of their rooms."""
        return list(self._plans)

    @property
    def count(self) -> int:
        """Return the number of habitable rooms."""
        return sum(plan.rooms for plan in self._plans.values())

    def rooms_in(self, grid: str) -> int:
        """Return the number of habitable rooms of a grid; rooms from this number on are spare."""
        return self._plans[grid].rooms

    def some_room(self, rng: Random, grid: str) -> Room:
        """Return a random habitable room of a grid."""
        return self.room_of(grid, rng.randrange(self.rooms_in(grid)))

    def room_of(self, grid: str, n: int) -> Room:
        """Return the n-th room of a grid."""
        plan = self._plans[grid]
        building, rest = divmod(n, plan.rooms_a_building)
        floor, place = divmod(rest, plan.units * plan.rooms_a_floor)
        unit, room = divmod(place, plan.rooms_a_floor)
        door, number = divmod(building, plan.buildings_a_door)
        return self._room(plan, plan.first_door + door, number + 1, (floor + 1, unit + 1, room + 1))

    def room(self, address_id: str) -> Room:
        """Return the room of an address id.

        Raises:
            KeyError: no room of the city has it.
        """
        road, door, building = int(address_id[12:17]), int(address_id[17:21]), int(address_id[21:25])
        for grid in self.places.grids_of[address_id[:12]]:
            plan = self._plans[grid]
            if plan.road + 1 == road and 0 <= door - plan.first_door < plan.doors:
                return self._room(plan, door, building, (int(address_id[25:27]), int(address_id[27]), int(address_id[28])))
        raise KeyError(address_id)

    def _room(self, plan: Plan, door: int, building: int, place: tuple[int, int, int]) -> Room:
        floor, unit, room = place
        community = self.places.community_of(plan.grid)
        estate = fraction("estate", plan.grid, door)
        name = ESTATES[int(estate * 1000) % len(ESTATES)] if estate < 0.6 or plan.buildings_a_door > 1 else ""
        building_code = f"{community}{plan.road + 1:05d}{door:04d}{building:04d}"
        return Room(
            address_id=f"{building_code}{floor:02d}{unit}{room}",
            grid=plan.grid,
            community=community,
            street=self.places.street_of(community),
            road=ROADS[plan.road],
            door_no=str(door),
            estate=name,
            alias=FORMER[name] if name and estate < 0.2 else "",
            building_no=str(building),
            unit_no=str(unit) if plan.units > 1 else "",
            room_no=f"{floor}{room:02d}",
            building_code=building_code,
        )

    @cached_property
    def _plans(self) -> dict[str, Plan]:
        """Return the plan of every grid. The door ranges of the grids on one road follow each other."""
        found: dict[str, Plan] = {}
        for grids in self._grids_by_district.values():
            a_road = -(-len(grids) // len(ROADS))
            for n, grid in enumerate(grids):
                before = found[grids[n - 1]] if n % a_road else None
                first = before.first_door + before.doors + 1 if before else 1 + int(20 * fraction("door", grid))
                found[grid] = self._plan(grid, n // a_road, first)
        return found

    @cached_property
    def _grids_by_district(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for grid in sorted(grid for grids in self.places.grids_of.values() for grid in grids):
            district = next(region.code for region in self.places.line(grid) if region.level == "district")
            found.setdefault(district, []).append(grid)
        return found

    def _plan(self, grid: str, road: int, first_door: int) -> Plan:
        community = self.places.community_of(grid)
        share = self.places.share(community) / len(self.places.grids_of[community])
        rooms = max(2, round(self.people / PEOPLE_A_ROOM * share))
        a_floor = 2 + int(3 * fraction("rooms a floor", grid))
        units = 1 + int(3 * fraction("units", grid)) if rooms >= 16 else 1
        floors = max(2, min(30, round(rooms / (3 + 3 * fraction("buildings", grid)) / units / a_floor)))
        return Plan(grid, road, first_door, floors, units, a_floor, (1, 1, 2, 4)[int(4 * fraction("estates", grid))], rooms)
