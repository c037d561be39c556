"""The dates by which tickets are due: the working days of `contracts/clocks.yaml`, counted by the calendar of the city."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from pydantic import Field

from lakehouse.city.calendar import WorkCalendar
from lakehouse.config import Instance
from lakehouse.declarations.strict_yaml import Declared, read_declaration
from lakehouse.errors import ContractError, Problem, nearest_first, problems_text
from lakehouse.ops.transitions import SETTLED


class Clock(Declared):
    """The working days an owner has, and the rule that gives them."""

    working_days: int = Field(alias="workingDays", ge=1, le=60)
    basis: str = Field(min_length=1)


class ClockTable(Declared):
    """All of `clocks.yaml`: a clock for every kind of ticket."""

    version: str
    tickets: dict[str, Clock]


@dataclass(frozen=True)
class Clocks:
    """The clocks of a city: the day a ticket is due, by its kind and the day it is opened."""

    calendar: WorkCalendar
    table: ClockTable

    def due_on(self, kind: str, opened_on: date) -> date:
        """Return the last day of the term of a ticket that is opened on a day."""
        return self.calendar.add_working_days(opened_on, self.table.tickets[kind].working_days)


def load_clock_table(path: Path) -> ClockTable:
    """Return the declared clocks.

    Raises:
        ContractError: the file is missing or wrong, a kind of ticket has no clock, or a clock is for no kind; all problems at once.
    """
    table = read_declaration(path, ClockTable)
    problems = [
        *(Problem(f"{path}: tickets", f"there is no clock for {kind}.", "", "add one.") for kind in SETTLED if kind not in table.tickets),
        *(
            Problem(f"{path}: tickets.{kind}", "is no kind of ticket.", nearest_first(kind, list(SETTLED)), "name one of these.")
            for kind in table.tickets
            if kind not in SETTLED
        ),
    ]
    if problems:
        raise ContractError(problems_text(problems))
    return table


def load_clocks(instance: Instance) -> Clocks:
    """Return the clocks of an instance's city."""
    return Clocks(WorkCalendar(instance.city.extra_holidays), load_clock_table(instance.settings.contracts / "clocks.yaml"))
