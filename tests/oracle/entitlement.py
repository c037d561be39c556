"""Compute which rows and cells of the five returns are due to each recipient, by the written policy (data model 3.6).

An audience is a level, or `civil_affairs`: the bureau of a district that handles social assistance by law. Rows are plain dictionaries of
the libraries' columns, with `province_code … grid_code`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

import yaml

from tests.oracle.rules import age_on, born_of, covers, table
from tests.oracle.tasks import Shown

LEVELS = ("province", "city", "district", "street", "community", "grid")
BUREAU = "civil_affairs"
REACHES = {
    "resident_list": ("district", "street", "community", "grid"),
    "legal_entity_list": ("district", "street", "community", "grid"),
    "grid_event": ("district", "street", "community", "grid"),
    "safety_net": ("district", "street", "community", "grid", BUREAU),
    "region_summary": ("province", "city"),
}
SOURCES = {
    "resident_list": "base.person",
    "legal_entity_list": "base.legal_entity",
    "grid_event": "thematic.facility_event",
    "safety_net": "special.safety_net",
    "region_summary": "mart.region_summary",
}
KEYS = {
    "resident_list": "person_id", "legal_entity_list": "uscc", "grid_event": "event_no", "safety_net": "safety_id",
    "region_summary": "summary_id",
}  # fmt: skip
COLUMNS = {
    "resident_list": [
        "person_name", "id_no", "gender_code", "birth_date", "residence_address", "hukou_address", "residence_grid_code",
        "residence_address_id", "household_no",
        "relation_to_head_code", "is_local_hukou", "street_code", "community_code", "grid_code", "locality_source", "locality_confidence",
    ],
    "legal_entity_list": [
        "entity_name", "premises_address", "status_code", "uscc", "entity_type_code", "industry_code", "legal_rep_name",
        "registered_capital_yuan", "establish_date", "domicile", "street_code", "community_code", "grid_code", "locality_confidence",
    ],
    "grid_event": [
        "event_no", "is_closed", "status", "urgency_name", "event_class", "event_subclass", "source", "near_address",
        "near_address_m", "report_at", "finish_at", "close_at",
        "handler_name", "result", "reopened_times", "street_code", "community_code", "grid_code",
    ],
    "safety_net": [
        "person_name", "month", "needs_help", "id_no", "gender_code", "birth_date", "phone", "residence_address", "residence_address_id",
        "hukou_address", "household_no",
        "assistance_types", "monthly_amount_yuan", "case_nos", "disability_category", "disability_grade", "has_certificate",
        "is_paid_after_death", "is_in_two_households", "is_owning_enterprise", "is_moved_out", "is_listed_without_certificate",
        "is_eligible_not_listed", "flag_count", "street_code", "community_code", "grid_code",
    ],
    "region_summary": ["summary_level", "region_code", "region_name", "measure", "value", "is_suppressed"],
}  # fmt: skip
CLASSES = {
    "resident_list": {
        "person_name": "name", "id_no": "id_no", "birth_date": "birth_date", "household_no": "relationship",
        "relation_to_head_code": "relationship",
    },
    "safety_net": {
        "person_name": "name", "id_no": "id_no", "birth_date": "birth_date", "phone": "phone", "household_no": "relationship",
        "assistance_types": "health", "monthly_amount_yuan": "money", "disability_category": "health", "disability_grade": "health",
        "has_certificate": "health",
    },
}  # fmt: skip
# Columns that are not handed over raw; a district's civil affairs bureau sees all of them raw, as the law allows.
POLICY = {
    "id_no": {"street": "mask", "community": "mask", "grid": "drop"},
    "name": {"grid": "mask"},
    "phone": {"community": "mask", "grid": "drop"},
    "birth_date": {"community": "year", "grid": "age_band"},
    "relationship": {"community": "drop", "grid": "drop"},
    "money": {"street": "band", "community": "drop", "grid": "drop"},
    "health": {"province": "drop", "city": "drop", "district": "drop", "street": "flag", "community": "flag", "grid": "flag"},
    "minor_id": {"district": "drop", "street": "flag", "community": "flag", "grid": "drop"},
}
# Columns for which a return is stricter than the policy.
STRICTER = {
    "legal_entity_list": {
        name: {"grid": "drop"}
        for name in (
            "uscc", "entity_type_code", "industry_code", "legal_rep_name", "registered_capital_yuan", "establish_date", "domicile",
        )
    },
    "safety_net": {
        "id_no": {"community": "drop"},
        "assistance_types": {"grid": "drop"},
        "monthly_amount_yuan": {"district": "band"},
        "case_nos": {"community": "drop", "grid": "drop"},
        "disability_grade": {"street": "drop", "community": "drop", "grid": "drop"},
        "has_certificate": {"community": "drop", "grid": "drop"},
        "is_owning_enterprise": {"grid": "drop"},
        "is_listed_without_certificate": {"community": "drop", "grid": "drop"},
    },
}  # fmt: skip
LABELLED = {
    "gender_code": "gender", "relation_to_head_code": "relation_to_head", "status_code": "enterprise_status",
    "entity_type_code": "entity_type", "industry_code": "industry", "disability_category": "disability_category",
    "disability_grade": "disability_grade", "residence_grid_code": "region", "street_code": "region", "community_code": "region",
    "grid_code": "region", "locality_source": "resource", "locality_confidence": "locality_confidence",
}  # fmt: skip
IDENTITY = ("id_no",)
ON_PAPER = ("street", "community", "grid")
CHINA = ZoneInfo("Asia/Shanghai")
YES_NO = {True: "是", False: "否"}
EDGES = (0, 500, 1000, 2000, 5000, 10000, 20000, 50000, 100000)
SURNAMES_OF_TWO = (
    "欧阳", "司马", "上官", "诸葛", "东方", "皇甫", "尉迟", "公孙", "令狐", "宇文", "长孙",
    "慕容", "司徒", "司空", "夏侯", "南宫", "端木", "轩辕", "独孤", "百里", "东郭", "西门",
)  # fmt: skip
Row = dict[str, object]
Labels = dict[str, dict[str, str]]


class Whose(NamedTuple):
    """One return of one recipient: the return, its audience and the region."""

    return_id: str
    audience: str
    region: str


class Today(NamedTuple):
    """A business day with the labels of codes on that day, and the rows that open tasks are about."""

    date: date
    labels: Labels
    tasks: frozenset[Shown] = frozenset()


def labels(contracts: Path, city: Path, day: date) -> Labels:
    """Return code → label of every code table, of the regions of the day and of the resources."""
    found = {path.stem: {row["code"]: row["label_zh"] for row in table(path)} for path in (contracts / "codes").glob("*.csv")}
    found["region"] = {row["region_code"]: row["name"] for row in table(city / "regions.csv") if covers(row, day)}
    resources = (yaml.safe_load(path.read_text("utf-8")) for path in (contracts / "resources").rglob("*.yaml"))
    found["resource"] = {one["id"]: one["name"] for one in resources}
    return found


def due(whose: Whose, rows: Iterable[Row]) -> list[Row]:
    """Return the rows due to a recipient: those that pass the return's filter and whose resolved locality is in its region."""
    if whose.audience not in REACHES[whose.return_id]:
        return []
    level = "district" if whose.audience == BUREAU else whose.audience
    return [row for row in rows if _is_about(whose.return_id, row) and row[f"{level}_code"] == whose.region]


