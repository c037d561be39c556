"""The command `rejudge`: judge what was delivered again by the rules of today, or show what that would change; never a value."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Annotated

import typer

from application import rejudging as application
from application.rejudging import Rejudged
from huiliu.dates import business_date
from huiliu.listings import as_object
from lakehouse.config import Instance


def register(app: typer.Typer) -> None:
    """Add `rejudge` to the command line."""
    app.command()(rejudge)


def rejudge(
    resource: Annotated[str, typer.Argument(help="Code of the resource.")],
    since: Annotated[
        date, typer.Option("--from", metavar="DATE", parser=business_date, help="Judge batches about this date or a later one.")
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change; write nothing.")] = False,
    reason: Annotated[str, typer.Option(help="Why, in your words; it is kept with your name.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")] = False,
) -> None:
    """Judge the rows of a resource again by its contract as it stands: history follows from the newest day on, published dates stay."""
    instance = Instance()
    done = application.show(instance, resource, since) if dry_run else application.rejudge(instance, resource, since, reason)
    if as_json:
        typer.echo(as_object({**asdict(done), "changes_nothing": done.changes_nothing}))
        return
    typer.echo("\n".join(_lines(done)))
    if done.number is not None:
        typer.echo(f"Rejudging {done.number} of {resource} is written; what it changes is known from {done.judged_on} on.")
    elif dry_run or done.changes_nothing:
        typer.echo("Nothing was written.")
    if done.must_close:
        typer.echo(f"{done.judged_on} was closed before this: close it again with `huiliu run-day {done.judged_on}`.")


def _lines(done: Rejudged) -> list[str]:
    """Return what a rejudging changes, as lines: rows by rule and severity, versions, golden values, recipients."""
    told = [f"{done.resource} from {done.since} on: {done.batches:,} batches with {done.rows:,} rows are judged again,"]
    told += [f"  {done.differing:,} rows otherwise than before; quarantined {done.quarantined_before:,} → {done.quarantined:,}"]
    for one in done.rules:
        changed = f" ({one.newly:,} newly, {one.no_longer:,} no longer)" if one.newly or one.no_longer else ""
        told += [f"  {one.severity:7} {one.rule}: {one.before:,} → {one.after:,} rows{changed}"]
    versions, reached = done.versions, done.reached
    told += [f"  silver: {versions.inserted:,} versions inserted, {versions.updated:,} closed or replaced;"]
    told[-1] += f" {versions.keys_out:,} keys leave, {versions.keys_in:,} come in"
    if reached.golden_values or reached.recipients:
        values = ", ".join(f"{name} {number:,}" for name, number in reached.golden_values.items() if number) or "none"
        whom = ", ".join(f"{level} {number:,}" for level, number in reached.recipients.items()) or "none"
        told += [f"  on {reached.business_date}: golden values {values}", f"  recipients: {whom}"]
    return told + [f"  {text}" for text in reached.untold]
