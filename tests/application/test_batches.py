"""Deciding about batches on a real database: by whom and why, written first, audited, and refused where it makes no sense."""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import date

import pytest
from sqlalchemy import delete
from typer.testing import CliRunner

from application.batches import batch_record, decide, find_batches
from huiliu.main import app
from lakehouse.config import Instance
from lakehouse.errors import ConfigError
from lakehouse.ingest import rulings
from lakehouse.ingest.gaps import gaps
from lakehouse.ingest.landing import landed_path
from lakehouse.jobs import JobRequest, run_job
from lakehouse.naming import batch_id
from lakehouse.objects import open_area
from lakehouse.ops import audit, batches, connect, days, ingest_runs, rule_counts, tickets
from lakehouse.ops import rulings as records
from lakehouse.ops.batches import Filter, Gate, Landed
from lakehouse.ops.tables import ruling as ruling_table
from lakehouse.ops.tickets import NewTicket

pytestmark = pytest.mark.spark
LIST, ADDRESSES, PROVIDER = "s_elderly_service_list", "c_standard_address", "11449900MB2C000130"
FIRST, SECOND = date(2026, 6, 1), date(2026, 6, 2)
REASON = "复核无误，见来函 12 号 / checked, letter 12"


def deliver(instance: Instance, number: int, gate: Gate | None, resource: str = LIST, *, closings_held: bool | None = None) -> str:
    """Land a batch that got so far, with the ticket that tells of it; return its id."""
    sha256 = f"{number:064x}"
    facts = (batch_id(resource, PROVIDER, FIRST, sha256), resource, PROVIDER, FIRST, sha256, number, FIRST, f"{number}.csv", 3, 5)
    landed = Landed(*facts)
    open_area(instance, "landing").put(landed_path(landed), b"a\n1")
    kind = "shrunk" if closings_held else gate
    with connect(instance) as connection:
        batches.add(connection, [landed])
        if gate == "refused":
            batches.record_refusal(connection, landed.batch_id)
        elif gate:
            batches.record_bronze(connection, [landed.batch_id])
            batches.record_gate(connection, landed.batch_id, gate, batches.Counts(held=5))
        if closings_held is not None:
            batches.record_closings(connection, {landed.batch_id: closings_held})
            batches.record_silver(connection, [landed.batch_id], FIRST)
        if kind in ("refused", "blocked", "shrunk"):
            detail = {"batch_id": landed.batch_id, "source_object": landed.source_object}
            new = NewTicket(kind, f"{resource}|{landed.batch_id}", FIRST, "held", resource, PROVIDER, None, detail)
            tickets.open_ticket(connection, new)
    return landed.batch_id


def state(instance: Instance, name: str) -> str:
    return batch_record(instance, name).batch.standing


def test_a_decision_is_a_document_first_and_bears_a_name(instance: Instance) -> None:
    blocked = deliver(instance, 1, "blocked")
    with connect(instance) as connection:
        days.close(connection, SECOND, 1, [])
        rule_counts.record(connection, {blocked: {"amount_yuan.range": 4}})
    done = decide(instance, blocked[:8], "release", f" {REASON} ")
    made = done.ruling
    assert (made.actor, made.reason, made.since, made.effective_on) == (audit.operator(), REASON, SECOND, None)
    assert rulings.recall(open_area(instance, "landing"), done.batch) == [made]
    with connect(instance) as connection:
        [entry] = audit.entries(connection)
    told = {"outcome": "release", "about": "delivery", "reason": REASON, "business_date": "2026-06-02"}
    assert (entry.actor, entry.action, entry.subject, entry.detail) == (audit.operator(), "decide", f"batch {blocked}", told)
    found = batch_record(instance, blocked)
    assert (found.batch.standing, found.broken, found.is_there) == ("to be released", {"amount_yuan.range": 4}, True)
    assert [(one.kind, one.state) for one in found.tickets] == [("blocked", "open")]  # it is not carried out yet
    shown = CliRunner().invoke(app, ["batches", "show", blocked]).stdout
    assert "breaks amount_yuan.range: 4 rows" in shown
    assert f"release of the delivery by {audit.operator()}" in shown
    with pytest.raises(ConfigError, match="a decision stands"):
        decide(instance, blocked, "refuse", REASON)


