"""Events are appended to the file of the day and found again, each once, until they are sent."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from lakehouse.config import Instance
from lakehouse.telemetry import outbox
from tests.plugin.servers import changed, tiny_instance

pytestmark = pytest.mark.fast


@pytest.fixture
def home(tmp_path: Path) -> Instance:
    return tiny_instance(tmp_path / "home")


def numbers(instance: Instance) -> list[int]:
    return [json.loads(one.line)["n"] for one in outbox.pending(instance)]


def test_what_is_sent_is_not_found_again(home: Instance) -> None:
    outbox.keep(home, [{"n": 1}, {"n": 2}])
    first, second = outbox.pending(home)
    outbox.record_sent(home, first)
    assert numbers(home) == [2]
    assert outbox.waiting_bytes(home) == len(second.line)
    outbox.record_sent(home, second)
    outbox.keep(home, [{"n": 3}])
    assert numbers(home) == [3]
    assert [one["n"] for one in outbox.kept(home)] == [1, 2, 3]


def test_a_line_that_is_still_being_written_waits(home: Instance) -> None:
    outbox.keep(home, [{"n": 1}])
    (path,) = outbox.folder(home).glob("*.jsonl")
    with path.open("ab") as handle:
        handle.write(b'{"n": 2')
    assert numbers(home) == [1]
    with path.open("ab") as handle:
        handle.write(b"}\n")
    assert numbers(home) == [1, 2]


def test_files_of_earlier_days_come_first_and_are_kept_from_others(home: Instance) -> None:
    outbox.keep(home, [{"n": 2}])
    (today,) = outbox.folder(home).glob("*.jsonl")
    (outbox.folder(home) / "2026-06-01.jsonl").write_text('{"n": 1}\n', "utf-8")
    assert numbers(home) == [1, 2]
    assert today.stat().st_mode & 0o077 == 0


def test_another_folder_can_be_named(home: Instance, tmp_path: Path) -> None:
    elsewhere = changed(home, openlineage_folder=tmp_path / "elsewhere")
    outbox.keep(elsewhere, [{"n": 1}])
    assert len(list((tmp_path / "elsewhere").glob("*.jsonl"))) == 1
    assert elsewhere.settings.environment()["HUILIU_OPENLINEAGE_FOLDER"] == str(tmp_path / "elsewhere")


def test_events_of_processes_that_write_at_once_do_not_mix(home: Instance, tmp_path: Path) -> None:
    program = tmp_path / "write.py"
    program.write_text(
        "import sys\n"
        "from pathlib import Path\n"
        "from lakehouse.config import Instance, Settings\n"
        "from lakehouse.telemetry import outbox\n"
        "instance = Instance(Settings(home=Path(sys.argv[1])))\n"
        "for n in range(40):\n"
        "    outbox.keep(instance, [{'n': n, 'of': sys.argv[2], 'filler': sys.argv[2] * 60_000}])\n",
        "utf-8",
    )
    writers = [subprocess.Popen([sys.executable, str(program), str(home.home), name]) for name in "ab"]
    assert [writer.wait(timeout=60) for writer in writers] == [0, 0]
    found = list(outbox.kept(home))
    for name in "ab":
        assert [one["n"] for one in found if one["of"] == name] == list(range(40))
