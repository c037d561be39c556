"""What the README promises is there: every link leads somewhere, every command exists."""

from __future__ import annotations

import re
import subprocess

import pytest
from typer.testing import CliRunner

from huiliu.main import app
from lakehouse.config import PROJECT

pytestmark = pytest.mark.fast
README = (PROJECT / "README.md").read_text("utf-8")


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(([^)#]+)\)", README))))
def test_every_link_leads_somewhere(link: str) -> None:
    assert (PROJECT / link).exists()


@pytest.mark.parametrize(
    "command", sorted(set(re.findall(r"\.venv/bin/huiliu ((?:[a-z]+-?)+(?: (?:list|show|check|run|init|day)\b)?)", README)))
)
def test_every_command_exists(command: str) -> None:
    done = CliRunner().invoke(app, [*command.split(), "--help"])
    assert done.exit_code == 0, done.output


@pytest.mark.parametrize("target", sorted(set(re.findall(r"^make ([a-z]+)", README, re.MULTILINE))))
def test_every_make_target_exists(target: str) -> None:
    done = subprocess.run(["make", "-n", "-C", str(PROJECT), target], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
