"""The one table of what may become of a case or a ticket, and by whom; whatever is not in it is refused.

A reason says what settled the matter. The system gives the reasons it can prove; a person gives those only a person can answer for, and
never says `fixed`: that is seen in the data. A closed ticket stays closed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lakehouse.errors import ConfigError, Problem

Thing = Literal["case", "ticket"]
Role = Literal["system", "operator"]
Channel = Literal["job", "command_line"]


@dataclass(frozen=True)
class Actor:
    """Who acts, in which role, and through which channel it is known that it was them."""

    name: str
    role: Role
    channel: Channel


SYSTEM = Actor("system", "system", "job")


def person(name: str) -> Actor:
    """Return a named person at the command line."""
    return Actor(name, "operator", "command_line")


@dataclass(frozen=True)
class Transition:
    """An allowed step: the thing and its kinds, the states before, the state after, who may take it, and the reasons that count."""

    thing: Thing
    kinds: tuple[str, ...]
    before: tuple[str, ...]
    after: str
    role: Role
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Step:
    """A step somebody wants to take."""

    thing: Thing
    kind: str
    before: str
    after: str
    reason: str

    def __str__(self) -> str:
        """Return the step as people read it in a message."""
        return f"{self.thing} of kind {self.kind}: {self.before} → {self.after} ({self.reason})"


# What settles a ticket of each kind, and so closes it; each reason is true of that kind alone.
SETTLED: dict[str, tuple[str, ...]] = {
    "refused": ("readable", "let_in", "redelivered", "superseded", "covered", "retried", "refused_for_good"),  # it cannot be read
    "blocked": ("let_in", "redelivered", "superseded", "covered", "retried", "released", "refused_for_good"),  # the gate holds it
    "shrunk": ("named_again", "superseded", "carried_out", "released", "refused_for_good"),  # a snapshot whose closings are held
    "unusable": ("gone", "usable", "answered"),  # a file or source that gives no delivery
    "silent": ("delivered", "superseded", "covered"),  # a delivery that is due
    "failed": ("run_done", "later_run_done"),  # a run of a resource on a date
    "not_run": ("run_started", "later_run_done"),
    "contract": ("contract_sound", "contract_gone"),  # a wrong contract
    "unreached": ("none_left",),  # rows of a source table that no window reaches
    "missing_here": ("all_here",),  # rows of a whole source that never arrived
    "missing_there": ("all_there",),  # what we hold and the whole source does not
    "unlisted": ("listed",),  # a whole source that could not be listed
    "stray": ("gone_or_named",),  # files in a folder of the inbox that no contract names
    "left_out": ("published_again", "not_declared"),  # a return that may not run
}
# These come again in the same subject; the others happen once, and what settled them stands when the same is found again.
RECURRING = (
    *("unusable", "failed", "not_run", "contract", "stray", "left_out"),
    *("unreached", "missing_here", "missing_there", "unlisted"),
)
UNDONE = ("readable", "let_in", "carried_out")  # no longer true when the same delivery is stopped again
WAITING = ("open", "assigned")
CASES = ("quarantined", "rejected")
WAIVED = "closed(waived)"
REJECTED = "closed(rejected)"
TRANSITIONS: tuple[Transition, ...] = (
    *(Transition("ticket", (kind,), WAITING, "closed", "system", reasons) for kind, reasons in SETTLED.items()),
    Transition("ticket", tuple(SETTLED), WAITING, "assigned", "operator", ("assigned",)),
    Transition("ticket", tuple(SETTLED), WAITING, "closed", "operator", ("explained", "withdrawn")),
    Transition("case", CASES, ("open",), "closed(fixed)", "system", ("row_let_in",)),
    Transition("case", CASES, ("open",), WAIVED, "operator", ("value_verified", "source_cannot_correct", "rule_under_review")),
    Transition("case", CASES, ("open",), REJECTED, "operator", ("no_such_record", "not_responsible")),
    Transition("case", CASES, (WAIVED,), "open", "system", ("waiver_expired",)),
    Transition("case", CASES, (WAIVED, REJECTED), "open", "operator", ("decision_withdrawn",)),
)


def check(step: Step, actor: Actor) -> None:
    """Check that a step is in the table for whoever wants to take it.

    Raises:
        ConfigError: it is not; the message names the steps this actor may take from here.
    """
    open_to = [one for one in TRANSITIONS if (one.thing, one.role) == (step.thing, actor.role) and step.before in one.before]
    open_to = [one for one in open_to if step.kind in one.kinds]
    if any(step.after == one.after and step.reason in one.reasons for one in open_to):
        return
    allowed = ", ".join(f"→ {one.after} ({' | '.join(one.reasons)})" for one in open_to) or "nothing"
    raise ConfigError(Problem(str(step), f"is not allowed to the {actor.role}.", allowed).text())
