"""Tables and APIs: a value is judged whatever type it has, no row is passed over in silence, and pages are of one moment."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import psycopg
import pyarrow.parquet as pq
import pytest

from expectations.rules.check import read
from lakehouse.config import PROJECT, Instance
from lakehouse.connections import connection_url
from lakehouse.contracts.loader import load_contract_of
from lakehouse.contracts.model import Column, Contract
from lakehouse.errors import SourceError
from lakehouse.ingest import intake, reconciliation
from lakehouse.ingest.arrival import Search
from lakehouse.ingest.readers import api
from lakehouse.jobs import JobRequest, run_job
from lakehouse.objects import open_area
from lakehouse.ops import connect, tickets
from lakehouse.ops import reconciliation as comparisons
from spark_jobs.ingest.reconciliation import compare
from spark_jobs.jobs.reconcile import ReconcileAnswer
from tests.cases import lake
from tests.lakehouse.ingest.readers.apis import FIRST, QUICK, answering
from tests.lakehouse.ingest.readers.contract import column
from tests.oracle.rules import check_character, moment_of

REGISTER, PERMIT = "c_household_registration", "c_residence_permit"
SECOND, THIRD, FIFTH = date(2026, 6, 2), date(2026, 6, 3), date(2026, 6, 5)
BACK_DATED = date(2026, 5, 20)
PERMITS = load_contract_of(PROJECT / "contracts", PERMIT)
VARIANTS = """
alter table household_registration
  alter column birth_date type date using birth_date::date,
  alter column gender_code type smallint using gender_code::smallint,
  alter column hukou_region_code type char(30),
  alter column move_in_date type timestamp using move_in_date::timestamp,
  alter column move_out_date type timestamptz using move_out_date::timestamptz
"""


def case(name: str, file: str) -> Any:
    """Return the content of a case's file: of JSON as values, else as text."""
    text = (lake.DELIVERIES / name / file).read_text("utf-8")
    return json.loads(text) if file.endswith(".json") else text


def execute(instance: Instance, statement: str) -> None:
    url = connection_url(instance, "source_city").set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)  # type: ignore[call-overload]


def create(instance: Instance, table: str, of: Contract) -> None:
    columns = [f"{one.source_name} {'timestamp(0)' if one.type == 'timestamp' else 'text'}" for one in of.columns]
    execute(instance, f"create table {table} ({', '.join(columns)})")


def person(serial: int, name: str, **moves: str) -> str:
    """Return the statement that adds a man born on 1960-05-01 to the register as it is typed from the fifth on."""
    body = f"44990919600501{serial:02d}1"
    number = body + check_character(body)
    facts = {
        "id_no": number, "person_name": name, "gender_code": "1", "birth_date": "1960-05-01", "ethnicity_code": "01",
        "hukou_region_code": "449901001001", "hukou_address": "示范市示范东区望海街道晨光社区试验路1号", "household_no": "400000499",
        "head_id_no": number, "relation_to_head_code": "0", "register_type": "家庭户", "update_time": "2026-06-05 09:00:00", **moves,
    }  # fmt: skip
    values = ", ".join(f"'{value}'" for value in facts.values())
    return f"insert into household_registration ({', '.join(facts)}) values ({values})"


def messages(instance: Instance, kind: str) -> list[str]:
    with connect(instance) as connection:
        return [ticket.message for ticket in tickets.find(connection, kind=kind, only_open=True)]


@pytest.fixture(scope="module")
def told_on(module_instance: Instance) -> dict[date, list[str]]:
    """Bring the register in on three days, the last of which finds its columns typed; return the tickets of unreached rows by day."""
    register = load_contract_of(module_instance.settings.contracts, REGISTER)
    create(module_instance, "household_registration", register)
    told = {}
    execute(module_instance, case("c41-pg-watermark-beyond-the-window", "1.sql"))
    intake.take(module_instance, Search(register, SECOND))
    told[SECOND] = messages(module_instance, "unreached")
    execute(module_instance, case("c42-pg-back-dated-row", "1.sql"))
    intake.take(module_instance, Search(register, THIRD))
    told[THIRD] = messages(module_instance, "unreached")
    execute(module_instance, case("c40-pg-fractional-seconds", "1.sql"))
    execute(module_instance, VARIANTS)
    execute(module_instance, person(1, "时半夜", move_in_date="2026-05-01 00:00"))
    execute(module_instance, person(2, "时上午", move_in_date="2026-05-01 10:30"))
    execute(module_instance, person(3, "时异地", move_out_date="2026-04-30 16:00+00"))
    execute(module_instance, person(4, "时无穷", move_out_date="infinity"))
    lake.bring_in(module_instance, REGISTER, FIFTH)
    told[FIFTH] = messages(module_instance, "unreached")
    return told


