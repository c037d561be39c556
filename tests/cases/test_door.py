"""The door: what a source says last stands, files follow their numbers, and a list that shrinks or is empty is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import delete

from lakehouse.config import Instance
from lakehouse.contracts.loader import load_contract_of
from lakehouse.ingest import closings
from lakehouse.ingest.closings import Decision
from lakehouse.jobs import JobRequest, run_job
from lakehouse.naming import silver
from lakehouse.objects import open_area
from lakehouse.ops import batches, connect, ingest_runs, tickets
from lakehouse.ops.tables import batch as batch_table
from spark_jobs.lake import storage
from spark_jobs.lake.session import open_session
from tests.cases import lake

pytestmark = pytest.mark.spark

BACK, ORDER, REGISTER, CUT = (
    "c05-csv-correction-taken-back",
    "c06-csv-two-files-one-date",
    "c43-pg-change-and-back-in-one-second",
    "c09-csv-snapshot-cut-short",
)
LIST, FIRST_STREET, SECOND_STREET, THIRD_STREET = "s_elderly_service_list", "449901001", "449901002", "449901003"
PEOPLE, ADDRESSES = "c_household_registration", "c_standard_address"
DAY = date(2026, 6, 2)


def current(instance: Instance, resource: str, *columns: str) -> list[tuple]:
    """Return columns of the open versions of a resource."""
    versions = storage.read(open_session(instance), silver(resource))
    open_ = versions.where("_replaced_on is null and valid_to is null and not _deleted")
    return sorted(tuple(row) for row in open_.select(*columns).collect())


def known(instance: Instance, resource: str) -> list[batches.Batch]:
    with connect(instance) as connection:
        return batches.of_resource(connection, resource)


def test_a_list_sent_again_takes_a_wrong_one_back_and_files_of_a_date_follow_their_numbers(instance: Instance) -> None:
    lake.drop(instance, BACK, "1_first.csv", f"{LIST}/{FIRST_STREET}/{DAY}_1.csv")
    lake.drop(instance, BACK, "2_wrong.csv", f"{LIST}/{FIRST_STREET}/{DAY}_2.csv")
    for number in (2, 1):
        name = f"{LIST}/{SECOND_STREET}/{DAY}_{number}.csv"
        lake.drop(instance, ORDER, f"inbox/{name}", name)
    empty = instance.folder("inbox", LIST, THIRD_STREET) / f"{DAY}_1.csv"
    empty.write_bytes((lake.DELIVERIES / BACK / "1_first.csv").read_bytes().splitlines(keepends=True)[0])
    lake.bring_in(instance, LIST, DAY)
    paid = {name: (amount, remark) for name, amount, remark in current(instance, LIST, "person_name", "amount_yuan", "remark")}
    assert {name: str(amount) for name, (amount, _) in paid.items()} == {
        "冯大寒": "900.00",
        "蒋小寒": "200.00",
        "沈立秋": "300.00",
        "韩处暑": "200.00",
    }
    assert paid["沈立秋"][1].startswith("更正")
    assert sorted((one.source_object.removeprefix(f"{LIST}/"), one.gate, one.duplicate) for one in known(instance, LIST)) == [
        (f"{FIRST_STREET}/{DAY}_1.csv", "passed", 0),
        (f"{FIRST_STREET}/{DAY}_2.csv", "passed", 1),
        (f"{SECOND_STREET}/{DAY}_1.csv", "passed", 0),
        (f"{SECOND_STREET}/{DAY}_2.csv", "passed", 1),
        (f"{THIRD_STREET}/{DAY}_1.csv", "warned", 0),
    ]
    with connect(instance) as connection:
        run = ingest_runs.get(connection, LIST, DAY)
    assert run is not None
    [[remark]] = run.detail.remarks.values()
    assert "no rows" in remark

    first = next(one for one in known(instance, LIST) if one.source_object.endswith(f"{FIRST_STREET}/{DAY}_1.csv"))
    lake.bring_in(instance, LIST, DAY, files=[str(lake.DELIVERIES / BACK / "3_first_again.csv")], provider=first.provider)
    assert [str(amount) for name, amount in current(instance, LIST, "person_name", "amount_yuan") if name == "冯大寒"] == ["200.00"]
    again = known(instance, LIST)[-1]
    assert (again.content_sha256, again.occurrence, again.batch_id == first.batch_id) == (first.content_sha256, 2, False)
    assert (again.accepted, again.duplicate) == (1, 1)
    lake.bring_in(instance, LIST, DAY, files=[str(lake.DELIVERIES / BACK / "1_first.csv")], provider=first.provider)
    assert known(instance, LIST)[-1] == again


def test_a_row_that_changes_and_changes_back_under_one_change_time_says_what_the_register_says(instance: Instance) -> None:
    contract = load_contract_of(instance.settings.contracts, PEOPLE)
    names = [sql.SQL("{} {}").format(sql.Identifier(one.source_name), sql.SQL("text")) for one in contract.columns]
    for number, day in enumerate((date(2026, 6, 2), date(2026, 6, 3), date(2026, 6, 4)), start=1):
        with psycopg.connect(instance.settings.connections["source_city"]) as register:
            if number == 1:
                register.execute(sql.SQL("create table household_registration ({})").format(sql.SQL(", ").join(names)))
                register.execute("alter table household_registration alter update_time type timestamp using update_time::timestamp")
            register.execute((lake.DELIVERIES / REGISTER / f"{number}_{day}.sql").read_text("utf-8"))
        if number == 1:
            run_job("extract", JobRequest(day, PEOPLE), instance)
        else:
            lake.bring_in(instance, PEOPLE, day)
            said = current(instance, PEOPLE, "hukou_address", "_recorded_on")
            assert [(address[-6:], on) for address, on in said] == [(("试验路99号", "试验路31号")[number - 2], day)]
    assert [(one.accepted, one.duplicate) for one in known(instance, PEOPLE)] == [(1, 0)] * 3


def test_a_register_that_shrinks_overnight_is_not_believed(instance: Instance) -> None:
    days = (date(2026, 6, 8), date(2026, 6, 15), date(2026, 6, 22))
    for day, kind in zip(days, ("full", "cut", "full"), strict=True):
        lake.drop(instance, CUT, f"{day}_{kind}.csv", f"{ADDRESSES}/{day}_1.csv")
    for day in days[:2]:
        lake.bring_in(instance, ADDRESSES, day)
    assert len(current(instance, ADDRESSES, "address_id")) == 60
    full, cut = known(instance, ADDRESSES)
    assert (full.closings_held, cut.closings_held) == (False, True)
    assert closings.recall(open_area(instance, "landing"), cut) == Decision(True, 60, 40)
    with connect(instance) as connection:
        [told] = tickets.find(connection, kind="shrunk", only_open=True)
    assert (told.subject, told.detail["open"], told.detail["closing"]) == (f"{ADDRESSES}|{cut.batch_id}", 60, 40)
    assert "lacks 40 of 60 open keys" in told.message

    written = storage.versions(instance, [silver(ADDRESSES)])
    _forget(instance, cut)
    lake.bring_in(instance, ADDRESSES, days[1])
    assert storage.versions(instance, [silver(ADDRESSES)]) == written
    assert replace(known(instance, ADDRESSES)[1], bronze_recorded_at=None) == replace(cut, bronze_recorded_at=None)

    lake.bring_in(instance, ADDRESSES, days[2])
    assert len(current(instance, ADDRESSES, "address_id")) == 60
    with connect(instance) as connection:
        assert [event.reason for event in tickets.history(connection, told.ticket_id)] == [None, "named_again"]


def _forget(instance: Instance, batch: batches.Batch) -> None:
    """Lose every record of a batch; what is landed stays."""
    with connect(instance) as connection:
        connection.execute(delete(batch_table).where(batch_table.c.batch_id == batch.batch_id))
