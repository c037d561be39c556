"""The commands that list and show batches, and decide about those that are held; never their values."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Annotated

import typer

from application import batches as application
from application.batches import Decided, Record, Standing
from huiliu.dates import business_date
from huiliu.listings import Columns, as_object, show_list
from lakehouse.config import Instance
from lakehouse.jobs import ID_CHARACTERS
from lakehouse.ops.batches import Filter
from lakehouse.ops.rejudging import Recount
from lakehouse.ops.rulings import Ruling, Verdict

COLUMNS: Columns[Standing] = {
    "batch": lambda batch: batch.batch_id[:ID_CHARACTERS],
    "taken on": lambda batch: batch.taken_on,
    "resource": lambda batch: batch.resource,
    "provider": lambda batch: batch.provider,
    "about": lambda batch: batch.business_date,
    "file": lambda batch: batch.source_object,
    "rows": lambda batch: batch.received,
    "state": lambda batch: batch.standing,
}
COUNTS = ("received", "rejected", "quarantined", "duplicate", "superseded", "accepted", "held")
BatchId = Annotated[str, typer.Argument(metavar="BATCH", help="Id of the batch, or the beginning of it.")]
Reason = Annotated[str, typer.Option(help="Why, in your words; it is kept with your name beside the landed bytes.")]
Now = Annotated[bool, typer.Option("--now", help="Run the ingest of the resource now, in this process, instead of waiting for the next.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]


def register(app: typer.Typer) -> None:
    """Add `batches list`, `show`, `retry`, `release` and `refuse` to the command line."""
    group = typer.Typer(
        help="Batches: what was delivered and how far it came; read a held one again, let it in, or settle it as refused.",
        no_args_is_help=True,
    )
    group.command("list")(list_batches)
    group.command("show")(show)
    group.command("retry")(retry)
    group.command("release")(release)
    group.command("refuse")(refuse)
    app.add_typer(group, name="batches")


def list_batches(  # noqa: PLR0913, PLR0917 - every parameter is an option of the command
    resource: Annotated[str, typer.Option(help="Only batches of this resource.")] = "",
    since: Annotated[
        date | None, typer.Option("--from", metavar="DATE", parser=business_date, help="Only batches taken in on this date or later.")
    ] = None,
    until: Annotated[
        date | None, typer.Option("--to", metavar="DATE", parser=business_date, help="Only batches taken in on this date or before.")
    ] = None,
    gate: Annotated[str, typer.Option(help="Only batches of this gate: waiting, passed, warned, released, blocked, refused.")] = "",
    everything: Annotated[bool, typer.Option("--all", help="List batches that are in silver, too.")] = False,
    as_json: Json = False,
) -> None:
    """List batches: those that wait, are refused, are blocked or have held closings; or all with --all or of one --gate."""
    wanted = Filter(resource or None, since, until, gate or None, only_held=not (everything or gate))
    show_list("batches", application.find_batches(Instance(), wanted), COLUMNS, as_json=as_json)


def show(batch_id: BatchId, as_json: Json = False) -> None:
    """Show everything recorded about a batch: its occurrence and predecessor, counts, broken rules, tickets, bytes and decisions."""
    found = application.batch_record(Instance(), batch_id)
    if as_json:
        typer.echo(as_object(asdict(found)))
    else:
        typer.echo("\n".join(_lines(found)))


def retry(batch_id: BatchId, reason: Reason, now: Now = False, as_json: Json = False) -> None:
    """Read a refused or blocked delivery again, after its contract or encoding was corrected: its landed bytes become a new batch."""
    _decide(batch_id, "retry", reason, (now, as_json))


def release(batch_id: BatchId, reason: Reason, now: Now = False, as_json: Json = False) -> None:
    """Let the rows of a blocked batch in, or let a snapshot close what it lacks; rows that break rules of their own stay out."""
    _decide(batch_id, "release", reason, (now, as_json))


def refuse(batch_id: BatchId, reason: Reason, as_json: Json = False) -> None:
    """Settle a refused or blocked batch, or the held closings of a snapshot, as refused for good; its ticket is closed."""
    _decide(batch_id, "refuse", reason, (False, as_json))


def _decide(batch_id: str, verdict: Verdict, reason: str, options: tuple[bool, bool]) -> None:
    """Decide, say so, and carry it out at once where that is asked for (`options`: --now, --json)."""
    (now, as_json), instance = options, Instance()
    decided = application.decide(instance, batch_id, verdict, reason)
    must_close = application.carry_out(instance, decided, lambda line: typer.echo(line, err=as_json)) if now else False
    if as_json:
        typer.echo(as_object({"ruling": asdict(decided.ruling), "carried_out": now, "must_close": must_close}))
        return
    typer.echo(_told(decided))
    day = decided.ruling.since
    if now:
        after = application.batch_record(instance, decided.batch.batch_id)
        typer.echo(f"It is {after.batch.standing}" + (f", by batch {after.successor}." if after.successor else "."))
    if must_close:
        typer.echo(f"{day} was closed before this: close it again with `huiliu run-day {day}`.")
    elif verdict != "refuse" and not now:
        typer.echo(f"The next ingest of {decided.batch.resource} carries it out: `huiliu run-day {day}` (which closes that day again),")
        typer.echo(f"or the run of the day after. `huiliu batches {verdict} … --now` runs the ingest of {day} at once.")


def _told(decided: Decided) -> str:
    ruling, batch = decided.ruling, decided.batch
    before = " (found as an earlier command left it)" if decided.was_known else ""
    what = "closings of batch" if ruling.about == "closings" else "batch"
    return f"{what} {batch.batch_id} of {batch.resource}, {batch.source_object}: {ruling.verdict}, decided by {ruling.actor}{before}."


def _lines(found: Record) -> list[str]:
    batch = found.batch
    told = [f"batch {batch.batch_id} · {batch.standing} · {batch.resource} of {batch.provider} about {batch.business_date}"]
    told += [
        f"  delivery {batch.delivery_no}, occurrence {batch.occurrence} of these bytes, taken on {batch.taken_on}: {batch.source_object}"
    ]
    told += [f"  takes up batch {batch.predecessor}"] if batch.predecessor else []
    told += [f"  taken up by batch {found.successor}"] if found.successor else []
    told += [f"  landed: {found.landed} ({batch.bytes} bytes{'' if found.is_there else ', NOT THERE'}), sha256 {batch.content_sha256}"]
    counts = [f"{name} {getattr(batch, name)}" for name in COUNTS if getattr(batch, name) is not None]
    told += [f"  rows: {', '.join(counts)}"]
    told += [f"  gate: {batch.gate or 'none yet'}; in silver: {batch.silver_on or 'no'}{_closings(batch)}"]
    told += [f"  breaks {rule}: {rows} rows" for rule, rows in found.broken.items()]
    told += _again(found.again) if found.again else []
    told += [f"  ticket {one.ticket_id} ({one.kind}, {one.state}): {one.reason}" for one in found.tickets]
    return told + [_ruling(one) for one in found.rulings]


def _again(found: Recount) -> list[str]:
    told = [f"  judged again on {found.judged_on} (rejudging {found.number}): {found.quarantined} rows stay out of silver"]
    return told + [f"    breaks {rule}: {rows} rows" for rule, rows in sorted(found.broken.items())]


def _closings(batch: Standing) -> str:
    return "" if batch.closings_held is None else f"; closings: {'held' if batch.closings_held else 'carried out'}"


def _ruling(one: Ruling) -> str:
    when = f"in effect since {one.effective_on}" if one.effective_on else f"from the ingest of {one.since} on"
    return f"  {one.verdict} of the {one.about} by {one.actor} at {one.decided_at:%Y-%m-%d %H:%M} UTC, {when}: {one.reason}"
