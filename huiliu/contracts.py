"""The steward's commands: check all declarations, begin a contract, compare two versions, let tables follow a contract."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Annotated, get_args

import typer
from rich.console import Console
from rich.table import Table

from application import contracts, reshaping
from application.affected import Affected, Counted, affected, count
from application.header_difference import HeaderDifference, compare_header
from application.new_contract import Wanted, begin
from huiliu.dates import business_date
from lakehouse.config import Instance
from lakehouse.contracts.difference import Difference
from lakehouse.contracts.layouts import Encoding
from lakehouse.errors import ConfigError, ContractError, Problem, nearest_first

ENCODINGS: tuple[Encoding, ...] = get_args(Encoding)
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]


def register(app: typer.Typer) -> None:
    """Add the group `contracts` to the command line."""
    group = typer.Typer(
        help="Check all declarations, begin a contract, compare two versions of the contracts, let tables follow a contract.",
        no_args_is_help=True,
    )
    group.command()(check)
    group.command()(new)
    group.command()(diff)
    group.command()(migrate)
    app.add_typer(group, name="contracts")


def check(as_json: Json = False) -> None:
    """Check contracts, codes, clocks, policies, authority, libraries, returns, regions, departments; report all problems and idle keys."""
    found = contracts.check(Instance())
    if as_json:
        typer.echo(json.dumps({"ok": found.ok, **asdict(found)}, ensure_ascii=False))
    else:
        for text in found.problems:
            typer.echo(text, err=True)
        for text in found.without_effect:
            typer.echo(f"without effect yet: {text}")
        typer.echo(f"{len(found.contracts)} contracts: " + ("all is well." if found.ok else "see the problems above."))
    if not found.ok:
        raise typer.Exit(1)


def new(
    file: Annotated[Path, typer.Argument(help="A delivered file: CSV or the like, JSON Lines, XLSX.", exists=True, dir_okay=False)],
    resource: Annotated[str, typer.Option(help="Level and code of the resource, e.g. district/d_library_card; else guessed.")] = "",
    provider: Annotated[str, typer.Option(help="Kind of the city's office that delivers it, e.g. public_security; else guessed.")] = "",
    encoding: Annotated[str, typer.Option(help=f"Encoding of a text file ({', '.join(ENCODINGS)}); else guessed.")] = "",
    as_json: Json = False,
) -> None:
    """Begin a contract from a file: encoding, separator, header, types, check digits, classes and key are guessed; a steward decides."""
    if encoding and encoding not in ENCODINGS:
        raise ConfigError(Problem("--encoding", f"{encoding!r} is not read.", nearest_first(encoding, ENCODINGS), "leave it out.").text())
    told = {"resource": resource or None, "provider": provider or None, "encoding": encoding or None}
    begun = begin(Instance(), Wanted(file, **told))  # type: ignore[arg-type]
    if as_json:
        typer.echo(json.dumps(asdict(begun), ensure_ascii=False, default=str))
        return
    for remark in begun.remarks:
        typer.echo(f"decide: {remark}")
    rejected = "".join(f", {count} rejected as {code}" for code, count in begun.rejected.items())
    typer.echo(f"{begun.path}: {len(begun.columns)} columns, key {', '.join(begun.key)}; {begun.rows} rows of the file are read{rejected}.")
    typer.echo("Decide on what is said above, then run `huiliu contracts check`.")


def diff(
    what: Annotated[str, typer.Argument(help="Code of a resource (with --header), or an earlier contracts folder, e.g. of another tree.")],
    new: Annotated[Path | None, typer.Argument(help="The contracts folder to compare with the earlier one; else the instance's.")] = None,
    header: Annotated[
        Path | None,
        typer.Option(help="A delivered file: compare its header with the contract of the resource.", exists=True, dir_okay=False),
    ] = None,
    day: Annotated[
        date | None, typer.Option("--date", metavar="DATE", parser=business_date, help="With --header: the date the file is about.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Compare a file's header with its contract, or contracts with earlier ones; exit code 1 when it does not fit.

    Of contracts it tells what each change does to existing tables, and what it reaches.
    """
    if header is not None:
        _diff_header(compare_header(Instance(), what, header, day), as_json=as_json)
        return
    _diff_contracts(Instance(), Path(what), new, as_json=as_json)


