"""Compute the libraries besides persons at the end of a day, from golden persons and the versions valid then."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from tests.oracle.golden import LEVELS, Day, confidence, lying, newest_first, regions
from tests.oracle.points import nearest, point
from tests.oracle.resources import ASSISTANCE, ELDERLY, ENTERPRISE, EVENT, RESOURCES
from tests.oracle.rules import covers, is_resident_id, local_midnight_utc, moment_of

Known = dict[str, list[dict]]
CASE = {"id_no": "member_id_no", "person_name": "member_name", "household_amount": "monthly_amount"}
NEEDS_CERTIFICATE = ("护理补贴",)
SEVERE = ("1", "2")


def coded(place: dict) -> dict:
    """Return regions as the columns of a library."""
    return {f"{level}_code": place.get(level) for level in LEVELS}


def entities(day: Day, known: Known) -> dict[str, dict]:
    """Return golden entities by credit code; the place comes from premises, else domicile, else the registered region."""
    found = {}
    for row in known[ENTERPRISE]:
        premises = lying(day, None, None, row["premises_address"])
        place = premises or lying(day, None, None, row["domicile"]) or lying(day, row["region_code"], None, None)
        number = row["legal_rep_id_no"]  # a number with a wrong check digit identifies nobody
        found[row["uscc"]] = {
            **{name: row[name] for name in ("uscc", "entity_name", "legal_rep_name", "status_code", "term_to", "domicile")},
            "legal_rep_id_no": number if number and is_resident_id(number, day.day) else None,
            "approve_date": row["approve_date"],
            "cancel_date": row["cancel_date"] if (row["cancel_date"] or "9") >= (row["establish_date"] or "") else None,
            "premises_address": row["premises_address"],
            "premises_address_id": place.get("address_id"),
            "is_active": row["status_code"] == "1",
            **coded(place),
            "locality_confidence": confidence(3 if premises else 2, place),
        }
    return found


def households(persons: dict[str, dict]) -> dict[str, dict]:
    """Return households by number: how many living members, who heads it, where the head lives."""
    members: dict[str, list[dict]] = {}
    for person in persons.values():
        if person["household_no"] and person["is_alive"] and not person["is_moved_out"]:
            members.setdefault(person["household_no"], []).append(person)
    found = {}
    for number, people in members.items():
        heads = [one for one in people if one["relation_to_head_code"] == "0"]
        eldest = min(heads or people, key=lambda one: one["birth_date"])
        found[number] = {"member_count": len(people), "head_name": eldest["person_name"] if heads else None, "eldest": eldest}
    return found


def assistance(day: Day, known: Known, persons: dict[str, dict], told: Known) -> dict[tuple, dict]:
    """Return assistance by person, month, type, source and case: each month from the first to the last, or to the current one.

    `told` are all versions known on the day: a case's row of a month says what the case said when the month ended.
    """
    today, found = day.day.isoformat()[:7], {}
    rows = [(ASSISTANCE, row | {name: row[column] for name, column in CASE.items()}) for row in known[ASSISTANCE]]
    for row in known[ELDERLY]:
        shown = {"assistance_type": row["service_type"], "start_month": row["pay_month"], "end_month": row["pay_month"]}
        rows.append((ELDERLY, row | shown | {"case_no": "", "status": None, "applicant_id_no": None, "amount": row["amount_yuan"]}))
    for resource, row in rows:
        ended = (row["_valid_from"] + timedelta(hours=8)).strftime("%Y-%m") if row["status"] not in (None, "在享") else today
        last = min(today, row["end_month"] or (ended if resource == ASSISTANCE else today))
        said = [one for one in told[resource] if one["_key"] == row["_key"]]
        for month in months(row["start_month"], last):
            then = at_end(day, month, said) if resource == ASSISTANCE else row
            found[row["id_no"], month, row["assistance_type"], resource, row["case_no"]] = {
                "amount": Decimal(row["amount"]) if resource == ELDERLY else share(then["monthly_amount"], then["household_size"]),
                "status": then["status"],
                "applicant": row["applicant_id_no"],
                "is_known": row["id_no"] in persons,
                "place": home(day, row, persons.get(row["id_no"])),
            }
    return found


def at_end(day: Day, month: str, said: list[dict]) -> dict:
    """Return what a case said at the end of a month; before its first version it was in receipt."""
    following = date.fromisoformat(f"{month}-28") + timedelta(days=4)
    end = min(day.end, local_midnight_utc(following.replace(day=1)))
    first, *_ = said = sorted(said, key=lambda one: one["_valid_from"])
    before = [one for one in said if one["_valid_from"] < end]
    return before[-1] if before else first | {"status": "在享"}


def home(day: Day, row: dict, person: dict | None) -> dict:
    """Return where a person on a list belongs: where they live, else the row's region, else the one its provider serves."""
    if person and person["province_code"]:
        return {level: person[f"{level}_code"] for level in LEVELS}
    serving = {one["region_code"] for one in day.world.departments if one["uscc"] == row["_provider"] and covers(one, day.day)}
    provided = min(serving) if len(serving) == 1 else None
    return regions(day, row.get("community_code") or row.get("street_code") or provided)


