"""The command `upkeep`, which keeps an instance small."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from application.upkeep import AREAS, Ask, Kept, keep_up
from huiliu.exit_codes import NOT_WELL
from lakehouse.config import Instance
from lakehouse.upkeep.disk import Size, free_on

MIB = 2**20


def register(app: typer.Typer) -> None:
    """Add `upkeep` to the command line."""
    app.command()(upkeep)


def upkeep(
    budget: Annotated[
        float | None, typer.Option(min=0, metavar="SECONDS", help="Begin no piece after these; default: of city.yaml.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would be done.")] = False,
    only: Annotated[str, typer.Option(help=f"Only these, separated by commas: {', '.join(AREAS)}.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")] = False,
) -> None:
    """Compact tables and remove what is kept no longer; published packages within their term and landed bytes stay.

    Exit code 0 where nothing failed, also when something is left for the next time.
    """
    instance = Instance()
    names = tuple(name.strip() for name in only.split(",") if name.strip())
    kept = keep_up(instance, Ask(budget, names, dry_run))
    if as_json:
        told = {"done": [asdict(one) for one in kept.work.done], "left": [asdict(one) for one in kept.work.left]}
        typer.echo(json.dumps({"dry_run": dry_run, "seconds": kept.seconds, **told, "areas": kept.areas}))
    else:
        _tell(kept, dry_run=dry_run)
        typer.echo(free_on(instance.home).text())
    if not kept.work.is_well:
        raise typer.Exit(NOT_WELL)


def _tell(kept: Kept, *, dry_run: bool) -> None:
    for one in kept.work.done:
        change = _size(one.before) if dry_run else f"{_size(one.before)} → {_size(one.after)}"
        typer.echo(f"  {one.area:9} {one.what}: {change}")
    for left in kept.work.left:
        typer.echo(f"{'!' if left.failed else '-'} {left.area:9} {left.what}: {left.why}")
    said = "to do" if dry_run else "done"
    typer.echo(f"{len(kept.work.done)} pieces {said}, {len(kept.work.left)} left, {kept.seconds:.1f} s. Now:")
    for area in kept.areas:
        typer.echo(f"  {area['area']:9} {area['files']:>9,} files {int(area['bytes']) / MIB:>12,.1f} MiB")


def _size(size: Size) -> str:
    return f"{size.files:,} files, {size.bytes / MIB:,.1f} MiB" if size.bytes else f"{size.files:,}"