def test_the_gate_carries_a_release_out_from_its_day_on_and_leaves_the_verdicts(instance: Instance) -> None:
    blocked, other = deliver(instance, 1, "blocked"), deliver(instance, 2, "blocked")
    with connect(instance) as connection:
        days.close(connection, SECOND, 1, [])
        rule_counts.record(connection, {blocked: {"amount_yuan.range": 4}})
    decide(instance, blocked, "release", REASON)
    assert run_job("gate", JobRequest(FIRST, LIST), instance).batches == 0  # type: ignore[attr-defined]
    said = run_job("gate", JobRequest(SECOND, LIST), instance)
    assert (said.batches, said.released, said.blocked) == (1, 1, 0)  # type: ignore[attr-defined]
    found = batch_record(instance, blocked)
    assert (found.batch.gate, found.batch.standing, found.broken) == ("released", "released", {"amount_yuan.range": 4})
    assert [one.effective_on for one in found.rulings] == [SECOND]
    assert rulings.recall(open_area(instance, "landing"), found.batch) == list(found.rulings)
    with connect(instance) as connection:
        last = tickets.history(connection, found.tickets[0].ticket_id)[-1]
        assert [one.batch_id for one in batches.open_for(connection, LIST, "silver")] == [blocked]
        assert audit.entries(connection)[-1].detail == {blocked: "released"}
    assert (last.reason, last.actor, last.document) == ("released", "system", blocked)
    assert run_job("gate", JobRequest(SECOND, LIST), instance).batches == 0  # type: ignore[attr-defined]
    assert state(instance, other) == "blocked"


def test_a_decision_whose_record_was_lost_is_completed_by_the_same_command(instance: Instance) -> None:
    refused, shrunk = deliver(instance, 1, "refused"), deliver(instance, 1, "passed", ADDRESSES, closings_held=True)
    for batch in (refused, shrunk):
        first = decide(instance, batch, "refuse", REASON)
        assert (first.was_known, first.ruling.effective_on) == (False, FIRST)
        with connect(instance) as connection:
            connection.execute(delete(ruling_table).where(ruling_table.c.batch_id == batch))
        again = decide(instance, batch, "refuse", "another reason")
        assert (again.was_known, again.ruling) == (True, first.ruling)
        with connect(instance) as connection:
            connection.execute(delete(ruling_table).where(ruling_table.c.batch_id == batch))
        with pytest.raises(ConfigError, match="has decided 'refuse'"):
            decide(instance, batch, "release" if batch == shrunk else "retry", REASON)
    for batch, standing in ((refused, "refused for good"), (shrunk, "closings refused for good")):
        found = batch_record(instance, batch)
        assert found.batch.standing == standing
        [ticket] = found.tickets
        with connect(instance) as connection:
            last = tickets.history(connection, ticket.ticket_id)[-1]
        assert (last.reason, last.actor, last.channel) == ("refused_for_good", audit.operator(), "command_line")
    assert find_batches(instance, Filter(only_held=True)) == []


