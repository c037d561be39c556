"""Deliveries on a real database: identity, delivery numbers, repeated, late and unreadable ones, and restoring rows from sidecar files."""

from __future__ import annotations

from datetime import date
from pathlib import Path, PurePath

import pyarrow.parquet as pq
import pytest
from sqlalchemy import delete

from lakehouse.city.clocks import load_clocks
from lakehouse.city.departments import load_departments
from lakehouse.config import Instance
from lakehouse.contracts.model import Contract
from lakehouse.errors import DeliveryError
from lakehouse.ingest import intake, landing, staging
from lakehouse.ingest.arrival import Search
from lakehouse.ingest.delivery_tickets import Desk
from lakehouse.ingest.intake import Intake
from lakehouse.ingest.readers.delivery import Delivery
from lakehouse.ingest.row_hash import row_hash
from lakehouse.ingest.staging import Staged
from lakehouse.ingest.strays import tell_strays
from lakehouse.ingest.taken import Shelf
from lakehouse.objects import Area, open_area
from lakehouse.ops import audit, batches, connect, days, tickets
from lakehouse.ops.tables import batch as batch_table
from tests.lakehouse.ingest.readers.contract import PROVIDER, contract

pytestmark = pytest.mark.spark

FIRST, SECOND, THIRD = date(2026, 6, 1), date(2026, 6, 2), date(2026, 6, 3)


@pytest.fixture
def things() -> Contract:
    return contract("csv", "a", "b", dropped=("secret",))


def drop(instance: Instance, name: str, content: str, resource: str = "t_thing") -> None:
    path = instance.folder("inbox") / resource / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, "utf-8")


def take(instance: Instance, of: Contract, on: date) -> Intake:
    return intake.take(instance, Search(of, on))


def finish(instance: Instance, of: Contract, taken: Intake, on: date) -> Staged:
    """Record the batches as the extract job does, without Spark."""
    staged = staging.stage((open_area(instance, "landing"), open_area(instance, "lake")), of, taken.waiting, on)
    with connect(instance) as connection:
        intake.settle(Desk(connection, of, load_clocks(instance), on), taken.waiting, staged.refused)
    return staged


def let_in(instance: Instance, of: Contract, on: date) -> None:
    """Record what waits for the gate as passed, as the gate job does, without Spark."""
    with connect(instance) as connection:
        waiting = batches.open_for(connection, of.code, "gate")
        for batch in waiting:
            batches.record_gate(connection, batch.batch_id, "passed")
        Desk(connection, of, load_clocks(instance), on).let_in(waiting)


def known(instance: Instance) -> list[batches.Batch]:
    with connect(instance) as connection:
        return batches.of_resource(connection, "t_thing")


def delivery(instance: Instance, name: str) -> Delivery:
    return Delivery(PROVIDER, FIRST, f"t_thing/{name}", instance.folder("inbox") / "t_thing" / name)


def lying(instance: Instance) -> dict[str, str]:
    """Return the last line of every file below the inbox."""
    place = instance.folder("inbox")
    files = [path for path in place.rglob("*") if path.is_file()]
    return {path.relative_to(place).as_posix(): path.read_text("utf-8").splitlines()[-1] for path in files}


def open_tickets(instance: Instance, kind: str) -> list[tickets.Ticket]:
    with connect(instance) as connection:
        return tickets.find(connection, kind=kind, only_open=True)


def reasons(instance: Instance, kind: str) -> dict[str, str | None]:
    """Return the reason of the last event of every ticket of a kind, by what the ticket is about."""
    with connect(instance) as connection:
        found = tickets.find(connection, kind=kind)
        return {one.detail.get("source", one.subject): tickets.history(connection, one.ticket_id)[-1].reason for one in found}


def test_deliveries_are_numbered_by_date_and_known_for_good(instance: Instance, things: Contract) -> None:
    drop(instance, "2026-06-02_1.csv", "a,b,secret\n1,2,x\n")
    drop(instance, "2026-06-01_1.csv", "a,b,secret\n1,2,x\n3,4,y\n")
    drop(instance, "2026-06-03_1.csv", "a,b,secret\n")
    drop(instance, "2026-06-02_2.csv.part", "a,b")
    taken = take(instance, things, SECOND)
    assert [(one.delivery_no, one.business_date, one.taken_on, one.received) for one in taken.waiting] == [
        (1, FIRST, SECOND, 2),
        (2, SECOND, SECOND, 1),
    ]
    assert taken.landed == 2
    assert (taken.unusable, taken.repeated) == ([], [])
    finish(instance, things, taken, SECOND)
    assert take(instance, things, SECOND) == Intake()
    third = take(instance, things, THIRD)
    assert [(one.delivery_no, one.received) for one in third.waiting] == [(3, 0)]