def pending(whose: Whose, rows: Iterable[Row]) -> int:
    """Return the number of a recipient's rows whose place is known at its level but at no level below that receives the return."""
    levels = [level for level in REACHES[whose.return_id] if level in LEVELS]
    if whose.audience not in levels[:-1]:
        return 0
    below = f"{levels[levels.index(whose.audience) + 1]}_code"
    return sum(row[below] is None for row in due(whose, rows))


def columns(return_id: str, audience: str) -> list[str]:
    """Return the columns that an audience receives."""
    return [name for name in COLUMNS[return_id] if transform(return_id, name, audience, is_child=False) != "drop"]


def rows_due(whose: Whose, rows: Iterable[Row], today: Today) -> list[tuple]:
    """Return the cells due to a recipient, one tuple a row in the order of the columns its audience receives, sorted."""
    kept = columns(whose.return_id, whose.audience)
    return sorted((tuple(cell(whose, row, name, today) for name in kept) for row in due(whose, rows)), key=str)


def transform(return_id: str, column: str, audience: str, *, is_child: bool) -> str:
    """Return the transform of a column for an audience; identity columns of a child have the transform for minors."""
    if audience == BUREAU:
        return "raw"
    if is_child and column in IDENTITY:
        return POLICY["minor_id"][audience]
    stricter = STRICTER.get(return_id, {}).get(column, {})
    class_ = CLASSES.get(return_id, {}).get(column, "plain")
    return stricter.get(audience) or POLICY.get(class_, {}).get(audience, "raw")


