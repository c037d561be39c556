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


SURNAMES_OF_TWO = (
    "欧阳", "司马", "上官", "诸葛", "东方", "皇甫", "尉迟", "公孙", "令狐", "宇文", "长孙",
    "慕容", "司徒", "司空", "夏侯", "南宫", "端木", "轩辕", "独孤", "百里", "东郭", "西门",
)  # fmt: skip
YES_NO = {"true": "是", "false": "否"}


def rows_due(persons: dict[str, dict], level: str, region: str, day: date) -> list[tuple]:
    """Returns the cells due to a recipient, one tuple a row in the order of the columns that level receives, sorted."""
    kept = columns(level)
    rows = [tuple(cell(person, name, level, day) for name in kept) for person in due(persons, level, region)]
    return sorted(rows, key=str)


def columns(level: str) -> list[str]:
    """Returns the columns a level receives."""
    return [name for name in RESIDENT_LIST if transform(name, level, False, set()) != "drop"]


def cell(person: dict, name: str, level: str, day: date) -> str | None:
    """Returns what a recipient reads in a cell."""
    text = source_text(person, name)
    done = transform(name, level, is_minor(person, day), {"id_no"})
    if done == "flag":
        return "否" if text is None else "是"
    if text is None or done == "drop":
        return None
    if done == "mask":
        return text[0] + "*" * (len(text) - 2) + text[-1] if name == "id_no" else masked_name(text)
    if done == "year":
        return text[:4]
    if done == "age_band":
        low = (day.year - int(text[:4])) // 5 * 5
        return "100+" if low >= 100 else f"{low}-{low + 4}"
    return YES_NO.get(text, text) if level != "district" else text


def source_text(person: dict, name: str) -> str | None:
    """Returns a golden value as text."""
    if name == "residence_grid_code":
        return person["grid_code"]
    if name == "is_local_hukou":
        return str(person["is_local_hukou"]).lower()
    value = person[name]
    return None if value is None else str(value)


def masked_name(text: str) -> str:
    """Returns a name of which the surname is left."""
    kept = 2 if len(text) > 2 and text.startswith(SURNAMES_OF_TWO) else min(1, len(text) - 1)
    return text[:kept] + "*" * (len(text) - kept)
