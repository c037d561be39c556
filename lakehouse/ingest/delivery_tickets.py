"""The tickets of deliveries that cannot be read (refused), may not pass the gate (blocked) or lack too much (shrunk); what settles them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import PurePosixPath
from typing import Literal

from sqlalchemy import Connection

from lakehouse.city.clocks import Clocks
from lakehouse.contracts.model import Contract
from lakehouse.ingest.closings import Decision
from lakehouse.ingest.readers.delivery import Unusable
from lakehouse.ingest.readers.window import is_fetched
from lakehouse.ops import batches, tickets
from lakehouse.ops.batches import Batch
from lakehouse.ops.rulings import Ruling, Verdict
from lakehouse.ops.tickets import Closing, NewTicket
from lakehouse.ops.transitions import SYSTEM, Actor

Stop = Literal["refused", "blocked"]
STOPS: tuple[Stop, ...] = ("refused", "blocked")
RULED: dict[Verdict, str] = {"retry": "retried", "release": "released", "refuse": "refused_for_good"}
UNUSABLE = "unusable"
SHRUNK = "shrunk"


@dataclass(frozen=True)
class Desk:
    """Opens and closes the tickets of a resource's deliveries in the step of a business date (`on`)."""

    connection: Connection
    contract: Contract
    clocks: Clocks
    on: date

    def stop(self, kind: Stop, batch: Batch, message: str, rules: Mapping[str, int] | None = None) -> None:
        """Open the ticket of a delivery that was stopped."""
        detail = {"batch_id": batch.batch_id, "source_object": batch.source_object, **({"rules": dict(rules)} if rules else {})}
        self._open(NewTicket(kind, _subject(batch), self.on, message, batch.resource, batch.provider, self._due_on(kind), detail))

    def read(self, delivered: Collection[Batch]) -> None:
        """Close the tickets of deliveries that could not be read before and now can."""
        ids = {batch.batch_id for batch in delivered}
        for ticket in self._waiting("refused"):
            if ticket.detail["batch_id"] in ids:
                self._close(ticket, "readable", ticket.detail["batch_id"])

    def let_in(self, delivered: Collection[Batch]) -> None:
        """Close the tickets of batches that were blocked before and now pass, and those of stopped deliveries that these replace."""
        waiting = self._waiting(*STOPS)
        stopped = {one.batch_id: one for one in batches.of_ids(self.connection, [one.detail["batch_id"] for one in waiting])}
        for ticket in waiting:
            known = stopped.get(ticket.detail["batch_id"])
            settling = ((settled_by(self.contract, known, batch), batch) for batch in delivered if known)
            found = next(((reason, batch) for reason, batch in settling if reason), None)
            if found:
                self._close(ticket, found[0], found[1].batch_id)

    def rule(self, ruling: Ruling, successor: str | None = None) -> None:
        """Close the open tickets that a person's ruling settles, once it is carried out; it needs no further word of theirs.

        Refusing is carried out at once, so the person closes it; the others are carried out by a step, with the batch as its proof.
        """
        kinds = STOPS if ruling.about == "delivery" else (SHRUNK,)
        actor = Actor(ruling.actor, "system", "command_line") if ruling.verdict == "refuse" else SYSTEM
        for ticket in self._waiting(*kinds):
            if ticket.detail["batch_id"] == ruling.batch_id:
                closing = Closing(RULED[ruling.verdict], self.on, actor, successor or ruling.batch_id)
                tickets.close(self.connection, ticket.ticket_id, closing)

    def shrink(self, batch: Batch, decision: Decision) -> None:
        """Open the ticket of a snapshot whose closings are held, and close those that are settled by what was decided on it."""
        if decision.held:
            detail = {"batch_id": batch.batch_id, "source_object": batch.source_object, **asdict(decision)}
            facts = (self.on, _shrunk(decision), batch.resource, batch.provider, self._due_on(SHRUNK), detail)
            self._open(NewTicket(SHRUNK, _subject(batch), *facts))
        waiting = self._waiting(SHRUNK)
        shrunk = {one.batch_id: one for one in batches.of_ids(self.connection, [one.detail["batch_id"] for one in waiting])}
        for ticket in waiting:
            known = shrunk.get(ticket.detail["batch_id"])
            if known and (reason := named_by(known, batch, decision)):
                self._close(ticket, reason, batch.batch_id)

    def tell(self, unusable: Collection[Unusable], usable: Collection[str]) -> None:
        """Open the tickets of files and sources that give no delivery, and close those of which that is no longer true.

        Args:
            unusable: the files and sources found to be so; together with the usable ones all there are.
            usable: the objects that were delivered.
        """
        there = {f"{self.contract.code}|{one.subject}": one for one in unusable}
        for subject, one in there.items():
            facts = (self.on, one.message, self.contract.code)
            self._open(NewTicket(UNUSABLE, subject, *facts, due_on=self._due_on(UNUSABLE), detail={"source": one.subject}))
        for ticket in self._waiting(UNUSABLE):
            reason = self._no_longer(ticket.detail["source"], usable) if ticket.subject not in there else None
            if reason:
                self._close(ticket, reason)

    def _no_longer(self, source: str, usable: Collection[str]) -> str | None:
        if is_fetched(self.contract):
            return "answered" if usable else None  # a source that was not asked has not answered
        return "usable" if source in usable else "gone"

    def _waiting(self, *kinds: str) -> list[tickets.Ticket]:
        found = tickets.find(self.connection, resource=self.contract.code, only_open=True)
        return [ticket for ticket in found if ticket.kind in kinds]

    def _close(self, ticket: tickets.Ticket, reason: str, document: str | None = None) -> None:
        tickets.close(self.connection, ticket.ticket_id, Closing(reason, self.on, document=document))

    def _open(self, new: NewTicket) -> None:
        tickets.open_ticket(self.connection, new)

    def _due_on(self, kind: str) -> date:
        return self.clocks.due_on(kind, self.on)


