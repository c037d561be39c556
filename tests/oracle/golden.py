"""Returns the golden values of persons and the conflicts, from what silver should know: the written authority order, in dictionaries."""

from __future__ import annotations

from datetime import date, timedelta

from tests.oracle.rules import World, local_midnight_utc
from tests.oracle.sources import CHECK, ELDERLY, HOUSEHOLD

LEVELS = ["province", "city", "district", "street", "community", "grid"]
IDENTITY = [
    "id_no", "person_name", "gender_code", "birth_date", "ethnicity_code", "hukou_region_code", "hukou_address", "household_no",
    "relation_to_head_code",
]  # fmt: skip
PHONE = [CHECK, ELDERLY]
RESIDENCE = [CHECK, ELDERLY, HOUSEHOLD]
CONFIDENCE = {CHECK: 4, ELDERLY: 3, HOUSEHOLD: 2}


class Day:
    """A business date with the regions in force at its end and the order in which sources are believed."""

    def __init__(self, world: World, day: date, phone: list[str] | None = None, residence: list[str] | None = None) -> None:
        self.world, self.day = world, day
        self.city = next(code for code in world.regions if (row := world.region(code, day)) and row["level"] == "city")
        self.phone, self.residence = phone or PHONE, residence or RESIDENCE
        self.end = local_midnight_utc(day + timedelta(days=1))
        self.oldest_check = local_midnight_utc(day - timedelta(days=180))


def persons(day: Day, known: dict[str, list[dict]]) -> dict[str, dict]:
    """Returns golden persons by resident number; `known` holds, per resource, the versions valid at the end of the day."""
    by_person: dict[str, dict[str, list[dict]]] = {}
    for resource, versions in known.items():
        for version in sorted(versions, key=lambda v: (v["_valid_from"], v["_delivery_no"], v["_line"]), reverse=True):
            if version["id_no"]:
                by_person.setdefault(version["id_no"], {}).setdefault(resource, []).append(version)
    return {number: person(day, said) for number, said in sorted(by_person.items()) if said.get(HOUSEHOLD)}


def person(day: Day, said: dict[str, list[dict]]) -> dict:
    """Returns one golden person with `_sources` and `_conflicts`; `said` holds versions per resource, newest first."""
    register = said[HOUSEHOLD]
    golden: dict = {name: newest(register, name) for name in IDENTITY}
    sources = {name: HOUSEHOLD if golden[name] is not None else None for name in IDENTITY}
    phones = [(resource, newest(said.get(resource, []), "phone")) for resource in day.phone]
    phones = [(resource, value) for resource, value in phones if value is not None]
    places = [(resource, place(day, resource, said.get(resource, []))) for resource in day.residence]
    places = [(resource, found) for resource, found in places if found]
    golden["phone"] = phones[0][1] if phones else None
    sources["phone"] = phones[0][0] if phones else None
    kept = places[0][1] if places else {}
    sources["residence"] = places[0][0] if places else None
    ended = {reason: [v for v in register if v["cancel_reason"] == reason] for reason in ("死亡", "迁出")}
    golden |= {
        "is_alive": not ended["死亡"],
        "is_moved_out": bool(ended["迁出"]),
        "is_local_hukou": regions(day, golden["hukou_region_code"]).get("city") == day.city,
        "residence_address_id": kept.get("address_id"),
        **{f"{level}_code": kept.get(level) for level in LEVELS},
        "locality_source": sources["residence"],
        "locality_confidence": confidence(sources["residence"], kept),
        "_sources": sources | {"death": HOUSEHOLD if ended["死亡"] else None, "moving_out": HOUSEHOLD if ended["迁出"] else None},
    }
    lost = [("phone", resource, value) for resource, value in phones[1:] if value != phones[0][1]]
    lost += [
        ("residence", resource, found["code"])
        for resource, found in places[1:]
        if resource != HOUSEHOLD and any(kept.get(level) and found.get(level) and kept[level] != found[level] for level in LEVELS)
    ]
    golden["_conflicts"] = sorted(lost)
    return golden


def newest(versions: list[dict], name: str) -> str | None:
    """Returns the newest value that is not empty."""
    return next((version[name] for version in versions if version[name] is not None), None)


def confidence(source: str | None, regions: dict) -> int | None:
    """Returns how sure a place is: its source's worth, 1 when not even the street is known."""
    if source is None or not regions:
        return None
    return CONFIDENCE[source] if regions.get("street") else 1


def place(day: Day, resource: str, versions: list[dict]) -> dict:
    """Returns the regions a resource says a person lives in, empty when it does not say (any more)."""
    for version in versions:
        if resource == CHECK:
            if version["_valid_from"] < day.oldest_check or version["result"] not in ("在住", "搬离"):
                continue
            if version["result"] == "搬离":
                return {}
        found = regions(day, spelled(day, resource, version))
        if found:
            return found | {"address_id": version["address_id"] if resource == CHECK else None}
    return {}


def spelled(day: Day, resource: str, version: dict) -> str | None:
    """Returns the region code a row leads to, as written or by its community's name within the provider's street."""
    if resource == CHECK:
        return version["grid_code"]
    if resource == HOUSEHOLD:
        return version["hukou_region_code"]
    streets = [d["region_code"] for d in day.world.departments if d["uscc"] == version["_provider"]]
    if not streets:
        return None
    named = [
        code
        for code in day.world.regions
        if (row := day.world.region(code, day.day)) and row["parent_code"] == streets[0] and row["name"] == version["community_name"]
    ]
    return named[0] if len(named) == 1 else streets[0]


def regions(day: Day, code: str | None) -> dict:
    """Returns the region of a code and those above it by level; a street padded to twelve digits is the street."""
    world = day.world
    if code is None:
        return {}
    candidates = [code] + [known for known in world.regions if len(code) == 12 and len(known) < 12 and known.ljust(12, "0") == code]
    current = next(
        (found for one in candidates if one in world.regions and (found := world.successor(one, day.day) or alive(day, one))), None
    )
    if current is None:
        return {}
    chain: dict = {"code": current}
    at: str | None = current
    while at and (row := world.region(at, day.day)):
        chain[row["level"]] = at
        at = row["parent_code"]
    return chain


def alive(day: Day, code: str) -> str | None:
    """Returns the code itself while it is in force."""
    return code if day.world.region(code, day.day) else None
