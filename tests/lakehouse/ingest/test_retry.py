"""A refused file read again on a real database: a new batch of the same bytes, once, and the same after the records are lost."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import delete

from lakehouse.config import Instance
from lakehouse.contracts.model import Contract
from lakehouse.ingest import landing, rulings
from lakehouse.objects import open_area
from lakehouse.ops import batches, connect, days
from lakehouse.ops import rulings as records
from lakehouse.ops.rulings import Ruling, Verdict
from lakehouse.ops.tables import batch as batch_table
from lakehouse.ops.tables import ruling as ruling_table
from tests.lakehouse.ingest.readers.contract import contract
from tests.lakehouse.ingest.test_intake import FIRST, SECOND, THIRD, drop, finish, known, let_in, open_tickets, reasons, take

pytestmark = pytest.mark.spark
WRONG, RIGHT = contract("csv", "x", "y", dropped=("secret",)), contract("csv", "a", "b", dropped=("secret",))


def rule(instance: Instance, batch: batches.Batch, verdict: Verdict) -> Ruling:
    """Decide about a batch on the second day, as the command does."""
    made = datetime(2026, 6, 2, 9, tzinfo=UTC)
    one = Ruling(batch.batch_id, batch.resource, "delivery", verdict, batch.gate or "refused", "liu", "复核", made, SECOND)
    rulings.keep(open_area(instance, "landing"), batch, one)
    with connect(instance) as connection:
        records.record(connection, [one])
    return one


def lose(instance: Instance) -> None:
    """Lose all records of batches and of decisions; what is landed stays."""
    with connect(instance) as connection:
        connection.execute(delete(batch_table))
        connection.execute(delete(ruling_table))


def told(instance: Instance) -> list[tuple[int, int, str | None, bool]]:
    """Return delivery number, occurrence and gate of every batch, and whether it takes another one up."""
    return [(one.delivery_no, one.occurrence, one.gate, one.predecessor is not None) for one in known(instance)]


def one_refused(instance: Instance) -> batches.Batch:
    """Take in a file that the wrong contract cannot read, and a good one of another date."""
    drop(instance, "2026-06-01_1.csv", "a,b,secret\n1,2,x\n3,4,x\n")
    finish(instance, WRONG, take(instance, WRONG, FIRST), FIRST)
    [refused] = known(instance)
    assert (refused.gate, refused.held, refused.received) == ("refused", 2, 2)
    return refused


def bring_in(instance: Instance, of: Contract, on) -> list[batches.Batch]:
    """Run the steps that need no Spark; return what was read."""
    taken = take(instance, of, on)
    finish(instance, of, taken, on)
    let_in(instance, of, on)
    return taken.waiting


def test_a_retry_is_a_new_batch_of_the_same_bytes_and_the_predecessor_stays(instance: Instance) -> None:
    refused = one_refused(instance)
    rule(instance, refused, "retry")
    with connect(instance) as connection:
        assert [one.verdict for one in records.due(connection, "t_thing", SECOND)] == ["retry"]
        assert records.due(connection, "t_thing", FIRST) == []
    assert take(instance, RIGHT, FIRST).waiting == []  # it was decided later
    [again] = bring_in(instance, RIGHT, SECOND)
    assert (again.predecessor, again.occurrence, again.content_sha256) == (refused.batch_id, 2, refused.content_sha256)
    assert (again.delivery_no, again.taken_on, again.business_date, again.received) == (2, SECOND, FIRST, 2)
    assert known(instance)[0] == refused
    sidecars = [json.loads(path.read_text()) for path in (instance.home / "store" / "landing").rglob("batch.json")]
    assert {one["delivery_no"]: one["predecessor"] for one in sidecars} == {1: None, 2: refused.batch_id}
    assert reasons(instance, "refused") == {f"t_thing|{refused.batch_id}": "retried"}
    with connect(instance) as connection:
        assert records.due(connection, "t_thing", THIRD) == []
        [done] = records.of_batches(connection, [refused.batch_id])
    assert done.effective_on == SECOND
    assert bring_in(instance, RIGHT, THIRD) == []
    drop(instance, "2026-06-01_9.csv", "a,b,secret\n1,2,x\n3,4,x\n")  # the provider repeats what the retry said last
    assert take(instance, RIGHT, THIRD).repeated == ["t_thing/2026-06-01_9.csv"]


def test_after_the_records_are_lost_what_was_retried_stays_refused_and_what_took_it_up_is_read(instance: Instance) -> None:
    refused = one_refused(instance)
    rule(instance, refused, "retry")
    bring_in(instance, RIGHT, SECOND)
    before = told(instance)
    assert before == [(1, 1, "refused", False), (2, 2, "passed", True)]
    lose(instance)
    assert [one.delivery_no for one in bring_in(instance, RIGHT, SECOND)] == [2]
    assert told(instance) == before
    assert open_tickets(instance, "refused") == []
    with connect(instance) as connection:
        assert records.due(connection, "t_thing", THIRD) == []


def test_what_is_refused_for_good_is_never_read_again(instance: Instance) -> None:
    refused = one_refused(instance)
    rule(instance, refused, "refuse")
    lose(instance)
    assert bring_in(instance, RIGHT, SECOND) == []
    assert told(instance) == [(1, 1, "refused", False)]


@pytest.mark.parametrize("kept", ["note", "bytes", "sidecar"])
def test_a_retry_cut_short_is_completed_and_made_once(instance: Instance, monkeypatch: pytest.MonkeyPatch, kept: str) -> None:
    refused = one_refused(instance)
    rule(instance, refused, "retry")
    broken, name = {"note": (landing.Area, "put_new"), "bytes": (landing, "_text"), "sidecar": (batches, "add")}[kept]
    done = getattr(broken, name)

    def killed(*given: object) -> object:
        if kept == "sidecar" and not given[-1]:  # `recover` found nothing to record
            return done(*given)
        raise KeyboardInterrupt

    with monkeypatch.context() as at:
        at.setattr(broken, name, killed)
        with pytest.raises(KeyboardInterrupt):
            take(instance, RIGHT, SECOND)
    bring_in(instance, RIGHT, THIRD)
    assert told(instance) == [(1, 1, "refused", False), (2, 2, "passed", True)]
    assert known(instance)[1].taken_on == (SECOND if kept == "sidecar" else THIRD)


def test_a_final_day_takes_nothing_up(instance: Instance) -> None:
    refused = one_refused(instance)
    rule(instance, refused, "retry")
    with connect(instance) as connection:
        days.publish(connection, THIRD, 1, "aa")
    assert take(instance, RIGHT, SECOND).waiting == []
    assert [one.predecessor for one in take(instance, RIGHT, THIRD).waiting] == [refused.batch_id]


def test_rebuild_brings_decisions_back_that_a_restored_database_does_not_know(instance: Instance) -> None:
    refused = one_refused(instance)
    one = rule(instance, refused, "release")
    effect = replace(one, effective_on=THIRD)
    with connect(instance) as connection:
        rulings.carry_out(connection, open_area(instance, "landing"), refused, one, THIRD)
        connection.execute(delete(ruling_table))
        assert landing.rebuild(connection, open_area(instance, "landing"), "t_thing") == 0
        assert records.of_batches(connection, [refused.batch_id]) == [effect]
        assert records.record(connection, [one]) == 0
        assert records.of_batches(connection, [refused.batch_id]) == [effect]