def migrate(
    resource: Annotated[str, typer.Argument(help="Code of the resource.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be done; change nothing.")] = False,
    undo: Annotated[bool, typer.Option("--undo", help="Take the last change back, until the next day is published.")] = False,
    as_json: Json = False,
) -> None:
    """Let the tables of a resource follow its changed contract: renamed columns, other types, another key.

    Added columns need no migration.
    """
    if dry_run and undo:
        raise ConfigError(Problem("contracts migrate", "--dry-run and --undo are given.", "", "say one of them.").text())
    act = reshaping.undo if undo else reshaping.show if dry_run else reshaping.apply
    done = act(Instance(), resource)
    if as_json:
        typer.echo(json.dumps(asdict(done), ensure_ascii=False))
    else:
        for change in done.changes:
            typer.echo(f"{resource}: {change.where}: {change.text}" + (f" Fix: {change.fix}" if change.fix else ""))
        for table in done.written:
            typer.echo(f"{table.table}: {table.rows:,} rows, version {table.before} → {table.after}")
        if not done.written:
            typer.echo("the tables fit the contract." if not any(one.stops for one in done.changes) else "nothing was changed.")
        elif not undo:
            typer.echo("until the next day is published, `huiliu contracts migrate --undo` takes it back.")
        elif done.waiting:
            typer.echo(f"{done.waiting} batches that came in since wait again: put the earlier contract back, and run the newest day.")
    if dry_run and any(one.stops and not one.can_be_applied for one in done.changes):
        raise typer.Exit(1)


def _diff_contracts(instance: Instance, old: Path, new: Path | None, *, as_json: bool) -> None:
    for folder in (old, new):
        if folder is not None and not folder.is_dir():
            fix = "name an earlier contracts folder, or add --header FILE to compare a file with the contract of a resource."
            raise ConfigError(Problem(str(folder), "there is no such folder.", "", fix).text())
    found = contracts.compare(instance, old, new)
    reach, counted = _reach(instance, found, new)
    stops = any(one.stops for changes in found.values() for one in changes)
    if as_json:
        told = {code: [asdict(one) for one in changes] for code, changes in found.items()}
        reached = {code: asdict(one) for code, one in reach.items()}
        facts = {"additive": not stops, "differences": told, "affected": reached, "counted": asdict(counted)}
        typer.echo(json.dumps(facts, ensure_ascii=False, default=str))
    else:
        _tell(found, reach, counted)
    if stops:
        raise typer.Exit(1)


def _reach(instance: Instance, found: Mapping[str, Sequence[Difference]], new: Path | None) -> tuple[dict[str, Affected], Counted]:
    try:
        reach = affected(instance, found, new)
    except ContractError as error:
        return {}, Counted(untold=(f"what it reaches is not told, because other declarations do not follow yet:\n{error}",))
    return reach, count(instance, reach) if found else Counted()


def _tell(found: Mapping[str, Sequence[Difference]], reach: Mapping[str, Affected], counted: Counted) -> None:
    for code, changes in found.items():
        for one in changes:
            typer.echo(f"{'!' if one.stops else ' '} {code}: {one.where}: {one.text}" + (f" Fix: {one.fix}" if one.fix else ""))
        for name, values in asdict(reach[code]).items() if code in reach else ():
            if values:
                typer.echo(f"    {name}: {', '.join(values)}")
    if counted.recipients or counted.golden_values:
        values = ", ".join(f"{name} {number:,}" for name, number in counted.golden_values.items()) or "none"
        whom = ", ".join(f"{level} {number:,}" for level, number in counted.recipients.items()) or "none"
        typer.echo(f"on {counted.business_date}: golden values {values}; recipients {whom}")
    for text in counted.untold:
        typer.echo(text)
    stopping = {code for code, changes in found.items() for one in changes if one.stops}
    if stopping:
        typer.echo(f"at changes marked with ! the next ingest stops: {', '.join(sorted(stopping))}. What can be applied is applied by")
        typer.echo("`huiliu contracts migrate RESOURCE`; --dry-run shows what it does.")
    else:
        typer.echo("the next ingest goes on with every change.")


def _diff_header(found: HeaderDifference, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(asdict(found), ensure_ascii=False))
    else:
        table = Table("column", "found", "declared", "verdict")
        for one in found.columns:
            table.add_row(str(one.place or ""), one.found or "", one.declared, one.verdict)
        Console().print(table)
        for key, (declared, there) in found.settings.items():
            typer.echo(f"{key}: {there} was found, {declared} is declared")
        where = f"{found.resource}{f', layout {found.layout}' if found.layout else ''}"
        typer.echo(f"{where}: " + ("the file is laid out as declared." if found.is_right else found.remedy))
        if found.to_write:
            typer.echo(f"\nTo raise the contract, write:\n{found.to_write}")
    if not found.is_right:
        raise typer.Exit(1)
