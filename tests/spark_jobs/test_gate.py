"""The gate job on real servers: it checks committed rows, runs one checkpoint and blocks batches one by one."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from lakehouse import ops
from lakehouse.config import Instance
from lakehouse.contracts.loader import load_contract_of
from lakehouse.contracts.model import Contract
from lakehouse.contracts.terms import BlockAt
from lakehouse.errors import QualityError
from lakehouse.jobs import Answer, JobRequest, run_job
from lakehouse.naming import bronze
from lakehouse.numbers.resident import normalise_resident_id
from lakehouse.ops import audit, batches, ingest_runs, rule_counts, tickets
from spark_jobs.ingest import gate
from spark_jobs.ingest.scope import rule_scope
from spark_jobs.lake import storage
from spark_jobs.lake.session import close_sessions, open_session
from spark_jobs.transforms.verdicts import add_verdicts

pytestmark = pytest.mark.spark
RESOURCE = "s_elderly_service_list"
DAY = date(2026, 6, 1)
SECRETS = ("王小明", "13800001111", "慢性病")


@pytest.fixture
def lake(instance: Instance) -> Iterator[tuple[Instance, Contract]]:
    contract = load_contract_of(instance.settings.contracts, RESOURCE)
    storage.ensure_tables(open_session(instance), instance, contract)
    yield instance, contract
    close_sessions()


def test_batches_block_one_by_one_and_nothing_of_the_data_is_documented(lake: tuple[Instance, Contract]) -> None:
    instance, contract = lake
    _commit(instance, contract, {"good": _rows(60, broken=3), "bad": _rows(60, broken=20), "odd": _rows(60, repeated=30)})

    said = _gate(instance)

    assert (said.batches, said.passed, said.warned, said.blocked) == (3, 1, 1, 1)
    with ops.connect(instance) as connection:
        known = {batch.batch_id: batch for batch in batches.of_resource(connection, RESOURCE)}
        broken = rule_counts.of_batches(connection, list(known))
        told = tickets.find(connection, kind="blocked", only_open=True)
        done = ingest_runs.get(connection, RESOURCE, DAY)
        [decided] = audit.entries(connection)
    assert (decided.actor, decided.action, decided.subject) == (audit.operator(), "decide", f"{RESOURCE} {DAY}")
    assert decided.detail == {"good": "passed", "bad": "blocked", "odd": "warned"}
    assert {name: batch.gate for name, batch in known.items()} == {"good": "passed", "bad": "blocked", "odd": "warned"}
    assert (known["bad"].held, known["bad"].accepted, known["good"].held) == (60, 0, None)
    assert broken["good"] == {"amount_yuan.range": 3}
    assert broken["bad"] == {"amount_yuan.range": 20}
    assert broken["odd"] == {"batch.repeated": 60}
    assert [(ticket.provider, ticket.subject, ticket.detail["rules"], ticket.due_on) for ticket in told] == [
        ("bad street", f"{RESOURCE}|bad", {"amount_yuan.range": 20}, date(2026, 6, 15))
    ]
    assert done is not None
    assert done.detail.steps["gate"] == "done"
    _assert_nothing_of_the_data(instance.folder("derived"))
    assert _documented(instance) == {"good": "passed", "bad": "blocked", "odd": "warned"}
    assert _gate(instance).batches == 0
    again = run_job("recount", JobRequest(DAY, RESOURCE), instance)
    assert again.agree
    assert {one.rule: one.counted for one in again.rules if one.counted} == {"amount_yuan.range": 23}
    _assert_nothing_of_the_data(instance.folder("derived"))


def test_changing_the_stored_suite_alone_blocks_a_batch(lake: tuple[Instance, Contract]) -> None:
    instance, contract = lake
    _commit(instance, contract, {"first": _rows(60, broken=3)})
    assert _gate(instance).passed == 1
    assert "changed by hand" not in _suite_page(instance)
    _change_suite(instance, share=0.0, rows=3)

    _commit(instance, contract, {"second": _rows(60, broken=3), "third": _rows(60, broken=2)}, start=2)
    said = _gate(instance)

    assert (said.batches, said.passed, said.blocked) == (2, 1, 1)
    with ops.connect(instance) as connection:
        known = batches.of_resource(connection, RESOURCE)
        told = tickets.find(connection, kind="blocked", only_open=True)
    assert {batch.batch_id: batch.gate for batch in known} == {"first": "passed", "second": "blocked", "third": "passed"}
    assert [ticket.detail["rules"] for ticket in told] == [{"amount_yuan.range": 3}]
    assert "changed by hand" in _suite_page(instance)
    stricter = contract.model_copy(update={"block_at": BlockAt(share=0.0, rows=4)})
    judged = gate.judge(instance, stricter, [replace(batch, gate=None) for batch in known], DAY)
    assert [one.decision.gate for one in judged] == ["passed"] * 3, "a changed contract derives the suite anew"


def test_a_stored_suite_that_lacks_a_rule_stops_the_gate(lake: tuple[Instance, Contract]) -> None:
    instance, contract = lake
    _commit(instance, contract, {"good": _rows(5)})
    assert _gate(instance).passed == 1
    _change_suite(instance, left_out=True)
    _commit(instance, contract, {"next": _rows(5)}, start=2)
    with pytest.raises(QualityError, match="lacks 1 of its expectations"):
        _gate(instance)


def test_a_checkpoint_that_does_not_run_leaves_every_gate_open(lake: tuple[Instance, Contract]) -> None:
    instance, contract = lake
    _commit(instance, contract, {"good": _rows(5)})
    project = instance.folder("derived", "gx") / "great_expectations.yml"
    project.write_text("config_version: [", "utf-8")

    with pytest.raises(QualityError, match="did not run"):
        _gate(instance)

    with ops.connect(instance) as connection:
        assert [batch.gate for batch in batches.of_resource(connection, RESOURCE)] == [None]
        assert batches.open_for(connection, RESOURCE, "silver") == []
        run = ingest_runs.get(connection, RESOURCE, DAY)
    assert run is not None
    assert run.detail.steps.get("gate") != "done"
    project.unlink()
    assert _gate(instance).passed == 1


def test_rows_that_were_not_received_stop_the_gate(lake: tuple[Instance, Contract]) -> None:
    instance, contract = lake
    _commit(instance, contract, {"good": _rows(5)}, received=4)
    with pytest.raises(QualityError, match="rows"):
        _gate(instance)


def _gate(instance: Instance) -> Answer:
    with ops.connect(instance) as connection:
        ingest_runs.start(connection, RESOURCE, DAY)
    return run_job("gate", JobRequest(DAY, RESOURCE), instance)


def _change_suite(instance: Instance, *, left_out: bool = False, **changes: float) -> None:
    """Change the stored expectation of one rule as a steward does, in the file."""
    path = instance.folder("derived", "gx") / "expectations" / f"{RESOURCE}.json"
    suite = json.loads(path.read_text("utf-8"))
    (ours,) = [one for one in suite["expectations"] if one["meta"]["rule"] == "amount_yuan.range"]
    ours["kwargs"] |= changes
    if left_out:
        suite["expectations"].remove(ours)
    path.write_text(json.dumps(suite), "utf-8")


def _documented(instance: Instance) -> dict[str, str]:
    """Return what the page of the run says of each batch."""
    (page,) = (instance.folder("derived", "gx") / "uncommitted" / "data_docs" / "local_site" / "validations" / RESOURCE).rglob("*.html")
    return dict(re.findall(r'data-batch="(\w+)" data-gate="(\w+)"', page.read_text("utf-8")))


def _suite_page(instance: Instance) -> str:
    folder = instance.folder("derived", "gx") / "uncommitted" / "data_docs" / "local_site"
    return (folder / "expectations" / f"{RESOURCE}.html").read_text("utf-8")


def _rows(count: int, broken: int = 0, repeated: int = 0) -> list[dict[str, str]]:
    found = []
    for place in range(count):
        number = normalise_resident_id(f"449901500101{place:03}")
        amount = "-1" if place < broken else "100"
        row = {"person_name": SECRETS[0], "id_no": number, "service_type": "高龄津贴", "amount_yuan": amount, "pay_month": "2026-06"}
        found.append({**row, "phone": SECRETS[1], "remark": SECRETS[2]})
    return found[: count - repeated] + found[:repeated]


def _commit(
    instance: Instance, contract: Contract, deliveries: dict[str, list[dict[str, str]]], received: int | None = None, start: int = 1
) -> None:
    """Commit rows to bronze as the extract job does."""
    spark = open_session(instance)
    table = storage.read(spark, bronze(RESOURCE))
    rows = []
    for number, (batch_id, texts) in enumerate(deliveries.items(), start):
        for line, text in enumerate(texts, start=2):
            row_hash = json.dumps(text, ensure_ascii=False)
            facts = {"_batch_id": batch_id, "_business_date": DAY, "_taken_on": DAY, "_delivery_no": number}
            rows.append({**text, **facts, "_source_object": "f.csv", "_source_line": line, "_row_hash": row_hash})
    schema = table.schema
    staged = spark.createDataFrame([tuple(row.get(field.name) for field in schema) for row in rows], schema)  # type: ignore[type-var]
    storage.append_batches(spark, bronze(RESOURCE), add_verdicts(staged, contract, rule_scope(spark, instance)), list(deliveries))
    with ops.connect(instance) as connection:
        for number, (batch_id, texts) in enumerate(deliveries.items(), start):
            size = len(texts) if received is None else received
            facts = (batch_id, RESOURCE, f"{batch_id} street", DAY, f"sha {batch_id}", number, DAY, "f.csv", 1, size)
            batches.add(connection, [batches.Landed(*facts)])
        batches.record_bronze(connection, list(deliveries))


def _assert_nothing_of_the_data(derived: Path) -> None:
    numbers = tuple(row["id_no"] for row in _rows(60))
    documents = [path for path in derived.rglob("*") if path.suffix in (".html", ".json", ".yml")]
    assert len([path for path in documents if path.suffix == ".html"]) >= 3
    for path in documents:
        text = path.read_text("utf-8")
        assert not [value for value in (*SECRETS, *numbers) if value in text], path.name