def test_what_makes_no_sense_is_refused_with_what_does_and_leaves_nothing(instance: Instance) -> None:
    passed, shrunk, refused = (deliver(instance, number, gate) for number, gate in ((1, "passed"), (2, None), (3, "refused")))
    for batch, verdict, told in (
        (passed, "release", "it is passed, so 'release' makes no sense"),
        (shrunk, "retry", "it is waiting, so 'retry' makes no sense"),
        (refused, "release", "Allowed: retry, refuse"),
        ("0" * 32, "retry", refused),
        ("", "retry", "there is no such batch"),
    ):
        with pytest.raises(ConfigError) as found:
            decide(instance, batch, verdict, REASON)  # type: ignore[arg-type]
        assert told in str(found.value)
    with pytest.raises(ConfigError, match="needs a reason"):
        decide(instance, refused, "retry", "  ")
    assert CliRunner().invoke(app, ["batches", "retry", refused]).exit_code == 2
    assert rulings.recall(open_area(instance, "landing"), batch_record(instance, refused).batch) == []
    with connect(instance) as connection:
        assert audit.entries(connection) == []
        lost = batches.get(connection, refused)
    assert lost
    open_area(instance, "landing").delete([landed_path(lost)])
    with pytest.raises(ConfigError, match="landed bytes are not there"):
        decide(instance, refused, "retry", REASON)


def test_the_list_shows_what_is_held_and_filters(instance: Instance) -> None:
    for number, gate in enumerate(("passed", "warned", "blocked", "refused", None), start=1):
        deliver(instance, number, gate)  # type: ignore[arg-type]
    deliver(instance, 1, "passed", ADDRESSES, closings_held=True)

    def listed(*options: str) -> list[tuple[str, str]]:
        done = CliRunner().invoke(app, ["batches", "list", "--json", *options])
        return [(one["resource"], one["standing"]) for one in json.loads(done.stdout)["batches"]]

    held = [(ADDRESSES, "closings held"), (LIST, "blocked"), (LIST, "refused"), (LIST, "waiting")]
    assert listed() == held
    assert listed("--resource", ADDRESSES) == held[:1]
    assert listed("--gate", "warned") == [(LIST, "warned")]
    assert listed("--gate", "waiting") == [(LIST, "waiting")]
    assert (listed("--from", "2026-06-02"), listed("--to", "2026-06-01")) == ([], held)
    assert len(listed("--all")) == 6
    with pytest.raises(ConfigError, match="waiting, passed, warned, released, blocked, refused"):
        find_batches(instance, Filter(gate="held"))


def test_a_beginning_that_several_ids_share_is_refused_with_them(instance: Instance) -> None:
    ids = [deliver(instance, number, "refused") for number in range(1, 18)]
    shared = next(one[0] for one in ids if sum(other[0] == one[0] for other in ids) > 1)
    with pytest.raises(ConfigError, match="begin so") as told:
        batch_record(instance, shared)
    assert any(one in str(told.value) for one in ids)


def test_a_batch_taken_up_again_is_no_gap_of_its_day_and_the_day_is_closed_again(instance: Instance) -> None:
    refused = deliver(instance, 1, "refused")
    decide(instance, refused, "retry", REASON)
    with connect(instance) as connection:
        [one] = batches.of_resource(connection, LIST)
        ingest_runs.start(connection, LIST, FIRST)
        ingest_runs.record_step(connection, LIST, FIRST, ingest_runs.Step("extract", "done", ingest_runs.Notes(waiting=0)))
        ingest_runs.finish(connection, LIST, FIRST, "refused")
        assert [gap.get("batch_id") for gap in gaps(connection, instance, FIRST) if gap["kind"] == "refused"] == [refused]
        days.close(connection, FIRST, 1, [])
    assert not run_job("ingest_outcome", JobRequest(FIRST, LIST), instance).close_again
    again = {name.name: getattr(one, name.name) for name in fields(Landed)} | {"batch_id": "b2", "delivery_no": 2}
    with connect(instance) as connection:
        batches.add(connection, [Landed(**again | {"occurrence": 2, "predecessor": refused})])
        records.record_effect(connection, records.of_batches(connection, [refused])[0], FIRST)
        assert [gap for gap in gaps(connection, instance, FIRST) if gap["kind"] == "refused"] == []
    assert state(instance, refused) == "retried"
    assert run_job("ingest_outcome", JobRequest(FIRST, LIST), instance).close_again
    with connect(instance) as connection:
        days.publish(connection, SECOND, 1, "aa")
    assert not run_job("ingest_outcome", JobRequest(FIRST, LIST), instance).close_again  # the day is final