def settled_by(contract: Contract, stopped: Batch, later: Batch) -> str | None:
    """Return why a batch that was let in settles one that was stopped, or None if it does not.

    The same batch does. A later snapshot says all the stopped one would have said. A source that is asked again answers for the whole
    window: after a refused delivery that window is open until an answer is readable, after a blocked one only when it is asked for the
    same date. A file settles only the file of the same name, delivered again; what another file of that day holds is another matter.
    """
    if later.batch_id == stopped.batch_id:
        return "let_in"
    if (later.provider, later.resource) != (stopped.provider, stopped.resource) or later.delivery_no <= stopped.delivery_no:
        return None
    if contract.delivery == "snapshot" and later.business_date >= stopped.business_date:
        return "superseded"
    same_date = later.business_date == stopped.business_date
    if is_fetched(contract):
        is_covered = same_date or (stopped.gate == "refused" and later.business_date > stopped.business_date)
        return "covered" if is_covered else None
    return "redelivered" if same_date and _name(later) == _name(stopped) else None


def named_by(shrunk: Batch, later: Batch, decision: Decision) -> str | None:
    """Return why what was decided on a snapshot settles the ticket of one whose closings are held, or None if it does not.

    A later snapshot of the provider that is not held names the keys again, or closes them in its own right, unless one of its unreadable
    rows may mean them. One that is held too has a ticket of its own, which says all that the earlier one said.
    """
    if later.batch_id == shrunk.batch_id:
        return None if decision.held else "carried_out"
    is_later = later.delivery_no > shrunk.delivery_no and later.business_date >= shrunk.business_date
    if later.provider != shrunk.provider or not is_later:
        return None
    if decision.held:
        return "superseded"
    return None if decision.doubtful else "named_again"


def _shrunk(decision: Decision) -> str:
    zh = f"全量清单缺少 {decision.open} 个在册对象中的 {decision.closing} 个，超出限度，暂不注销；请核对并重新报送完整清单"
    en = f"the snapshot lacks {decision.closing} of {decision.open} open keys, which is beyond its limit, so none of them is closed"
    return f"{zh} / {en}: check the list and send it again in full."


def _name(batch: Batch) -> str:
    return PurePosixPath(batch.source_object).name


def _subject(batch: Batch) -> str:
    return f"{batch.resource}|{batch.batch_id}"
