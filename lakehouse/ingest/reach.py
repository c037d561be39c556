"""Tell which rows of a source table no window reaches: later than the next window will go, or written behind the windows asked for.

Rows behind a window are found by counting: where a day before the window has more rows than when the source was asked last, rows came
that no window will ever take. A day that loses as many rows as it gains looks unchanged; the comparison of the whole source finds those
(`reconcile` in the contract).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from lakehouse.city.clocks import Clocks
from lakehouse.contracts.model import Contract, PostgresSource
from lakehouse.errors import Problem
from lakehouse.ingest.readers.delivery import Outside
from lakehouse.ingest.readers.window import Window, first_after
from lakehouse.ops import reach, tickets
from lakehouse.ops.reach import Days, Reach
from lakehouse.ops.tickets import Closing, NewTicket

UNREACHED = "unreached"


@dataclass(frozen=True)
class Look:
    """What a fetch saw of a table: the window asked for, the rows around it, and whose table it is."""

    asked: Window
    outside: Outside
    provider: str


def tell(connection: Connection, contract: Contract, look: Look, clocks: Clocks) -> None:
    """Record what a source holds, open the ticket of rows no window reaches, and close it when there are none.

    An earlier day that is run again says nothing new: later windows have been asked for since.
    """
    known, on = reach.get(connection, contract.code), look.asked.last
    if known is not None and on < known.on:
        return
    now = after(known, look, contract)
    reach.record(connection, contract.code, now)
    behind, beyond = sum(now.missed.values()), look.outside.beyond
    if behind or beyond:
        detail = {"beyond": beyond, "behind": behind, "since": _iso(_earliest(now.missed))}
        facts = (on, _message(contract, look, now), contract.code, look.provider, clocks.due_on(UNREACHED, on), detail)
        tickets.open_ticket(connection, NewTicket(UNREACHED, contract.code, *facts))
        return
    tickets.close_open(connection, UNREACHED, Closing("none_left", on), resource=contract.code)


def after(known: Reach | None, look: Look, contract: Contract) -> Reach:
    """Return what is known of a table after another look at it: its rows by day, and those that came behind every window.

    Rows that were missed stay missed until a window takes their day, or their day has no rows any more.
    """
    first, days = look.asked.first, dict(look.outside.days)
    missed: dict[date | None, int] = {}
    if known is not None and first is not None:
        # Days since then were in a window that was asked for meanwhile, even where its look was not recorded.
        unasked = min(first, first_after(contract, known.on))
        for day, count in days.items():
            if _is_before(day, first):
                came = max(count - known.days.get(day, 0), 0) if _is_before(day, unasked) else 0
                missed[day] = min(known.missed.get(day, 0) + came, count)
    return Reach(look.asked.last, days, {day: count for day, count in missed.items() if count})


def _is_before(day: date | None, first: date) -> bool:
    return day is None or day < first


def _earliest(days: Days) -> date | None:
    return min((day for day in days if day is not None), default=None)


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _message(contract: Contract, look: Look, now: Reach) -> str:
    source, since = contract.source, _earliest(now.missed)
    assert isinstance(source, PostgresSource)
    behind, beyond = sum(now.missed.values()), look.outside.beyond
    found, fixes = [], []
    if beyond:
        found.append(f"rows dated later than {look.outside.reached}, where no window reaches them: {beyond}.")
        fixes.append(f"ask the department to correct their {source.watermark}.")
    if behind:
        of = f", the earliest on {since}" if since else ""
        found.append(f"rows that came since the last look, dated before the window{of}: {behind}.")
        again = f"take them in: `huiliu ingest {contract.code} --refetch --since {since} --date {now.on}`."
        fixes.append(again if since else f"ask the department to give them a {source.watermark}.")
    return Problem(source.place, "\n  ".join(found), "", " ".join(fixes)).text()
