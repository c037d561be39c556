"""The command `rebuild`, which builds again what was lost, or checks that what stands is what would be built."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from enum import StrEnum
from typing import Annotated

import typer

from application import rebuild as application
from huiliu.exit_codes import NOT_WELL, WITH_GAPS
from lakehouse.config import Instance
from lakehouse.errors import ConfigError, Problem
from spark_jobs.lake.comparison import Compared


class What(StrEnum):
    """What is built again: records of the database, histories in silver, libraries, or all of it with bronze."""

    RECORDS = "records"
    SILVER = "silver"
    LIBRARIES = "libraries"
    ALL = "all"


def register(app: typer.Typer) -> None:
    """Add `rebuild` to the command line."""
    app.command()(rebuild)


def rebuild(
    what: Annotated[What, typer.Argument(help="records (of the store), silver (of bronze), libraries (of silver), or all.")] = What.RECORDS,
    resource: Annotated[str | None, typer.Option("--resource", help="silver: only this resource.")] = None,
    every_day: Annotated[bool, typer.Option("--every-day", help="libraries: of every published day in order.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Only compare; exit code 1 where anything differs.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")] = False,
) -> None:
    """Build records, histories or libraries again beside what stands, compare them in every column, and mend what differs."""
    _refuse_misplaced(what, resource, every_day=every_day)
    instance, told = Instance(), dict[str, object]()
    lacking = 0
    if what in (What.RECORDS, What.ALL):
        done = application.rebuild(instance, check=check)
        lacking = done.batches if check else 0
        told |= asdict(done)
        if not as_json:
            typer.echo(_records(done, check=check))
    found: list[Compared] = []
    if not lacking:
        for one in _tables(instance, what, resource, every_day=every_day, check=check):
            found.append(one)
            if not as_json:
                typer.echo("\n".join(_lines(one)))
    if what in (What.LIBRARIES, What.ALL) and found and not (every_day or as_json):
        typer.echo("Libraries: _since and rows of earlier dates were taken from what stands; --every-day builds them again too.")
    if as_json:
        typer.echo(json.dumps(told | ({} if what is What.RECORDS else {"tables": [asdict(one) for one in found]})))
    if lacking or any(one.differs if check else not one.is_mended for one in found):
        raise typer.Exit(NOT_WELL)
    if any(one.obstacles for one in found):
        raise typer.Exit(WITH_GAPS)


def _refuse_misplaced(what: What, resource: str | None, *, every_day: bool) -> None:
    misplaced = [
        ("--resource", resource is not None and what is not What.SILVER, "silver"),
        ("--every-day", every_day and what not in (What.LIBRARIES, What.ALL), "libraries and all"),
    ]
    for name, is_wrong, allowed in misplaced:
        if is_wrong:
            raise ConfigError(Problem("huiliu rebuild", f"{name} is for {allowed}.", allowed).text())


def _tables(instance: Instance, what: What, resource: str | None, *, every_day: bool, check: bool) -> Iterable[Compared]:
    if what is What.SILVER:
        return application.rebuild_silver(instance, resource, check=check)
    if what is What.LIBRARIES:
        return application.rebuild_libraries(instance, every_day=every_day, check=check)
    return application.rebuild_all(instance, every_day=every_day, check=check) if what is What.ALL else ()


def _records(done: application.Rebuilt, *, check: bool) -> str:
    tasks = f" and {done.tasks} tasks" if done.tasks else ""
    if check:
        after = "; what follows from them cannot be compared before they are." if done.batches else "."
        return f"{done.batches} landed batches{tasks} are not recorded; the store has {done.days} published days{after}"
    again = f"{done.batches} batches{tasks} recorded again; {done.days} published days agree with the store."
    return f"{again} Batches without a gate wait for it."


def _lines(one: Compared) -> list[str]:
    differs = f"{one.lacking} lacking or other, {one.surplus} surplus" if one.differs else "equal"
    rows = f"{one.rows:>9} rows, {differs}" if one.rows or one.differs or not one.obstacles else "not compared"
    lines = [f"  {one.table:34} {rows}{f', {one.written} written' if one.written else ''}"]
    lines += [f"    {said}" for said in one.remarks]
    return lines + [f"    cannot be built again for certain: {said}" for said in one.obstacles]
