"""The operational database on a real server: schema, audit, days, batches."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import delete, update

from lakehouse import ops
from lakehouse.config import Instance
from lakehouse.ops import audit, batches, days, ingest_runs
from lakehouse.ops.tables import SCHEMA, metadata
from lakehouse.ops.tables import audit as audit_table

pytestmark = pytest.mark.spark

FIRST, SECOND, THIRD = date(2026, 6, 1), date(2026, 6, 2), date(2026, 6, 3)


def landed(number: int, resource: str = "t_thing", taken_on: date = FIRST) -> batches.Landed:
    return batches.Landed(f"{resource}-{number}", resource, "p", FIRST, f"sha-{number}", number, taken_on, f"{number}.csv", 10, 3)


def test_migrations_and_tables_say_the_same(module_instance: Instance) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: ops.migrate(module_instance), range(4)))
    with ops.connect(module_instance) as connection:
        options = {"include_schemas": True, "version_table_schema": SCHEMA, "compare_type": True, "compare_server_default": True}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, metadata) == []


def test_a_block_that_fails_leaves_nothing(module_instance: Instance) -> None:
    def fail() -> None:
        with ops.connect(module_instance) as connection:
            batches.add(connection, [landed(1, "t_rolled_back")])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    with ops.connect(module_instance) as connection:
        assert batches.of_resource(connection, "t_rolled_back") == []


def test_a_batch_waits_for_one_stage_after_the_other(module_instance: Instance) -> None:
    def waiting() -> list[list[str]]:
        return [[batch.batch_id for batch in batches.open_for(connection, "t_thing", stage)] for stage in ("bronze", "gate", "silver")]

    with ops.connect(module_instance) as connection:
        assert batches.add(connection, [landed(2), landed(1), landed(3)]) == 3
        assert batches.add(connection, [landed(1)]) == 0
        assert waiting() == [["t_thing-1", "t_thing-2", "t_thing-3"], [], []]
        batches.record_bronze(connection, ["t_thing-1", "t_thing-2"])
        batches.record_refusal(connection, "t_thing-3")
        assert waiting() == [[], ["t_thing-1", "t_thing-2"], []]
        batches.record_gate(connection, "t_thing-1", "warned", batches.Counts(accepted=2, rejected=1))
        batches.record_gate(connection, "t_thing-2", "blocked", batches.Counts(held=3))
        assert waiting() == [[], [], ["t_thing-1"]]
        batches.record_silver(connection, ["t_thing-1"], FIRST)
        assert waiting() == [[], [], []]
        refused = batches.get(connection, "t_thing-3")
        assert refused is not None
        assert (refused.gate, refused.held, refused.accepted) == ("refused", 3, 0)
        assert batches.record_sighting(connection, "t_thing-1", "again.csv", SECOND)
        assert not batches.record_sighting(connection, "t_thing-1", "again.csv", SECOND)


def test_a_day_finds_what_is_new_and_what_was_taken_back(module_instance: Instance) -> None:
    def change(on: date, before: date) -> list[list[str]]:
        found = batches.not_counted(connection, on, before), batches.no_longer_known(connection, before)
        return [[one.batch_id for one in some if one.resource == "t_inputs"] for some in found]

    def record(on: date, before: date) -> None:
        batches.record_counted(connection, on, *change(on, before))

    one, two, three = (f"t_inputs-{number}" for number in (1, 2, 3))
    with ops.connect(module_instance) as connection:
        batches.add(connection, [landed(1, "t_inputs"), landed(2, "t_inputs"), landed(3, "t_inputs", SECOND)])
        batches.record_gate(connection, one, "passed")
        batches.record_gate(connection, two, "blocked")
        batches.record_gate(connection, three, "warned")
        assert change(FIRST, date.min) == [[one], []]
        record(FIRST, date.min)
        assert change(FIRST, date.min) == [[one], []]  # another issue of the same date starts from the same day before
        assert change(SECOND, FIRST) == [[three], []]
        batches.record_gate(connection, two, "passed")  # of a day that is final: the next one counts it
        assert change(SECOND, FIRST) == [[two, three], []]
        record(SECOND, FIRST)
        batches.record_gate(connection, three, "blocked")
        batches.record_gate(connection, one, "blocked")
        assert change(SECOND, FIRST) == [[two], [one]]
        record(SECOND, FIRST)
        assert change(THIRD, SECOND) == [[], []]
        batches.record_gate(connection, one, "passed")
        assert change(THIRD, SECOND) == [[one], []]
        assert change(SECOND, FIRST) == [[two], []]


def test_days_are_published_once_and_then_final(module_instance: Instance) -> None:
    with ops.connect(module_instance) as connection:
        days.close(connection, FIRST, 1, [{"resource": "t_thing", "kind": "failed"}])
        days.close(connection, FIRST, 1, [])
        days.publish(connection, FIRST, 1, "aa")
        days.close(connection, FIRST, 1, [{"resource": "t_late", "kind": "failed"}])
        first = days.get(connection, FIRST, 1)
        assert first is not None
        assert (first.state, first.gaps, first.entry_sha256) == ("published", [], "aa")
        days.set_gaps(connection, FIRST, 1, [{"resource": "t_late", "kind": "failed"}])
        first = days.get(connection, FIRST, 1)
        assert first is not None
        assert (first.state, [gap["resource"] for gap in first.gaps]) == ("published", ["t_late"])
        assert not days.is_final(connection, FIRST)
        days.close(connection, SECOND, 1, [])
        assert not days.is_final(connection, FIRST)
        days.publish(connection, SECOND, 1, "bb")
        days.publish(connection, SECOND, 2, "cc")
        assert days.is_final(connection, FIRST)
        last, before = days.last_published(connection), days.last_published(connection, before=SECOND)
        assert last is not None
        assert before is not None
        assert ((last.business_date, last.issue), before.business_date) == ((SECOND, 2), FIRST)


def test_a_run_that_is_repeated_starts_anew(module_instance: Instance) -> None:
    with ops.connect(module_instance) as connection:
        assert ingest_runs.start(connection, "t_run", FIRST) == 1
        ingest_runs.record_step(connection, "t_run", FIRST, ingest_runs.Step("extract", "done"))
        ingest_runs.record_step(connection, "t_run", FIRST, ingest_runs.Step("gate", "failed"))
        ingest_runs.finish(connection, "t_run", FIRST, "failed")
        failed = ingest_runs.get(connection, "t_run", FIRST)
        assert ingest_runs.start(connection, "t_run", FIRST) == 2
        again = ingest_runs.get(connection, "t_run", FIRST)
    assert failed is not None
    assert again is not None
    assert (failed.state, failed.detail.steps) == ("failed", {"extract": "done", "gate": "failed"})
    assert (again.state, again.outcome, again.detail, again.ended_at) == ("running", None, ingest_runs.Detail(), None)


def test_the_audit_chain_shows_what_was_changed_or_left_out(module_instance: Instance) -> None:
    with ops.connect(module_instance) as connection:
        for number in range(4):
            audit.append(connection, "steward", "published", f"day {number}", {"issue": number})
        assert audit.first_break(connection) is None
        for tamper in (
            update(audit_table).where(audit_table.c.seq == 2).values(subject="another day"),
            update(audit_table).where(audit_table.c.seq == 2).values(detail={"issue": 9}),
            delete(audit_table).where(audit_table.c.seq == 2),
        ):
            with connection.begin_nested() as kept:
                connection.execute(tamper)
                assert audit.first_break(connection) == 2
                kept.rollback()
        assert audit.first_break(connection) is None
