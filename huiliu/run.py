"""The commands that run business days: `run` (sample city and next days), `run-day`, `job`."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Annotated

import typer

from application import docs, sample, services
from application.day_run import next_day, run_by_hand, run_through_airflow
from application.report import DayReport, conclude
from huiliu import dates
from huiliu.report import print_report
from huiliu.welcome import where_to_look
from lakehouse import steps
from lakehouse.config import Instance
from lakehouse.errors import ConfigError, Problem
from lakehouse.jobs import JobRequest, run_job

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]


def register(app: typer.Typer) -> None:
    """Add `run`, `run-day` and `job` to the command line."""
    app.command()(run)
    app.command("run-day")(run_day)
    app.command()(job)


def run(
    number: Annotated[int, typer.Option("--days", min=1, help="How many business days.")] = 3,
    people: Annotated[int, typer.Option(min=200, help="Number of people, if the sample city is built now.")] = 20_000,
    seed: Annotated[int, typer.Option(help="Random seed, if the sample city is built now.")] = 1,
) -> None:
    """Start all services, build the sample city if there is none, run its next business days, print where to look at the results."""
    instance = Instance()
    services.start(instance, say=typer.echo)
    sample.ensure(instance, people, seed)
    docs.write_all(instance)  # write the docs before the reports, which link to them
    day = next_day(instance)
    for _ in range(number):
        typer.echo(f"\nBusiness day {day}")
        sample.feed(instance, day)
        found = _shown(instance, day, run_through_airflow(instance, day, typer.echo), as_json=False)
        day += timedelta(days=1)
    typer.echo(where_to_look(instance, day - timedelta(days=1)))
    if not found.is_well:
        raise typer.Exit(1)


def run_day(
    business_date: dates.Day,
    until: Annotated[
        date | None, typer.Option(metavar="DATE", parser=dates.business_date, help="Run all days from DATE up to and including this one.")
    ] = None,
    no_airflow: Annotated[bool, typer.Option("--no-airflow", help="Run the same steps in this process, without Airflow.")] = False,
    as_json: Json = False,
) -> None:
    """Run a business day (or several) and show its report; with the sample city, run `sample day` first."""
    instance, reports = Instance(), []
    day, last = business_date, until or business_date
    while day <= last:
        run_one = run_by_hand if no_airflow else run_through_airflow
        seconds = run_one(instance, day, (lambda _line: None) if as_json else typer.echo)
        reports.append(_shown(instance, day, seconds, as_json=as_json))
        day += timedelta(days=1)
    if as_json:
        facts = [one.facts() for one in reports]
        typer.echo(json.dumps(facts if until else facts[0], ensure_ascii=False))
    if not all(one.is_well for one in reports):
        raise typer.Exit(1)


def job(
    name: Annotated[str, typer.Argument(help="Name of the step, e.g. extract, gate, silver, libraries, returns_build.")],
    business_date: Annotated[date, typer.Option("--date", metavar="DATE", parser=dates.business_date, help="Business date.")],
    resource: Annotated[str, typer.Option(help="Code of the resource, for steps that work on one resource.")] = "",
    refetch: dates.Refetch = False,
    since: dates.Since = None,
) -> None:
    """Run one step by hand and print what it did as one JSON object."""
    options = dates.refetching(refetch, since)
    if options and name != steps.INGEST[0]:
        found = "asks no source, so it cannot ask one again."
        raise ConfigError(Problem(f"job {name}", found, steps.INGEST[0], "leave out --refetch and --since.").text())
    request = JobRequest(business_date, resource or None, options=options)
    typer.echo(json.dumps(run_job(name, request, Instance()).facts(), ensure_ascii=False, default=str))


def _shown(instance: Instance, day: date, seconds: float, *, as_json: bool) -> DayReport:
    """Write the report of a day that has ended; unless JSON is asked for, print the report and the path of its page."""
    typer.echo(f"  the day took {seconds:.1f} s", err=as_json)
    found, page = conclude(instance, day)
    if not as_json:
        print_report(found)
        typer.echo(f"Page: {page}")
    return found
