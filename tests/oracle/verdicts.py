"""Returns the ids of the rules a landed row breaks, resource by resource, as contracts and issue say in words."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal, InvalidOperation

from tests.oracle import judge
from tests.oracle.rules import World, age_on, born_of, bursts, day_of, half, is_resident_id, moment_of, plain_id, trim
from tests.oracle.sources import CHECK, ELDERLY, HOUSEHOLD, SOURCES

PHONE = r"1[3-9][0-9]{9}|0[0-9]{2,3}-?[0-9]{7,8}"
WARNINGS = {
    HOUSEHOLD: {
        "id_no.resident_id_15", "hukou_region_code.place_known", "hukou_region_code.place_current", "household_no.pattern",
        "head_id_no.resident_id", "relation_to_head_code.required",
    },
    ELDERLY: {"id_no.resident_id_15", "age_reported.agrees_with_id", "phone.pattern"},
    CHECK: {"id_no.resident_id_15", "grid_code.place_current", "check_time.burst", "phone.pattern", "lon.range", "lat.range"},
    **{resource: judge.warnings(resource) for resource in SOURCES if resource not in (HOUSEHOLD, ELDERLY, CHECK)},
}  # fmt: skip
REQUIRED = {
    HOUSEHOLD: [
        "id_no", "person_name", "gender_code", "birth_date", "ethnicity_code", "hukou_region_code", "hukou_address", "household_no",
        "relation_to_head_code", "register_type", "update_time",
    ],
    ELDERLY: ["person_name", "id_no", "service_type", "amount_yuan", "pay_month"],
    CHECK: ["check_id", "grid_code", "check_time", "checker_id", "result"],
}  # fmt: skip


def verdicts(world: World, batch: dict) -> dict[int, set[str]]:
    """Returns the broken rules by line, for every readable row of a batch."""
    day = date.fromisoformat(batch["business_date"])
    if batch["resource"] not in REQUIRED:
        return {row["_line"]: judge.broken(world, batch, row) for row in batch["rows"]}
    judge_one = {HOUSEHOLD: household, ELDERLY: elderly, CHECK: check}[batch["resource"]]
    full = bursts(batch) if batch["resource"] == CHECK else set()
    found = {}
    for row in batch["rows"]:
        broken = judge_one(world, row, day)
        broken |= {f"{name}.required" for name in REQUIRED[batch["resource"]] if trim(row[name]) is None}
        found[row["_line"]] = broken | ({"check_time.burst"} if row["_line"] in full else set())
    return found


def household(world: World, row: dict, day: date) -> set[str]:
    """Returns what a registered person's row breaks, required fields apart."""
    broken = identity(row["id_no"], "id_no", day) | (identity(row["head_id_no"], "head_id_no", day) - {"head_id_no.resident_id_15"})
    number, gender, born = plain_id(row["id_no"]), clean(row["gender_code"]), clean(row["birth_date"])
    if number and is_resident_id(number, day):
        if gender in ("1", "2") and (int(number[16]) % 2 == 1) != (gender == "1"):
            broken.add("gender_code.agrees_with_id")
        if day_of(born) and born != born_of(number):
            broken.add("birth_date.agrees_with_id")
    for name in ("birth_date", "move_in_date", "move_out_date", "cancel_date"):
        if clean(row[name]) and not day_of(clean(row[name])):
            broken.add(f"{name}.format")
    if clean(row["update_time"]) and not moment_of(clean(row["update_time"])):
        broken.add("update_time.format")
    tables = {
        "gender_code": "gender",
        "ethnicity_code": "ethnicity",
        "relation_to_head_code": "relation_to_head",
        "register_type": "register_type",
    }
    broken |= {f"{name}.domain" for name, table in tables.items() if clean(row[name]) and not world.has_code(table, clean(row[name]), day)}
    if trim(row["cancel_reason"]) and not world.has_code("cancel_reason", trim(row["cancel_reason"]), day):
        broken.add("cancel_reason.domain")
    if clean(row["household_no"]) and not re.fullmatch(r"[0-9A-Za-z]{9}", clean(row["household_no"])):
        broken.add("household_no.pattern")
    return broken | region(world, "hukou_region_code", clean(row["hukou_region_code"]), "community", day)


def elderly(world: World, row: dict, day: date) -> set[str]:
    """Returns what a service list's row breaks, required fields apart."""
    broken = identity(row["id_no"], "id_no", day)
    number, age, amount, month = plain_id(row["id_no"]), clean(row["age_reported"]), clean(row["amount_yuan"]), clean(row["pay_month"])
    if age and not re.fullmatch(r"[+-]?\d+", age):
        broken.add("age_reported.format")
    elif age and number and is_resident_id(number, day) and abs(int(age) - age_on(date.fromisoformat(born_of(number)), day)) > 1:
        broken.add("age_reported.agrees_with_id")
    if trim(row["service_type"]) and not world.has_code("elderly_service_type", trim(row["service_type"]), day):
        broken.add("service_type.domain")
    if amount:
        try:
            broken |= {"amount_yuan.range"} if Decimal(amount) < 0 else set()
        except InvalidOperation:
            broken.add("amount_yuan.format")
    if month and not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", month):
        broken.add("pay_month.pattern")
    elif month and month > day.isoformat()[:7]:
        broken.add("pay_month.range")
    return broken | phone(row)


def check(world: World, row: dict, day: date) -> set[str]:
    """Returns what a grid check's row breaks, required fields apart."""
    broken = identity(row["id_no"], "id_no", day) | phone(row)
    moment = moment_of(clean(row["check_time"]))
    if clean(row["check_time"]) and moment is None:
        broken.add("check_time.format")
    elif moment and moment.date() > day:
        broken.add("check_time.not_after")
    if trim(row["result"]) and not world.has_code("check_result", trim(row["result"]), day):
        broken.add("result.domain")
    if trim(row["result"]) == "查无" and trim(row["reason"]) is None:
        broken.add("reason.required_when")
    if clean(row["is_hukou_consistent"]) and not world.has_code("yes_no_0102", clean(row["is_hukou_consistent"]), day):
        broken.add("is_hukou_consistent.domain")
    for name, limit in (("lon", 180), ("lat", 90)):
        if clean(row[name]) and abs(Decimal(clean(row[name]))) > limit:
            broken.add(f"{name}.range")
    return broken | region(world, "grid_code", clean(row["grid_code"]), "grid", day)


def clean(text: str | None) -> str | None:
    """Returns trimmed half-width text."""
    return trim(half(trim(text)))


def identity(text: str | None, name: str, day: date) -> set[str]:
    """Returns what a resident number breaks."""
    number = plain_id(text)
    if number is None:
        return set()
    old = {f"{name}.resident_id_15"} if re.fullmatch(r"\d{15}", clean(text) or "") else set()
    return old if is_resident_id(number, day) else old | {f"{name}.resident_id"}


def phone(row: dict) -> set[str]:
    """Returns whether a phone is malformed."""
    text = clean(row["phone"])
    return {"phone.pattern"} if text and not re.fullmatch(PHONE, text) else set()


def region(world: World, name: str, code: str | None, level: str, day: date) -> set[str]:
    """Returns whether a region code is unknown, or known but no longer in force; a street padded to twelve digits counts as known."""
    if code is None:
        return set()
    written = code[:9] if level == "community" and len(code) == 12 and code.endswith("000") else code
    levels = {row["level"] for row in world.regions.get(written, [])}
    if not levels & ({level} | ({"street"} if written != code else set())):
        return {f"{name}.place_known"}
    return set() if world.region(written, day) else {f"{name}.place_current"}
