"""Everything the house says of its two days equals what plain dictionaries compute from the landed bytes."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path

import openpyxl
import pyarrow.parquet as pq
import pytest

from lakehouse.naming import bronze, silver
from lakehouse.ops import batches, connect, facts
from spark_jobs.session import open_session
from spark_jobs.storage import read
from tests.e2e.conftest import FIRST, SECOND, Lived
from tests.oracle import days as oracle_days
from tests.oracle import golden, landed
from tests.oracle.entitlement import columns, pending, rows_due
from tests.oracle.landed import CHECK, COLUMNS, ELDERLY, HOUSEHOLD

pytestmark = pytest.mark.e2e
DAYS = (FIRST, SECOND)
FIELDS = [
    "id_no", "person_name", "gender_code", "birth_date", "ethnicity_code", "hukou_region_code", "hukou_address", "household_no",
    "relation_to_head_code", "is_local_hukou", "phone", "is_alive", "is_moved_out", "residence_address_id", "province_code", "city_code",
    "district_code", "street_code", "community_code", "grid_code", "locality_source", "locality_confidence",
]  # fmt: skip


@pytest.fixture(scope="module")
def told(lived: Lived) -> dict[date, tuple[list[dict], dict[str, list[dict]]]]:
    """Returns the oracle's word on each day."""
    found = landed.batches(lived.landing)
    return {day: oracle_days.known_on(lived.world, found, day) for day in DAYS}


@pytest.fixture(scope="module")
def persons(lived: Lived, told) -> dict[date, dict[str, dict]]:
    """Returns the oracle's golden persons of each day, by resident number."""
    found = {}
    for day in DAYS:
        known = {resource: oracle_days.valid_at_end(cut, day) for resource, cut in told[day][1].items()}
        found[day] = golden.persons(golden.Day(lived.world, day), known)
    return found


@pytest.mark.parametrize("day", DAYS)
def test_every_batch_is_disposed_of_as_the_rules_say(lived: Lived, told, day: date) -> None:
    with connect(lived.instance) as connection:
        ours = {batch.batch_id: batch for batch in batches.taken_on(connection, day)}
    theirs = {batch["batch_id"]: batch for batch in told[day][0] if batch["taken_on"] == day.isoformat()}
    assert ours.keys() == theirs.keys()
    for batch_id, batch in ours.items():
        counts = {name: getattr(batch, name) for name in oracle_days.COUNTS}
        assert counts == dict(theirs[batch_id]["counts"]), (batch.resource, batch.source_object)
        assert batch.gate == theirs[batch_id]["gate"], (batch.resource, batch.source_object)


@pytest.mark.parametrize("resource", [HOUSEHOLD, ELDERLY, CHECK])
def test_every_rule_counts_what_the_oracle_counts(lived: Lived, told, resource: str) -> None:
    rows = read(open_session(lived.instance), bronze(resource)).selectExpr("_batch_id", "explode(_verdict) as rule")
    ours = {(row["_batch_id"], row["rule"]): row["count"] for row in rows.groupBy("_batch_id", "rule").count().collect()}
    theirs = {
        (batch["batch_id"], rule): count
        for batch in told[SECOND][0]
        if batch["resource"] == resource
        for rule, count in batch["broken"].items()
    }
    assert ours == theirs


@pytest.mark.parametrize("resource", [HOUSEHOLD, ELDERLY, CHECK])
def test_present_knowledge_is_the_oracles_history(lived: Lived, told, resource: str) -> None:
    present = read(open_session(lived.instance), silver(resource)).where("_replaced_on is null")
    assert _versions(present, resource) == _expected(told[SECOND][1][resource], resource)


@pytest.mark.parametrize("resource", [HOUSEHOLD, ELDERLY, CHECK])
def test_what_was_known_on_the_first_day_can_still_be_read(lived: Lived, told, resource: str) -> None:
    known = read(open_session(lived.instance), silver(resource)).where(
        f"_recorded_on <= date'{FIRST}' and (_replaced_on is null or _replaced_on > date'{FIRST}')"
    )
    known = known.selectExpr("* except (valid_to)", f"if(_closed_on > date'{FIRST}', null, valid_to) as valid_to")
    assert _versions(known, resource) == _expected(told[FIRST][1][resource], resource)


@pytest.mark.parametrize("day", DAYS)
def test_golden_values_are_the_oracles(lived: Lived, persons, day: date) -> None:
    rows = _person_table(lived, day).collect()
    ours = {row["id_no"]: {name: _text(row[name]) for name in FIELDS} for row in rows}
    theirs = {number: {name: _text(person[name]) for name in FIELDS} for number, person in persons[day].items()}
    assert ours == theirs
    sources = {row["id_no"]: {k: v for k, v in json.loads(row["_field_sources"]).items() if v} for row in rows}
    assert sources == {number: {k: v for k, v in person["_sources"].items() if v} for number, person in persons[day].items()}


