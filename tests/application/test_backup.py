"""An instance that lost its databases and keys goes on from yesterday's backup: nothing landed or published is lost or doubled."""

from __future__ import annotations

import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from application import doctor, services
from application.backup import BackedUp, back_up
from application.restore import restore
from infra.local import postgres
from lakehouse import ops
from lakehouse.backup import archive
from lakehouse.backup.last import last_backup, remember
from lakehouse.config import Instance
from lakehouse.errors import ConfigError, DeliveryError
from lakehouse.naming import day_entry_path
from lakehouse.objects import open_area
from lakehouse.ops import audit, batches, connect, days, packages, recipients
from lakehouse.ops.batches import Landed
from tests.lakehouse import age
from tests.plugin.servers import at, changed, tiny_instance

pytestmark = pytest.mark.e2e
HUILIU = Path(sys.executable).with_name("huiliu")
FILES = ("hmac.key", "signing.key", "signing.pub")


def huiliu(*arguments: str | Path, code: int = 0) -> str:
    """Run a command and return what it printed."""
    done = subprocess.run([HUILIU, *map(str, arguments)], capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Instance]:
    """Return an instance on a PostgreSQL of its own, with three published days before `DAY`; the test may lose it."""
    found = tiny_instance(tmp_path / "home")
    with at(found):
        services.start(found, ("postgres",))
        age.grow_old(found, 3)
        yield found
        services.stop(found)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    """Return an instance whose PostgreSQL the homes of the other tests share."""
    found = tiny_instance(tmp_path_factory.mktemp("server") / "home")
    with at(found):
        services.start(found, ("postgres",))
    yield found
    services.stop(found)


@pytest.fixture
def aged(server: Instance, tmp_path: Path) -> Iterator[Instance]:
    """Return a home with keys and an operational database of its own, with three published days before `DAY`."""
    with psycopg.connect(postgres.dsn(server, "huiliu"), autocommit=True) as connection:
        connection.execute("drop schema huiliu cascade")
    ops.migrate(server)
    found = tiny_instance(tmp_path / "home", connections={"huiliu": postgres.dsn(server, "huiliu")})
    shutil.copytree(server.home / "keys", found.home / "keys")
    with at(found):
        age.grow_old(found, 3)
        yield found


@dataclass(frozen=True)
class Ledger:
    """What is recorded of deliveries and days, without the times at which it was."""

    landed: list[Landed]
    counted: list[tuple[Any, ...]]
    days: list[days.Day]
    packages: list[packages.Package]
    recipients: list[recipients.Recipient]


def ledger(instance: Instance) -> Ledger:
    """Return what is recorded now."""
    never = datetime.min.replace(tzinfo=UTC)
    with connect(instance) as connection:
        known = [one for code in age.DELIVERED for one in batches.of_resource(connection, code)]
        found = days.newest_issues(connection, age.DAY - timedelta(days=9), age.DAY)
        return Ledger(
            [Landed(**{name: getattr(one, name) for name in Landed.__dataclass_fields__}) for one in known],
            [(one.batch_id, one.gate, one.counts) for one in known],
            [replace(one, closed_at=never, published_at=never) for one in found],
            packages.of_issue(connection, age.DAY, 1),
            recipients.at(connection, age.DAY),
        )


def lose_everything_but_the_store(instance: Instance) -> None:
    """Stop the instance and remove its cluster, keys and state, as a lost disk does."""
    services.stop(instance)
    for name in ("postgres", "keys", "run", "airflow"):
        shutil.rmtree(instance.home / name, ignore_errors=True)


def finding(instance: Instance) -> doctor.Finding:
    """Return what the doctor says of the backup."""
    return next(one for one in doctor.examine(instance) if one.name == "backup")


