"""Parse the business dates given on the command line."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

import typer

from lakehouse.errors import ConfigError, Problem


def business_date(text: str | date) -> date:
    """Parse a date.

    Raises:
        ConfigError: the text is no calendar date in ISO form.
    """
    if isinstance(text, date):  # typer also passes the default of an option, already parsed, to the parser
        return text
    try:
        return date.fromisoformat(text)
    except ValueError:
        found = "the date is not a valid ISO date."
        raise ConfigError(Problem("huiliu: DATE", found, "YYYY-MM-DD, a day that exists", "e.g. 2026-06-01.").text()) from None


Day = Annotated[date, typer.Argument(metavar="DATE", parser=business_date, help="Business date, e.g. 2026-06-01.")]
Since = Annotated[
    date | None,
    typer.Option("--since", metavar="DATE", parser=business_date, help="With --refetch: ask for everything that changed since this day."),
]
Refetch = Annotated[bool, typer.Option("--refetch", help="Ask the source system again, although the delivery has come.")]


def refetching(refetch: bool, since: date | None) -> dict[str, Any]:
    """Return the options of the step that asks a source again.

    Raises:
        ConfigError: a day is given, but the source is not to be asked again.
    """
    if since is not None and not refetch:
        raise ConfigError(Problem("--since", "says from which day to ask again.", "together with --refetch", "add --refetch.").text())
    return {"refetch": True, **({"since": since} if since else {})} if refetch else {}
