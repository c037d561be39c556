"""Returns business dates as the command line takes them."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import typer

from lakehouse.errors import ConfigError, Problem


def business_date(text: str | date) -> date:
    """Return a date from its text.

    Raises:
        ConfigError: the text is no calendar date in ISO form.
    """
    if isinstance(text, date):  # typer hands a parser its own result where an option has a default
        return text
    try:
        return date.fromisoformat(text)
    except ValueError:
        found = "a date cannot be read."
        raise ConfigError(Problem("huiliu: DATE", found, "YYYY-MM-DD, a day that exists", "e.g. 2026-06-01.").text()) from None


Day = Annotated[date, typer.Argument(metavar="DATE", parser=business_date, help="Business date, e.g. 2026-06-01.")]