def test_the_same_bytes_again_are_recorded_and_change_nothing(instance: Instance, things: Contract) -> None:
    drop(instance, "2026-06-01_1.csv", "a,b,secret\n1,2,x\n")
    drop(instance, "2026-06-01_2.csv", "a,b,secret\n1,2,x\n")
    taken = take(instance, things, FIRST)
    assert (taken.landed, taken.repeated) == (1, ["t_thing/2026-06-01_2.csv"])
    finish(instance, things, taken, FIRST)
    drop(instance, "2026-06-01_3.csv", "a,b,secret\n1,2,x\n")
    assert take(instance, things, SECOND).waiting == []
    with connect(instance) as connection:
        assert [name for _, name in batches.sightings(connection, FIRST)] == ["t_thing/2026-06-01_2.csv"]
        assert [name for _, name in batches.sightings(connection, SECOND)] == ["t_thing/2026-06-01_3.csv"]


def test_a_late_delivery_is_taken_by_the_day_that_finds_it(instance: Instance, things: Contract) -> None:
    drop(instance, "2026-06-02_1.csv", "a,b,secret\n1,2,x\n")
    finish(instance, things, take(instance, things, SECOND), SECOND)
    drop(instance, "2026-06-01_1.csv", "a,b,secret\n5,6,x\n")
    late = take(instance, things, THIRD).waiting
    assert [(one.business_date, one.taken_on, one.delivery_no) for one in late] == [(FIRST, THIRD, 2)]


def test_nothing_new_is_taken_for_a_day_before_a_published_one(instance: Instance, things: Contract) -> None:
    with connect(instance) as connection:
        days.publish(connection, SECOND, 1, "aa")
    drop(instance, "2026-06-01_1.csv", "a,b,secret\n1,2,x\n")
    assert take(instance, things, FIRST) == Intake()
    assert take(instance, things, SECOND).landed == 1
    with pytest.raises(DeliveryError, match="2026-06-01 is final"):
        intake.take(instance, Search(things, FIRST, files=["some.csv"]))


def test_batches_come_back_from_the_sidecars(instance: Instance, things: Contract) -> None:
    drop(instance, "2026-06-01_1.csv", "a,b,secret\n1,2,x\n")
    drop(instance, "2026-06-01_2.csv", "a,b,secret\n3,4,x\n")
    before = take(instance, things, FIRST).waiting
    with connect(instance) as connection:
        connection.execute(delete(batch_table))
    drop(instance, "2026-06-01_3.csv", "a,b,secret\n5,6,x\n")
    again = take(instance, things, SECOND)
    assert (again.rebuilt, again.landed) == (2, 1)
    assert again.waiting[:2] == before
    assert [(one.delivery_no, one.taken_on) for one in again.waiting] == [(1, FIRST), (2, FIRST), (3, SECOND)]


def test_what_was_taken_in_is_put_away_and_nothing_else(instance: Instance, things: Contract) -> None:
    drop(instance, "2026-06-01_1.csv", "a,b,secret\n1,2,x\n")
    drop(instance, "2026-06-01_2.csv", "a,b,secret\n1,2,x\n")
    drop(instance, "2026-06-03_1.csv", "a,b,secret\n1,2,x\n")
    drop(instance, "list of june.csv", "a,b,secret\n1,2,x\n")
    take(instance, things, FIRST)
    drop(instance, "2026-06-01_1.csv", "a,b,secret\n3,4,x\n")
    assert take(instance, things, FIRST).landed == 1
    away = "taken/2026-06-01/t_thing"
    assert lying(instance) == {
        f"{away}/2026-06-01_1.csv": "1,2,x",
        f"{away}/2026-06-01_1~2.csv": "3,4,x",
        f"{away}/2026-06-01_2.csv": "1,2,x",
        "t_thing/2026-06-03_1.csv": "1,2,x",
        "t_thing/list of june.csv": "1,2,x",
    }


