"""An archive gives back what was put into it, or says which part is not as the manifest lists it; the passphrase is all that opens it."""

from __future__ import annotations

import json
import shutil
import stat
from datetime import UTC, date, datetime
from pathlib import Path
from zipfile import ZipFile

import pytest

from lakehouse.backup import archive
from lakehouse.backup.archive import Archive, Source
from lakehouse.backup.manifest import Facts, PublishedDay
from lakehouse.errors import ConfigError

pytestmark = pytest.mark.fast
SECRET = b"a secret of the instance " * 9
DUMP = bytes(range(256)) * 9000
FACTS = Facts(
    made_at=datetime(2026, 6, 3, 18, 45, tzinfo=UTC),
    city="tiny",
    signing_key="ab" * 32,
    schema_version="0008",
    newest_day=PublishedDay(business_date=date(2026, 6, 3), issue=1, entry_sha256="cd" * 32),
)


@pytest.fixture
def sources(tmp_path: Path) -> list[Source]:
    """Return a key and a dump that is larger than what is read at once."""
    found = []
    for name, content in (("keys/hmac.key", SECRET), ("postgresql/huiliu.dump", DUMP)):
        path = tmp_path / Path(name).name
        path.write_bytes(content)
        found.append(Source(name, "a part", path))
    return found


def made(tmp_path: Path, sources: list[Source], passphrase: str | None = None) -> Path:
    """Return the path of an archive of the sources."""
    path = tmp_path / "a.zip"
    archive.write(path, FACTS, sources, passphrase)
    return path


def rewritten(path: Path, change: dict[str, bytes | None], manifest: dict[str, str] | None = None) -> Path:
    """Return a copy of an archive with some members changed, added or (None) left out, and texts of the manifest replaced."""
    target = path.with_name("changed.zip")
    with ZipFile(path) as before, ZipFile(target, "w") as after:
        contents = {name: before.read(name) for name in before.namelist()} | change
        for name, content in contents.items():
            if content is not None:
                text = content
                for old, new in (manifest or {}).items() if name == "manifest.json" else ():
                    assert old.encode() in text
                    text = text.replace(old.encode(), new.encode())
                after.writestr(name, text)
    return target


@pytest.mark.parametrize("passphrase", [None, "回流 passphrase"])
def test_what_was_put_in_comes_out(tmp_path: Path, sources: list[Source], passphrase: str | None) -> None:
    path = made(tmp_path, sources, passphrase)
    opened = Archive(path, passphrase)
    opened.extract("postgresql/huiliu.dump", tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == DUMP
    assert opened.content("keys/hmac.key") == SECRET
    assert opened.names("keys/") == ["keys/hmac.key"]
    assert opened.manifest.facts == FACTS


def test_only_its_owner_reads_it_and_only_the_complete_one_has_its_name(tmp_path: Path, sources: list[Source]) -> None:
    path = made(tmp_path, sources)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.unlink()
    sources[1].path.unlink()
    with pytest.raises(FileNotFoundError):
        archive.write(path, FACTS, sources, None)
    assert [one.name for one in tmp_path.iterdir()] == ["hmac.key"]


def test_a_sealed_archive_shows_its_manifest_and_no_secret(tmp_path: Path, sources: list[Source]) -> None:
    path = made(tmp_path, sources, "right")
    assert SECRET[:25] in made(tmp_path, sources).read_bytes()
    path = made(tmp_path, sources, "right")
    assert SECRET[:25] not in path.read_bytes()
    with ZipFile(path) as opened:
        told = json.loads(opened.read("manifest.json"))
    assert told["facts"]["newest_day"]["business_date"] == "2026-06-03"
    assert "keys and passwords" in told["notice"]
    assert [part["name"] for part in told["parts"]] == ["keys/hmac.key", "postgresql/huiliu.dump"]


@pytest.mark.parametrize(("given", "said"), [("wrong", "another one"), (None, "--passphrase-file")])
def test_another_passphrase_opens_nothing(tmp_path: Path, sources: list[Source], given: str | None, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        Archive(made(tmp_path, sources, "right"), given)


def test_two_archives_under_one_passphrase_are_sealed_with_two_keys(tmp_path: Path, sources: list[Source]) -> None:
    salts = set()
    for _ in range(2):
        sealing = Archive(made(tmp_path, sources, "right"), "right").manifest.sealing
        assert sealing is not None
        salts.add(sealing.salt)
    assert len(salts) == 2


def test_every_altered_missing_or_added_part_is_named(tmp_path: Path, sources: list[Source]) -> None:
    path = made(tmp_path, sources)
    for change, said in (
        ({"keys/hmac.key": SECRET + b"!"}, "keys/hmac.key:\n  size or SHA-256 differ"),
        ({"keys/hmac.key": SECRET[:-1] + b"!"}, "keys/hmac.key:\n  size or SHA-256 differ"),
        ({"postgresql/huiliu.dump": None}, "postgresql/huiliu.dump:\n  it is missing"),
        ({"keys/other.key": b""}, "keys/other.key:\n  the manifest does not list it"),
    ):
        with pytest.raises(ConfigError) as refused:
            Archive(rewritten(path, change))
        assert said in str(refused.value)
        assert "nothing was restored" in str(refused.value)


def test_a_flipped_bit_is_found(tmp_path: Path, sources: list[Source]) -> None:
    path = made(tmp_path, sources)
    content = bytearray(path.read_bytes())
    content[content.index(DUMP[:256]) + 100] ^= 1
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"huiliu\.dump:\n  it cannot be read: its bytes were altered"):
        Archive(path)


@pytest.mark.parametrize("name", ["keys/../../escaped", "/etc/escaped", "keys/.hidden", "other/escaped"])
def test_a_part_lies_nowhere_but_in_its_folder(tmp_path: Path, sources: list[Source], name: str) -> None:
    path = rewritten(made(tmp_path, sources), {"keys/hmac.key": None, name: SECRET}, {'"keys/hmac.key"': json.dumps(name)})
    with pytest.raises(ConfigError, match="manifest is damaged"):
        Archive(path)


def test_sealed_parts_cannot_change_places(tmp_path: Path, sources: list[Source]) -> None:
    shutil.copyfile(sources[0].path, tmp_path / "signing.key")
    path = made(tmp_path, [*sources, Source("keys/signing.key", "a part", tmp_path / "signing.key")], "right")
    with ZipFile(path) as opened:
        one, other = opened.read("keys/hmac.key"), opened.read("keys/signing.key")
        parts = {part["name"]: part["sha256"] for part in json.loads(opened.read("manifest.json"))["parts"]}
    swapped = {parts["keys/hmac.key"]: "x" * 64, parts["keys/signing.key"]: parts["keys/hmac.key"], "x" * 64: parts["keys/signing.key"]}
    changed = rewritten(path, {"keys/hmac.key": other, "keys/signing.key": one}, swapped)
    with pytest.raises(ConfigError, match="does not open"):
        Archive(changed, "right").content("keys/signing.key")


@pytest.mark.parametrize("content", [b"", b"no zip", None])
def test_another_file_is_no_backup(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "other.zip"
    if content is None:
        with ZipFile(path, "w") as other:
            other.writestr("readme.txt", "of something else")
    else:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match="not a backup"):
        Archive(path)
    with pytest.raises(ConfigError, match="no such file"):
        Archive(tmp_path / "missing.zip")