@pytest.fixture(scope="module")
def people(module_instance: Instance, told_on: dict[date, list[str]]) -> dict[str, lake.Fate]:
    assert set(told_on) == {SECOND, THIRD, FIFTH}
    return {str(row.sent["person_name"]): row for row in lake.fates(module_instance, REGISTER).values()}


@pytest.mark.spark
def test_a_moment_is_read_to_its_last_digit(people: dict[str, lake.Fate]) -> None:
    for name, moment in (("余微秒", (2026, 6, 5, 2, 0, 0, 123456)), ("元整秒", (2026, 6, 5, 2, 0, 1))):
        assert (people[name].became, people[name].rules) == ("in silver", frozenset())
        assert people[name].kept["update_time"].replace(tzinfo=None) == datetime(*moment)  # noqa: DTZ001


@pytest.mark.spark
def test_types_of_other_columns_are_read_as_what_they_mean(people: dict[str, lake.Fate]) -> None:
    became = {name: (row.became, row.rules) for name, row in people.items() if name.startswith("时")}
    assert became == {
        "时半夜": ("in silver", frozenset()),
        "时上午": ("quarantined", {"move_in_date.format"}),  # a time of day in a column of dates: nobody knows which day was meant
        "时异地": ("in silver", frozenset()),
        "时无穷": ("quarantined", {"move_out_date.format"}),
    }
    typed = people["时半夜"].kept
    expected = {"birth_date": date(1960, 5, 1), "gender_code": "1", "hukou_region_code": "449901001001", "move_in_date": date(2026, 5, 1)}
    assert {name: typed[name] for name in expected} == expected
    assert people["时异地"].kept["move_out_date"] == date(2026, 5, 1)


@pytest.mark.spark
def test_rows_beyond_and_behind_the_window_are_told(people: dict[str, lake.Fate], told_on: dict[date, list[str]]) -> None:
    assert (people["平今日"].became, people["穆当日"].became) == ("in silver", "in silver")
    assert people["黄空缺"].rules >= {"_position.unreadable"}
    assert not {"顾未来", "孟无穷", "和补录"} & set(people)
    [second], [third], [fifth] = told_on[SECOND], told_on[THIRD], told_on[FIFTH]
    assert "rows dated later than 2026-06-03, where no window reaches them: 2." in second
    assert "behind" not in second
    assert "rows dated later than 2026-06-04, where no window reaches them: 2." in third
    assert "rows that came since the last look, dated before the window, the earliest on 2026-05-20: 1." in third
    assert "--refetch --since 2026-05-20 --date 2026-06-05" in fifth


@pytest.mark.spark
@pytest.mark.usefixtures("people")
def test_the_whole_source_is_compared_and_what_is_missing_here_is_fetched(module_instance: Instance) -> None:
    execute(module_instance, "delete from household_registration where person_name = '平今日'")
    execute(module_instance, "update household_registration set update_time = '2026-05-01 08:00:00' where person_name = '穆当日'")
    done = run_job("reconcile", JobRequest(FIFTH, REGISTER), module_instance)
    assert isinstance(done, ReconcileAnswer)
    assert (done.outcome, done.rows, done.missing_here, done.missing_there) == ("compared", 11, 3, 2)
    with connect(module_instance) as connection:
        [here] = tickets.find(connection, kind="missing_here", only_open=True)
        [there] = tickets.find(connection, kind="missing_there", only_open=True)
    assert "rows of the source that never arrived here: 3." in here.message
    assert f"`huiliu ingest {REGISTER} --refetch --since 2026-05-01 --date 2026-06-05`" in here.message
    assert "or only in an earlier state: 2. Nothing is closed for that." in there.message
    assert (len(here.detail["keys"]), {len(key) for key in here.detail["keys"]}) == (3, {64})

    execute(module_instance, "update household_registration set update_time = '2026-06-05 12:00:00' where person_name = '顾未来'")
    execute(module_instance, "delete from household_registration where person_name = '孟无穷'")
    again = {"refetch": True, "since": date(2026, 5, 1)}
    run_job("extract", JobRequest(FIFTH, REGISTER, options=again), module_instance)
    assert messages(module_instance, "missing_here") == []
    assert len(messages(module_instance, "missing_there")) == 1  # told, never closed
    assert messages(module_instance, "unreached") == []
    with connect(module_instance) as connection:
        assert [tickets.history(connection, here.ticket_id)[-1].reason] == ["all_here"]