@pytest.mark.parametrize("kept", [0, 1, 2])
@pytest.mark.parametrize("step", ["records", "files"])
def test_a_file_that_was_landed_but_not_put_away_is_only_put_away(
    instance: Instance, things: Contract, monkeypatch: pytest.MonkeyPatch, step: str, kept: int
) -> None:
    """Three files of a date, of which the last repeats the first: whenever a run ends, the next one adds what is missing and no more."""
    one, two = "a,b,secret\n1,2,x\n", "a,b,secret\n3,4,x\n"
    for number, content in enumerate((one, two, one), start=1):
        drop(instance, f"2026-06-01_{number}.csv", content)
    module, name = (batches, "add") if step == "records" else (Shelf, "put_away")
    done, left = getattr(module, name), [kept]

    def killed(*given: object) -> object:
        if given[-1] and not left[0]:  # nothing was recorded by `recover`, which also calls it
            raise KeyboardInterrupt
        left[0] -= bool(given[-1])
        return done(*given)

    with monkeypatch.context() as broken:
        broken.setattr(module, name, killed)
        with pytest.raises(KeyboardInterrupt):
            take(instance, things, FIRST)
    again = take(instance, things, SECOND)
    assert (again.landed, again.rebuilt, again.repeated) == (2 - kept, kept + 1, [])
    shas = [batch.content_sha256 for batch in again.waiting]
    assert [(one.delivery_no, one.occurrence, one.source_object[-5:]) for one in again.waiting] == [
        (1, 1, "1.csv"),
        (2, 1, "2.csv"),
        (3, 2, "3.csv"),
    ]
    assert shas[0] == shas[2] != shas[1]
    assert sorted(PurePath(name).name for name in lying(instance)) == [f"2026-06-01_{number}.csv" for number in (1, 2, 3)]
    assert all(name.startswith("taken/") for name in lying(instance))
    assert take(instance, things, SECOND).landed == 0


def test_what_a_provider_says_last_is_a_new_delivery_whatever_became_of_the_one_between(instance: Instance, things: Contract) -> None:
    one, unreadable = "a,b,secret\n1,2,x\n", "a,b\n1,2\n"
    drop(instance, "2026-06-01_1.csv", one)
    finish(instance, things, take(instance, things, FIRST), FIRST)
    drop(instance, "2026-06-01_2.csv", unreadable)
    finish(instance, things, take(instance, things, FIRST), FIRST)
    drop(instance, "2026-06-01_3.csv", one)
    drop(instance, "2026-06-02_1.csv", one)
    taken = take(instance, things, SECOND)
    assert [(batch.business_date, batch.occurrence) for batch in taken.waiting] == [(FIRST, 2), (SECOND, 1)]
    drop(instance, "2026-06-01_4.csv", one)
    again = take(instance, things, SECOND)
    assert (again.landed, again.repeated) == (0, ["t_thing/2026-06-01_4.csv"])
    assert [batch.gate for batch in known(instance)] == [None, "refused", None, None]


def test_a_file_handed_over_again_after_another_one_is_a_new_delivery(instance: Instance, things: Contract, tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("z.csv", "a.csv")]
    for number, file in enumerate(files):
        file.write_text(f"a,b,secret\n1,{number},x\n", "utf-8")
    both, first = ([str(one) for one in some] for some in (files, files[:1]))
    assert [one.source_object for one in intake.take(instance, Search(things, FIRST, files=both)).waiting] == ["z.csv", "a.csv"]
    assert intake.take(instance, Search(things, FIRST, files=both[1:])).landed == 0
    assert intake.take(instance, Search(things, FIRST, files=first)).landed == 1
    assert [(one.delivery_no, one.occurrence, one.source_object) for one in known(instance)] == [
        (1, 1, "z.csv"),
        (2, 1, "a.csv"),
        (3, 2, "z.csv"),
    ]
    assert all(file.is_file() for file in files)


def test_a_delivery_whose_record_is_lost_does_not_swallow_one_that_repeats_its_bytes(instance: Instance, things: Contract) -> None:
    for number, content in enumerate(("1,2", "3,4"), start=1):
        drop(instance, f"2026-06-01_{number}.csv", f"a,b,secret\n{content},x\n")
    take(instance, things, FIRST)
    with connect(instance) as connection:
        connection.execute(delete(batch_table).where(batch_table.c.delivery_no == 1))
    drop(instance, "2026-06-01_3.csv", "a,b,secret\n1,2,x\n")
    assert take(instance, things, FIRST).landed == 1
    assert [(one.delivery_no, one.occurrence) for one in known(instance)] == [(1, 1), (2, 1), (3, 2)]


