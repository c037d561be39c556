"""The table of transitions: what is in it is allowed to the one it names and to nobody else, everything else is refused with what is."""

from __future__ import annotations

from itertools import product

import pytest

from lakehouse.errors import ConfigError
from lakehouse.ops.transitions import CASES, RECURRING, SETTLED, SYSTEM, TRANSITIONS, UNDONE, Step, check, person

pytestmark = pytest.mark.fast

ACTORS = {"system": SYSTEM, "operator": person("liu")}
ALLOWED = {
    (one.role, Step(one.thing, kind, before, one.after, reason))
    for one in TRANSITIONS
    for kind, before, reason in product(one.kinds, one.before, one.reasons)
}
EVERY = [
    (role, Step(thing, kind, before, after, reason))
    for thing, kinds in (("ticket", tuple(SETTLED)), ("case", CASES))
    for states in [sorted({state for one in TRANSITIONS if one.thing == thing for state in (*one.before, one.after)})]
    for reasons in [sorted({reason for one in TRANSITIONS for reason in one.reasons})]
    for role, kind, before, after, reason in product(ACTORS, kinds, states, states, reasons)
]


def _is_allowed(role: str, step: Step) -> bool:
    try:
        check(step, ACTORS[role])
    except ConfigError:
        return False
    return True


def test_exactly_the_steps_of_the_table_are_allowed() -> None:
    assert {(role, step) for role, step in EVERY if _is_allowed(role, step)} == ALLOWED
    assert len(EVERY) > 10 * len(ALLOWED)


def test_a_closed_ticket_stays_closed_for_everybody() -> None:
    assert not [step for _, step in ALLOWED if step.thing == "ticket" and step.before == "closed"]


def test_no_person_says_that_a_thing_is_settled_or_fixed() -> None:
    said = {step.reason for role, step in ALLOWED if role == "operator"}
    assert not said & {reason for reasons in SETTLED.values() for reason in reasons}
    assert {role for role, step in ALLOWED if step.after == "closed(fixed)"} == {"system"}
    assert {role for role, step in ALLOWED if step.after in ("closed(waived)", "closed(rejected)")} == {"operator"}


@pytest.mark.parametrize(
    ("kind", "reason"),
    [("contract", "delivered"), ("blocked", "usable"), ("refused", "answered"), ("failed", "delivered"), ("silent", "run_done")],
)
def test_what_settles_one_kind_of_thing_settles_no_other(kind: str, reason: str) -> None:
    with pytest.raises(ConfigError) as told:
        check(Step("ticket", kind, "open", "closed", reason), SYSTEM)
    assert f"ticket of kind {kind}: open → closed ({reason})" in str(told.value)
    assert f"Allowed: → closed ({' | '.join(SETTLED[kind])})" in str(told.value)


def test_a_refusal_names_what_this_actor_may_do_from_here() -> None:
    with pytest.raises(ConfigError) as told:
        check(Step("case", "quarantined", "open", "closed(fixed)", "row_let_in"), person("liu"))
    assert "is not allowed to the operator." in str(told.value)
    allowed = "→ closed(waived) (value_verified | source_cannot_correct | rule_under_review), → closed(rejected) (no_such_record"
    assert f"Allowed: {allowed}" in str(told.value)
    with pytest.raises(ConfigError, match="Allowed: nothing"):
        check(Step("ticket", "silent", "closed", "open", "withdrawn"), person("liu"))


def test_what_comes_again_and_what_is_undone_are_kinds_and_reasons_of_the_table() -> None:
    assert set(RECURRING) < set(SETTLED)
    assert set(UNDONE) < {reason for reasons in SETTLED.values() for reason in reasons}