@pytest.mark.spark
@pytest.mark.usefixtures("people")
def test_a_comparison_is_due_once_a_cycle_and_not_where_the_first_delivery_held_all(module_instance: Instance) -> None:
    register = load_contract_of(module_instance.settings.contracts, REGISTER)
    july, august = date(2026, 7, 1), date(2026, 8, 1)
    with connect(module_instance) as connection:
        assert [reconciliation.is_due(connection, register, on) for on in (THIRD, FIFTH, date(2026, 6, 30))] == [False] * 3
        assert reconciliation.is_due(connection, register, date(2026, 7, 4))
        comparisons.record(connection, comparisons.Reconciliation(REGISTER, july, 10, 0, 0))
        assert not reconciliation.is_due(connection, register, date(2026, 7, 4))
        assert reconciliation.is_due(connection, register, august)
        rare = register.model_copy(update={"source": register.source.model_copy(update={"reconcile": None})})
        assert not reconciliation.is_due(connection, rare, august)


@pytest.mark.spark
def test_an_api_lists_all_its_rows_or_a_ticket_says_why_not(module_instance: Instance) -> None:
    create(module_instance, "api_residence_permit", PERMITS)
    execute(
        module_instance,
        """
        insert into api_residence_permit (permit_no, update_time) values ('1', '2020-01-01 08:00'), ('2', '2062-01-01 08:00'), ('3', null);
        create schema sample_city;
        create table sample_city.api_fault (path text not null, updated_to date not null, fault text not null)
        """,
    )
    area = open_area(module_instance, "lake")
    listing = reconciliation.list_source(module_instance, area, PERMITS, FIFTH)
    rows = pq.read_table(area.local_path(listing.path)).to_pylist()
    assert [(row["permit_no"], row["update_time"]) for row in rows] == [("1", "2020-01-01 08:00:00"), ("2", "2062-01-01 08:00:00")]
    execute(module_instance, "insert into sample_city.api_fault values ('/residence-permits', '9999-12-30', 'error_body')")
    assert compare(module_instance, PERMITS, FIFTH) is None
    [told] = messages(module_instance, "unlisted")
    assert "the API answered 200 with the error code 5000." in told


FORMATS = ("yyyy-MM-dd HH:mm:ss", "yyyy-MM-dd'T'HH:mm:ss", "yyyy/MM/dd HH:mm:ss", "yyyyMMddHHmmss")
WRITTEN = ("2026-06-05 10:00:00", "2026-06-05T10:00:00", "2026/06/05 10:00:00", "20260605100000")


@pytest.mark.fast
@pytest.mark.parametrize(("form", "text"), list(zip(FORMATS, WRITTEN, strict=True)))
def test_a_fraction_of_a_second_counts_in_every_way_to_write_a_moment(form: str, text: str) -> None:
    of = Column.model_validate(column("at", type="timestamp", format=form))
    whole = datetime(2026, 6, 5, 2, tzinfo=UTC)
    expected = {"": 0, ".0": 0, ".5": 500_000, ".123456": 123_456, ".1234567": None, ".": None, ".x": None, ",5": None, ".5Z": None}
    found = {fraction: read(text + fraction, of, "Asia/Shanghai") for fraction in expected}
    assert found == {name: None if micros is None else whole.replace(microsecond=micros) for name, micros in expected.items()}
    if form == FORMATS[0]:
        second = {fraction: moment_of(text + fraction) for fraction in expected}
        assert {name: moment and moment.microsecond for name, moment in second.items()} == expected


