"""The object store server: how it is found or built, and that an instance keeps its first store."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from infra.local import minio, ports
from lakehouse.config import Instance, Settings
from lakehouse.errors import ConfigError

pytestmark = pytest.mark.fast


def test_the_server_on_the_path_is_taken_before_the_one_that_was_built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert minio.server() is None
    minio.built().parent.mkdir(parents=True)
    shutil.copy("/bin/true", minio.built())
    assert minio.server() == minio.built()
    shutil.copy("/bin/true", tmp_path / "minio")
    assert minio.server() == tmp_path / "minio"


def test_each_area_has_its_bucket() -> None:
    def roots(store: str) -> list[str]:
        instance = Instance(Settings(home=Path("/nowhere"), store=store))
        return [instance.root("landing"), instance.root("lake")]

    assert roots("minio") == ["s3://huiliu-landing", "s3://huiliu-lake"]
    assert roots("s3://town-{area}/x") == ["s3://town-landing/x", "s3://town-lake/x"]
    assert roots("s3://town/x") == ["s3://town/x/landing", "s3://town/x/lake"]


def test_the_store_of_the_first_start_is_kept(tmp_path: Path) -> None:
    ports.ensure(Instance(Settings(home=tmp_path, store="minio")), {})
    assert json.loads((tmp_path / "instance.json").read_text())["store"] == "minio"
    later = Instance(Settings(home=tmp_path, store=""))
    assert later.has_own_store
    assert later.root("lake") == "s3://huiliu-lake"
    with pytest.raises(ConfigError, match="started first with minio"):
        _ = Instance(Settings(home=tmp_path, store="s3://elsewhere")).store
