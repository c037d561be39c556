"""The commands that build the synthetic city and feed its source systems."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from application import sample
from huiliu import dates
from lakehouse.config import Instance

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]
group = typer.Typer(name="sample", help="Build the synthetic city and feed its source systems.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add `sample init` and `sample day` to the command line."""
    app.add_typer(group)


@group.command()
def init(
    people: Annotated[int, typer.Option(help="How many people live in the city.")] = 20_000,
    seed: Annotated[int, typer.Option(help="Random seed: the same seed, size and city give the same data.")] = 1,
    as_json: Json = False,
) -> None:
    """Build the synthetic city: its register, its hidden truth, 180 days of grid checks."""
    built = sample.ensure(Instance(), people, seed)
    text = f"{built['people']:,} people, seed {built['seed']}, " + (
        f"{built['register_rows']:,} rows in the register." if built["register_rows"] else "already there."
    )
    typer.echo(json.dumps(built) if as_json else text)


@group.command()
def day(business_date: dates.Day, as_json: Json = False) -> None:
    """Feed the source systems with the data of one business day, and of earlier days not fed yet; a fed day is never changed."""
    days = sample.feed(Instance(), business_date)
    fed = [one.isoformat() for one in days]
    text = f"Fed {', '.join(fed)}." if fed else f"{business_date} was fed before; nothing changed."
    typer.echo(json.dumps({"fed": fed}) if as_json else text)
