"""Packages from base.person to the published day: complete, repeated without effect, refused when something leaks or is missing."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete

from lakehouse.config import Instance
from lakehouse.errors import DeliveryError, EntitlementError, QualityError
from lakehouse.jobs import JobRequest, run_job
from lakehouse.objects import open_area
from lakehouse.ops import connect, days, facts, packages
from lakehouse.ops.tables import day as day_table
from lakehouse.ops.tables import day_fact, package
from lakehouse.packages import unsound_packages
from lakehouse.regions import load_regions
from lakehouse.returns.publications import leaves
from lakehouse.signing import load_public_key
from lakehouse.verifier import verify_package
from spark_jobs import storage
from spark_jobs.session import open_session
from spark_jobs.tables import TableShape

pytestmark = pytest.mark.spark

FIRST, SECOND = date(2026, 6, 1), date(2026, 6, 2)
GRIDS = ("449901001001001", "449901001002001", "449901002001001")


@dataclass(frozen=True)
class Person:
    """A row of base.person, as far as the return reads it."""

    person_id: str
    id_no: str = "44990119900307001X"
    person_name: str = "张三丰"
    gender_code: str = "1"
    birth_date: date | None = date(1990, 3, 7)
    hukou_address: str | None = "示范市望海街道1号"
    household_no: str = "100000001"
    relation_to_head_code: str = "0"
    is_local_hukou: bool = True
    is_alive: bool = True
    is_moved_out: bool = False
    residence_grid_code: str | None = GRIDS[0]
    residence_address_id: str | None = None
    province_code: str | None = "44"
    city_code: str | None = "4499"
    district_code: str | None = "449901"
    street_code: str | None = "449901001"
    community_code: str | None = "449901001001"
    grid_code: str | None = GRIDS[0]
    locality_source: str = "g_person_check"
    locality_confidence: int = 4


TYPES = {"birth_date": "date", "is_local_hukou": "boolean", "is_alive": "boolean", "is_moved_out": "boolean", "locality_confidence": "int"}
SHAPE = TableShape("base.person", tuple((name, TYPES.get(name, "string")) for name in asdict(Person(""))))
PEOPLE = [
    Person("a"),
    Person("b", "44990219551224002X", "欧阳小满", birth_date=date(1955, 12, 24)),
    Person("c", "449901201806151235", "李小宝", birth_date=date(2018, 6, 15)),
    Person("d", community_code="449901001002", grid_code=GRIDS[1]),
    Person("e", street_code="449901002", community_code="449901002001", grid_code=GRIDS[2]),
    Person("p", community_code=None, grid_code=None),
    Person("q", district_code=None, street_code=None, community_code=None, grid_code=None),
    Person("dead", is_alive=False),
    Person("gone", is_moved_out=True),
]


def put(instance: Instance, people: list[Person]) -> None:
    spark = open_session(instance)
    storage.ensure_table(spark, instance, SHAPE)
    rows = spark.createDataFrame(
        [tuple(asdict(one).values()) for one in people], ", ".join(f"{name} {kind}" for name, kind in SHAPE.columns)
    )
    storage.write_differences(spark, storage.Target(SHAPE.name, ("person_id",), "true"), rows)


def close(instance: Instance, day: date, issue: int = 1) -> None:
    with connect(instance) as connection:
        days.close(connection, day, issue, [])


def run_returns(instance: Instance, day: date) -> list[dict[str, Any]]:
    return [run_job(name, JobRequest(day), instance) for name in ("returns_build", "returns_prove", "returns_publish")]


def files(instance: Instance) -> dict[str, bytes]:
    exchange = open_area(instance, "exchange")
    return {one.path: exchange.get(one.path) for one in exchange.list()}


def manifest(instance: Instance, level: str, recipient: str, day: date, issue: int = 1) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(open_area(instance, "exchange").get(f"{level}/{recipient}/{day}/{issue}/manifest.json"))
    return found


def forms(instance: Instance, level: str, recipient: str, day: date) -> dict[str, dict[str, Any]]:
    return {form["form"]: form for form in manifest(instance, level, recipient, day)["returns"][0]["forms"]}


def test_two_days_are_published_repeated_checked_and_issued_again(instance: Instance) -> None:
    """One long story: every step rests on the one before."""
    put(instance, PEOPLE)
    close(instance, FIRST)
    built, proved, published = run_returns(instance, FIRST)
    recipients = load_regions(instance.city_folder).recipients(FIRST)
    assert (built["recipients"], published["packages"], published["outcome"]) == (len(recipients), len(recipients), "published")
    assert built["created"] == proved["decoded"] == 1 + 2 + 3 + 3
    held = [manifest(instance, *whom, FIRST)["returns"][0]["rows"] for whom in (("district", "d-449901"), ("street", "s-449901001"))]
    assert held == [6, 5]
    assert manifest(instance, "street", "s-449901001", FIRST)["returns"][0]["pending_locality"] == 1
    with connect(instance) as connection:
        assert [proof["ok"] for proof in facts.get(connection, FIRST, "proofs")] == [True, True, True]
        assert {(one["level"], one["rows"]) for one in facts.get(connection, FIRST, "returns")} == {
            ("district", 6), ("street", 6), ("community", 5), ("grid", 5),
        }  # fmt: skip
    assert unsound_packages(instance, FIRST) == (len(recipients), [])
    folder = Path(str(open_area(instance, "exchange").local_path(f"grid/g-{GRIDS[0]}/{FIRST}/1")))
    assert verify_package(folder, load_public_key(instance.key_path("signing.pub")), f"g-{GRIDS[0]}").ok

    put(instance, [replace(PEOPLE[0], hukou_address="新址"), *PEOPLE[2:], Person("n", "449903198801011207", birth_date=date(1988, 1, 1))])
    close(instance, SECOND)
    built, proved, published = run_returns(instance, SECOND)
    assert (built["created"], proved["decoded"]) == (2 + 1 + 1 + 1, 2 + 2 + 2 + 2)  # two sheets of a workbook are two forms
    changed = forms(instance, "community", "v-449901001001", SECOND)["changes"]
    assert (changed["inserted"], changed["updated"], changed["deleted"]) == (1, 1, 1)
    assert forms(instance, "grid", f"g-{GRIDS[2]}", SECOND)["rows"] == forms(instance, "grid", f"g-{GRIDS[2]}", FIRST)["rows"]

    before = files(instance)
    with connect(instance) as connection:
        rows = packages.of_issue(connection, SECOND, 1)
        for table in (package, day_table, day_fact):
            connection.execute(delete(table).where(table.c.business_date == SECOND))
    close(instance, SECOND)
    built, _, published = run_returns(instance, SECOND)
    assert (built["created"], published["outcome"], published["issue"]) == (0, "unchanged", 1)
    assert files(instance) == before
    close(instance, SECOND, 2)
    assert run_job("returns_publish", JobRequest(SECOND), instance)["issue"] == 1
    with connect(instance) as connection:
        assert packages.of_issue(connection, SECOND, 1) == rows
        assert days.newest_issue(connection, SECOND) == days.last_published(connection) == days.get(connection, SECOND, 1)

    assert [(one["outcome"], one.get("compared")) for one in run_returns(instance, FIRST)] == [
        ("final", True),
        ("final", None),
        ("final", None),
    ]
    assert files(instance) == before

    put(instance, [*PEOPLE[2:], Person("n", "449903198801011207", birth_date=date(1988, 1, 1))])
    close(instance, SECOND, 2)
    assert run_returns(instance, SECOND)[2]["issue"] == 2
    assert manifest(instance, "district", "d-449901", SECOND, 2)["predecessor"]["issue"] == 1
    kept = {path: content for path, content in before.items() if not path.startswith(f"days/{SECOND}/build") and "proofs" not in path}
    assert kept.items() <= files(instance).items()
    payload = next(path for path in leaves(open_area(instance, "exchange"), FIRST, 1).payloads[f"g-{GRIDS[0]}"])
    open_area(instance, "exchange").delete([f"grid/g-{GRIDS[0]}/{payload}"])
    with pytest.raises(DeliveryError, match=f"g-{GRIDS[0]}: 1 payloads are missing"):
        run_job("returns_publish", JobRequest(FIRST), instance)


def test_nothing_is_published_when_a_number_hides_in_an_address(instance: Instance) -> None:
    put(instance, [*PEOPLE, Person("x", hukou_address="某路1号 44990219551224002X 宅")])
    close(instance, FIRST)
    run_job("returns_build", JobRequest(FIRST), instance)
    with pytest.raises(EntitlementError, match=r"I4 does not hold.*identity numbers") as refused:
        run_job("returns_prove", JobRequest(FIRST), instance)
    assert "44990219551224002X" not in str(refused.value)
    with pytest.raises(DeliveryError, match="not proved"):
        run_job("returns_publish", JobRequest(FIRST), instance)


def test_row_at_a_place_that_is_no_region_is_missed_by_the_proof(instance: Instance) -> None:
    put(instance, [*PEOPLE, Person("x", grid_code="449901001001999")])
    close(instance, FIRST)
    run_job("returns_build", JobRequest(FIRST), instance)
    with pytest.raises(QualityError, match="449901001001999 has rows but is no region of the day"):
        run_job("returns_prove", JobRequest(FIRST), instance)
