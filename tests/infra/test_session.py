"""Processes that a supervisor leaves behind are ended, and no others."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from infra.local import session
from lakehouse.config import Instance, Settings

pytestmark = pytest.mark.fast
LEADER = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], process_group=0)
print(child.pid, flush=True)
time.sleep(60)
"""


def test_orphan_in_a_process_group_of_its_own_is_ended_and_a_stranger_is_not(tmp_path: Path) -> None:
    instance = Instance(Settings(home=tmp_path))
    with (
        subprocess.Popen([sys.executable, "-c", LEADER], start_new_session=True, stdout=subprocess.PIPE, text=True) as leader,
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True) as stranger,
    ):
        assert leader.stdout is not None
        orphan = int(leader.stdout.readline())
        session.record(instance, leader.pid)
        leader.kill()
        leader.wait()
        assert psutil.pid_exists(orphan)
        assert session.end(instance) == [orphan]
        assert not psutil.pid_exists(orphan) or psutil.Process(orphan).status() == psutil.STATUS_ZOMBIE
        assert stranger.poll() is None
        stranger.kill()


def test_session_number_given_to_somebody_else_is_left_alone(tmp_path: Path) -> None:
    instance = Instance(Settings(home=tmp_path))
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True) as stranger:
        session.record(instance, stranger.pid)
        note = tmp_path / "run" / "session.json"
        created = psutil.Process(stranger.pid).create_time()
        note.write_text(note.read_text().replace(str(created), str(created - 1000)))
        assert session.end(instance) == []
        assert stranger.poll() is None
        stranger.kill()
