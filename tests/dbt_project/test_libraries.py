"""The libraries on real Spark: golden values, locality, conflicts; only differences are written."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from jinja2 import Environment
from pyspark.sql import Row, SparkSession

from application import tools
from lakehouse.config import PROJECT, Instance
from lakehouse.derive import dbt
from lakehouse.errors import ConfigError
from lakehouse.jobs import JobRequest
from lakehouse.naming import REBUILT
from lakehouse.objects import open_area
from lakehouse.ops import audit, connect, days
from spark_jobs.jobs import libraries
from spark_jobs.lake import dbt_runs, rebuilt_libraries, session, storage
from tests.cases.lake import DELIVERIES
from tests.dbt_project.lake import CHECKS, PERMITS, REGISTRY, SERVICES, Silver, forget, instant, write_reference
from tests.oracle import golden

pytestmark = pytest.mark.dbt
TABLES = ("base.person", "base.person_address", "quality.conflict")
DAY_1, DAY_2 = date(2026, 6, 1), date(2026, 6, 2)


@pytest.fixture(scope="module")
def spark(module_instance: Instance) -> Iterator[SparkSession]:
    spark = session.open_session(module_instance)
    write_reference(spark, module_instance)
    people().write(spark, module_instance)
    yield spark
    session.close_sessions()


@pytest.fixture(scope="module")
def first_day(spark: SparkSession, module_instance: Instance) -> dict[str, list[Row]]:
    return build(spark, module_instance, DAY_1)


@pytest.fixture(scope="module")
def second_day(spark: SparkSession, module_instance: Instance, first_day: dict[str, list[Row]]) -> dict[str, list[Row]]:
    return build(spark, module_instance, DAY_2) if first_day else {}


def people() -> Silver:
    silver = Silver()
    known_1 = {"_recorded_on": DAY_1}
    of_1, of_2 = {"_provider": "office of 449901001"}, {"_provider": "office of 449901002"}

    def register(person: str, code: str | None, at: str = "2026-05-01", **values: Any) -> None:
        silver.about(REGISTRY, person, at, person_name=f"name of {person}", birth_date=date(1950, 1, 2), hukou_region_code=code, **values)

    def check(person: str, at: str, grid: str, result: str = "在住", **values: Any) -> None:
        silver.about(CHECKS, person, at, grid_code=grid, result=result, **values)

    def serve(person: str, community: str | None, office: dict[str, str], **values: Any) -> None:
        silver.about(SERVICES, person, "2026-05-31 16:00", community_name=community, **known_1, **office, **values)

    register("moved grid", "449901001001")
    check("moved grid", "2026-05-20", "449901001001002", address_id="A1", phone="1390")
    serve("moved grid", "香湾社区", of_1, phone="1391")
    register("grid ended", "449901002001")
    check("grid ended", "2026-05-20", "449901001001009", phone=None)
    serve("grid ended", "香湾社区", of_2, phone="1392")
    register("moved away", "449901001002")
    check("moved away", "2026-05-01", "449901001001001")
    check("moved away", "2026-05-20", "449901001001001", "搬离")
    register("old check", "449901003000")
    check("old check", "2025-12-02 15:59", "449901001001001")
    register("last fresh check", "449901002001")
    check("last fresh check", "2025-12-02 16:00", "449901001001001")
    register("namesake", "449901001001")
    serve("namesake", "同名社区", of_2)
    register("of one of two", "449902001000")
    serve("of one of two", "海滨社区", {"_provider": "office of both"})
    register("of neither of two", "449901002000")
    serve("of neither of two", "没有的社区", {"_provider": "office of both"})
    register("unknown place", "999999001001")
    check("unknown place", "2026-05-20", "888888001001001")
    register("dead", "449901001001", cancel_reason="死亡", cancel_date=date(2026, 5, 3))
    check("dead", "2026-05-04", "449901001001001", "死亡线索")
    register("renamed", "449901001001", valid_to=instant("2026-06-02 01:00"), _closed_on=DAY_2)
    silver.about(REGISTRY, "renamed", "2026-06-02 01:00", person_name="new name", hukou_region_code="449901001001")
    register("gone", "449901001002", _replaced_on=DAY_2)
    register("spelled apart", "449901001001")
    serve("spelled apart", "香\u3000湾\u2003社区", of_1)
    for person, names in spelled_twice().items():
        silver.about(REGISTRY, person, "2026-05-01", person_name=names[0], hukou_region_code="449901001001")
        silver.about(PERMITS, person, "2026-05-01", person_name=names[1], status="有效")
    silver.about(SERVICES, "not registered", "2026-05-31 16:00", phone="1", **known_1, **of_1)
    return silver


def spelled_twice() -> dict[str, tuple[str, str]]:
    """Return the names of the case's people by number, as the register and as the permit has them."""
    case = DELIVERIES / "c60-name-dot-of-another-code-point"
    registered = dict(re.findall(r"values \('([0-9X]{18})', '([^']+)'", (case / "1.sql").read_text("utf-8")))
    permits = {one["id_no"]: one["person_name"] for one in json.loads((case / "pages_part.json").read_text("utf-8"))}
    return {number: (name, permits[number]) for number, name in registered.items()}


