"""Returns, for every recipient, exactly the rows and cells due of the resident list, by the written policy (data model 3.6)."""

from __future__ import annotations

from datetime import date

from tests.oracle.golden import LEVELS

RESIDENT_LIST = [
    "person_name", "id_no", "gender_code", "birth_date", "hukou_address", "residence_grid_code", "residence_address_id", "household_no",
    "relation_to_head_code", "is_local_hukou", "street_code", "community_code", "grid_code", "locality_source", "locality_confidence",
]  # fmt: skip
CLASSES = {
    "person_name": "name",
    "id_no": "id_no",
    "birth_date": "birth_date",
    "hukou_address": "address",
    "household_no": "relationship",
    "relation_to_head_code": "relationship",
}
POLICY = {
    "id_no": {"district": "raw", "street": "mask", "community": "mask", "grid": "drop"},
    "name": {"district": "raw", "street": "raw", "community": "raw", "grid": "mask"},
    "birth_date": {"district": "raw", "street": "raw", "community": "year", "grid": "age_band"},
    "relationship": {"district": "raw", "street": "raw", "community": "drop", "grid": "drop"},
    "minor_id": {"district": "drop", "street": "flag", "community": "flag", "grid": "drop"},
}


def due(persons: dict[str, dict], level: str, region: str) -> list[dict]:
    """Returns the persons due to a recipient: alive, not moved out, resolved locality inside its region."""
    return [p for p in persons.values() if p["is_alive"] and not p["is_moved_out"] and p[f"{level}_code"] == region]


def pending(persons: dict[str, dict], level: str, region: str) -> int:
    """Returns how many of a recipient's persons are known to it but to none of its children."""
    below = f"{LEVELS[LEVELS.index(level) + 1]}_code"
    return sum(person[below] is None for person in due(persons, level, region))


def is_minor(person: dict, day: date) -> bool:
    """Tells whether a person is under 14 on the day."""
    born = date.fromisoformat(person["birth_date"])
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day)) < 14


def transform(column: str, level: str, minor: bool, identity: set[str]) -> str:
    """Returns what happens to a column of a person for a level."""
    if minor and column in identity:
        return POLICY["minor_id"][level]
    return POLICY.get(CLASSES.get(column, "plain"), {}).get(level, "raw")
