"""A contract changes between two days: columns are added, widened, renamed and narrowed, and what stands keeps its hashes and versions."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import date

import pytest
from typer.testing import CliRunner

from application import reshaping
from application.affected import Affected, count
from huiliu.main import app
from lakehouse.config import PROJECT, Instance
from lakehouse.errors import ConfigError, ContractError, QualityError
from lakehouse.jobs import JobRequest, run_job
from lakehouse.ops import audit, batches, connect, days, recipients
from lakehouse.ops.recipients import Recipient
from spark_jobs.jobs.silver import SilverAnswer
from spark_jobs.lake import storage
from spark_jobs.lake.session import open_session
from spark_jobs.lake.storage import Target
from spark_jobs.lake.tables import TableShape
from tests.plugin.servers import at, changed, fresh_home

pytestmark = pytest.mark.spark
CODE = "d_reading"
BRONZE, SILVER = f"bronze.{CODE}", f"silver.{CODE}"
FIRST, SECOND, THIRD = date(2026, 6, 1), date(2026, 6, 2), date(2026, 6, 3)
HEAD = """\
apiVersion: v3.1.0
kind: DataContract
id: d_reading
name: 水表读数
version: VERSION
status: active
description: {purpose: 水表的读数。}
customProperties:
  - {property: nameEn, value: Meter readings}
  - {property: level, value: district}
  - {property: provider, value: {kind: civil_affairs}}
  - {property: source, value: {kind: csv, path: "d_reading/{date}_{n}.csv", encoding: utf-8}}
  - {property: cycle, value: {every: week, dueHours: 24}}
  - {property: delivery, value: increment}
  - {property: position, value: [read_at]}
  - {property: sharing, value: {attribute: 2, grade: 2, openType: closed}}
  - {property: locality, value: {}}
EXTRAS
schema:
  - name: d_reading
    logicalType: object
    properties:
"""
PLAIN = "customProperties: [{property: class, value: plain}, {property: grade, value: 1}REST]}"
ADDED = "{name: email, physicalName: 邮箱, businessName: 邮箱, description: mail address, logicalType: string, " + PLAIN.replace(
    "REST", ", {property: added, value: 1.1.0}"
)
LAYOUTS = "  - {property: layouts, value: [{name: before, validTo: 2026-06-02, absent: [email]}, {name: since, validFrom: 2026-06-02}]}"
RULE = "quality: [{type: custom, engine: huiliu, implementation: {rule: pattern, severity: error, regex: '^[^x]*$'}}]"
ROWS = ("A,5,2026-06-01 08:00:00,自来水", "B,70,2026-06-01 08:00:00,中水")
HEADER = "表号,读数,时间,种类"


def contract(
    version: str, number: str = "logicalType: integer", kind: str = "kind", *, key: tuple[str, ...] = ("meter_no",), extra: str = ""
) -> str:
    """Return the contract in a version: the number's type, the name of the column that says of which water, the key columns."""
    is_later = version != "1.0.0"
    keyed = {name: f"required: true, primaryKey: {str(name in key).lower()}" for name in ("meter_no", kind)}
    renamed = ", {property: renamedFrom, value: [kind]}" if kind != "kind" else ""
    columns = [
        f"{{name: meter_no, physicalName: 表号, businessName: 表号, description: number of the meter, logicalType: string, "
        f"{keyed['meter_no']}, {PLAIN.replace('REST', '')}",
        *([ADDED] if is_later else []),
        f"{{name: reading, physicalName: 读数, businessName: 读数, description: reading, {number}, {PLAIN.replace('REST', '')}",
        f"{{name: read_at, physicalName: 时间, businessName: 时间, description: when, logicalType: timestamp, {PLAIN.replace('REST', '')}",
        f"{{name: {kind}, physicalName: 种类, businessName: 种类, description: kind of water, logicalType: string, "
        f"{keyed[kind]}, {RULE}, {PLAIN.replace('REST', renamed)}",
    ]
    head = HEAD.replace("VERSION", version).replace("EXTRAS", "\n".join([*([LAYOUTS] if is_later else []), extra]).rstrip())
    return head + "".join(f"      - {column}\n" for column in columns)


