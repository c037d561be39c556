"""The exit codes of the commands that run or report business days: 0 whole, 3 published with gaps, 1 not as it should be."""

from __future__ import annotations

from collections.abc import Iterable

import typer

from application.report import DayReport

WHOLE, NOT_WELL, WITH_GAPS, INTERRUPTED = 0, 1, 3, 130


def exit_code(reports: Iterable[DayReport]) -> int:
    """Return the exit code of some days: that of the worst of them."""
    codes = {NOT_WELL if not one.is_well else WITH_GAPS if one.gaps else WHOLE for one in reports}
    return next((code for code in (NOT_WELL, WITH_GAPS) if code in codes), WHOLE)


def leave(reports: Iterable[DayReport]) -> None:
    """Say on standard error what the days lack and exit with their code; return if they lack nothing."""
    told = list(reports)
    for one in told:
        if one.state != "published":
            typer.echo(f"{one.date} is not published.", err=True)
        elif not one.is_well:
            typer.echo(f"{one.date} is published, but not every invariant was checked and holds.", err=True)
        elif one.gaps:
            typer.echo(f"{one.date} is published with {len(one.gaps)} gaps.", err=True)
    if code := exit_code(told):
        raise typer.Exit(code)
