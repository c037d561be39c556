"""A page whose commands are run: its blocks in order, and a terminal in which they are given as they are written.

`huiliu` runs in this process, so that libraries are imported and Spark is asked for a session once; bash runs all else.
"""

from __future__ import annotations

import io
import re
import subprocess
from collections.abc import Iterator
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.main import get_command

from huiliu.main import app
from lakehouse.config import PROJECT
from lakehouse.errors import LakehouseError

PAGE = PROJECT / "docs" / "cookbooks" / "week.md"
BLOCK = re.compile(r"^```sh\n(?P<commands>.*?)^```\n(?:\n```text\n(?P<shown>.*?)^```\n)?", re.MULTILINE | re.DOTALL)
ENDS = re.compile(r"# exit code (\d+)$")
OURS = re.compile(r"^(?P<settings>(?:[A-Z_]+=\S+(?:\s|\\\n)+)*)huiliu\s+(?P<arguments>(?!airflow\b).*)$", re.DOTALL)
HERE = re.compile(r"<<'?(\w+)'?")
WIDTH = "140"


@dataclass(frozen=True)
class Block:
    """Commands that stand together: the title of their chapter, the lines shown as their output, the exit code of the last one."""

    chapter: str
    commands: tuple[str, ...]
    shown: tuple[str, ...]
    code: int


def blocks(text: str) -> list[Block]:
    """Return the blocks of a page in order; in `shown` an ellipsis stands for anything."""
    found = []
    for chapter in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        for one in BLOCK.finditer(chapter):
            code = ENDS.search(one["commands"].strip())
            shown = tuple(line for line in (one["shown"] or "").splitlines() if line.strip(" …"))
            found.append(Block(chapter.splitlines()[0], tuple(commands(one["commands"])), shown, int(code[1]) if code else 0))
    return found


def commands(text: str) -> Iterator[str]:
    """Yield the commands of a block; one may go on over lines that end with a backslash, or to the end of a here-document."""
    lines = iter(text.splitlines())
    for line in lines:
        command = line
        while command.endswith("\\"):
            command += "\n" + next(lines)
        if here := HERE.search(command):
            while command.splitlines()[-1] != here[1]:
                command += "\n" + next(lines)
        if command.strip():
            yield command


def missing(shown: tuple[str, ...], said: str) -> list[str]:
    """Return the lines of a page that its commands did not say, in that order; spaces count as one."""
    lines, left = iter(_plain(line) for line in said.splitlines()), []
    for line in shown:
        wanted = re.compile(".*".join(re.escape(_plain(part)) for part in line.split("…")))
        if not any(wanted.search(one) for one in lines):
            left.append(line)
    return left


def _plain(line: str) -> str:
    return " ".join(line.split())


@dataclass
class Terminal:
    """What a person types at: the folder and the variables last from one command to the next."""

    folder: Path
    variables: dict[str, str]
    given_before: tuple[str, ...] = ()
    """Commands that are left out, because what they do has been done."""

    def run(self, block: Block) -> tuple[int, str]:
        """Give the commands of a block up to the first that does not end well; return its exit code, and all that was said."""
        said, code = "", 0
        for command in block.commands:
            if command in self.given_before:
                continue
            code, output = self._give(command)
            said += output
            if code:
                break
        return code, said

    def _give(self, command: str) -> tuple[int, str]:
        if ours := OURS.match(command):
            settings, arguments = self._expanded(ours["settings"]), self._expanded(ours["arguments"])
            return self._huiliu(arguments, dict(one.split("=", 1) for one in settings))
        done = self._bash(f"exec 2>&1\n{command}\nprintf '\\0\\0%s\\0' \"$PWD\"; env -0")
        said, ended, left = done.stdout.partition("\0\0")
        if ended:
            folder, *variables = left.removesuffix("\0").split("\0")
            self.folder, self.variables = Path(folder), dict(one.split("=", 1) for one in variables)
        return done.returncode, said

    def _huiliu(self, arguments: list[str], settings: dict[str, str]) -> tuple[int, str]:
        """Run a command as the entry point does; its output stays open, because what libraries log goes on being written to it."""
        said, code = io.StringIO(), 0
        with chdir(self.folder), pytest.MonkeyPatch.context() as environment, redirect_stdout(said), redirect_stderr(said):
            for name, value in {**self.variables, **settings, "COLUMNS": WIDTH}.items():
                environment.setenv(name, value)
            try:
                get_command(app).main(arguments, prog_name="huiliu")
            except SystemExit as ended:
                code = int(ended.code or 0)
            except LakehouseError as error:
                code = 1
                said.write(f"{error}\n")
        return code, said.getvalue()

    def _expanded(self, words: str) -> list[str]:
        return self._bash(f"printf '%s\\0' {words}").stdout.split("\0")[:-1] if words.strip() else []

    def _bash(self, script: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script], cwd=self.folder, env=self.variables, capture_output=True, text=True, check=False
        )