def build(spark: SparkSession, instance: Instance, day: date) -> dict[str, list[Row]]:
    libraries.run(instance, JobRequest(day))
    return {table: sorted(storage.read(spark, table).collect(), key=str) for table in TABLES}


def persons(rows: dict[str, list[Row]]) -> dict[str, Row]:
    return {row.person_id: row for row in rows["base.person"]}


def test_place_comes_from_the_first_source_that_knows_one(first_day: dict[str, list[Row]]) -> None:
    found = {
        person: (row.street_code, row.community_code, row.grid_code, row.locality_source, row.locality_confidence)
        for person, row in persons(first_day).items()
    }
    street_1, street_2 = "449901001", "449901002"
    assert found == {
        "moved grid": (street_1, "449901001001", "449901001001002", CHECKS, 4),
        "grid ended": (street_1, "449901001001", "449901001001001", CHECKS, 4),
        "moved away": (street_1, "449901001002", None, REGISTRY, 2),
        "old check": (street_2, None, None, REGISTRY, 2),
        "last fresh check": (street_1, "449901001001", "449901001001001", CHECKS, 4),
        "namesake": (street_2, None, None, SERVICES, 3),
        "of one of two": (street_1, "449901001002", None, SERVICES, 3),
        "of neither of two": (street_2, None, None, REGISTRY, 2),
        "unknown place": (None, None, None, None, None),
        "dead": (street_1, "449901001001", None, REGISTRY, 2),
        "renamed": (street_1, "449901001001", None, REGISTRY, 2),
        "gone": (street_1, "449901001002", None, REGISTRY, 2),
        "spelled apart": (street_1, "449901001001", None, SERVICES, 3),
        **dict.fromkeys(spelled_twice(), (street_1, "449901001001", None, REGISTRY, 2)),
    }


def test_values_carry_their_source_and_losers_become_conflicts(first_day: dict[str, list[Row]]) -> None:
    golden = persons(first_day)
    assert (golden["moved grid"].phone, golden["grid ended"].phone) == ("1390", "1392")
    assert (golden["dead"].is_alive, golden["dead"].death_date, golden["gone"].is_alive) == (False, date(2026, 5, 3), True)
    assert (golden["old check"].is_local_hukou, golden["unknown place"].is_local_hukou) == (True, False)
    sources = json.loads(golden["moved grid"]._field_sources)
    assert {name: sources[name] for name in ("phone", "residence", "person_name")} == {
        "phone": CHECKS,
        "residence": CHECKS,
        "person_name": REGISTRY,
    }
    lost = [(row.entity_id, row.field, row.kept_value, row.lost_value, row.lost_source) for row in first_day["quality.conflict"]]
    assert lost == [
        ("449909196501046044", "person_name", "李四季", "李四记", PERMITS),
        ("grid ended", "residence", "449901001001001", "449901002001", SERVICES),
        ("moved grid", "phone", "1390", "1391", SERVICES),
    ]
    roles = {(row.person_id, row.role): row for row in first_day["base.person_address"]}
    assert roles["moved grid", "verified"].address_id == "A1"
    assert ("moved away", "verified") not in roles
    assert roles["old check", "hukou"].street_code == "449901002"


ALIKE = [
    *(("阿依古丽·买买提", f"阿依古丽{dot}买买提") for dot in "・•‧∙⋅･․．.﹒"),
    ("张三丰", "张　三 丰"),
    ("张三丰", "张\u00a0三\u2003丰"),
    ("示范（东区）有限公司", "示范(东区) 有限公司"),
    ("晨光路8号Ａ座", "晨光路８号a座"),
]
UNLIKE = [("李四季", "李四记"), ("晨光路1-2号", "晨光路12号"), ("王小明", "王晓明"), ("欧阳·", "欧")]