def cell(whose: Whose, row: Row, name: str, today: Today) -> str | None:
    """Return the text that a recipient reads in a cell."""
    value = row["grid_code"] if name == "residence_grid_code" and name not in row else row[name]
    if value is None and name in below(whose.audience):
        return "待定"
    done = transform(whose.return_id, name, whose.audience, is_child=is_minor(row, today.date))
    if name == "person_name" and whose.audience == "grid" and not is_minor(row, today.date):
        done = "raw" if Shown(whose.return_id, whose.region, str(row["id_no"])) in today.tasks else done
    if done == "flag":
        return YES_NO[value not in (None, False)]
    if value is None or done == "drop":
        return None
    if done == "raw":
        return as_read(value, name, whose.audience, today.labels)
    return changed(str(value), name, done, today.date)


def as_read(value: object, name: str, audience: str, said: Labels) -> str:
    """Return a value as a workbook shows it (a code by its label alone), or as a Parquet column returns it."""
    if isinstance(value, datetime):
        moment = value.replace(tzinfo=value.tzinfo or UTC)
        return moment.astimezone(CHINA).strftime("%Y-%m-%d %H:%M") if audience in ON_PAPER else str(moment)
    if isinstance(value, bool):
        return YES_NO[value] if audience in ON_PAPER else str(value).lower()
    if audience not in ON_PAPER:
        return str(value)
    return said.get(LABELLED.get(name, ""), {}).get(str(value)) or str(value)


def below(audience: str) -> set[str]:
    """Return the places below a recipient's level; in a list on paper one that is not known is still to be found out."""
    return {f"{level}_code" for level in LEVELS[LEVELS.index(audience) + 1 :]} if audience in ON_PAPER else set()


def changed(text: str, name: str, done: str, day: date) -> str:
    """Return a text after its transform."""
    if done == "year":
        return text[:4]
    if done == "age_band":
        low = (day.year - int(text[:4])) // 5 * 5
        return "100+" if low >= 100 else f"{low}-{low + 4}"
    if done == "band":
        return banded(Decimal(text))
    if name == "id_no":
        return text[0] + "*" * (len(text) - 2) + text[-1]
    if name == "phone":
        return masked_phone(text)
    return masked_name(text)


def banded(amount: Decimal) -> str:
    """Return the band of an amount in yuan: from an edge up to the yuan before the next one."""
    reached = [edge for edge in EDGES if edge <= amount]
    if not reached:
        return "<0"
    return f"{reached[-1]}-{EDGES[len(reached)] - 1}" if len(reached) < len(EDGES) else f"{reached[-1]}+"


def masked_phone(text: str) -> str:
    """Return a mobile number with 3 + 4 digits left, a landline with its area and 2; two numbers or an already masked one leave nothing."""
    area, _, number = text.rpartition("-")
    if area.startswith("0") and area.isdecimal() and len(area) in (3, 4) and number.isdecimal():
        return f"{area}-{'*' * (len(number) - 2)}{number[-2:]}"
    return text[:3] + "*" * (len(text) - 7) + text[-4:] if text.isdecimal() else "*" * len(text)


def masked_name(text: str) -> str:
    """Return the masked name, of which only the surname is left."""
    kept = 2 if len(text) > 2 and text.startswith(SURNAMES_OF_TWO) else min(1, len(text) - 1)
    return text[:kept] + "*" * (len(text) - kept)


def is_minor(row: Row, day: date) -> bool:
    """Tell whether a row is about somebody under 14 on the day; without a birth date the identity number decides."""
    said, number = row.get("birth_date"), str(row.get("id_no") or "")
    if said is None and len(number) == 18 and number[6:14].isdigit():
        said = born_of(number)
    return said is not None and age_on(date.fromisoformat(str(said)), day) < 14


def _is_about(return_id: str, row: Row) -> bool:
    if return_id == "resident_list":
        return row["is_alive"] is True and row["is_moved_out"] is False
    return row["is_active"] is True if return_id == "legal_entity_list" else True
