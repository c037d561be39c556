"""Compute the golden values of persons, and the conflicting ones, by the written order of authority."""

from __future__ import annotations

from datetime import date, timedelta

from tests.oracle.addresses import Directory
from tests.oracle.resources import ADDRESS, CERTIFICATE, CHECK, ELDERLY, HOUSEHOLD, LEDGER, PERMIT, RESOURCES
from tests.oracle.rules import World, half, local_midnight_utc

LEVELS = ["province", "city", "district", "street", "community", "grid"]
REGISTERED = [
    "id_no",
    "person_name",
    "gender_code",
    "birth_date",
    "hukou_region_code",
]  # the value of the population register, else of the residence permit
REGISTER_ONLY = ["ethnicity_code", "hukou_address", "household_no", "relation_to_head_code"]
IDENTITY = [*REGISTERED, *REGISTER_ONLY]
DISABILITY = ["disability_cert_no", "disability_category", "disability_grade"]
PHONE = [CHECK, PERMIT, LEDGER, ELDERLY]
RESIDENCE = [CHECK, PERMIT, LEDGER, ELDERLY, HOUSEHOLD]
CANCELLED = "注销"
DOTS = ".·•‧∙⋅・･·․⸱⸳ㆍ᛫ᆞ﹒"
CONFIDENCE = {CHECK: 4, PERMIT: 3, LEDGER: 3, ELDERLY: 3, HOUSEHOLD: 2}


class Day:
    """A business date with the regions in force at its end, the order of authority, and the standard addresses."""

    def __init__(self, world: World, day: date, phone: list[str] | None = None, residence: list[str] | None = None) -> None:
        self.world, self.day = world, day
        levels = {row["level"]: code for code in world.regions if (row := world.region(code, day))}
        self.city = levels.get("city", levels["province"])  # the city itself is a province where there is no level between
        self.phone, self.residence = phone or PHONE, residence or RESIDENCE
        self.end = local_midnight_utc(day + timedelta(days=1))
        self.oldest_check = local_midnight_utc(day - timedelta(days=180))
        self.addresses: dict[str, dict] = {}
        self.directory = Directory([], [])

    def learn(self, versions: list[dict]) -> None:
        """Load the standard addresses known at the end of the day, with their regions."""
        for row in versions:
            lying = regions(self, row["grid_code"]) or regions(self, row["community_code"])
            self.addresses[row["address_id"]] = row | {level: lying.get(level) for level in LEVELS}
        names = [
            (row["level"], row["name"], regions(self, code))
            for code, rows in self.world.regions.items()
            for row in rows
            if row["valid_from"] <= self.day.isoformat()
        ]
        self.directory = Directory(list(self.addresses.values()), names)


def persons(day: Day, known: dict[str, list[dict]]) -> dict[str, dict]:
    """Return golden persons by resident number; `known` holds, per resource, the versions valid at the end of the day."""
    day.learn(known[ADDRESS])
    by_person: dict[str, dict[str, list[dict]]] = {}
    for resource in (*RESIDENCE, CERTIFICATE):
        for version in newest_first(known[resource]):
            if version["id_no"]:
                by_person.setdefault(version["id_no"], {}).setdefault(resource, []).append(version)
    return {number: person(day, said) for number, said in sorted(by_person.items()) if is_defined(said)}


def is_defined(said: dict[str, list[dict]]) -> bool:
    """Tell whether a person exists in the libraries: registered, or with a permit that is not cancelled."""
    return bool(said.get(HOUSEHOLD)) or any(version["status"] != CANCELLED for version in said.get(PERMIT, []))


def newest_first(versions: list[dict]) -> list[dict]:
    """Return versions by source time, delivery and line, the newest first."""
    return sorted(versions, key=lambda v: (v["_valid_from"], v["_delivery_no"], v["_line"]), reverse=True)


def person(day: Day, said: dict[str, list[dict]]) -> dict:
    """Return one golden person with `_sources` and `_conflicts`; `said` holds the person's versions per resource, newest first."""
    register, valid = said.get(HOUSEHOLD, []), [v for v in said.get(CERTIFICATE, []) if v["cert_status"] == "正常"]
    fields = {name: [HOUSEHOLD, PERMIT] if name in REGISTERED else [HOUSEHOLD] for name in IDENTITY} | {"phone": day.phone}
    offers = {name: offered(said, name, resources) for name, resources in fields.items()}
    offers |= {name: [(CERTIFICATE, value)] if (value := newest(valid, name)) is not None else [] for name in DISABILITY}
    golden: dict = {name: found[0][1] if found else None for name, found in offers.items()}
    sources = {name: found[0][0] if found else None for name, found in offers.items()}
    places = [(resource, found) for resource in day.residence if (found := place(day, resource, said.get(resource, [])))]
    kept = places[0][1] if places else {}
    sources["residence"] = places[0][0] if places else None
    ended = {reason: [v for v in register if v["cancel_reason"] == reason] for reason in ("死亡", "迁出")}
    hinted = next((v["result"] == "死亡线索" for v in said.get(CHECK, []) if v["result"] in ("死亡线索", "在住")), False)
    golden |= {
        "is_alive": not ended["死亡"],
        "suspect_deceased": hinted and not ended["死亡"],
        "is_moved_out": bool(ended["迁出"]),
        "death_date": ended["死亡"][0]["cancel_date"] if ended["死亡"] else None,
        "is_local_hukou": day.city in regions(day, golden["hukou_region_code"]).values(),
        "residence_address_id": kept.get("address_id"),
        "residence_address": day.addresses.get(kept.get("address_id") or "", {}).get("full_text") or kept.get("text"),
        **{f"{level}_code": kept.get(level) for level in LEVELS},
        "locality_source": sources["residence"],
        "locality_confidence": confidence(CONFIDENCE.get(sources["residence"], 0), kept),
        "_sources": sources
        | {"death": HOUSEHOLD if ended["死亡"] else None, "moving_out": HOUSEHOLD if ended["迁出"] else None}
        | {"death_hint": CHECK if hinted else None},
    }
    return golden | {"_conflicts": conflicts(offers, places)}