def test_a_file_that_changes_while_it_is_read_is_taken_once_it_is_complete(
    instance: Instance, things: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop(instance, "2026-06-01_1.csv", "a,b,secret\n1,2,x\n")
    drop(instance, "2026-06-01_2.csv", "a,b,secret\n5,6,x\n")
    put_new = Area.put_new

    def growing(area: Area, path: str, content: object) -> bool:
        if isinstance(content, Path) and content.name == "2026-06-01_1.csv":
            content.write_text("a,b,secret\n1,2,x\n3,4,x\n", "utf-8")
        return put_new(area, path, content)  # type: ignore[arg-type]

    with monkeypatch.context() as slow:
        slow.setattr(Area, "put_new", growing)
        assert [one.source_object for one in take(instance, things, FIRST).waiting] == ["t_thing/2026-06-01_2.csv"]
        with pytest.raises(DeliveryError, match=r"2026-06-01_1\.csv:\n  the file changed while it was read"):
            intake.take(instance, Search(things, FIRST, files=[str(delivery(instance, "2026-06-01_1.csv").path)]))
    taken = take(instance, things, FIRST)
    assert [(one.delivery_no, one.received) for one in taken.waiting] == [(1, 1), (2, 2)]
    landed = [one for one in open_area(instance, "landing").list("t_thing") if one.path.endswith(".csv")]
    assert len(landed) == len(taken.waiting)


def test_the_records_of_one_landing_that_was_cut_short_come_back_without_a_list(
    instance: Instance, things: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file itself may be gone: a source system gives other bytes the next time."""
    drop(instance, "2026-06-01_1.csv", "a,b,secret\n1,2,x\n")
    with connect(instance) as connection:
        shipment = landing.Shipment(things, FIRST, [delivery(instance, "2026-06-01_1.csv")])
        landing.land(connection, open_area(instance, "landing"), shipment)
        connection.execute(delete(batch_table))
    (instance.folder("inbox") / "t_thing" / "2026-06-01_1.csv").unlink()
    drop(instance, "2026-06-01_2.csv", "a,b,secret\n3,4,x\n")
    monkeypatch.setattr(Area, "list", None)
    again = take(instance, things, FIRST)
    assert (again.rebuilt, again.landed) == (1, 1)
    assert [one.delivery_no for one in again.waiting] == [1, 2]


def test_files_in_folders_no_contract_names_are_told_until_they_are_gone(instance: Instance) -> None:
    def told() -> list[tuple[str, dict[str, int]]]:
        with connect(instance) as connection:
            tell_strays(connection, instance, load_clocks(instance), FIRST)
            return [(one.subject, one.detail) for one in tickets.find(connection, kind="stray", only_open=True)]

    drop(instance, "x.csv", "", "g_person_check")
    drop(instance, "x.csv", "", "taken/2026-06-01/g_person_check")
    assert told() == []
    drop(instance, "a.csv", "", "g_person_chek")
    drop(instance, "b.csv", "", "g_person_chek")
    drop(instance, "c.csv", "", "")
    assert told() == [("inbox", {"files": 1}), ("inbox/g_person_chek", {"files": 2})]
    (instance.folder("inbox") / "c.csv").unlink()
    assert told() == [("inbox/g_person_chek", {"files": 2})]


def test_bytes_without_sidecar_are_landed_as_if_new(instance: Instance, things: Contract) -> None:
    drop(instance, "2026-06-01_1.csv", "a,b,secret\n1,2,x\n")
    first = take(instance, things, FIRST).waiting
    area = open_area(instance, "landing")
    area.delete([one.path for one in area.list() if one.path.endswith("batch.json")])
    with connect(instance) as connection:
        connection.execute(delete(batch_table))
    drop(instance, "2026-06-01_1.csv", "a,b,secret\n1,2,x\n")
    assert take(instance, things, FIRST).waiting == first


def test_an_unreadable_delivery_waits_in_a_ticket_and_the_others_go_on(instance: Instance, things: Contract) -> None:
    drop(instance, "2026-06-01_1.csv", "a,b\n1,2\n")
    drop(instance, "2026-06-01_2.csv", "a,b,secret\n3,4,x\n5\n")
    staged = finish(instance, things, take(instance, things, FIRST), FIRST)
    good = next(batch for batch in known(instance) if batch.gate is None)
    refused = next(batch for batch in known(instance) if batch.gate == "refused")
    assert (refused.received, refused.held) == (1, 1)
    assert staged.rows == {good.batch_id: 2}
    with connect(instance) as connection:
        [decided] = audit.entries(connection)
    assert (decided.action, decided.subject, decided.detail) == ("decide", f"t_thing {FIRST}", {refused.batch_id: "refused"})
    let_in(instance, things, FIRST)
    [ticket] = open_tickets(instance, "refused")
    assert (ticket.provider, ticket.subject, ticket.due_on) == (PROVIDER, f"t_thing|{refused.batch_id}", date(2026, 6, 15))
    assert "missing: secret" in ticket.message
    assert "Fix:" in ticket.message
    rows = pq.read_table(open_area(instance, "lake").local_path(staged.path)).to_pylist()
    assert [(row["a"], row["b"], row["_source_line"], row["_reject"], row["_raw"]) for row in rows] == [
        ("3", "4", 2, None, None),
        (None, None, 3, "too_few_fields", b"5\n"),
    ]
    assert "secret" not in rows[0]
    assert rows[0]["_row_hash"] == row_hash(["3", "4"])
    assert (rows[0]["_batch_id"], rows[0]["_provider"], rows[0]["_delivery_no"]) == (good.batch_id, PROVIDER, good.delivery_no)
    assert take(instance, things, FIRST).waiting == []
    drop(instance, "2026-06-01_3.csv", "a,b,secret\n1,2,x\n")  # another good file of that date: the unreadable one still waits
    finish(instance, things, take(instance, things, SECOND), SECOND)
    let_in(instance, things, SECOND)
    assert [one.ticket_id for one in open_tickets(instance, "refused")] == [ticket.ticket_id]
    drop(instance, "2026-06-01_1.csv", "a,b,secret\n1,2,x\n9,9,x\n")
    finish(instance, things, take(instance, things, THIRD), THIRD)
    assert len(open_tickets(instance, "refused")) == 1
    let_in(instance, things, THIRD)
    assert reasons(instance, "refused") == {f"t_thing|{refused.batch_id}": "redelivered"}


def test_names_nobody_understands_get_a_ticket_until_they_are_gone(instance: Instance) -> None:
    streets = contract("csv", "a", "b", provider={"each": "street"}, source={"kind": "csv", "path": "t_thing/{region}/{date}_{n}.csv"})
    office = next(one for one in load_departments(instance.city_folder) if one.kind == "street_office")
    drop(instance, f"{office.region_code}/2026-06-01_1.csv", "a,b\n1,2\n")
    drop(instance, f"{office.region_code}/list of june.csv", "a,b\n1,2\n")
    drop(instance, f"{office.region_code}/2026-13-01_1.csv", "a,b\n1,2\n")
    drop(instance, "999999999/2026-06-01_1.csv", "a,b\n1,2\n")
    assert [one.provider for one in take(instance, streets, FIRST).waiting] == [office.uscc]
    assert len(open_tickets(instance, "unusable")) == 3
    assert any("no department delivers this" in ticket.message for ticket in open_tickets(instance, "unusable"))
    for name in ("list of june.csv", "2026-13-01_1.csv"):
        (instance.folder("inbox") / "t_thing" / office.region_code / name).unlink()
    take(instance, streets, SECOND)
    prefix = f"t_thing/{office.region_code}"
    assert reasons(instance, "unusable") == {
        "t_thing/999999999/2026-06-01_1.csv": None,
        f"{prefix}/list of june.csv": "gone",
        f"{prefix}/2026-13-01_1.csv": "gone",
    }


def test_files_handed_over_need_no_inbox(instance: Instance, things: Contract, tmp_path: Path) -> None:
    file = tmp_path / "anything.csv"
    file.write_text("a,b,secret\n1,2,x\n", "utf-8")
    taken = intake.take(instance, Search(things, SECOND, files=[str(file)]))
    assert [(one.provider, one.business_date, one.source_object) for one in taken.waiting] == [(PROVIDER, SECOND, "anything.csv")]
