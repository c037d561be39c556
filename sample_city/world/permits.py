"""Residence permits (居住证) and their holders: all migrants, and one in three locals who live away from their registered address."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sample_city.world.lives import FINAL, Lives
from sample_city.world.migrants import Turn
from sample_city.world.numbers import fraction
from sample_city.world.people import Person, office_time, past_time

LOCAL_HOLDERS = 0.35  # share of the locals who live away from their registered address
OLD, NEW = 1, 2  # serial numbers of a holder's further permits; the first permit has 0
ACTIVE, CANCELLED = "有效", "注销"


@dataclass(frozen=True)
class Permit:
    """One permit of a holder: its serial number, date of issue, status and time of the last change."""

    holder: Person
    serial: int
    issued: date
    status: str
    update_time: datetime


class Permits:
    """The permits of a city."""

    def __init__(self, lives: Lives) -> None:
        self.lives, self.migrants, self.setting = lives, lives.migrants, lives.setting

    def holds(self, person: Person) -> bool:
        """Return whether a local (as before any event) holds a permit."""
        away = self.setting.places.community_of(person.grid) != person.community
        return away and fraction(self.setting.seed, "permit", person.no) < LOCAL_HOLDERS

    def first(self, person: Person) -> Permit:
        """Return the permit a person held before the first day."""
        issued = past_time(self.setting.chance("permit issued", person.no))
        return Permit(person, 0, issued.date(), ACTIVE, issued)

    def earlier(self, permit: Permit, status: str, days: int) -> Permit:
        """Return an older permit of the same holder, last changed `days` days before the given one."""
        issued, changed = permit.issued - timedelta(days=400), permit.update_time - timedelta(days=days)
        return Permit(permit.holder, OLD, issued, status, changed)

    def elsewhere(self, permit: Permit) -> Permit:
        """Return the permit with another room as its holder's residence."""
        rng = self.setting.chance("lived before", permit.holder.no)
        grid = self.setting.places.some_grid(rng, self.setting.places.some_community(rng))
        return replace(permit, holder=replace(permit.holder, grid=grid, room=self.setting.houses.some_room(rng, grid).address_id))

    def changed(self, day: date) -> Iterator[tuple[Permit, bool]]:
        """Yield the permits that change on a day because of a reported event, each with whether it is a new permit."""
        for turn in self.migrants.happened(day):
            yield from self._turned(turn, day)
        for event in self.lives.happened(day):
            if event.kind == "relocated" and self.holds(self.lives.at_first(event.no)) and self._is_reported(event.no, event.turn):
                yield self._of_local(event.no, ACTIVE, day), False
        for event in self.lives.recorded(day):
            if event.kind in FINAL and self.holds(self.lives.at_first(event.no)):
                yield self._of_local(event.no, CANCELLED, day), False

    def _turned(self, turn: Turn, day: date) -> Iterator[tuple[Permit, bool]]:
        """Yield the permits the police change after an event of a migrant; one move in five is not reported."""
        now, yesterday = self._moment(turn.no, day), day - timedelta(days=1)
        held, is_move = self._present(turn.no, yesterday), turn.kind == "moved"
        if is_move and not self._is_reported(turn.no, turn.turn):
            return
        if is_move and self._brings_new(turn):
            before = self.migrants.truth(turn.no, yesterday)
            yield replace(held, holder=before, status=CANCELLED, update_time=now), False
            new = self._present(turn.no, day)
            yield replace(new, holder=self.migrants.truth(turn.no, day), update_time=now + timedelta(seconds=1)), True
            return
        status = CANCELLED if turn.kind == "left" else ACTIVE
        yield replace(held, holder=self.migrants.truth(turn.no, day), status=status, update_time=now), False

    def _present(self, no: int, day: date) -> Permit:
        """Return a migrant's permit at the end of a day: a reported move may have brought a new one."""
        permit = self.first(self.migrants.at_first(no))
        for turn in self.migrants.turns(no, day):
            if turn.kind == "moved" and self._is_reported(no, turn.turn) and self._brings_new(turn):
                permit = replace(permit, serial=NEW + turn.turn, issued=turn.happened)
        return permit

    def _of_local(self, no: int, status: str, day: date) -> Permit:
        """Return the changed permit of a local, with their registration from the register and their true residence."""
        true, permit = self.lives.truth(no, day), self.first(self.lives.at_first(no))
        person = replace(self.lives.registered(no, day), grid=true.grid, room=true.room)
        return replace(permit, holder=person, status=status, update_time=self._moment(no, day))

    def _brings_new(self, turn: Turn) -> bool:
        return fraction(self.setting.seed, "new permit", turn.no, turn.turn) < 0.4

    def _is_reported(self, no: int, turn: int) -> bool:
        return fraction(self.setting.seed, "reported", no, turn) < 0.8

    def _moment(self, no: int, day: date) -> datetime:
        return office_time(self.setting.chance("permit", no, day), day)
