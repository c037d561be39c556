"""The README is right: every link has its target, and every command exists and parses as written."""

from __future__ import annotations

import re
import shlex
import subprocess

import pytest
from typer.core import TyperGroup
from typer.main import get_command
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


@pytest.mark.parametrize("line", sorted(set(re.findall(r"\.venv/bin/huiliu ([^#`\n]+)", README))))
def test_every_command_takes_what_is_written_behind_it(line: str) -> None:
    written = re.sub(r"<date>|\bD\b", "2026-06-01", re.sub(r"<(?!date)[^>]+>", "one", line)).replace("[", "").replace("]", "")
    command, arguments = get_command(app), shlex.split(written)
    while isinstance(command, TyperGroup) and arguments[0] in command.commands:
        command, arguments = command.commands[arguments[0]], arguments[1:]
    if arguments != ["--help"]:
        assert not isinstance(command, TyperGroup), f"there is no command {arguments[0]}"
        command.make_context("huiliu", arguments)


@pytest.mark.parametrize("target", sorted(set(re.findall(r"^make ([a-z]+)", README, re.MULTILINE))))
def test_every_make_target_exists(target: str) -> None:
    done = subprocess.run(["make", "-n", "-C", str(PROJECT), target], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
