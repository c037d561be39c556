"""Parse the business dates given on the command line."""

from __future__ import annotations

from datetime import date
from typing import Annotated

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