def test_conflicts_are_the_oracles(lived: Lived, persons) -> None:
    spark = open_session(lived.instance)
    numbers = {row["person_id"]: row["id_no"] for row in _person_table(lived, SECOND).select("person_id", "id_no").collect()}
    ours = Counter(
        (numbers[row["entity_id"]], row["field"], row["lost_source"], row["lost_value"])
        for row in read(spark, "quality.conflict").collect()
    )
    theirs = Counter((number, *lost) for number, person in persons[SECOND].items() for lost in person["_conflicts"])
    assert ours == theirs
    assert theirs


@pytest.mark.parametrize("day", DAYS)
def test_every_recipient_gets_exactly_the_rows_and_cells_due(lived: Lived, persons, day: date) -> None:
    served = Counter()
    for manifest, folder in packages(lived, day):
        level, region = manifest["recipient"]["level"], manifest["recipient"]["region_code"]
        (returned,) = manifest["returns"]
        assert [column["name"] for column in returned["columns"]] == ["_row_key", *columns(level)]
        rows = [row[1:] for row in form_rows(folder, returned, "rows")]
        assert sorted(rows, key=str) == rows_due(persons[day], level, region, day), manifest["recipient"]
        if level != "grid":
            assert returned["pending_locality"] == pending(persons[day], level, region)
        served[level] += 1
    assert served == {"district": 1, "street": 3, "community": 9, "grid": 18}


def test_changes_lead_from_the_first_day_to_the_second(lived: Lived) -> None:
    before = {manifest["recipient"]["id"]: (manifest, folder) for manifest, folder in packages(lived, FIRST)}
    changed = 0
    for manifest, folder in packages(lived, SECOND):
        first, first_folder = before[manifest["recipient"]["id"]]
        held = {row[0]: row for row in form_rows(first_folder, first["returns"][0], "rows")}
        for operation, *row in form_rows(folder, manifest["returns"][0], "changes"):
            changed += 1
            assert (row[0] in held) == (operation != "I")
            held.pop(row[0], None)
            if operation != "D":
                held[row[0]] = tuple(row)
        assert sorted(held.values(), key=str) == sorted(form_rows(folder, manifest["returns"][0], "rows"), key=str)
    assert changed


def packages(lived: Lived, day: date):
    """Yields (manifest, folder) of every package of a day's first issue."""
    for path in sorted((lived.instance.home / "store" / "exchange").glob(f"*/*/{day}/1/manifest.json")):
        yield json.loads(path.read_text("utf-8")), path.parent


def form_rows(folder: Path, returned: dict, name: str) -> list[tuple]:
    """Returns the rows of a form as texts."""
    form = next(form for form in returned["forms"] if form["form"] == name)
    if form["path"] is None:
        return []
    payload = folder.parent.parent / form["path"]
    if payload.suffix == ".parquet":
        return [tuple(_text(value) for value in row.values()) for row in pq.read_table(payload).to_pylist()]
    rows = list(openpyxl.load_workbook(payload)[form["sheet"]].iter_rows(values_only=True))
    return [tuple(row) for row in rows[1:]]


def _person_table(lived: Lived, day: date):
    with connect(lived.instance) as connection:
        libraries = facts.get(connection, day, "libraries")
    version = next(one["version"] for one in libraries if one["table"] == "base.person")
    return read(open_session(lived.instance), "base.person", version)


def _versions(table, resource: str) -> Counter:
    names = COLUMNS[resource]
    # instants are compared as UTC text: the client would give them in the machine's own zone
    times = [f"date_format({name}, 'yyyy-MM-dd HH:mm:ss') as {name}" for name in ("valid_from", "valid_to")]
    rows = table.selectExpr(*names, *[f"{time.split(' as ')[0]} as _{time.split(' as ')[1]}" for time in times]).collect()
    return Counter((*tuple(_comparable(row[name], name) for name in names), row["_valid_from"], row["_valid_to"]) for row in rows)


def _expected(versions: list[dict], resource: str) -> Counter:
    names = COLUMNS[resource]
    return Counter(
        (*tuple(_comparable(version[name], name) for name in names), _moment(version["_valid_from"]), _moment(version["_valid_to"]))
        for version in versions
    )


def _moment(value: datetime | None) -> str | None:
    return value.strftime("%Y-%m-%d %H:%M:%S") if value else None


def _comparable(value: object, name: str) -> str | None:
    if name in ("update_time", "check_time") or value is None:
        return None  # the position stands in valid_from
    try:
        return str(Decimal(str(value)).normalize()) if name in ("amount_yuan", "lon", "lat", "age_reported") else str(value)
    except InvalidOperation:
        return str(value)


def _text(value: object) -> str | None:
    if isinstance(value, bool):
        return str(value).lower()
    return None if value is None else str(value)
