"""The object store in a folder and in a bucket: objects are created once, completely or not at all, with the same names for Spark."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from infra.local import minio
from lakehouse import objects
from lakehouse.objects import Area, minio_access

FOLDER = pytest.param("folder", marks=pytest.mark.fast)
BUCKET = pytest.param("bucket", marks=pytest.mark.spark)


@pytest.fixture(params=[FOLDER, BUCKET])
def area(request: pytest.FixtureRequest, tmp_path: Path) -> Area:
    """Return an empty area: a folder, or a prefix of a bucket on the object store server."""
    if request.param == "folder":
        return Area((tmp_path / "a b" / "石景").as_uri())
    server = request.getfixturevalue("servers")
    minio.prepare(server, ["objects"])
    return Area(f"s3://objects/{uuid.uuid4().hex}/a b/石景", minio_access(server))


def test_of_many_who_create_an_object_one_wins(area: Area) -> None:
    contents = [f"writer {number}".encode() for number in range(16)]
    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(lambda content: area.put_new("days/1.json", content), contents))
    assert won.count(True) == 1
    assert area.get("days/1.json") == contents[won.index(True)]


def test_a_large_file_is_created_once_too(area: Area, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objects, "ONE_REQUEST", 10)
    large = tmp_path / "large"
    large.write_bytes(b"0123456789abc")
    assert area.put_new("x/large", large)
    large.write_bytes(b"something else altogether")
    assert not area.put_new("x/large", large)
    assert area.get("x/large") == b"0123456789abc"


def test_a_written_object_appears_when_it_is_closed(area: Area) -> None:
    stream = area.create("y/rows.bin")
    stream.write(b"first")
    assert not area.exists("y/rows.bin")
    stream.close()
    with area.open("y/rows.bin") as written:
        assert written.read() == b"first"


def test_names_are_kept_as_they_are(area: Area) -> None:
    area.put("香洲/名单 (1).csv", b"1")
    area.put("z", b"22")
    assert [(one.path, one.size) for one in area.list()] == [("z", 2), ("香洲/名单 (1).csv", 1)]
    assert area.folders() == ("香洲",)
    area.delete_below("香洲")
    area.delete(["z", "never there"])
    assert list(area.list()) == []
    with pytest.raises(FileNotFoundError):
        area.get("z")


@pytest.mark.fast
def test_a_folder_is_found_in_the_file_system_too(tmp_path: Path) -> None:
    area = Area((tmp_path / "a b" / "石景").as_uri())
    area.put("香洲/名单 (1).csv", b"1")
    local = area.local_path("香洲/名单 (1).csv")
    assert local is not None
    assert local.read_bytes() == b"1"
    assert area.spark_url("z") == f"file://{area.local_path('z')}"


@pytest.mark.fast
def test_spark_knows_an_s3_store_by_its_own_scheme() -> None:
    area = Area("s3://lake/some/prefix")
    assert area.spark_url("base/person") == "s3a://lake/some/prefix/base/person"
    assert area.local_path("base") is None
