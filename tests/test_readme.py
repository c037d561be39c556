"""What README and pages promise is there: links lead somewhere, commands can be given as written, both languages say the same."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import pytest
from typer.core import TyperGroup
from typer.main import get_command
from typer.testing import CliRunner

from huiliu.main import app
from lakehouse.config import PROJECT

pytestmark = pytest.mark.fast
PAGES = [PROJECT / "README.md", PROJECT / "README.zh.md", *sorted((PROJECT / "docs").rglob("*.md"))]
README, CHINESE = (page.read_text("utf-8") for page in PAGES[:2])
LINK = re.compile(r"\]\(([^)#]+)\)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    links = {link for link in LINK.findall(page.read_text("utf-8")) if "://" not in link}
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_architecture_page_shows_every_step_its_file() -> None:
    text = (PROJECT / "docs" / "architecture.md").read_text("utf-8")
    way = text.split("## The way of one delivered file")[1].split("\n## ")[0]
    steps = re.split(r"\n\d+\. ", way)[1:]
    assert len(steps) >= 10
    assert [step for step in steps if not any(link.endswith((".py", ".sql", ".yaml")) for link in LINK.findall(step))] == []


def test_every_path_written_in_the_documents_exists() -> None:
    path = re.compile(r"`((?:[a-z_]+/)+[a-z_0-9]+\.(?:py|sql|yaml|yml|csv|md))`")
    found = {(page.name, written) for page in PAGES for written in path.findall(page.read_text("utf-8"))}
    assert [one for one in sorted(found) if not (PROJECT / one[1]).exists()] == []


def test_both_languages_have_the_same_headings_commands_and_links() -> None:
    def shape(text: str) -> dict[str, list[str]]:
        blocks = re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
        return {
            "headings": re.findall(r"^(#+) ", text, re.MULTILINE),
            "commands": [line.split("  #")[0].strip() for block in blocks for line in block.splitlines()],
            "links": sorted(set(LINK.findall(text)) - {"README.md", "README.zh.md"}),
            "settings": sorted(re.findall(r"`([^`\n]*(?:HUILIU_|STORE=|huiliu )[^`\n]*)`", text)),
            "rows": re.findall(r"^\|", text, re.MULTILINE),
        }

    assert shape(README) == shape(CHINESE)


@pytest.mark.parametrize(
    "command", sorted(set(re.findall(r"\.venv/bin/huiliu ((?:[a-z]+-?)+(?: (?:list|show|check|run|init|day|fetch)\b)?)", README)))
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
