"""What the gate costs: judging many batches of a step costs hardly more than judging one."""

from __future__ import annotations

import time
from contextlib import suppress
from datetime import date, timedelta

import psutil
import pytest

from lakehouse import ops
from lakehouse.config import Instance
from lakehouse.contracts.loader import load_contract_of
from lakehouse.jobs import JobRequest, run_job
from lakehouse.naming import bronze
from lakehouse.ops import batches, ingest_runs
from spark_jobs.lake import storage
from spark_jobs.lake.session import close_sessions, open_session
from tests.plugin.servers import processes

pytestmark = pytest.mark.spark
RESOURCE = "s_elderly_service_list"
FIRST = date(2026, 6, 1)
MANY = 345
ROWS = 6 * MANY


def test_many_batches_cost_at_most_twice_as_much_as_one(servers: Instance, instance: Instance) -> None:
    storage.ensure_tables(open_session(instance), instance, load_contract_of(instance.settings.contracts, RESOURCE))
    spent: dict[int, list[float]] = {1: [], MANY: []}
    for number, size in enumerate((1, MANY, 1, MANY, 1, MANY)):
        day = FIRST + timedelta(days=number)
        _commit(instance, day, size, MANY * number)
        before = _processor_seconds(servers)
        assert run_job("gate", JobRequest(day, RESOURCE), instance).facts()["passed"] == size
        if number > 1:  # the first of each also load and compile
            spent[size].append(_processor_seconds(servers) - before)
    close_sessions()
    assert min(spent[MANY]) <= 2 * min(spent[1]), spent  # 1.43 was seen where Spark had run for long, and one batch cost least


def _processor_seconds(servers: Instance) -> float:
    """Return what this process and the servers have spent so far."""
    spent = time.process_time()
    for process in processes(servers):
        with suppress(psutil.Error):
            spent += sum(process.cpu_times()[:2])
    return spent


def _commit(instance: Instance, day: date, number: int, start: int) -> None:
    """Commit the same rows in so many batches, each thirtieth row broken."""
    table = storage.read(open_session(instance), bronze(RESOURCE))
    ids, each = [f"{day} {place}" for place in range(number)], ROWS // number
    rows = [
        {"_batch_id": batch, "_provider": batch[11:], "_business_date": day, "_taken_on": day, "_delivery_no": 1, "_source_object": "f.csv"}
        | {"_source_line": line, "_row_hash": str(line), "_verdict": [] if line % 30 else ["amount_yuan.range"]}
        for batch in ids
        for line in range(each)
    ]
    staged = open_session(instance).createDataFrame([tuple(row.get(field.name) for field in table.schema) for row in rows], table.schema)
    storage.append_batches(open_session(instance), bronze(RESOURCE), staged, ids)
    with ops.connect(instance) as connection:
        ingest_runs.start(connection, RESOURCE, day)
        for place, batch in enumerate(ids, start + 1):
            batches.add(connection, [batches.Landed(batch, RESOURCE, batch[11:], day, f"sha {batch}", place, day, "f.csv", 1, each)])
        batches.record_bronze(connection, ids)
