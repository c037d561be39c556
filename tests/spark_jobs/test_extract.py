"""The extract job on real servers: one commit per step, rows counted again, and no row twice even after a lost record."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import delete, update

from lakehouse.config import Instance
from lakehouse.errors import QualityError
from lakehouse.ingest import intake
from lakehouse.jobs import JobRequest, run_job
from lakehouse.ops import batches, connect, ingest_runs, tickets
from lakehouse.ops.tables import batch as batch_table
from spark_jobs.lake import storage
from spark_jobs.lake.session import open_session

pytestmark = pytest.mark.spark

RESOURCE, TABLE = "s_elderly_service_list", "bronze.s_elderly_service_list"
FIRST, SECOND = date(2026, 6, 1), date(2026, 6, 2)
HEADER = "姓名,身份证号,年龄,服务类型,补贴标准,发放月份,开户银行账号,联系电话,社区,备注"
STREETS = ("449901001", "449901002", "449901003")
ACCOUNT = "6222020000000000000"


def row(number: int) -> str:
    return f"人{number},{number},80,高龄津贴,200,2026-06,{ACCOUNT},13900000000,东村,𠮷"


def deliver(instance: Instance, street: str, name: str, *lines: str) -> None:
    path = instance.folder("inbox", RESOURCE, street) / name
    path.write_bytes("\r\n".join(lines).encode("gb18030"))


def extract(instance: Instance, on: date) -> dict[str, object]:
    answer = run_job("extract", JobRequest(on, RESOURCE), instance)
    return {name: getattr(answer, name) for name in ("landed", "rebuilt", "refused", "rows")}


def version(instance: Instance) -> int:
    return storage.versions(instance, [TABLE])[TABLE]


def unrecorded(instance: Instance) -> list[str]:
    with connect(instance) as connection:
        return [batch.batch_id for batch in batches.open_for(connection, RESOURCE, "bronze")]


def forget(instance: Instance, batch_id: str) -> None:
    """Delete the record that a batch is in bronze."""
    with connect(instance) as connection:
        connection.execute(update(batch_table).where(batch_table.c.batch_id == batch_id).values(bronze_recorded_at=None))


def test_a_step_commits_once_and_a_lost_record_writes_nothing_again(instance: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    for street in STREETS:
        deliver(instance, street, "2026-06-01_1.csv", HEADER, row(1), row(2), "too,short")
    deliver(instance, STREETS[0], "2026-06-01_2.csv", HEADER.replace("备注", "社区"), row(1))
    deliver(instance, STREETS[1], "2026-06-01_2.csv", HEADER)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:  # the process ends between the commit and the database record
        broken.setattr(intake, "settle", killed)
        with pytest.raises(KeyboardInterrupt):
            extract(instance, FIRST)
    committed = version(instance)
    assert len(unrecorded(instance)) == 5
    with connect(instance) as connection:
        run = ingest_runs.get(connection, RESOURCE, FIRST)
        assert run is not None
        assert run.detail.steps["extract"] == "failed"

    assert extract(instance, FIRST) == {"landed": 0, "rebuilt": 0, "refused": 1, "rows": 0}
    with connect(instance) as connection:
        before = batches.of_resource(connection, RESOURCE)
        [ticket] = tickets.find(connection, kind="refused")
    assert "more than once: 社区" in ticket.message
    assert sorted((batch.received, batch.gate) for batch in before) == [(0, None), (1, "refused"), (3, None), (3, None), (3, None)]
    full = next(batch.batch_id for batch in before if batch.received == 3)
    _check_rows(instance)

    with connect(instance) as connection:  # every ledger row of the resource is lost
        connection.execute(delete(batch_table).where(batch_table.c.resource == RESOURCE))
    assert extract(instance, FIRST) == {"landed": 0, "rebuilt": 5, "refused": 1, "rows": 0}
    assert version(instance) == committed
    with connect(instance) as connection:
        after = batches.of_resource(connection, RESOURCE)
    assert [(one.batch_id, one.delivery_no, one.taken_on, one.gate) for one in after] == [
        (one.batch_id, one.delivery_no, one.taken_on, one.gate) for one in before
    ]

    deliver(instance, STREETS[2], "2026-06-01_2.csv", HEADER, row(7))  # late: taken by the next day, beside a batch never recorded
    forget(instance, full)
    assert extract(instance, SECOND) == {"landed": 1, "rebuilt": 0, "refused": 0, "rows": 1}
    assert (version(instance), unrecorded(instance)) == (committed + 1, [])

    spark = open_session(instance)
    spark.sql(f"delete from {TABLE} where _batch_id = '{full}' and _source_line = 3")
    forget(instance, full)
    with pytest.raises(QualityError, match="3 rows were received, 2 are there"):
        extract(instance, SECOND)


def _check_rows(instance: Instance) -> None:
    rows = storage.read(open_session(instance), TABLE).collect()
    assert len(rows) == 9
    assert ACCOUNT not in str([one for one in rows if one["_reject"] is None])
    assert {one["_reject"] for one in rows if one["_source_line"] == 4} == {"too_few_fields"}
    assert {one["remark"] for one in rows if one["_reject"] is None} == {"𠮷"}
    assert all("id_no.resident_id" in one["_verdict"] for one in rows if one["_reject"] is None)
    assert all(one["_raw"] is None and one["_row_hash"] for one in rows if one["_reject"] is None)
