"""Run dbt as a person asks for it: the arguments as written, dbt's own messages, and the intermediate models that the chosen ones read.

An intermediate model is a view of the run's Spark session (ADR 0002), so a run of one library alone would not find those it reads.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from contextlib import chdir
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lakehouse.errors import ConfigError, Problem
from spark_jobs.lake.dbt_runs import SILENT, invoke_as_told

PRIVATE = "session_view"  # materialization of the intermediate models
BUILDING = ("build", "run")
WRITING = (*BUILDING, "clone", "retry", "run-operation", "seed", "snapshot")
WITHOUT_LAKE = ("clean", "deps", "list", "ls", "parse")
EXPLAINING = ("-h", "--help", "--version")
WELL, FAILED, BROKEN = 0, 1, 2  # dbt's own exit codes


@dataclass(frozen=True)
class Command:
    """What the arguments of dbt say; without a name it only explains itself, or refuses them."""

    arguments: tuple[str, ...]
    name: str = ""
    select: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    variables: Mapping[str, Any] = field(default_factory=dict)


def explains(arguments: Sequence[str]) -> bool:
    """Return whether dbt only explains itself, for which it needs no project."""
    return not arguments or bool(set(arguments) & set(EXPLAINING))


def read(project: Path, arguments: Sequence[str]) -> Command:
    """Read the arguments of dbt with dbt's own parser, in the folder of a rendered project, where dbt looks for its files."""
    from click.exceptions import ClickException
    from dbt.cli.exceptions import DbtUsageException
    from dbt.cli.flags import args_to_context

    if explains(arguments):
        return Command(tuple(arguments))
    try:
        with chdir(project):
            context = args_to_context(list(arguments))
    except (ClickException, DbtUsageException):
        return Command(tuple(arguments))
    told = context.params
    chosen = tuple(told.get("select") or ()) + tuple(told.get("models") or ())
    return Command(tuple(arguments), context.info_name or "", chosen, tuple(told.get("exclude") or ()), told.get("vars") or {})


def run(project: Path, variables: Mapping[str, object], command: Command) -> int:
    """Run a command on a rendered project and return dbt's exit code.

    Raises:
        ConfigError: `--vars` sets a variable that the instance sets itself.
    """
    if taken := sorted(set(command.variables) & set(variables)):
        found = f"{', '.join(taken)} cannot be set, because the instance sets it."
        raise ConfigError(Problem("huiliu dbt --vars", found, "", "choose the day with `huiliu dbt --date DATE …`.").text())
    told = {**variables, **command.variables}
    manifest, needed = completed(project, told, command) if command.name in BUILDING and command.select else (None, [])
    result = invoke_as_told(project, told, [*command.arguments, *needed], manifest)
    if result.exception is None:
        return WELL if result.success else FAILED
    from dbt.cli.exceptions import DbtUsageException

    if isinstance(result.exception, DbtUsageException):  # all other errors dbt has told already
        raise ConfigError(Problem("huiliu dbt", f"{result.exception}", "", "see `huiliu dbt build --help`.").text())
    return BROKEN


def completed(project: Path, variables: Mapping[str, object], command: Command) -> tuple[Any, list[str]]:
    """Return the parsed project, and the option that also selects the intermediate models that the chosen models read.

    Reads the project only; no warehouse is asked.
    """
    parsed = invoke_as_told(project, variables, [*SILENT, "parse"])
    if not parsed.success:
        return None, []  # dbt says why when it runs the command
    asked = ["--select", *command.select, *(("--exclude", *command.exclude) if command.exclude else ())]
    listed = invoke_as_told(project, variables, [*SILENT, "list", *asked, "--output", "json", "--output-keys", "unique_id"], parsed.result)
    chosen = {json.loads(line)["unique_id"] for line in listed.result or ()}
    nodes = parsed.result.nodes
    parents = {name: list(node.depends_on.nodes) for name, node in nodes.items() if hasattr(node.depends_on, "nodes")}
    private = {name for name, node in nodes.items() if node.resource_type == "model" and node.config.materialized == PRIVATE}
    needed = sorted(nodes[name].name for name in unbuilt(chosen, parents, private))
    return parsed.result, ["--select", *needed] if needed else []


def unbuilt(chosen: Collection[str], parents: Mapping[str, Sequence[str]], private: Collection[str]) -> set[str]:
    """Return the private models that the chosen ones read, directly or through other private ones, and that are not chosen themselves.

    A public model ends the search: it is a table that stands in the lake.
    """
    found: set[str] = set()
    waiting = list(chosen)
    while waiting:
        new = {parent for parent in parents.get(waiting.pop(), ()) if parent in private} - found - set(chosen)
        found |= new
        waiting += new
    return found