def conflicts(offers: dict[str, list[tuple[str, str]]], places: list[tuple[str, dict]]) -> list[tuple[str, str, str]]:
    """Return the values that differ from the golden ones, as (field, resource, value); a registered place never conflicts."""
    lost = [
        (name, resource, value) for name, found in offers.items() for resource, value in found[1:] if not same(name, value, found[0][1])
    ]
    kept = places[0][1] if places else {}
    lost += [
        ("residence", resource, found["code"])
        for resource, found in places[1:]
        if resource != HOUSEHOLD and any(kept.get(level) and found.get(level) and kept[level] != found[level] for level in LEVELS)
    ]
    return sorted(lost)


def same(name: str, one: str, other: str) -> bool:
    """Tell whether two values of a field are the same; dots, spaces and width make no other name or address."""
    is_free = name.endswith(("_name", "_address"))
    return one == other or (is_free and bare(one) == bare(other))


def bare(text: str) -> str:
    """Return the letters and digits of a text without regard to width, case, blanks and dots."""
    return "".join(one for one in half(text).upper() if not one.isspace() and one not in DOTS)


def offered(said: dict[str, list[dict]], name: str, resources: list[str]) -> list[tuple[str, str]]:
    """Return the values of a field by resource in order of authority; resources without a value are left out."""
    found = [(resource, newest(said.get(resource, []), name)) for resource in resources]
    return [(resource, value) for resource, value in found if value is not None]


def newest(versions: list[dict], name: str) -> str | None:
    """Return the newest value that is not empty."""
    return next((version[name] for version in versions if version[name] is not None), None)


def confidence(worth: int, lying: dict) -> int | None:
    """Return the confidence of a place: the value of its source, or 1 when not even the street is known."""
    if not any(lying.get(level) for level in LEVELS):
        return None
    return worth if lying.get("street") else 1


def place(day: Day, resource: str, versions: list[dict]) -> dict:
    """Return the regions in which a resource places a person; empty when it has no (current) place."""
    for version in versions:
        if resource == CHECK:
            if version["_valid_from"] < day.oldest_check or version["result"] not in ("在住", "搬离"):
                continue
            if version["result"] == "搬离":
                return {}
        found = lying(day, spelled(day, resource, version), version.get("address_id"), version.get(RESOURCES[resource].residence.address))
        if found:
            return found
    return {}


def lying(day: Day, code: str | None, address_id: str | None, text: str | None) -> dict:
    """Resolve a code, a standard address and a text: the code if it reaches the community, else the one that reaches deepest."""
    by_code, by_text = regions(day, code), day.directory.find(text)
    given = day.addresses.get(address_id or "", {})
    by_address = {level: given[level] for level in LEVELS if given.get(level)}
    if by_code.get("community"):
        kept = by_code
    elif by_address:
        kept = by_address
    else:
        kept = by_text if reach(by_text) > reach(by_code) else by_code
    kept = {level: kept[level] for level in LEVELS if kept.get(level)}
    if not kept:
        return {}
    agrees = not any(kept.get(level) and by_text.get(level) and kept[level] != by_text[level] for level in LEVELS)
    found_id = address_id or (by_text.get("address_id") if agrees else None)
    return kept | {"code": kept[max(kept, key=LEVELS.index)], "address_id": found_id, "text": text}


def reach(lying: dict) -> int:
    """Return the number of levels known of a place, counted from the province; 0 is none."""
    return max((number for number, level in enumerate(LEVELS, 1) if lying.get(level)), default=0)


def spelled(day: Day, resource: str, version: dict) -> str | None:
    """Return a row's region code: the written one, or the one of its community's name within the provider's street."""
    said = RESOURCES[resource].residence
    if said.code:
        return version[said.code]
    streets = [d["region_code"] for d in day.world.departments if d["uscc"] == version["_provider"]]
    if not streets:
        return None
    named = [
        code
        for code in day.world.regions
        if (row := day.world.region(code, day.day)) and row["parent_code"] == streets[0] and row["name"] == version[said.community_name]
    ]
    return named[0] if len(named) == 1 else streets[0]


def regions(day: Day, code: str | None) -> dict:
    """Return the region of a code and those above it by level; a street code padded to twelve digits counts as the street."""
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
    """Return the code if its region is in force, else nothing."""
    return code if day.world.region(code, day.day) else None