def fetched(answer: Any, folder: Path, token: Mapping[str, Any] | None = None, of: Contract = PERMITS) -> list[dict[str, Any]]:
    with answering(answer, token) as endpoint:
        found = api.fetch(endpoint, of, FIRST, folder / "rows", QUICK)
    rows = [json.loads(line) for line in found.path.read_bytes().splitlines()]
    assert found.received == len(rows)
    return rows


def static(pages: list[dict[str, Any]]) -> Any:
    """Return an API whose pages are always the same."""
    return lambda asked: {**pages[int(asked["page"]) - 1], "page": int(asked["page"]), "page_size": int(asked["page_size"])}


@pytest.mark.fast
def test_a_row_that_moved_between_two_pages_is_no_delivery_of_one_moment(tmp_path: Path) -> None:
    pages = case("c50-api-row-moves-while-pages-are-read", "pages.json")
    with pytest.raises(SourceError, match=r"one key stands on page 1 and on page 2\. \(4 passes\)"):
        fetched(static(pages), tmp_path)


@pytest.mark.fast
def test_pages_that_moved_once_are_read_again_and_nothing_is_missing(tmp_path: Path) -> None:
    before, after = case("c50-api-row-moves-while-pages-are-read", "pages.json")
    lost = {**before["records"][-1], "permit_no": "449900000000000201"}
    moved = [row for row in before["records"] if row["permit_no"] != "449900000000000005"] + [lost, *after["records"]]
    asked_for: list[str] = []

    def answer(asked: Mapping[str, str]) -> dict[str, Any]:
        asked_for.append(asked["page"])
        register = [*before["records"], lost, after["records"][0]] if len(asked_for) == 1 else moved
        begin = (int(asked["page"]) - 1) * 200
        return {"total": 202, "page": int(asked["page"]), "page_size": 200, "records": register[begin : begin + 200]}

    rows = fetched(answer, tmp_path)
    assert len({row["permit_no"] for row in rows}) == 202
    assert asked_for == ["1", "2"] * 3


@pytest.mark.fast
@pytest.mark.parametrize("total", [0, "0"])
def test_null_for_no_records_is_an_empty_delivery(total: int | str, tmp_path: Path) -> None:
    assert case("c51-api-empty-page-is-null", "pages.json") == [{"total": 0, "records": None}]
    assert fetched(static([{"total": total, "records": None}]), tmp_path) == []


@pytest.mark.fast
@pytest.mark.parametrize("changes", [{}, {"expires_in": 7200}, {"expires_in": "7200.5"}])
def test_seconds_written_as_text_are_seconds(changes: dict[str, Any], tmp_path: Path) -> None:
    token, pages = (case("c52-api-expires-in-as-text", name) for name in ("token.json", "pages.json"))
    assert token["expires_in"] == "7200"
    assert len(fetched(static(pages), tmp_path, {**token, **changes})) == 1


@pytest.mark.fast
@pytest.mark.parametrize(
    ("token", "found"),
    [
        ({"access_token": "t", "expires_in": "soon"}, "`expires_in` is not of the agreed type."),
        ({"access_token": "t", "expires_in": "nan"}, "`expires_in` is no number of seconds."),
        ({"access_token": "t"}, "`expires_in` is missing."),
        ({"access_token": 7, "expires_in": 7}, "`access_token` is not of the agreed type."),
        ({"access_token": "两", "expires_in": 7}, "`access_token` is no printable text."),
    ],
)
def test_a_token_beside_the_agreement_is_refused_with_its_field(token: dict[str, Any], found: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError) as told:
        fetched(static([]), tmp_path, token)
    assert f"the token's answer is not as agreed. {found}" in str(told.value)


@pytest.mark.fast
@pytest.mark.parametrize("field", ["total", "page", "page_size"])
def test_counts_written_as_text_are_counts(field: str, tmp_path: Path) -> None:
    [page] = case("c52-api-expires-in-as-text", "pages.json")
    answer = {**page, "page": 1, "page_size": 200}
    assert len(fetched(lambda _: {**answer, field: str(answer[field])}, tmp_path)) == 1
    with pytest.raises(SourceError, match=f"`data.{field}` is not of the agreed type"):
        fetched(lambda _: {**answer, field: "many"}, tmp_path)
