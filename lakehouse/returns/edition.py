"""The edition of a business day: what all its packages share (declarations, recipients, predecessor, and the batches known that day)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from pydantic import ValidationError
from sqlalchemy import Connection

from lakehouse.city.departments import load_departments
from lakehouse.city.regions import RegionState, RegionTree, load_regions, regions_sha256
from lakehouse.config import Instance
from lakehouse.contracts.loader import load_sound_contracts
from lakehouse.declarations.policies import Policies, load_policies
from lakehouse.errors import ContractError, DeliveryError, Problem
from lakehouse.objects import Area, open_area
from lakehouse.ops import connect, days
from lakehouse.ops.tasks import FrozenTask
from lakehouse.returns.addressees import Addressee, addressees, former_addressees
from lakehouse.returns.compiler import Plan
from lakehouse.returns.day_entries import NO_LEAVES, Issues, Leaves, final_issue, inputs, leaves, predecessor, published
from lakehouse.returns.former import Limits
from lakehouse.returns.inputs import Inputs, known_now, stored
from lakehouse.returns.manifest import DayFacts, Predecessor, canonical, sha256
from lakehouse.returns.model import Return
from lakehouse.returns.runnable import LeftOut, Scene, known_labels, labels_of, runnable
from lakehouse.returns.tasks import Feedback, frozen
from lakehouse.returns.wording import Reading


@dataclass(frozen=True)
class Edition:
    """What is needed to make a business day's packages; `sender` is the name of the city as printed on covers.

    `returns` and `plans` are those that may run; `left_out` are the others, and `limits` decide what is referred to of their former forms.
    `tasks` are those the issue froze as open.
    """

    facts: DayFacts
    sender: str
    reading: Reading
    policies: Policies
    addressees: tuple[Addressee, ...]
    regions: RegionState
    inputs: Inputs
    exchange: Area
    is_final: bool
    left_out: tuple[LeftOut, ...] = ()
    limits: Limits | None = None
    tasks: tuple[FrozenTask, ...] = ()

    @property
    def returns(self) -> tuple[Return, ...]:
        """Return the declared returns that may run, by id."""
        return tuple(facts.declared for facts in self.facts.returns.values())

    @property
    def declared(self) -> dict[str, Return]:
        """Return the declarations behind the forms of the day, by return id: of today, and of former forms the one they were made under."""
        former = self.limits.then if self.limits else {}
        return {one.return_id: former[one.return_id] for one in self.left_out if one.return_id in former} | {
            one.id: one for one in self.returns
        }

    @property
    def plans(self) -> tuple[Plan, ...]:
        """Return the plans of all returns and audiences, by return id."""
        return tuple(plan for facts in self.facts.returns.values() for plan in facts.plans.values())

    @property
    def date(self) -> date:
        """Return the business date."""
        return self.facts.business_date


def load_edition(instance: Instance, business_date: date) -> Edition:
    """Return the edition of a business date; a return that may not run is left out of it and stops no other.

    Raises:
        ContractError: what all returns need is wrong, or no return may run and there is no earlier day to refer to.
    """
    folder = instance.settings.contracts
    contracts, _ = load_sound_contracts(folder)
    policies = load_policies(folder / "policies.yaml")
    tree, departments = load_regions(instance.city_folder), load_departments(instance.city_folder)
    scene = Scene(folder, instance.settings.dbt_project, contracts, policies, tree.at(business_date), departments, business_date)
    known = known_labels(folder, scene.regions, contracts)
    returns, left_out = runnable(scene, known)
    labels = labels_of(returns, known)
    exchange = open_area(instance, "exchange")
    with connect(instance) as connection:
        earlier, known_inputs, final = _inputs(connection, exchange, business_date)
        feedback = _feedback(connection, exchange, business_date, final=final)
    facts = DayFacts(
        instance.city.code,
        business_date,
        earlier,
        policies.sha256,
        regions_sha256(instance.city_folder),
        sha256(canonical(labels)),
        known_inputs.sha256,
        returns,
        {one.return_id: one.reason for one in left_out},
        feedback.sha256,
    )
    if not returns and facts.predecessor is None:
        raise ContractError("\n".join(one.problems for one in left_out))
    audiences = [plan.audience for one in returns.values() for plan in one.plans.values()]
    whom = addressees(audiences, scene.regions, departments, business_date)
    before = _before(exchange, facts.predecessor) if left_out else NO_LEAVES
    return Edition(
        facts,
        instance.city.name,
        Reading(labels, instance.city.timezone),
        policies,
        (*whom, *former_addressees(before.manifests, whom, scene.regions, departments, business_date)),
        scene.regions,
        known_inputs,
        exchange,
        final,
        left_out,
        limits(scene, (tree, facts.regions_sha256), left_out, before) if left_out else None,
        feedback.tasks,
    )


def limits(scene: Scene, regions: tuple[RegionTree, str], left_out: Sequence[LeftOut], before: Leaves) -> Limits:
    """Return what former forms of the returns left out must lie within, given the leaves of the day before."""
    grades = {code: {column.name: column.grade for column in contract.kept_columns} for code, contract in scene.contracts.items()}
    declared = {one.return_id: one.declared for one in left_out}
    return Limits(scene.on, declared, _then(before.returns), scene.policies, grades, regions)


def _inputs(connection: Connection, exchange: Area, business_date: date) -> tuple[Predecessor | None, Inputs, bool]:
    """Return the day published before, the inputs of the date after it, and whether the date is final: then they stand as published."""
    issues = _issues(connection, exchange, business_date)
    earlier, final = predecessor(exchange, business_date, issues), max(issues, default=business_date) > business_date
    if final and business_date in issues:
        return earlier, stored(inputs(exchange, business_date, issues[business_date])), final
    return earlier, known_now(connection, business_date, earlier), final


def _feedback(connection: Connection, exchange: Area, business_date: date, *, final: bool) -> Feedback:
    """Return what the newest issue of a date froze; of a final date, the published one."""
    newest = days.newest_issue(connection, business_date)
    if final or newest is None:
        return frozen(exchange, business_date, final_issue(exchange, business_date))
    return frozen(exchange, business_date, newest.issue)


def _issues(connection: Connection, exchange: Area, business_date: date) -> Issues:
    """Return the published issues around a date: of the date before it, of itself and of one after it, as far as there are any.

    The operational database says what was published last; the store is only asked for what is newer, and must agree.

    Raises:
        DeliveryError: the date before it is not recorded as it was published, so nobody knows which batches are new.
    """
    before, last = days.last_published(connection, business_date), days.last_published(connection)
    if last is not None and last.business_date > business_date:
        this = days.last_published(connection, business_date + timedelta(days=1))
        return {one.business_date: one.issue for one in (before, this, last) if one is not None}
    issues = published(exchange, before.business_date if before else None)
    newest = max((day for day in issues if day < business_date), default=None)
    recorded = (before.business_date, before.issue) if before else None
    if recorded != ((newest, issues[newest]) if newest else None):
        recorded_on = before.business_date if before else "none"
        found = f"the last day published before it is {newest or 'none'} in the store, {recorded_on} in the database, or of another issue."
        fix = "run `huiliu rebuild`, which records what is published; restore the store from a copy if days are missing there."
        raise DeliveryError(Problem(f"business day {business_date}", found, "", fix).text())
    return issues


def _before(exchange: Area, earlier: Predecessor | None) -> Leaves:
    return leaves(exchange, earlier.business_date, earlier.issue) if earlier else NO_LEAVES


def _then(documents: Mapping[str, object]) -> dict[str, Return]:
    """Return the declarations kept with a published day; one that this version cannot read counts as unknown, so nothing refers to it."""
    found = {}
    for return_id, document in documents.items():
        try:
            found[return_id] = Return.model_validate(document)
        except ValidationError:
            continue
    return found
