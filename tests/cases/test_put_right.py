"""In the lake: a refused file is retried, a blocked batch and held closings are released, and all comes back from landing alone."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from application.batches import Decided, carry_out, decide
from application.rebuild import rebuild_silver
from huiliu.main import app
from lakehouse.config import PROJECT, Instance
from lakehouse.naming import bronze, silver
from lakehouse.ops import batches, connect, days, tickets
from lakehouse.ops.batches import Batch
from spark_jobs.lake import storage
from spark_jobs.lake.session import open_session
from tests.cases import lake
from tests.cases.test_refused_files import NAMES, put, row, service_type
from tests.plugin.servers import at, changed, fresh_home

pytestmark = pytest.mark.spark
LIST, ADDRESSES, CUT = "s_elderly_service_list", "c_standard_address", "c09-csv-snapshot-cut-short"
REFUSED_STREET, BLOCKED_STREET = "449901001", "449901002"
EARLY, FIRST, SECOND = date(2026, 6, 1), date(2026, 6, 8), date(2026, 6, 15)
LAYOUTS = """  - property: layouts
    value:
      - {name: the first days, validTo: 2026-06-02, encoding: utf-8}
      - {name: as declared, validFrom: 2026-06-02}
schema:
"""
TABLES = (bronze(LIST), silver(LIST), bronze(ADDRESSES), silver(ADDRESSES))


@pytest.fixture
def street(servers: Instance, tmp_path: Path) -> Iterator[Instance]:
    """Return a home with contracts of its own, in which a file was refused, a batch blocked, and the closings of a snapshot held."""
    contracts = Path(shutil.copytree(PROJECT / "contracts", tmp_path / "contracts"))
    with fresh_home(servers, tmp_path / "home") as home, at(instance := changed(home, contracts=contracts)):
        put(instance, f"{LIST}/{REFUSED_STREET}/{EARLY}_1.csv", content(instance, 10, broken=0).encode("utf-8"))
        put(instance, f"{LIST}/{BLOCKED_STREET}/{FIRST}_1.csv", content(instance, 30, broken=20).encode("gb18030"))
        lake.drop(instance, CUT, f"{FIRST}_full.csv", f"{ADDRESSES}/{FIRST}_1.csv")
        lake.drop(instance, CUT, f"{SECOND}_cut.csv", f"{ADDRESSES}/{SECOND}_1.csv")
        lake.bring_in(instance, LIST, FIRST)
        lake.bring_in(instance, ADDRESSES, SECOND)
        with connect(instance) as connection:
            days.close(connection, SECOND, 1, [])
        yield instance


def content(instance: Instance, rows: int, broken: int) -> str:
    """Return a list of elderly people; of so many the amount is out of range."""
    code = service_type(instance)
    people = [[code if one == "津贴" else one for one in row(number, old=False)] for number in range(rows)]
    people = [[*one[:4], "-1" if number < broken else one[4], *one[5:]] for number, one in enumerate(people)]
    return "".join(",".join(one) + "\n" for one in (NAMES, *people))


def known(instance: Instance, resource: str) -> list[Batch]:
    with connect(instance) as connection:
        return batches.of_resource(connection, resource)


def facts(instance: Instance) -> list[Batch]:
    """Return every batch without the times at which something was recorded, and the step that did."""
    found = [*known(instance, LIST), *known(instance, ADDRESSES)]
    return [replace(one, bronze_recorded_at=None, silver_on=None) for one in found]


def open_keys(instance: Instance, resource: str) -> int:
    versions = storage.read(open_session(instance), silver(resource))
    return versions.where("_replaced_on is null and valid_to is null and not _deleted").count()


def reasons(instance: Instance, kind: str) -> list[str | None]:
    with connect(instance) as connection:
        return [tickets.history(connection, one.ticket_id)[-1].reason for one in tickets.find(connection, kind=kind)]


def told_by(*arguments: str) -> dict:
    return json.loads(CliRunner().invoke(app, ["batches", *arguments, "--json"]).stdout)


def test_what_went_wrong_is_put_right_and_comes_back_from_landing_alone(street: Instance) -> None:
    unread, held = known(street, LIST)
    _, cut = known(street, ADDRESSES)
    assert (unread.gate, held.gate, held.held, cut.closings_held) == ("refused", "blocked", 30, True)
    assert {one["standing"] for one in told_by("list")["batches"]} == {"refused", "blocked", "closings held"}

    path = street.settings.contracts / "resources" / "street" / f"{LIST}.odcs.yaml"
    path.write_text(path.read_text("utf-8").replace("schema:\n", LAYOUTS, 1), "utf-8")
    decided: list[Decided] = [
        decide(street, unread.batch_id[:10], "retry", "the contract knows its encoding now"),
        decide(street, held.batch_id, "release", "letter 12 of the street"),
        decide(street, cut.batch_id, "release", "the estate was demolished"),
    ]
    assert {one.ruling.since for one in decided} == {SECOND}
    assert {one["standing"] for one in told_by("list")["batches"]} == {"to be retried", "to be released", "closings to be released"}
    said: list[str] = []
    assert [carry_out(street, one, said.append) for one in decided[1:]] == [True, True]  # the day was closed without them
    assert not [line for line in said if "failed" in line]

    same, released, again = known(street, LIST)
    assert same == unread
    assert (again.predecessor, again.is_known, again.accepted, again.taken_on) == (unread.batch_id, True, 10, SECOND)
    assert (released.gate, released.quarantined, released.accepted, released.held) == ("released", 20, 10, 0)
    assert open_keys(street, LIST) == 20
    assert open_keys(street, ADDRESSES) == 20
    assert known(street, ADDRESSES)[1].silver_on == cut.silver_on
    ended = storage.read(open_session(street), silver(ADDRESSES)).where("_deleted").select("_recorded_on").distinct().collect()
    assert [one._recorded_on for one in ended] == [SECOND]
    assert (reasons(street, "refused"), reasons(street, "blocked"), reasons(street, "shrunk")) == (["retried"], ["released"], ["released"])
    assert told_by("list")["batches"] == []

    found = [(one.table, one.rows > 0, one.differs, one.obstacles) for one in rebuild_silver(street, check=True)]
    assert found == [(silver(ADDRESSES), True, False, ()), (silver(LIST), True, False, ())]
    before, written = facts(street), storage.versions(street, TABLES)
    with connect(street) as connection:
        for table in ("batch", "ruling", "ingest_run", "case_event", '"case"', "ticket_event", "ticket"):
            connection.execute(text(f"delete from huiliu.{table}"))
    for resource in (LIST, ADDRESSES):
        lake.bring_in(street, resource, SECOND)
    assert facts(street) == before
    assert storage.versions(street, TABLES) == written
    with connect(street) as connection:
        assert tickets.find(connection, only_open=True) == []
    assert told_by("list")["batches"] == []
