"""The commands of the command line: by which module each is made and what it does; a module is loaded when one of its commands is used.

Most modules load Spark's client, some Great Expectations: all of them together take seconds, which nobody should wait for to see a help.
"""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from importlib import import_module
from typing import Any, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command


class Listed(NamedTuple):
    """What is known of a command before its module is loaded: the module, and the first sentences of its help."""

    module: str
    line: str


COMMANDS = {
    "up": Listed("huiliu.services", "Start the services of the instance and wait until they are healthy."),
    "down": Listed("huiliu.services", "Stop the services of the instance, or only some; none of their processes is left behind."),
    "status": Listed("huiliu.services", "Show the health of every component; exit code 0 only when all are healthy."),
    "doctor": Listed("huiliu.doctor", "Check the machine and the instance; exit code 0 only when no finding is bad."),
    "run": Listed(
        "huiliu.run",
        "Start all services, build the sample city if there is none, run its next business days, print where to look at the results.",
    ),
    "run-day": Listed("huiliu.run", "Run a business day (or several) and show its report; with the sample city, run `sample day` first."),
    "backfill": Listed(
        "huiliu.run",
        "Run the business days from FROM to TO again, through Airflow, and show the report of each as it ends; exit code as of `run-day`.",
    ),
    "job": Listed("huiliu.run", "Run one step by hand and print what it did, in the lines that the log of its Airflow task has."),
    "report": Listed("huiliu.report", "Show the report of a business day."),
    "ingest": Listed(
        "huiliu.ingest", "Take delivered files, or what a source system says when asked again, through landing, gate and silver."
    ),
    "lineage": Listed(
        "huiliu.lineage",
        "Show where the values of a row come from: packages, golden sources and losers, silver, bronze, landed file, sheet and cell.",
    ),
    "metrics": Listed(
        "huiliu.metrics", "Print what `status` and `report` know as Prometheus metrics, the same text as the program `telemetry` serves."
    ),
    "docs": Listed(
        "huiliu.docs",
        "Write the data dictionary, a page and a catalog entry per resource, the keys of a contract and dbt's docs below derived/docs.",
    ),
    "verify": Listed(
        "huiliu.returns", "Check a package as its recipient would; exit code 0 only when it is complete, unaltered and published."
    ),
    "sql": Listed("huiliu.sql", "Run one SQL statement that only reads the lake's tables; says so when there are more rows than --limit."),
    "rebuild": Listed(
        "huiliu.rebuild",
        "Build records, histories or libraries again beside what stands, compare them in every column, and mend what differs.",
    ),
    "rejudge": Listed(
        "huiliu.rejudging",
        "Judge the rows of a resource again by its contract as it stands: history follows from the newest day on, published dates stay.",
    ),
    "backup": Listed(
        "huiliu.backup",
        "Write databases and keys into one archive, which holds secrets; the store (landing, lake, exchange) has copies of its own.",
    ),
    "restore": Listed("huiliu.backup", "Put databases and keys back, then find again in the store what came after the backup."),
    "upkeep": Listed(
        "huiliu.upkeep",
        "Compact tables and remove what is kept no longer; published packages within their term and landed bytes stay.",
    ),
    "airflow": Listed("huiliu.tools", "Run Airflow's command line in the environment of the instance, e.g. `huiliu airflow dags list`."),
    "dbt": Listed("huiliu.tools", "Run dbt on the instance's project and Spark, e.g. `huiliu dbt build -s my_model`; exit code of dbt."),
    "sample": Listed("huiliu.sample", "Build the synthetic city and feed its source systems."),
    "contracts": Listed(
        "huiliu.contracts", "Check all declarations, begin a contract, compare two versions of the contracts, let tables follow a contract."
    ),
    "gx": Listed("huiliu.gx", "Check the verdicts of the gate with the native Great Expectations suite of a resource."),
    "batches": Listed(
        "huiliu.batches",
        "Batches: what was delivered and how far it came; read a held one again, let it in, or settle it as refused.",
    ),
    "quarantine": Listed("huiliu.quarantine", "Quarantined rows: where each is in its delivery and which rules it broke."),
    "tickets": Listed(
        "huiliu.tickets", "Tickets: problems somebody has to solve by a date, such as blocked or silent sources and failed runs."
    ),
    "alerts": Listed("huiliu.alerts", "Alerts: what is wrong now, who was told, and the channels over which people are told."),
    "returns": Listed("huiliu.returns", "Packages of the return flow: what each recipient received."),
    "tasks": Listed("huiliu.tasks", "Tasks (走访任务) of streets and communities about rows they received; grids see the names meanwhile."),
}


class Commands(TyperGroup):
    """The group of all commands; its help shows the lines above."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.commands = _OnUse()
        self._is_listing = False

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 as the group has it
        """Return the names without loading anything."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return a command; while the help is written, only what the help says of it."""
        if self._is_listing:
            return TyperCommand(cmd_name, help=COMMANDS[cmd_name].line)
        return super().get_command(ctx, cmd_name)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help of the group."""
        self._is_listing = True
        try:
            super().format_help(ctx, formatter)
        finally:
            self._is_listing = False


class _OnUse(MutableMapping[str, Any]):
    """Name → command, made by its module when it is asked for."""

    def __init__(self) -> None:
        self._made: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._made:
            group = typer.Typer()
            group.callback()(lambda: None)  # otherwise typer makes no group of a single command
            import_module(COMMANDS[name].module).register(group)
            self._made |= get_command(group).commands  # type: ignore[attr-defined]
        return self._made[name]

    def __contains__(self, name: object) -> bool:
        return name in COMMANDS

    def __setitem__(self, name: str, command: Any) -> None:
        self._made[name] = command

    def __delitem__(self, name: str) -> None:
        del self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(COMMANDS)

    def __len__(self) -> int:
        return len(COMMANDS)
