"""Compute what the marts tell at the end of a day: counts of grids, and of streets by age, assistance and events."""

from __future__ import annotations

from collections import Counter, defaultdict
from decimal import Decimal
from statistics import fmean, median

from tests.oracle.golden import LEVELS, Day

Cells = dict[tuple, int]


def age(day: Day, born: str) -> int:
    """Return the number of birthdays a person has had since birth; one of 29 February has them on 1 March in other years."""
    year, month, date_ = map(int, born.split("-"))
    return day.day.year - year - ((day.day.month, day.day.day) < (month, date_))


def band(day: Day, born: str | None) -> str | None:
    """Return five years of age, or a hundred and more."""
    if born is None:
        return None
    low = age(day, born) // 5 * 5
    return "100+" if low >= 100 else f"{low}-{low + 4}"


def deepest(row: dict, levels: list[str] = LEVELS) -> str:
    """Return the deepest of these regions known for a row; empty for none."""
    return next((code for level in reversed(levels) if (code := row[level] if level in row else row.get(f"{level}_code"))), "")


def street(row: dict) -> str:
    """Return the street of a row, or what is known above it."""
    return deepest(row, LEVELS[:4])


def residents(persons: dict[str, dict]) -> list[dict]:
    """Return who lives in the city."""
    return [one for one in persons.values() if one["is_alive"] and not one["is_moved_out"]]


def profiles(day: Day, persons: dict[str, dict], households: dict, entities: dict, events: dict) -> dict[str, dict[str, int]]:
    """Return the counts by place, that is grid or what is known of one; only places where something is counted."""
    people = residents(persons)
    counted = {
        "resident_count": people,
        "pending_resident_count": [one for one in people if not one["grid_code"]],
        "minor_count": [one for one in people if one["birth_date"] and age(day, one["birth_date"]) < 18],
        "elderly_count": [one for one in people if one["birth_date"] and age(day, one["birth_date"]) >= 60],
        "disabled_count": [one for one in people if one["disability_cert_no"]],
        "household_count": [one["eldest"] for one in households.values()],
        "entity_count": [one for one in entities.values() if one["is_active"]],
        "address_count": [one for one in day.addresses.values() if one["status"] == "启用"],
        "open_event_count": [one for one in events.values() if not one["is_closed"]],
        "closed_event_count": [one for one in events.values() if one["is_closed"]],
    }
    found: dict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys(counted, 0))
    for name, rows in counted.items():
        for row in rows:
            found[deepest(row)][name] += 1
    return dict(found)


def people_by_street(day: Day, persons: dict[str, dict]) -> Cells:
    """Return residents by street, gender and age band."""
    return Counter((street(one), one["gender_code"], band(day, one["birth_date"])) for one in residents(persons))


def assistance_by_street(given: dict[tuple, dict]) -> dict[tuple, tuple[int, Decimal]]:
    """Return people in receipt and the sum of their amounts by month, street and type."""
    found: dict[tuple, list[tuple]] = defaultdict(list)
    for (number, month, type_, *_), said in given.items():
        if said["status"] in (None, "在享"):
            found[month, street(said["place"]), type_].append((number, said["amount"]))
    return {key: (len({number for number, _ in got}), sum((amount for _, amount in got), Decimal(0))) for key, got in found.items()}


def events_by_street(events: dict[str, dict], classes: dict[str, str]) -> dict[tuple, tuple]:
    """Return events, closed ones, those with known hours, their mean and median by month of report, street and class."""
    found: dict[tuple, list[dict]] = defaultdict(list)
    for number, one in events.items():
        found[one["report_at_local"][:7], street(one), classes[number]].append(one)
    told = {}
    for key, rows in found.items():
        hours = [float(row["handling_hours"]) for row in rows if row["handling_hours"] is not None]
        figures = (fmean(hours), median(hours)) if hours else (None, None)
        told[key] = (len(rows), sum(row["is_closed"] for row in rows), len(hours), *figures)
    return told


def regions_now(day: Day) -> dict[str, tuple[str, str, str]]:
    """Return the name, the level and the name from the province down of every region in force."""
    found = {}
    for code in day.world.regions:
        names, at = [], code
        while at and (row := day.world.region(at, day.day)):
            names.insert(0, row["name"])
            at = row["parent_code"]
        if (own := day.world.region(code, day.day)) is not None:
            found[code] = (own["name"], own["level"], "".join(names))
    return found


def given_away(cells: Cells, hidden: set[tuple], under: int) -> list[tuple]:
    """Return the cells that are too small and yet told, and the totals with one hidden cell; a key begins with that of its total."""
    told = [key for key, value in cells.items() if 0 < value < under and key not in hidden]
    groups = Counter(key[:-1] for key in hidden)
    sizes = Counter(key[:-1] for key in cells)
    return told + [group for group, number in groups.items() if number == 1 and sizes[group] > 1]
