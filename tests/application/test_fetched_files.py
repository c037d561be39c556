"""An operator fetches a recipient's package: its file comes under its name for people, from a folder and from a bucket."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

import pytest
from typer.testing import CliRunner

from application.returns import fetch
from huiliu.main import app
from infra.local import minio
from lakehouse.config import Instance
from lakehouse.errors import DeliveryError
from lakehouse.naming import index_path
from lakehouse.objects import minio_access, open_area
from lakehouse.ops import audit, connect
from tests.lakehouse import age
from tests.plugin.servers import changed, fresh_home

pytestmark = pytest.mark.spark

COMMUNITY = "v-449901001001"
NAME = f"晨光社区居民委员会_{age.DAY}.xlsx"


def test_file_is_fetched_under_its_name_and_the_audit_keeps_who_did(instance: Instance, tmp_path: Path) -> None:
    age.grow_old(instance, 1)
    age.live(instance)
    done = CliRunner().invoke(app, ["returns", "fetch", COMMUNITY, "--to", str(tmp_path / "out")], env={"HUILIU_LANG": "en"})
    assert done.exit_code == 0, done.output
    assert f"at {tmp_path / 'out' / NAME}" in done.stdout
    [saved] = (tmp_path / "out").iterdir()
    assert saved.name == NAME
    with connect(instance) as connection:
        last = audit.entries(connection)[-1]
    assert (last.action, last.subject, last.detail) == ("fetch", f"package {COMMUNITY}/{age.DAY}/1", {"good": True, "files": 1})

    open_area(instance, "exchange").put(index_path(COMMUNITY), b"{}")
    refused = CliRunner().invoke(app, ["returns", "fetch", COMMUNITY, "--to", str(tmp_path / "more"), "--json"])
    assert refused.exit_code == 1
    assert [one["code"] for one in json.loads(refused.stdout)["refusals"]] == ["format"]
    assert not (tmp_path / "more").exists()
    with pytest.raises(DeliveryError, match="no package"):
        fetch(instance, "v-000000000000", None, tmp_path)


def test_file_is_fetched_from_a_bucket(servers: Instance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    minio.prepare(servers, ["fetched"])
    for name, value in minio_access(servers).items():
        monkeypatch.setenv(name, value)
    with fresh_home(servers, tmp_path / "home") as fresh:
        bucket = changed(fresh, store=f"s3://fetched/{uuid.uuid4().hex}")
        age.grow_old(bucket, 1)
        age.live(bucket)
        done = fetch(bucket, COMMUNITY, None, tmp_path / "out")
    assert done.found.refusals == []
    assert [path.name for path in done.saved] == [NAME]
    assert done.saved[0].is_file()
