"""The commands that open, close and list tasks about rows of a return; never a value of a row."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from application import tasks as application
from application.tasks import Standing
from huiliu.listings import Columns, as_object, show_list
from lakehouse.config import Instance
from lakehouse.ops.tasks import RowTask
from lakehouse.returns.task_requests import TaskRequest

COLUMNS: Columns[Standing] = {
    "task": lambda task: task.task_id,
    "opened by": lambda task: task.recipient_id,
    "return": lambda task: task.return_id,
    "row": lambda task: task.row_key,
    "grid": lambda task: task.grid_code,
    "opened on": lambda task: task.opened_on,
    "last day": lambda task: task.last_day,
    "state": lambda task: task.state,
    "reason": lambda task: task.reason,
}
Reason = Annotated[str, typer.Option(help="Why, in your words; it is kept with your name. No name of a person.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]


def register(app: typer.Typer) -> None:
    """Add `tasks open`, `close` and `list` to the command line."""
    group = typer.Typer(
        help="Tasks (走访任务) of streets and communities about rows they received; grids see the names meanwhile.", no_args_is_help=True
    )
    group.command("open")(open_tasks)
    group.command("close")(close_tasks)
    group.command("list")(list_tasks)
    app.add_typer(group, name="tasks")


def open_tasks(  # noqa: PLR0913, PLR0917 - every parameter is an option of the command
    recipient: Annotated[str, typer.Option(help="The street or community, e.g. v-440402001001.")],
    return_id: Annotated[str, typer.Option("--return", help="The return, e.g. resident_list.")],
    rows: Annotated[list[str], typer.Option("--row", metavar="ROWKEY", help="A row, by its 行标识 in the recipient's own package.")],
    days: Annotated[int, typer.Option(help="Working days from today on, at most 10; the city's calendar counts them.")],
    reason: Reason,
    as_json: Json = False,
) -> None:
    """Open a task for each row: its grid's workbook shows the name from the next day that is closed to the task's last day."""
    opened = application.open_tasks(Instance(), TaskRequest(recipient, return_id, tuple(key.strip() for key in rows), days, reason))
    _tell("opened", opened, as_json=as_json)


def close_tasks(
    task_ids: Annotated[list[str], typer.Argument(metavar="TASK…", help="Ids of tasks, or the beginnings of them.")],
    reason: Reason,
    as_json: Json = False,
) -> None:
    """Close open tasks before their last day: from the next day that is closed the names are masked again."""
    _tell("closed", application.close_tasks(Instance(), task_ids, reason), as_json=as_json)


def list_tasks(
    recipient: Annotated[str, typer.Option(help="Only tasks of this street or community.")] = "",
    everything: Annotated[bool, typer.Option("--all", help="List tasks that ended, too.")] = False,
    as_json: Json = False,
) -> None:
    """List the open tasks, or all of them with --all."""
    show_list("tasks", application.find_tasks(Instance(), recipient or None, everything=everything), COLUMNS, as_json=as_json)


def _tell(what: str, found: list[RowTask], *, as_json: bool) -> None:
    if as_json:
        typer.echo(as_object({what: [asdict(one) for one in found]}))
        return
    for one in found:
        until = f"up to {one.last_day}" if what == "opened" else f"as of {one.closed_on}"
        typer.echo(f"task {one.task_id} {what}: row {one.row_key} of {one.return_id}, grid {one.grid_code}, {until}.")