def test_dots_spaces_and_width_make_no_other_name(spark: SparkSession) -> None:
    macro = Environment(autoescape=False).from_string((PROJECT / "dbt_project" / "macros" / "spelling.sql").read_text("utf-8")).module
    pairs = spark.createDataFrame([*ALIKE, *UNLIKE], "one string, other string")
    rows = pairs.selectExpr("one", "other", f"{macro.spelled_alike('one')} = {macro.spelled_alike('other')} as same").collect()
    assert [(row.one, row.other) for row in rows if row.same] == ALIKE
    assert all(golden.same("person_name", one, other) for one, other in ALIKE)
    assert not any(golden.same("person_name", one, other) for one, other in UNLIKE)
    assert not golden.same("phone", "0756-212", "0756- 212")


def test_next_day_writes_only_what_differs(first_day: dict[str, list[Row]], second_day: dict[str, list[Row]]) -> None:
    before, after = persons(first_day), persons(second_day)
    assert set(before) - set(after) == {"gone"}
    assert {person for person, row in after.items() if row._since == DAY_2} == {"moved grid", "renamed", "last fresh check"}
    assert after["moved grid"].street_code == "449901002"  # the grid moved, the check did not
    assert after["last fresh check"].locality_source == REGISTRY  # 181 days old
    assert after["namesake"] == before["namesake"]


@pytest.mark.usefixtures("second_day")
def test_what_is_lost_of_libraries_comes_back_as_it_stood(spark: SparkSession, module_instance: Instance) -> None:
    tables = [table for table in storage.tables(module_instance) if table.split(".")[0] not in ("silver", "bronze", "ref")]
    stood = {table: sorted(storage.read(spark, table).collect(), key=str) for table in tables}
    before = storage.versions(module_instance, tables)
    assert {row._since for row in stood["base.person"]} == {DAY_1, DAY_2}
    assert {row.profile_date for row in stood["mart.grid_profile_daily"]} == {DAY_1, DAY_2}
    spark.sql("delete from base.person where person_id = 'renamed'")
    spark.sql("update base.person set phone = '0' where person_id = 'grid ended'")  # its _row_hash says otherwise
    [told] = [one for one in rebuilt_libraries.rebuild(module_instance, [DAY_2], whole=False, check=False) if one.differs]
    assert (told.table, told.lacking, told.surplus, told.written) == ("base.person", 2, 1, 2)
    assert told.remarks == (f"since when 1 rows say what they say is not known, so they are dated {DAY_2}.",)
    assert {table: sorted(storage.read(spark, table).collect(), key=str) for table in tables} == stood
    written = {table for table, version in storage.versions(module_instance).items() if version != before.get(table, version)}
    assert written == {"base.person"}
    assert not [table for table in storage.tables(module_instance) if table.startswith(REBUILT)]


@pytest.mark.usefixtures("first_day")
def test_unit_tests_of_the_public_models_pass(module_instance: Instance) -> None:
    project = module_instance.folder("derived", "dbt")
    day = dbt.Run(DAY_1, module_instance.timezone, "4499", "file:///nowhere", "sc://nowhere")
    result = dbt_runs.invoke(project, day, ["test", "--select", "test_type:unit"])
    ended = {one.node.name: str(one.status) for one in result.result if one.node.resource_type == "unit_test"}
    assert ended
    assert set(ended.values()) == {"pass"}


def test_a_person_builds_one_library_with_the_intermediate_models_it_reads(
    spark: SparkSession, module_instance: Instance, first_day: dict[str, list[Row]], capfd: pytest.CaptureFixture[str]
) -> None:
    before = storage.versions(module_instance, ["base.person", "base.address"])
    forget(spark, module_instance, "base.person_address")
    assert tools.run_dbt(module_instance, DAY_1, ["build", "-s", "person_address"]) == 0
    assert sorted(storage.read(spark, "base.person_address").collect(), key=str) == first_day["base.person_address"]
    assert storage.versions(module_instance, list(before)) == before
    said = capfd.readouterr().out
    assert "int_person__value" in said  # dbt's own words
    assert "thematic" not in said
    assert [row.tableName for row in spark.sql("show views").collect() if row.tableName.startswith("int_")] == []
    assert list(open_area(module_instance, "lake").list("_staging/dbt")) == []
    with connect(module_instance) as connection:
        last = audit.entries(connection)[-1]
    assert (last.action, last.subject, last.detail) == ("dbt", "build", {"business_date": DAY_1.isoformat()})


@pytest.mark.usefixtures("first_day")
def test_libraries_are_not_set_back_to_a_final_date(module_instance: Instance) -> None:
    with connect(module_instance) as connection:
        days.close(connection, DAY_2, 1, [])
        days.publish(connection, DAY_2, 1, "entry")
    with pytest.raises(ConfigError, match="2026-06-01 is final"):
        tools.run_dbt(module_instance, DAY_1, ["run", "-s", "person_address"])