def test_an_instance_goes_on_from_yesterdays_backup_after_its_disk_is_lost(disk: Instance, tmp_path: Path) -> None:
    secret = tmp_path / "passphrase"
    secret.write_text("open sesame\nanother line\n")
    with psycopg.connect(postgres.dsn(disk, "airflow")) as connection:
        connection.execute("create table dag_run as select 7 as id")
    told = huiliu("backup", "--to", tmp_path / "safe", "--passphrase-file", secret)
    (path,) = (tmp_path / "safe").iterdir()
    assert f"{path}  ({path.stat().st_size} bytes, SHA-256 " in told
    assert "Newest published day: 2026-05-31. Copy the store after this" in told
    assert "It holds keys and passwords: keep it like a key. Its parts are sealed" in told
    age.live(disk)
    before, keys = ledger(disk), {name: disk.key_path(name).read_bytes() for name in FILES}
    assert before.days[-1].gaps != []
    assert len(before.packages) > 10
    lose_everything_but_the_store(disk)

    assert "--passphrase-file" in huiliu("restore", path, code=1)
    told = huiliu("restore", path, "--passphrase-file", secret)
    assert [line[0] for line in told.splitlines() if line[0].isdigit()] == list("123456")
    assert "found again in the store: 4 batches; all 4 published days are recorded" in told
    assert told.splitlines()[-1] == "Now: huiliu up, then huiliu run-day 2026-06-01, which settles what came after the backup."
    assert {name: disk.key_path(name).read_bytes() for name in FILES} == keys
    assert stat.S_IMODE(disk.key_path("hmac.key").stat().st_mode) == 0o600
    with psycopg.connect(postgres.dsn(disk, "airflow")) as connection:
        assert connection.execute("select id from dag_run").fetchall() == [(7,)]
    found = ledger(disk)
    assert replace(found, counted=[]) == replace(before, counted=[])
    assert {gate for _, gate, _ in found.counted} == {"passed", None}

    age.work(disk)  # the day again, of which the backup knew nothing
    assert ledger(disk) == before
    with connect(disk) as connection:
        assert batches.unfinished(connection) == 0
        assert audit.first_break(connection) is None
        assert [one.action for one in audit.entries(connection)][-1] == "restore"


def test_restoring_refuses_what_would_lose_something(aged: Instance, tmp_path: Path) -> None:
    made = back_up(aged, tmp_path / "safe")
    age.live(aged)
    before = ledger(aged)
    with pytest.raises(ConfigError, match="it has records, which would be lost"):
        restore(aged, made.archive, replace=False)
    with pytest.raises(ConfigError, match="the backup is of city tiny"):
        restore(changed(aged, city="zhuhai"), made.archive, replace=True)
    aged.key_path("hmac.key").write_text("ff" * 32)
    with pytest.raises(ConfigError, match=r"other keys: hmac\.key"):
        restore(aged, made.archive, replace=False)
    newest = made.manifest.facts.newest_day
    assert newest is not None
    exchange, entry = open_area(aged, "exchange"), day_entry_path(newest.business_date, newest.issue)
    kept = exchange.get(entry)
    exchange.delete([entry])
    with pytest.raises(DeliveryError, match=f"lacks business day {newest.business_date}"):
        restore(aged, made.archive, replace=True)
    exchange.put(entry, kept)
    assert ledger(aged) == before
    aged.key_path("hmac.key").write_text("ee" * 32)

    done = restore(aged, made.archive, replace=True)
    assert done.keys_replaced == ("hmac.key",)
    asides = sorted(path.read_text() for path in aged.home.glob("keys/replaced-*/hmac.key"))
    assert asides == ["ee" * 32, "ff" * 32]
    assert replace(ledger(aged), counted=[]) == replace(before, counted=[])


def test_a_dump_that_cannot_be_restored_leaves_what_stood(aged: Instance, tmp_path: Path) -> None:
    """The archive agrees with its manifest, but what was dumped is cut off."""
    whole = back_up(aged, tmp_path / "safe")
    before = ledger(aged)
    broken = cut_off(whole, tmp_path / "cut.zip")
    with pytest.raises(ConfigError, match="pg_restore of"):
        restore(aged, broken, replace=True)
    assert ledger(aged) == before


def cut_off(made: BackedUp, target: Path) -> Path:
    """Return an archive whose dump of the operational database lacks its end."""
    opened, sources = archive.Archive(made.archive), []
    for part in made.manifest.parts:
        path = target.with_name(Path(part.name).name)
        content = opened.content(part.name)
        path.write_bytes(content[: len(content) * 2 // 3] if part.name.endswith("huiliu.dump") else content)
        sources.append(archive.Source(part.name, part.what, path))
    archive.write(target, made.manifest.facts, sources, None)
    return target


def test_the_doctor_says_how_old_the_backup_is_and_what_it_lacks(aged: Instance, tmp_path: Path) -> None:
    assert finding(aged).state == "warning"
    assert "loses the identity of every person" in finding(aged).detail
    assert back_up(aged).archive.parent == aged.home / "backups"
    assert "lies in the home" in finding(aged).detail
    made = back_up(aged, tmp_path / "safe")
    assert (finding(aged).state, finding(aged).detail) == ("ok", f"{made.archive}, made 0 hours ago")
    last = last_backup(aged)
    assert last is not None
    remember(aged, last.model_copy(update={"made_at": datetime.now(UTC) - timedelta(days=5, hours=1)}))
    assert (finding(aged).state, "made 5 days ago" in finding(aged).detail) == ("warning", True)
    remember(aged, last)
    made.archive.rename(tmp_path / "moved.zip")
    assert (finding(aged).state, "not there any more" in finding(aged).detail) == ("warning", True)
    aged.key_path("hmac.key").write_text("ff" * 32)
    assert (finding(aged).state, "does not hold hmac.key" in finding(aged).detail) == ("bad", True)
