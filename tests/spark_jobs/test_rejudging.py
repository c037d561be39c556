"""Rows are judged again by the rules of today: an increment and a snapshot follow from the newest day on, and published days stay."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import date
from zoneinfo import ZoneInfo

import pytest
from typer.testing import CliRunner

from application import reshaping
from application.affected import Affected, count
from application.rebuild import rebuild_silver
from huiliu.main import app
from lakehouse.config import PROJECT, Instance
from lakehouse.errors import ConfigError
from lakehouse.ingest import landing
from lakehouse.jobs import JobRequest, run_job
from lakehouse.naming import bronze, silver, verdicts
from lakehouse.objects import open_area
from lakehouse.ops import audit, batches, cases, connect, days, recipients, rejudging
from lakehouse.ops.recipients import Recipient
from spark_jobs.jobs.silver import SilverAnswer
from spark_jobs.lake import storage
from spark_jobs.lake.session import open_session
from spark_jobs.lake.storage import Target
from spark_jobs.lake.tables import TableShape
from tests.plugin.servers import at, changed, fresh_home

pytestmark = pytest.mark.spark
FIRST, SECOND, THIRD, FOURTH = (date(2026, 6, day) for day in (1, 2, 3, 4))
TEXT = """\
apiVersion: v3.1.0
kind: DataContract
id: CODE
name: 水表
version: VERSION
status: active
description: {purpose: 水表的读数。}
customProperties:
  - {property: nameEn, value: Meters}
  - {property: level, value: district}
  - {property: provider, value: {kind: civil_affairs}}
  - {property: source, value: {kind: csv, path: "CODE/{date}_{n}.csv", encoding: utf-8}}
  - {property: cycle, value: {every: week, dueHours: 24}}
  - {property: delivery, value: DELIVERY}
  - {property: sharing, value: {attribute: 2, grade: 2, openType: closed}}
  - {property: locality, value: {}}
schema:
  - name: CODE
    logicalType: object
    properties:
      - {name: meter_no, physicalName: 表号, businessName: 表号, description: number, logicalType: string, required: true, primaryKey: true,
         KEY REST}
      - {name: NAME, physicalName: 种类, businessName: 种类, description: kind of water, logicalType: string,
         VALUE REST_OF_NAME}
