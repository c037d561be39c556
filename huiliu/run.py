"""The commands that run business days: `run` (sample city and next days), `run-day`, `backfill`, `job`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Annotated

import typer

from application import docs, sample, services
from application.day_run import backfill_through_airflow, next_day, run_by_hand, run_through_airflow
from application.report import DayReport, conclude
from application.services import addresses
from huiliu import dates
from huiliu.exit_codes import INTERRUPTED, WITH_GAPS, leave
from huiliu.listings import as_object
from huiliu.report import print_report
from huiliu.welcome import where_to_look
from lakehouse import steps
from lakehouse.config import Instance
from lakehouse.errors import ConfigError, Problem
from lakehouse.jobs import JobRequest, lines, run_job

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]


def register(app: typer.Typer) -> None:
    """Add `run`, `run-day`, `backfill` and `job` to the command line."""
    app.command()(run)
    app.command("run-day")(run_day)
    app.command()(backfill)
    app.command()(job)


def run(
    number: Annotated[int, typer.Option("--days", min=1, help="How many business days.")] = 3,
    people: Annotated[int, typer.Option(min=200, help="Number of people, if the sample city is built now.")] = 20_000,
    seed: Annotated[int, typer.Option(help="Random seed, if the sample city is built now.")] = 1,
) -> None:
    """Start all services, build the sample city if there is none, run its next business days, print where to look at the results.

    Exit code as of `run-day`; the sample city's sources fail by design, so 3 is usual.
    """
    instance, reports = Instance(), []
    services.start(instance, say=typer.echo)
    sample.ensure(instance, people, seed)
    docs.write_all(instance)  # write the docs before the reports, which link to them
    day = next_day(instance)
    for _ in range(number):
        typer.echo(f"\nBusiness day {day}")
        sample.feed(instance, day)
        with _left_running(instance, f"{day}"):
            seconds = run_through_airflow(instance, day, typer.echo)
        reports.append(_shown(instance, day, seconds, as_json=False))
        day += timedelta(days=1)
    typer.echo(where_to_look(instance, day - timedelta(days=1)))
    leave(reports)


def run_day(
    business_date: dates.Day,
    until: Annotated[
        date | None, typer.Option(metavar="DATE", parser=dates.business_date, help="Run all days from DATE up to and including this one.")
    ] = None,
    no_airflow: Annotated[bool, typer.Option("--no-airflow", help="Run the same steps in this process, without Airflow.")] = False,
    as_json: Json = False,
) -> None:
    """Run a business day (or several) and show its report; with the sample city, run `sample day` first.

    Exit code 0: published without gaps; 3: published with gaps; 1: not published, or an invariant does not hold; the worst of all days.
    """
    instance, reports = Instance(), []
    day, last = business_date, until or business_date
    say = (lambda _line: None) if as_json else typer.echo
    while day <= last:
        if no_airflow:
            seconds = run_by_hand(instance, day, say)
        else:
            with _left_running(instance, f"{day}"):
                seconds = run_through_airflow(instance, day, say)
        reports.append(_shown(instance, day, seconds, as_json=as_json))
        day += timedelta(days=1)
    if as_json:
        facts = [one.facts() for one in reports]
        typer.echo(json.dumps(facts if until else facts[0], ensure_ascii=False))
    leave(reports)


def backfill(
    first: Annotated[date, typer.Argument(metavar="FROM", parser=dates.business_date, help="First business date, e.g. 2026-06-01.")],
    last: Annotated[date, typer.Argument(metavar="TO", parser=dates.business_date, help="Last business date; it is run too.")],
    as_json: Json = False,
) -> None:
    """Run the business days from FROM to TO again, through Airflow, and show the report of each as it ends; exit code as of `run-day`.

    A date before the newest published one is final: it is only checked. Ctrl-C stops the watching, not the days.
    """
    instance, reports = Instance(), []
    with _left_running(instance, f"{first} to {last}"):
        for day, seconds in backfill_through_airflow(instance, first, last, (lambda _line: None) if as_json else typer.echo):
            reports.append(_shown(instance, day, seconds, as_json=as_json))
    if as_json:
        typer.echo(json.dumps([one.facts() for one in reports], ensure_ascii=False))
    leave(reports)


def job(  # noqa: PLR0913, PLR0917 - every parameter is an argument or an option of the command
    name: Annotated[str, typer.Argument(help="Name of the step, e.g. extract, gate, silver, libraries, returns_build.")],
    business_date: Annotated[date, typer.Option("--date", metavar="DATE", parser=dates.business_date, help="Business date.")],
    resource: Annotated[str, typer.Option(help="Code of the resource, for steps that work on one resource.")] = "",
    refetch: dates.Refetch = False,
    since: dates.Since = None,
    as_json: Json = False,
) -> None:
    """Run one step by hand and print what it did, in the lines that the log of its Airflow task has.

    Exit code 0: it did its work; 3: it did, and found something missing, for which its Airflow task is red; 1: it failed.
    """
    options = dates.refetching(refetch, since)
    if options and name != steps.INGEST[0]:
        found = "asks no source, so it cannot ask one again."
        raise ConfigError(Problem(f"job {name}", found, steps.INGEST[0], "leave out --refetch and --since.").text())
    request = JobRequest(business_date, resource or None, options=options)
    answer = run_job(name, request, Instance())
    typer.echo(as_object(answer.facts()) if as_json else "\n".join(lines(name, request, answer)))
    if answer.red:
        raise typer.Exit(WITH_GAPS)


@contextmanager
def _left_running(instance: Instance, what: str) -> Iterator[None]:
    """Say at Ctrl-C that the days go on without this process, and where to watch them."""
    try:
        yield
    except KeyboardInterrupt:
        where = addresses(instance)["airflow"].split()[0]
        typer.echo(f"\nNo longer watched; {what} goes on in Airflow ({where}). Then: huiliu report DATE", err=True)
        raise typer.Exit(INTERRUPTED) from None


def _shown(instance: Instance, day: date, seconds: float, *, as_json: bool) -> DayReport:
    """Write the report of a day that has ended; unless JSON is asked for, print the report and the path of its page."""
    typer.echo(f"  the day took {seconds:.1f} s", err=as_json)
    found, page = conclude(instance, day)
    if not as_json:
        print_report(found)
        typer.echo(f"Page: {page}")
    return found