def months(first: str, last: str) -> list[str]:
    """Return every month from the first to the last."""
    found, (year, month) = [], map(int, first.split("-"))
    while f"{year:04d}-{month:02d}" <= last:
        found.append(f"{year:04d}-{month:02d}")
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)
    return found


def share(amount: str, size: str) -> Decimal:
    """Return a member's equal share of the household's amount."""
    return (Decimal(amount) / Decimal(size)).quantize(Decimal("0.01"), ROUND_HALF_UP)


def safety_net(day: Day, given: dict[tuple, dict], persons: dict[str, dict], owned: dict[str, dict]) -> dict[str, dict]:
    """Return the month's safety net by resident number: people who are on a list, or should be, with their flags."""
    today = day.day.isoformat()[:7]
    listed: dict[str, list[tuple]] = {}
    for key, said in given.items():
        if key[1] == today and said["status"] in (None, "在享"):
            listed.setdefault(key[0], []).append((key, said))
    owners = {one["legal_rep_id_no"] for one in owned.values() if one["is_active"]}
    severe = {n for n, p in persons.items() if p["disability_grade"] in SEVERE and p["is_alive"] and not p["is_moved_out"]}
    found = {}
    for number in sorted({*listed, *severe}):
        lists, person = listed.get(number, []), persons.get(number)
        cases = {said["applicant"] or key[4] for key, said in lists if key[4]}
        has_certificate = bool(person and person["disability_cert_no"])
        found[number] = {
            "assistance_types": ",".join(sorted({key[2] for key, _ in lists})) or None,
            "monthly_amount_yuan": sum((said["amount"] for _, said in lists), Decimal(0)) if lists else None,
            "case_nos": ",".join(sorted({key[4] for key, _ in lists if key[4]})) or None,
            "is_paid_after_death": bool(lists and person and not person["is_alive"] and (person["death_date"] or "0")[:7] < today),
            "is_in_two_households": len(cases) > 1,
            "is_owning_enterprise": bool(lists) and number in owners,
            "is_moved_out": bool(lists and person and person["is_moved_out"]),
            "is_listed_without_certificate": any(key[2] in NEEDS_CERTIFICATE for key, _ in lists) and not has_certificate,
            "is_eligible_not_listed": not lists,
        }
    return found


def events(day: Day, known: Known) -> dict[str, dict]:
    """Return events by their number, with their place, the address nearby and whether they are closed."""
    in_use: dict[str, list[dict]] = {}
    for one in day.addresses.values():
        if one["status"] == "启用" and one["grid"]:
            in_use.setdefault(one["grid"], []).append(one)
    found = {}
    for row in known[EVENT]:
        place = regions(day, row["grid_code"])
        hours = handling_hours(row)
        near, far = nearest(point(row), in_use.get(place.get("grid", ""), []))
        found[row["event_no"]] = {
            **{name: row[name] for name in ("status", "result", "urgency", "description")},
            "is_closed": row["status"] == "已结案",
            "handling_hours": hours if hours is None or hours >= 0 else None,
            "report_at_local": row["report_time"],
            "near_address": near,
            "near_address_m": far,
            **coded(place),
        }
    return found


def handling_hours(row: dict) -> Decimal | None:
    """Return the hours from an event's report to its finish, also below zero; None while one of them is not known."""
    report, finish = moment_of(row["report_time"]), moment_of(row["finish_time"])
    if report is None or finish is None:
        return None
    return (Decimal(int((finish - report).total_seconds())) / 3600).quantize(Decimal("0.01"), ROUND_HALF_UP)


def missing_references(day: Day, known: Known, persons: dict[str, dict]) -> dict[tuple, int]:
    """Return per resource, column and provider how often a person or address is named that no library has."""
    there: dict[str, object] = {"person": persons, "address": day.addresses}
    found: dict[tuple, int] = {}
    references = [(resource, rule) for resource, page in RESOURCES.items() for rule in page.rules if rule.check.kind == "reference"]
    for resource, rule in references:
        column, target = rule.column, rule.check.needs
        for row in newest_first(known[resource]):
            if row[column] is not None and row[column] not in there[target]:  # type: ignore[operator]
                key = (resource, column, row["_provider"])
                found[key] = found.get(key, 0) + 1
    return found