"""
REST_OF_NAME = "customProperties: [{property: class, value: plain}, {property: grade, value: 1}WAS]"
REST = "customProperties: [{property: class, value: plain}, {property: grade, value: 1}]"
HEADER = "表号,种类"


def pattern(regex: str, severity: str = "error") -> str:
    """Return a rule of a column, as the contract writes it."""
    rule = f"{{rule: pattern, severity: {severity}, regex: '{regex}'}}"
    return f"quality: [{{type: custom, engine: huiliu, implementation: {rule}}}],"


class Meters:
    """A resource whose contract changes while its rows lie in the lake."""

    def __init__(self, home: Instance, code: str, delivery: str) -> None:
        self.home, self.code, self.delivery, self.minor = home, code, delivery, 0

    def declare(self, *, value: str = "", key: str = "", name: str = "kind") -> None:
        """Write the next version of the contract, with these rules and this name of the second column."""
        self.minor += 1
        text = (
            TEXT.replace("VERSION", f"1.{self.minor}.0")
            .replace("REST_OF_NAME", REST_OF_NAME)
            .replace("CODE", self.code)
            .replace("DELIVERY", self.delivery)
        )
        path = self.home.settings.contracts / "resources" / "district" / f"{self.code}.odcs.yaml"
        text = text.replace("NAME", name).replace("WAS", ", {property: renamedFrom, value: [kind]}" if name != "kind" else "")
        path.write_text(text.replace("KEY", key).replace("VALUE", value).replace("REST", REST), "utf-8")

    def take(self, about: date, number: int, *rows: str, on: date | None = None) -> SilverAnswer:
        """Bring a file through landing and bronze into silver; the gate is passed by hand."""
        (self.home.folder("inbox", self.code) / f"{about}_{number}.csv").write_text("\n".join((HEADER, *rows)) + "\n", "utf-8")
        run_job("extract", JobRequest(on or about, self.code), self.home)
        with connect(self.home) as connection:
            for batch in batches.open_for(connection, self.code, "gate"):
                batches.record_gate(connection, batch.batch_id, "passed")
        answer = run_job("silver", JobRequest(on or about, self.code), self.home)
        assert isinstance(answer, SilverAnswer)
        return answer

    def told(self, *options: str, since: date = FIRST) -> dict:
        """Return what the command says, without the number of the rejudging."""
        done = CliRunner().invoke(app, ["rejudge", self.code, "--from", str(since), *options, "--json"])
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout) | {"number": None, "must_close": None}

    def judged(self, since: date = FIRST) -> dict:
        """Judge again and return what it changed."""
        return self.told("--reason", "the office asked for it", since=since)

    def judged_with_a_look(self) -> dict:
        """Judge again, after a look at what that would change, which writes nothing."""
        before = self.written()
        expected = self.told("--dry-run")
        assert self.written() == before
        done = self.judged()
        assert done == expected
        assert self.written() != before
        return done

    def written(self) -> dict[str, int]:
        return storage.versions(self.home, [bronze(self.code), silver(self.code), verdicts(self.code)])

    def known(self, day: date) -> set[tuple]:
        """Return the versions known on a day: meter, day it holds from, whether it is open, kind (None: deleted), flags."""
        rows = storage.read(open_session(self.home), silver(self.code)).collect()
        ours = [row for row in rows if row["_recorded_on"] <= day and (row["_replaced_on"] is None or row["_replaced_on"] > day)]
        return {
            (
                row["meter_no"],
                row["valid_from"].astimezone(ZoneInfo("Asia/Shanghai")).day,
                row["valid_to"] is None or (row["_closed_on"] is not None and row["_closed_on"] > day),
                None if row["_deleted"] else row["kind"],
                *row["_flags"],
            )
            for row in ours
        }

    def given(self) -> set[str]:
        """Return the rules in the verdicts that were given again."""
        rows = storage.read(open_session(self.home), verdicts(self.code)).selectExpr("explode(_verdict) AS rule")
        return {row.rule for row in rows.distinct().collect()}

    def opened(self) -> dict[str, int]:
        """Return the open cases by rule."""
        with connect(self.home) as connection:
            found = cases.find(connection, cases.Filter(self.code, only_open=True))
        return {rule: sum(rule in case.rules for case in found) for case in found for rule in case.rules}


@pytest.fixture(scope="module")
def home(servers: Instance, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    """Return a home whose contracts are a copy that the test may change, and whose newest day is closed."""
    folder = tmp_path_factory.mktemp("rejudging")
    shutil.copytree(PROJECT / "contracts", folder / "contracts")
    with fresh_home(servers, folder / "home") as fresh, at(own := changed(fresh, contracts=folder / "contracts")):
        with connect(own) as connection:
            days.close(connection, THIRD, 1, [])
        yield own


def test_a_rule_shows_its_effect_on_the_history_of_an_increment(home: Instance) -> None:
    meters = Meters(home, "d_meter", "increment")
    meters.declare()
    meters.take(FIRST, 1, "A,tap", "B,tap", "C,x1")
    meters.take(SECOND, 1, "A,x2", "B,rain")
    before = meters.known(SECOND)
    assert before == {("A", 1, False, "tap"), ("A", 2, True, "x2"), ("B", 1, False, "tap"), ("B", 2, True, "rain"), ("C", 1, True, "x1")}
    refused = CliRunner().invoke(app, ["rejudge", meters.code, "--from", str(FIRST)])
    assert isinstance(refused.exception, ConfigError)

    meters.declare(value=pattern("^[^x]*$"))
    done = meters.judged_with_a_look()
    assert (done["judged_on"], done["batches"], done["rows"], done["differing"]) == (str(THIRD), 2, 5, 2)
    assert done["rules"] == [{"rule": "kind.pattern", "severity": "error", "before": 0, "after": 2, "newly": 2, "no_longer": 0}]
    assert (done["quarantined_before"], done["quarantined"]) == (0, 2)
    assert done["versions"] == {"inserted": 1, "updated": 3, "keys_in": 0, "keys_out": 1}
    assert meters.known(SECOND) == before
    kept = {("B", 1, False, "tap"), ("B", 2, True, "rain")}
    assert meters.known(THIRD) == {("A", 1, True, "tap"), *kept}
    assert meters.opened() == {"kind.pattern": 2}
    (rebuilt,) = rebuild_silver(home, meters.code, check=True)
    assert (rebuilt.lacking, rebuilt.surplus, rebuilt.obstacles) == (0, 0, ())
    assert rebuilt.rows > len(meters.known(THIRD))  # with those that were known before
    written = meters.written()
    assert meters.judged()["changes_nothing"]
    assert meters.written() == written
    with connect(home) as connection:
        first, _ = batches.of_resource(connection, meters.code)
        assert (first.quarantined, rejudging.newest_counts(connection, [first.batch_id])[first.batch_id].broken) == (0, {"kind.pattern": 1})

    late = meters.take(FIRST, 2, "A,well", on=THIRD)  # its key is cut again: what was judged out stays out
    assert (late.inserted, late.updated) == (1, 1)
    assert meters.known(THIRD) == {("A", 1, True, "well"), *kept}

    meters.declare(value=pattern("^[^xw]*$", "warning"))
    done = meters.judged(since=SECOND)  # C is older and stays out
    assert [(one["rule"], one["severity"], one["before"], one["after"]) for one in done["rules"]] == [("kind.pattern", "warning", 1, 1)]
    assert (done["quarantined_before"], done["quarantined"]) == (1, 0)
    assert meters.known(THIRD) == {("A", 1, False, "well"), ("A", 2, True, "x2", "kind.pattern"), *kept}
    done = meters.judged()
    flagged = ("A", 1, False, "well", "kind.pattern")
    assert meters.known(THIRD) == {flagged, ("A", 2, True, "x2", "kind.pattern"), ("C", 1, True, "x1", "kind.pattern"), *kept}
    assert meters.opened() == {}


def test_a_rule_taken_away_lets_rows_in_and_all_is_told_by_documents(home: Instance) -> None:
    meters, minor = Meters(home, "d_meter", "increment"), 9
    meters.minor, before = minor, meters.known(SECOND)
    meters.declare()
    assert meters.judged()["rules"][0]["severity"] == "gone"
    assert meters.known(THIRD) == {
        ("A", 1, False, "well"),
        ("A", 2, True, "x2"),
        ("C", 1, True, "x1"),
        ("B", 1, False, "tap"),
        ("B", 2, True, "rain"),
    }
    assert meters.known(SECOND) == before
    (rebuilt,) = rebuild_silver(home, meters.code, check=True)
    assert rebuilt.obstacles == (f"rows were judged again more than once on {THIRD}; what one did and the next took back is not told.",)
    with connect(home) as connection:
        known = rejudging.of_resource(connection, meters.code)
        assert {one.reason for one in known} == {"the office asked for it"}
        assert [one.action for one in audit.entries(connection)].count("rejudge") == len(known) == 4
        connection.exec_driver_sql("delete from huiliu.rejudging")
        landing.rebuild(connection, open_area(home, "landing"), meters.code)
        assert rejudging.of_resource(connection, meters.code) == known
        connection.exec_driver_sql("update huiliu.batch set silver_on = null")
    stands = meters.written()
    run_job("silver", JobRequest(THIRD, meters.code), home)
    assert meters.written() == stands

    meters.declare(name="water")
    assert len(reshaping.apply(home, meters.code).written) == 3
    assert meters.given() == {"water.pattern"}
    reshaping.undo(home, meters.code)
    assert meters.given() == {"kind.pattern"}


def test_a_snapshot_closes_what_no_doubtful_row_may_mean(home: Instance) -> None:
    meters = Meters(home, "d_meter_list", "snapshot")
    meters.declare()
    numbers = [f"M00000000{number}" for number in range(1, 9)]
    meters.take(FIRST, 1, *(f"{number},tap" for number in numbers))
    meters.take(SECOND, 1, f"{numbers[0]},x", *(f"{number},tap" for number in numbers[2:]), "M00000000z,tap")
    kept = {(number, 1, True, "tap") for number in numbers[2:]}
    changed_ = {(numbers[0], 1, False, "tap"), (numbers[0], 2, True, "x")}
    before = {*kept, *changed_, (numbers[1], 1, False, "tap"), (numbers[1], 2, True, None), ("M00000000z", 2, True, "tap")}
    assert meters.known(SECOND) == before

    meters.declare(value=pattern("^[^x]*$"), key=pattern("^M[0-9]{9}$"))
    done = meters.judged_with_a_look()
    assert {one["rule"]: one["newly"] for one in done["rules"]} == {"kind.pattern": 1, "meter_no.pattern": 1}
    assert done["versions"] == {"inserted": 2, "updated": 5, "keys_in": 1, "keys_out": 1}
    assert meters.known(SECOND) == before
    assert meters.known(THIRD) == {*kept, (numbers[0], 1, True, "tap"), (numbers[1], 1, True, "tap")}

    (rebuilt,) = rebuild_silver(home, meters.code, check=True)
    assert (rebuilt.lacking, rebuilt.surplus, rebuilt.obstacles) == (0, 0, ())

    meters.declare()
    meters.judged()
    assert meters.known(THIRD) == before


def test_golden_values_and_recipients_are_counted_where_the_changes_are(home: Instance) -> None:
    with connect(home) as connection:
        facts = {"name": "x", "valid_from": FIRST, "valid_to": None}
        known = [("g-1", "grid", "01", None), ("g-2", "grid", "02", None), ("m-1", "district", None, "11440402MB2D00006X")]
        recipients.put(
            connection,
            [Recipient(recipient_id=i, level=at_, region_code=code, department_uscc=uscc, **facts) for i, at_, code, uscc in known],
        )
        days.publish(connection, FOURTH, 1, "0" * 64)
    spark = open_session(home)
    people = TableShape("base.person", (("person_id", "string"), ("_field_sources", "string"), ("grid_code", "string")))
    storage.ensure_table(spark, home, people)
    rows = [("1", json.dumps({"phone": "d_meter"}), "01"), ("2", json.dumps({"phone": "d_meter"}), "02")]
    storage.write_differences(spark, Target(people.name, ("person_id",)), spark.createDataFrame(rows, list(dict(people.columns))))
    reached = {"d_meter": Affected(golden=("person.phone",), audiences=("department", "grid"))}
    all_, some = count(home, reached), count(home, reached, spark.createDataFrame([("2",)], ["person_id"]))
    assert (all_.golden_values, all_.recipients) == ({"person.phone": 2}, {"department": 1, "grid": 2})
    assert (some.golden_values, some.recipients) == ({"person.phone": 1}, {"department": 1, "grid": 1})
