"""What a day asks of the database and the object store does not grow with the number of days before it."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest
from sqlalchemy import text

from application.rebuild import Rebuilt, rebuild
from infra.local import minio
from lakehouse.config import Instance
from lakehouse.errors import DeliveryError
from lakehouse.objects import minio_access
from lakehouse.ops import connect
from lakehouse.returns.edition import load_edition
from lakehouse.returns.inputs import Inputs
from tests.lakehouse import age
from tests.plugin.servers import changed, fresh_home

pytestmark = pytest.mark.spark


@pytest.fixture
def bucket(servers: Instance, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the URL of an empty part of a bucket on the object store server, which the environment gives access to."""
    minio.prepare(servers, ["age"])
    for name, value in minio_access(servers).items():
        monkeypatch.setenv(name, value)
    return f"s3://age/{uuid.uuid4().hex}"


def cost_of_a_day(servers: Instance, home: Path, store: str, past: int) -> age.Cost:
    with fresh_home(servers, home) as fresh:
        instance = changed(fresh, store=f"{store}/{past}")
        age.grow_old(instance, past)
        with age.counted() as cost:
            age.live(instance)
        return cost


def test_a_day_after_four_hundred_days_costs_what_one_after_three_does(servers: Instance, bucket: str, tmp_path: Path) -> None:
    young, old = (cost_of_a_day(servers, tmp_path / str(past), bucket, past) for past in (3, 400))
    assert young.statements.total() > 50
    assert young.calls.total() > 100
    assert old.statements == young.statements
    assert old == young


def test_rebuild_records_what_is_landed_and_published_and_nothing_runs_before(instance: Instance) -> None:
    age.grow_old(instance, 3)
    before = load_edition(instance, age.DAY)
    assert before.inputs == Inputs(before.inputs.previous_sha256, (), ())
    with connect(instance) as connection:
        for table in ("batch", "day"):
            connection.execute(text(f"delete from huiliu.{table}"))
    with pytest.raises(DeliveryError, match="huiliu rebuild"):
        load_edition(instance, age.DAY)
    assert rebuild(instance) == Rebuilt(batches=6, days=3)
    with connect(instance) as connection:
        connection.execute(text("update huiliu.batch set gate = 'passed'"))  # as the gate does once they are judged again
    assert load_edition(instance, age.DAY).facts == before.facts
    assert rebuild(instance) == Rebuilt(batches=0, days=3)
