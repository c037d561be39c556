"""The command line loads what a command needs when it is used, and its help says of each command what the command says of itself."""

from __future__ import annotations

import subprocess
import sys

import pytest
from typer.main import get_command

from huiliu.commands import COMMANDS
from huiliu.main import app
from lakehouse.config import PROJECT

pytestmark = pytest.mark.fast
HEAVY = ("cryptography", "pyspark", "pandas", "pyarrow", "sqlalchemy", "great_expectations", "dbt", "duckdb", "rich.table")


def loaded(program: str) -> set[str]:
    """Return which of the heavy modules a fresh process has loaded after a program."""
    told = f"{program}\nimport sys; print(*sorted(set(sys.modules) & {set(HEAVY)}))"
    done = subprocess.run([sys.executable, "-c", told], cwd=PROJECT, capture_output=True, text=True, check=True)
    return set(done.stdout.split("\n")[-2].split())


def test_nothing_heavy_is_loaded_before_a_command_is_used() -> None:
    assert loaded("from typer.main import get_command; from huiliu.main import app; list(get_command(app).commands)") == set()


def test_a_question_loads_no_engine_where_a_desk_answers_it() -> None:
    assert loaded("import huiliu.sql") == set()


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_says_what_the_command_says(name: str) -> None:
    command = get_command(app).commands[name]  # type: ignore[attr-defined]
    assert command.name == name
    said = command.help.split("\n\n")[0].replace("\n", " ").removesuffix("\f")
    assert said == COMMANDS[name].line, f"write in huiliu/commands.py what the help of `{name}` says"


def test_no_module_has_a_command_that_is_not_listed() -> None:
    made = set()
    for module in {one.module for one in COMMANDS.values()}:
        first = next(name for name, one in COMMANDS.items() if one.module == module)
        group = get_command(app).commands  # type: ignore[attr-defined]
        assert group[first]
        made |= set(group._made)
    assert made == set(COMMANDS)
