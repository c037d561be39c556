"""Builders for the test that a day costs the same at any age: a past without Spark, a day through all that needs none, and its cost."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from threading import Lock
from typing import Any

import obstore
import pyarrow as pa
import pytest
from sqlalchemy import Engine, event, update

from huiliu_verify.signing import load_signer
from lakehouse import objects
from lakehouse.city.clocks import load_clocks
from lakehouse.city.providers import load_offices
from lakehouse.config import Instance
from lakehouse.contracts.loader import load_sound_contracts
from lakehouse.contracts.model import Contract
from lakehouse.ingest import gaps, intake, staging
from lakehouse.ingest.arrival import Search
from lakehouse.ingest.delivery_tickets import Desk
from lakehouse.jobs import JobRequest, run_job
from lakehouse.naming import batch_id, day_entry_path, delivery_number_path, landing_prefix, taken_folder
from lakehouse.objects import open_area
from lakehouse.ops import batches, connect, days, ingest_runs
from lakehouse.ops.tables import batch
from lakehouse.returns.build_record import keep_record, load_record, make_record
from lakehouse.returns.day_entries import leaves
from lakehouse.returns.edition import load_edition
from lakehouse.returns.inputs import Inputs
from lakehouse.returns.ledger import record_publication
from lakehouse.returns.manifest import canonical, sha256
from lakehouse.returns.publication import Closing, publish
from lakehouse.returns.standing import unsound_packages
from lakehouse.returns.writer import Assignment, write_packages
from tests.lakehouse.returns.town import Resident, due_batches

DAY = date(2026, 6, 1)
DELIVERED = ("g_person_check", "g_grid_event")
COUNTING = Lock()
CALLS = ("put", "get", "head", "list", "list_with_delimiter", "delete", "open_reader", "open_writer")


@dataclass
class Cost:
    """What was asked of both servers: statements and the rows they gave, calls by kind and the objects they listed."""

    statements: Counter[str] = field(default_factory=Counter)
    rows: int = 0
    calls: Counter[str] = field(default_factory=Counter)
    listed: int = 0


@contextmanager
def counted() -> Iterator[Cost]:
    """Count all that is asked of PostgreSQL and the object store in this process while the block runs; everything is done as usual."""
    cost = Cost()

    def note(_connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        cost.statements[statement] += 1
        cost.rows += max(cursor.rowcount, 0)

    with pytest.MonkeyPatch.context() as patched:
        for name in CALLS:
            patched.setattr(objects.obstore, name, _counting(cost, name, getattr(obstore, name)))
        event.listen(Engine, "after_cursor_execute", note)
        try:
            yield cost
        finally:
            event.remove(Engine, "after_cursor_execute", note)


def _counting(cost: Cost, name: str, call: Any) -> Any:
    def counting(*given: Any, **named: Any) -> Any:
        with COUNTING:  # packages are written by several threads
            cost.calls[name] += 1
        found = call(*given, **named)
        return _pages(cost, found) if name == "list" else found

    return counting


def _pages(cost: Cost, pages: Any) -> Iterator[Any]:
    for page in pages:
        cost.listed += len(page)
        yield page


def grow_old(instance: Instance, number: int) -> None:
    """Give an instance so many published days before `DAY`, each with its deliveries, as rows, sidecars and day entries."""
    contracts = load_sound_contracts(instance.settings.contracts)[0]
    exchange, known = open_area(instance, "exchange"), ""
    with connect(instance) as connection:
        for place in range(number):
            day = DAY - timedelta(days=number - place)
            landed = [_landed(instance, contracts[code], day, place + 1) for code in DELIVERED]
            batches.add(connection, landed)
            inputs = Inputs(known or None, tuple((one.resource, one.batch_id) for one in landed), ())
            entry = canonical({"inputs_sha256": inputs.sha256, "business_date": day.isoformat()})
            exchange.put(day_entry_path(day, 1, "inputs.json"), canonical({**inputs.document(), "versions": {}}))
            exchange.put(day_entry_path(day, 1, "leaves.json"), canonical({"rules_sha256": "", "recipients": {}}))
            exchange.put(day_entry_path(day, 1), entry)
            days.publish(connection, day, 1, sha256(entry))
            batches.record_counted(connection, day, [one.batch_id for one in landed], [])
            for code in contracts:
                ingest_runs.finish(connection, code, day, "accepted")
            known = inputs.sha256
        through = {"bronze_recorded_at": batch.c.recorded_at, "gate": "passed", "silver_on": batch.c.taken_on, "accepted": 1}
        connection.execute(update(batch).values(through))


def _landed(instance: Instance, contract: Contract, day: date, number: int) -> batches.Landed:
    """Land a delivery of a past day: sidecar, note of its number, and the file that was put away."""
    name = f"{contract.code}/{day}_1.jsonl"
    provider = load_offices(instance.city_folder, instance.city).provider(contract, day).uscc
    content = sha256(name.encode())
    landed = batches.Landed(batch_id(contract.code, provider, day, content), contract.code, provider, day, content, number, day, name, 3, 1)
    area = open_area(instance, "landing")
    sidecar = f"{landing_prefix(contract.code, day, landed.batch_id)}/batch.json"
    area.put(delivery_number_path(contract.code, number), sidecar.encode())
    area.put(sidecar, json.dumps(asdict(landed), default=date.isoformat).encode())
    away = instance.folder("inbox") / taken_folder(day) / name
    away.parent.mkdir(parents=True, exist_ok=True)
    away.write_text("{}\n")
    return landed


def live(instance: Instance) -> None:
    """Live `DAY`: everything but the work of Spark, with the functions and jobs the steps of a day use."""
    for code in DELIVERED:
        for number in (1, 2):
            (instance.folder("inbox", code) / f"{DAY}_{number}.jsonl").write_text(f'{{"n": {number}}}\n')
    work(instance)


def work(instance: Instance) -> None:
    """Run the steps of `DAY` on what has been delivered."""
    contracts = load_sound_contracts(instance.settings.contracts)[0]
    areas = open_area(instance, "landing"), open_area(instance, "lake")
    for code in DELIVERED:
        with connect(instance) as connection:
            ingest_runs.start(connection, code, DAY)
        taken = intake.take(instance, Search(contracts[code], DAY))
        staged = staging.stage(areas, contracts[code], taken.waiting, DAY)
        with connect(instance) as connection:
            intake.settle(Desk(connection, contracts[code], load_clocks(instance), DAY), taken.waiting, staged.refused)
            for one in batches.open_for(connection, code, "gate"):
                batches.record_gate(connection, one.batch_id, "passed", batches.Counts(rejected=1))
            batches.record_silver(connection, [one.batch_id for one in batches.open_for(connection, code, "silver")], DAY)
    with connect(instance) as connection:
        for code, contract in contracts.items():
            batches.landed_dates(connection, contract.code, DAY, DAY)
            ingest_runs.finish(connection, code, DAY, "accepted")
    assert gaps.waiting_for(instance, DAY, list(contracts)) == []
    run_job("close_day", JobRequest(DAY), instance)
    _publish(instance)


def _publish(instance: Instance) -> None:
    edition, key = load_edition(instance, DAY), str(instance.key_path("hmac.key"))
    earlier = edition.facts.predecessor
    assert earlier is not None
    before = leaves(edition.exchange, earlier.business_date, earlier.issue).manifests
    whom = {one.recipient_id: one for one in edition.addressees}
    shared = (edition.plans, edition.sender, edition.reading, (earlier.business_date, earlier.issue), before)
    forms = pa.Table.from_batches(
        write_packages(due_batches(edition, [Resident("a")]), Assignment(DAY, instance.root("exchange"), key, whom, *shared))
    )
    keep_record(edition, make_record(edition, forms, {"base.person": 0}))
    again = load_edition(instance, DAY)
    published = publish(again, load_record(again), Closing(0, load_signer(instance.key_path("signing.key"))))
    with connect(instance) as connection:
        newest = days.newest_issue(connection, DAY)
        assert newest is not None
        record_publication(connection, again, published, newest)
    checked, wrong = unsound_packages(instance, DAY)
    assert checked == len(whom)
    assert wrong == []
