"""The rows of the reference tables (`ref.*`) and the recipients, made from regions, departments, codes, calendar and policies."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from lakehouse.city.calendar import WorkCalendar
from lakehouse.city.departments import load_departments
from lakehouse.city.regions import RECIPIENT_LEVELS, Region, RegionTree
from lakehouse.config import Instance
from lakehouse.declarations.codes import load_code_tables
from lakehouse.declarations.policies import Treatment, load_policies
from lakehouse.naming import recipient_id
from lakehouse.ops.recipients import Recipient

Rows = list[tuple[Any, ...]]


def reference_rows(instance: Instance, tree: RegionTree, until: date) -> Iterator[tuple[str, Rows]]:
    """Yield each reference table by name with its rows, in the order of its columns."""
    regions = tree.versions
    yield (
        "region",
        [(r.code, r.name, r.level, r.parent_code, r.managed_by_code, r.valid_from, r.valid_to, r.successor_code) for r in regions],
    )
    grids = [region for region in regions if region.level == "grid"]
    yield "grid", [(r.code, r.name, r.parent_code, r.managed_by_code, r.valid_from, r.valid_to, r.successor_code) for r in grids]
    offices = load_departments(instance.city_folder)
    yield "department", [(d.uscc, d.name, d.kind, d.level, d.region_code, d.valid_from, d.valid_to) for d in offices]
    contracts = instance.settings.contracts
    codes = [(table.name, code) for table in load_code_tables(contracts).values() for code in table.versions]
    yield "code", [(name, c.code, c.label_zh, c.label_en, c.valid_from, c.valid_to, c.successor_code) for name, c in codes]
    yield "calendar", list(_calendar(instance, until))
    policies = load_policies(contracts / "policies.yaml")
    treated = [(name, level, treatment) for name, levels in policies.classes.items() for level, treatment in levels.items()]
    yield "policy", [(name, level, one.transform, *_exemption(one)) for name, level, one in treated]


def _exemption(treatment: Treatment) -> tuple[str | None, str | None]:
    looser = treatment.exemption
    return (looser.transform, looser.when) if looser else (None, None)


def _calendar(instance: Instance, until: date) -> Iterator[tuple[date, bool]]:
    """Yield every day, and whether it is a working day, from the year before the first business date to the end of the year of `until`."""
    calendar = WorkCalendar(instance.city.extra_holidays)
    day = date(date.fromisoformat(instance.city.first_business_date).year - 1, 1, 1)
    while day.year <= until.year:
        yield day, calendar.is_workday(day)
        day += timedelta(days=1)


def all_recipients(tree: RegionTree) -> Iterator[Recipient]:
    """Yield one recipient for every region of the levels that receive packages, valid from the region's first day to its last."""
    lives: dict[str, list[Region]] = {}
    for region in tree.versions:
        if region.level in RECIPIENT_LEVELS:
            lives.setdefault(region.code, []).append(region)
    for code, versions in lives.items():
        last = max(versions, key=lambda version: version.valid_from)
        first = min(version.valid_from for version in versions)
        yield Recipient(
            recipient_id=recipient_id(last.level, code),
            level=last.level,
            name=last.name,
            region_code=code,
            department_uscc=None,
            valid_from=first,
            valid_to=last.valid_to,
        )
