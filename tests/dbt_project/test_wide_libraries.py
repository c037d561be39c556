"""The libraries of all resources on real Spark: addresses matched by text, order of place sources, cases, companies, events, summaries."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from pyspark.sql import Row, SparkSession

from lakehouse.config import Instance
from lakehouse.jobs import JobRequest
from spark_jobs.jobs import libraries
from spark_jobs.lake import session, storage
from tests.dbt_project.lake import (
    ADDRESSES,
    CASES,
    CERTIFICATES,
    CHECKS,
    COMPANIES,
    EVENTS,
    LEDGERS,
    PERMITS,
    REGISTRY,
    SERVICES,
    Silver,
    forget,
    instant,
    write_reference,
)  # fmt: skip

pytestmark = pytest.mark.dbt
POINT = {"lon": Decimal("113.5"), "lat": Decimal("22.2")}
DAY_1, DAY_2 = date(2026, 6, 1), date(2026, 6, 2)
PUBLIC = ("base.", "thematic.", "special.", "mart.", "quality.")
# text -> (standard address, deepest region that all matching addresses share)
TEXTS: dict[str, tuple[str | None, str | None]] = {
    "广东省示范市示范东区望海街道香湾社区人民路12号海怡花园3栋1单元501房": ("A1", "449901001001001"),
    "示范东区人民路１２号３幢１单元５０１室": ("A1", "449901001001001"),
    "示范东区人民路12号3号楼1单元0501": ("A1", "449901001001001"),
    "示范东区人民路12号3楼 2单元501房": ("A2", "449901001001001"),
    "示范东区人民路12号3栋501房": (None, "449901001001001"),  # two units have such a room
    "示范东区人民路12号3栋9单元999房": (None, "449901001001001"),  # no such room: the building is matched
    "示范东区人民路12号4栋": ("A3", "449901001002"),
    "示范东区人民路12号": (None, "449901001"),  # two communities of one street
    "望海街道人民路12号4栋101房": ("A3", "449901001002"),  # the street lies in one district only
    "人民路12号4栋101房": ("A3", "449901001002"),  # the other district has no building 4
    "人民路12号": (None, "4499"),  # in two districts
    "示范西区云麓镇上塘村人民路12号": ("B1", "449902001001001"),
    "示范西区人民路13号": (None, None),
    "示范西区迎宾路5号1栋": (None, None),  # that road is in the other district
    "香湾路8号": ("A4", "449901002001"),  # a road that begins like a community
    "老供销社后面第二排": (None, None),
}


def standard(silver: Silver, address_id: str, parts: str, community: str, grid: str | None = None, **values: Any) -> None:
    """Add a standard address; `parts` are road, door, building, unit and room."""
    names = ("road_name", "door_no", "building_no", "unit_no", "room_no")
    said = {name: part or None for name, part in zip(names, parts.split(","), strict=True)}
    silver.add(
        ADDRESSES, "2026-06-01", address_id=address_id, community_code=community, grid_code=grid, **{"status": "启用"} | said | values
    )


def city() -> Silver:
    """Return the rows of all resources."""
    silver = Silver()
    standard(
        silver,
        "A1",
        "人民路,12号,3栋,1,0501",
        "449901001001",
        "449901001001001",
        **POINT,
        coord_sys="GCJ02",
    )
    standard(
        silver,
        "A2",
        "人民路,12,３幢,2单元,501房",
        "449901001001",
        "449901001001001",
        **POINT,
        coord_sys="CGCS2000",
        full_text="近处的房号一长串",
    )
    standard(silver, "A3", "人民路,12,4,,101", "449901001002")
    standard(silver, "A4", "香湾路,8,,,", "449901002001", status="停用")
    standard(silver, "A5", "迎宾路,5,1,,101", "449901001001")
    standard(silver, "B1", "人民路,12,1,1,101", "449902001001", "449902001001001")
    for n, text in enumerate(TEXTS):
        silver.about(PERMITS, f"text {n}", "2026-05-01", status="有效", person_name="外来", residence_address=text)
    people(silver)
    cases(silver)
    companies(silver)
    for n, lat in enumerate(("22.2009", "22.2018")):  # 100 and 200.2 metres from an event
        home = {"lon": POINT["lon"], "lat": Decimal(lat), "coord_sys": "CGCS2000", "full_text": f"较远{n}"}
        standard(silver, f"N{n}", "香湾路,9,,,", "449901001001", "449901001001001", **home)
    standard(silver, "N9", "香湾路,9,,,", "449901001001", "449901001001001", **POINT, full_text="停用的", status="停用")
    standard(silver, "N3", "香湾路,9,,,", "449901001001", "449901001001001", **POINT, full_text="近处的楼")
    events(silver)
    return silver


def events(silver: Silver) -> None:
    """Add events with and without a point."""
    for no, status, point in (
        ("E1", "处置中", {"finish_time": instant("2026-05-31 23:30")}),
        ("E2", "已结案", POINT),
        ("E3", "处置中", POINT | {"lat": Decimal("22.20089")}),
        ("E4", "处置中", POINT | {"lat": Decimal("22.2036")}),
    ):
        silver.add(
            EVENTS, "2026-06-01 03:00", event_no=no, grid_code="449901001001001", status=status, urgency="黄", handler_uscc="C1",
            event_class="市容",
            **{"report_time": instant("2026-06-01 01:00"), "finish_time": instant("2026-06-01 02:30")} | point,
        )  # fmt: skip


def people(silver: Silver) -> None:
    """Add persons whose places come from several sources."""
    known = "449901001001"
    silver.about(
        PERMITS, "by code", "2026-05-01", status="有效", residence_region_code=known, residence_address="示范东区人民路12号4栋101房"
    )
    silver.about(
        PERMITS,
        "by padded code",
        "2026-05-01",
        status="有效",
        residence_region_code="449901001000",
        residence_address="示范东区人民路12号4栋101房",
    )
    silver.about(PERMITS, "by street", "2026-05-01", status="有效", residence_region_code="449901001000", residence_address="村口大榕树旁")
    silver.about(PERMITS, "by check", "2026-05-01", status="有效", residence_region_code="449902001001")
    for person in ("by cancelled permit alone", "by register"):
        silver.about(PERMITS, person, "2026-05-01", status="注销", residence_region_code="449902001001")
    silver.about(REGISTRY, "by register", "2026-04-01", hukou_region_code=known)
    silver.about(CHECKS, "by check", "2026-05-20", grid_code="888", address_id="A2", result="在住")
    silver.about(LEDGERS, "by ledger", "2026-05-25", community_code="449901001002", address_text="人民路")
    silver.about(REGISTRY, "by ledger", "2026-05-01", hukou_region_code=known, household_no="000000001", relation_to_head_code="0")
    silver.about(REGISTRY, "child", "2026-05-01", hukou_region_code=known, household_no="000000001", birth_date=date(2015, 1, 1))
    silver.about(REGISTRY, "suspected", "2026-05-01", hukou_region_code=known, birth_date=date(1940, 1, 1))
    silver.about(CHECKS, "suspected", "2026-05-20", grid_code="449901001001001", result="死亡线索")


def cases(silver: Silver) -> None:
    """Add cases of assistance, and rows of other resources that contradict them."""
    for person in ("fine", "dead", "double", "owner", "left", "severe"):
        ended = {"dead": {"cancel_reason": "死亡", "cancel_date": date(2026, 4, 3)}, "left": {"cancel_reason": "迁出"}}.get(person, {})
        silver.about(REGISTRY, person, "2026-05-01", hukou_region_code="449901001001", **ended)
    for person, case in (("fine", "K1"), ("dead", "K2"), ("double", "K3"), ("double", "K4"), ("owner", "K5"), ("left", "K6")):
        silver.about(
            CASES, person, "2026-05-01", case_no=case, assistance_type="最低生活保障", status="在享", start_month="2026-04",
            household_size=3, monthly_amount=Decimal(1000), applicant_person_id=f"applicant of {case}",
        )  # fmt: skip
    silver.about(
        CASES,
        "fine",
        "2026-05-10",
        case_no="K0",
        assistance_type="临时救助",
        status="停发",
        start_month="2026-03",
        monthly_amount=Decimal(9),
    )
    paid = {"case_no": "K7", "assistance_type": "临时救助", "start_month": "2026-02", "household_size": 1, "monthly_amount": Decimal(70)}
    silver.about(CASES, "fine", "2026-03-20", status="在享", _key="K7", valid_to=instant("2026-04-30 16:00"), **paid)
    paid["monthly_amount"] = Decimal(80)
    silver.about(CASES, "fine", "2026-04-30 16:00", status="在享", _key="K7", valid_to=instant("2026-05-31 15:59"), **paid)
    silver.about(CASES, "fine", "2026-05-31 15:59", status="停发", _key="K7", **paid)
    silver.about(
        SERVICES, "fine", "2026-05-31 16:00", service_type="护理补贴", pay_month="2026-06", amount_yuan=Decimal(50), _recorded_on=DAY_1
    )
    for person in ("severe", "double"):
        silver.about(
            CERTIFICATES, person, "2026-05-01", disability_category="4", disability_grade="1", cert_status="正常", disability_cert_no=person
        )
    silver.about(
        CERTIFICATES, "fine", "2026-05-01", disability_category="4", disability_grade="1", cert_status="注销", disability_cert_no="x"
    )


def companies(silver: Silver) -> None:
    """Add companies whose places come from premises, domicile and region code."""
    room, bad = "示范东区人民路12号3栋1单元501房", "码头边三层楼"
    misspelt = {"legal_rep_person_id": "owner", "_flags": ["legal_rep_id_no.resident_id"]}
    for uscc, premises, domicile, code, values in (
        ("C1", room, bad, "449902", {"legal_rep_person_id": "owner", "legal_rep_id_no": "number of owner", "industry_code": "C3911"}),
        ("C2", bad, room, "449902", {"term_to": date(2020, 1, 1)} | misspelt),
        ("C3", bad, None, "449902001001", {"status_code": "3", "legal_rep_person_id": "nobody"}),
    ):
        silver.add(
            COMPANIES, "2026-05-01", uscc=uscc, entity_name=uscc, premises_address=premises, domicile=domicile, region_code=code,
            _provider="regulator", **{"status_code": "1"} | values,
        )  # fmt: skip


@pytest.fixture(scope="module")
def spark(module_instance: Instance) -> Iterator[SparkSession]:
    spark = session.open_session(module_instance)
    write_reference(spark, module_instance)
    city().write(spark, module_instance)
    yield spark
    session.close_sessions()


def build(spark: SparkSession, instance: Instance, day: date) -> dict[str, list[Row]]:
    """Run a build and return the rows of all public tables."""
    libraries.run(instance, JobRequest(day))
    public = [table for table in storage.tables(instance) if table.startswith(PUBLIC)]
    return {table: sorted(storage.read(spark, table).collect(), key=str) for table in public}


@pytest.fixture(scope="module")
def built(spark: SparkSession, module_instance: Instance) -> dict[str, list[Row]]:
    return build(spark, module_instance, DAY_1)


def by(rows: list[Row], key: str) -> dict[str, Row]:
    """Index rows by one column."""
    return {row[key]: row for row in rows}


def deepest(row: Row) -> str | None:
    """Return the deepest region known for a row."""
    levels = ("grid", "community", "street", "district", "city", "province")
    return next((row[f"{level}_code"] for level in levels if row[f"{level}_code"]), None)


def test_texts_lead_to_an_address_or_to_what_all_that_fit_agree_on(built: dict[str, list[Row]]) -> None:
    person = by(built["base.person"], "person_id")
    found = {text: (person[f"text {n}"].residence_address_id, deepest(person[f"text {n}"])) for n, text in enumerate(TEXTS)}
    assert found == TEXTS


def test_a_source_says_its_place_by_code_address_text_and_short_code(built: dict[str, list[Row]]) -> None:
    person = by(built["base.person"], "person_id")
    names = [name for name in person if name.startswith("by ")]
    assert {name: (deepest(person[name]), person[name].residence_address_id, person[name].locality_source) for name in names} == {
        "by code": ("449901001001", None, PERMITS),  # its text means another address
        "by padded code": ("449901001002", "A3", PERMITS),
        "by street": ("449901001", None, PERMITS),
        "by check": ("449901001001001", "A2", CHECKS),
        "by ledger": ("449901001002", None, LEDGERS),
        "by register": ("449901001001", None, REGISTRY),  # a cancelled permit supplies no values
    }
    assert (person["suspected"].is_alive, person["suspected"].suspect_deceased, person["child"].suspect_deceased) == (True, True, False)
    (household,) = built["base.household"]
    assert (household.head_person_id, household.member_count, deepest(household)) == ("by ledger", 2, "449901001002")
    a1 = by(built["base.address"], "address_id")["A1"]
    assert (round(float(a1.lon) - 113.5, 4), round(float(a1.lat) - 22.2, 4)) == (-0.0053, 0.0028)


def test_entities_lie_at_their_premises_then_domicile_then_code(built: dict[str, list[Row]]) -> None:
    entity = by(built["thematic.market_regulation"], "uscc")
    assert {uscc: (deepest(row), row.locality_confidence) for uscc, row in entity.items()} == {
        "C1": ("449901001001001", 3),
        "C2": ("449901001001001", 2),
        "C3": ("449902001001", 2),
    }
    assert [(row.is_active, row.is_zombie, row.premises_differs) for row in entity.values()] == [
        (True, False, True), (True, True, True), (False, False, False),
    ]  # fmt: skip
    assert (entity["C1"].status_name, entity["C1"].industry_name) == ("存续", "制造业")
    owners = {row.uscc: row.person_id for row in built["base.entity_person"]}
    assert owners == {"C1": "owner", "C3": "nobody"}  # a number with a wrong check digit identifies nobody
    missing = {(row.column_name, row.provider, row.target) for row in built["quality.missing_reference"] if row.resource == COMPANIES}
    assert missing == {("legal_rep_id_no", "regulator", "person")}
    room = by(built["thematic.address"], "address_id")["A1"]
    assert (room.entity_count, room.district_name, room.grid_name) == (2, "示范东区", "449901001001001")


def test_cases_count_by_month_and_what_contradicts_them_is_flagged(built: dict[str, list[Row]]) -> None:
    months = [
        (row.case_no, row.month, row.amount_yuan and float(row.amount_yuan))
        for row in built["thematic.social_assistance"]
        if row.person_id == "fine"
    ]
    assert sorted(months) == [
        ("", "2026-06", 50.0), ("K0", "2026-03", None), ("K0", "2026-04", None), ("K0", "2026-05", None),
        ("K1", "2026-04", 333.33), ("K1", "2026-05", 333.33), ("K1", "2026-06", 333.33),
        ("K7", "2026-02", 70.0), ("K7", "2026-03", 70.0), ("K7", "2026-04", 70.0), ("K7", "2026-05", 80.0),
    ]  # fmt: skip
    stood = sorted(
        (row.case_no, row.month, row.status)
        for row in built["thematic.social_assistance"]
        if row.person_id == "fine" and row.case_no in ("K0", "K7")
    )
    assert [status for *_, status in stood] == ["在享", "在享", "停发", "在享", "在享", "在享", "停发"]
    net = by(built["special.safety_net"], "person_id")
    assert {person: [name for name in row.asDict() if name.startswith("is_") and row[name]] for person, row in net.items()} == {
        "fine": ["is_listed_without_certificate"],
        "dead": ["is_paid_after_death"],
        "double": ["is_in_two_households"],
        "owner": ["is_owning_enterprise"],
        "left": ["is_moved_out"],
        "severe": ["is_eligible_not_listed"],
    }
    assert (net["fine"].assistance_types, float(net["fine"].monthly_amount_yuan)) == ("护理补贴,最低生活保障", 383.33)
    assert (net["dead"].needs_help, net["severe"].needs_help, net["severe"].assistance_types) == (False, True, None)


def test_grids_have_a_profile_and_small_cells_are_suppressed(built: dict[str, list[Row]]) -> None:
    profile = by(built["mart.grid_profile_daily"], "grid_code")["449901001001001"]
    assert (profile.address_count, profile.entity_count, profile.open_event_count, profile.closed_event_count) == (5, 2, 3, 1)
    assert all(row.is_suppressed or row.value == 0 or row.value > 9 for row in built["mart.region_summary"])
    assert all((row.value is None) == row.is_suppressed for row in built["mart.region_summary"])
    event = by(built["thematic.facility_event"], "event_no")["E2"]
    assert (event.is_closed, float(event.handling_hours), event.urgency_name, event.handler_name) == (True, 1.5, "黄", "C1")
    assert (event.report_at_local, event.finish_at_local, event.close_at_local) == ("2026-06-01 09:00:00", "2026-06-01 10:30:00", None)
    (conflict,) = [row for row in built["quality.conflict"] if row.entity == "event"]
    assert (conflict.entity_id, conflict.field, conflict.kept_value, conflict.lost_value) == ("E1", "handling_hours", None, "-1.50")
    assert (conflict.lost_source, conflict.lost_valid_from_local) == (EVENTS, "2026-06-01 11:00:00")
    (month,) = built["mart.events_by_street"]
    assert (month.month, month.street_name, month.event_count, month.closed_count, month.handled_count) == ("2026-06", "望海街道", 4, 1, 3)


def test_the_nearest_address_in_use_of_the_grid_is_named_with_its_distance(built: dict[str, list[Row]]) -> None:
    events = {row.event_no: (row.near_address, row.near_address_m) for row in built["thematic.facility_event"]}
    assert events == {"E1": (None, None), "E2": ("近处的楼", 0), "E3": ("较远0", 1), "E4": (None, None)}


def test_nothing_new_makes_no_version_and_a_rebuild_is_identical(
    spark: SparkSession, module_instance: Instance, built: dict[str, list[Row]]
) -> None:
    before = storage.versions(module_instance)
    assert build(spark, module_instance, DAY_1) == built
    assert storage.versions(module_instance) == before
    assert not any(row.tableName.startswith("int_") for row in spark.sql("show tables in base").collect())
    second = build(spark, module_instance, DAY_2)
    assert {row.profile_date for row in second["mart.grid_profile_daily"] if row.grid_code == "449901001001002"} == {
        DAY_1,
        DAY_2,
    }  # it moved
    assert len(second["mart.grid_profile_daily"]) == len(built["mart.grid_profile_daily"]) + 1
    forget(spark, module_instance, *built)
    assert build(spark, module_instance, DAY_1) == built