@pytest.fixture(scope="module")
def home(servers: Instance, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    """Return a home whose contracts are a copy that the test may change."""
    folder = tmp_path_factory.mktemp("reshaping")
    shutil.copytree(PROJECT / "contracts", folder / "contracts")
    with fresh_home(servers, folder / "home") as fresh:
        own = changed(fresh, contracts=folder / "contracts")
        with at(own):
            yield own


def declare(home: Instance, text: str) -> None:
    path = home.settings.contracts / "resources" / "district" / f"{CODE}.odcs.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, "utf-8")


def take(home: Instance, about: date, number: int, header: str, *rows: str, on: date | None = None) -> SilverAnswer:
    """Bring a file through landing and bronze into silver; the gate is passed by hand."""
    (home.folder("inbox", CODE) / f"{about}_{number}.csv").write_text("\n".join((header, *rows)) + "\n", "utf-8")
    run_job("extract", JobRequest(on or about, CODE), home)
    with connect(home) as connection:
        for batch in batches.open_for(connection, CODE, "gate"):
            batches.record_gate(connection, batch.batch_id, "passed")
    answer = run_job("silver", JobRequest(on or about, CODE), home)
    assert isinstance(answer, SilverAnswer)
    return answer


def told(home: Instance) -> dict[str, tuple]:
    """Return meter → its open version: hashes, id, values."""
    rows = storage.read(open_session(home), SILVER).where("valid_to IS NULL AND _replaced_on IS NULL").collect()
    return {row["meter_no"]: row for row in rows}


def test_a_contract_changes_and_what_stands_keeps_its_versions(home: Instance) -> None:
    spark = open_session(home)
    declare(home, contract("1.0.0"))
    assert take(home, FIRST, 1, HEADER, *ROWS, "C,9,2026-06-01 08:00:00,x").inserted == 2
    before = told(home)

    declare(home, contract("1.1.0"))
    assert [(one.where, one.effect) for one in reshaping.show(home, CODE).changes] == [("email", "added")]
    replayed = take(home, FIRST, 2, HEADER, *reversed(ROWS), on=SECOND)
    assert (replayed.inserted, replayed.updated, replayed.rows["duplicate"]) == (0, 0, 2)
    new_header = "表号,邮箱,读数,时间,种类"
    overlapping = [row.replace(",", ",,", 1) for row in ROWS]
    added = take(home, SECOND, 1, new_header, *overlapping, "D,d@example.org,7,2026-06-02 08:00:00,中水")
    assert (added.inserted, added.updated, added.rows["duplicate"]) == (1, 0, 2)
    after = told(home)
    assert {name: after[name]["_content_hash"] for name in before} == {name: before[name]["_content_hash"] for name in before}
    assert [after[name]["email"] for name in "ABD"] == [None, None, "d@example.org"]
    hashes = {row["_row_hash"] for row in storage.read(spark, BRONZE).where("_reject IS NULL").collect()}
    assert len(hashes) == 4  # A, B, C and D: each of the others came two or three times
    assert reshaping.show(home, CODE).changes == ()

    number = "logicalType: number, physicalType: 'decimal(21,2)'"
    declare(home, contract("1.2.0", number, "water"))
    with pytest.raises(ContractError, match=f"run `huiliu contracts migrate {CODE}`"):
        take(home, THIRD, 1, new_header, "A,,5.25,2026-06-03 08:00:00,自来水")
    versions = storage.versions(home, [BRONZE, SILVER])
    shown = CliRunner().invoke(app, ["contracts", "migrate", CODE, "--dry-run"])
    assert "reading: bigint → decimal(21,2) holds every value: the table is rewritten." in shown.stdout
    assert "water: kind is renamed to water: the table is rewritten." in shown.stdout
    assert storage.versions(home, [BRONZE, SILVER]) == versions
    done = reshaping.apply(home, CODE)
    assert [(one.table, one.rows, one.after - one.before) for one in done.written] == [(BRONZE, 8, 1), (SILVER, 3, 1)]
    assert reshaping.apply(home, CODE).written == ()
    again = told(home)
    assert {name: (str(row["reading"]), row["water"]) for name, row in again.items()} == {
        "A": ("5.00", "自来水"), "B": ("70.00", "中水"), "D": ("7.00", "中水"),
    }  # fmt: skip
    assert spark.sql(f"SHOW TBLPROPERTIES {SILVER}").where("key = 'delta.enableDeletionVectors'").collect()[0]["value"] == "false"
    clustered = spark.sql(f"DESCRIBE DETAIL {BRONZE}").collect()[0]["clusteringColumns"]
    assert list(clustered) == ["_business_date", "_batch_id"]
    (bad,) = storage.read(spark, BRONZE).where("size(_verdict) > 0").collect()
    assert bad["_verdict"] == ["water.pattern"]
    replayed = take(home, FIRST, 3, HEADER, ROWS[0], on=THIRD)  # with the file that waited: it closes what A read before
    assert (replayed.inserted, replayed.updated, replayed.rows["duplicate"]) == (1, 1, 1)
    late = take(home, FIRST, 4, HEADER, "A,4,2026-06-01 07:00:00,自来水", on=THIRD)
    assert (late.inserted, late.updated) == (1, 0)  # what A read at eight is found again in its new type


def test_a_named_migration_is_applied_and_taken_back_until_a_day_is_published(home: Instance) -> None:
    both, extra = ("meter_no", "water"), "  - {property: migrations, value: [{name: small, columns: [reading], key: [meter_no, water]}]}"
    before, versions = told(home), storage.versions(home, [BRONZE, SILVER])
    declare(home, contract("1.3.0", "logicalType: number, physicalType: 'decimal(3,1)'", "water", key=both, extra=extra))
    with pytest.raises(QualityError, match="1 versions hold a value that does not fit"):
        reshaping.apply(home, CODE)
    assert storage.versions(home, [BRONZE, SILVER]) == versions
    declare(home, contract("1.3.0", "logicalType: number, physicalType: 'decimal(4,2)'", "water", key=both, extra=extra))
    assert {one.where for one in reshaping.apply(home, CODE).changes} == {"reading", "primary key"}
    after = told(home)
    assert {name: row["_key"] != before[name]["_key"] for name, row in after.items()} == dict.fromkeys("ABD", True)
    assert {name: row["reading"] for name, row in after.items()} == {name: row["reading"] for name, row in before.items()}
    known = storage.read(open_session(home), SILVER).where(f"_recorded_on < date'{THIRD}' OR _replaced_on IS NULL")
    assert known.where("_replaced_on IS NOT NULL").count() == 3  # as they were known before, for the days before
    assert reshaping.show(home, CODE).changes == ()

    undone = CliRunner().invoke(app, ["contracts", "migrate", CODE, "--undo"])
    assert undone.exit_code == 0
    assert told(home) == before
    with connect(home) as connection:
        entries = [entry.action for entry in audit.entries(connection)]
    assert entries[-2:] == ["migrate", "migrate undone"]
    reshaping.apply(home, CODE)
    with connect(home) as connection:
        days.publish(connection, THIRD, 1, "0" * 64)
    with pytest.raises(ConfigError, match="2026-06-03 issue 1 was published"):
        reshaping.undo(home, CODE)


def test_what_a_change_reaches_is_counted_on_the_newest_day(home: Instance) -> None:
    with connect(home) as connection:
        known = [("g-1", "grid", None), ("g-2", "grid", None), ("d-1", "district", None), ("m-1", "district", "11440402MB2D00006X")]
        nobody = {"name": "x", "region_code": "1", "valid_from": FIRST, "valid_to": None}
        recipients.put(
            connection, [Recipient(recipient_id=name, level=level, department_uscc=uscc, **nobody) for name, level, uscc in known]
        )
        days.publish(connection, THIRD, 1, "0" * 64)
    spark, people = open_session(home), TableShape("base.person", (("person_id", "string"), ("_field_sources", "string")))
    storage.ensure_table(spark, home, people)
    said = [("1", json.dumps({"phone": CODE})), ("2", json.dumps({"phone": "other", "birth_date": CODE})), ("3", "{}")]
    storage.write_differences(spark, Target(people.name, ("person_id",)), spark.createDataFrame(said, list(dict(people.columns))))
    reached = Affected(golden=("person.phone", "person.birth_date"), audiences=("department", "grid"))
    found = count(home, {CODE: reached})
    assert (found.business_date, found.untold) == (THIRD, ())
    assert found.golden_values == {"person.phone": 1, "person.birth_date": 1}
    assert found.recipients == {"department": 1, "grid": 2}


def test_a_change_is_taken_back_after_rows_came_in_and_they_come_in_again_under_the_earlier_contract(home: Instance) -> None:
    both, extra = ("meter_no", "water"), "  - {property: migrations, value: [{name: small, columns: [reading], key: [meter_no, water]}]}"
    earlier = contract("1.3.0", "logicalType: number, physicalType: 'decimal(4,2)'", "water", key=both, extra=extra)
    declare(home, earlier)
    reshaping.apply(home, CODE)
    stood, fourth = told(home), date(2026, 6, 4)
    header = "表号,邮箱,读数,时间,种类"
    declare(home, contract("1.4.0", "logicalType: number, physicalType: 'decimal(21,3)'", "water", key=both, extra=extra))
    assert reshaping.apply(home, CODE).written
    came = ("E,,12345.5,2026-06-04 08:00:00,自来水", "F,,6,2026-06-04 08:00:00,自来水")
    assert take(home, fourth, 1, header, *came).rows["accepted"] == 2

    undone = CliRunner().invoke(app, ["contracts", "migrate", CODE, "--undo"])
    assert "1 batches that came in since wait again" in undone.stdout
    assert told(home) == stood
    with pytest.raises(ConfigError, match="taken back already"):
        reshaping.undo(home, CODE)
    declare(home, earlier)
    again = take(home, fourth, 2, header, came[1])
    assert (again.batches, again.rows["accepted"], again.rows["quarantined"], again.rows["duplicate"]) == (2, 1, 1, 1)
    assert told(home).keys() - stood.keys() == {"F"}  # 12345.5 has no place in the earlier type
