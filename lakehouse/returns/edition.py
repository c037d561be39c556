"""The edition of a business day: what all its packages share (declarations, recipients, predecessor, and the batches known that day)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

from sqlalchemy import Connection

from lakehouse.city.departments import load_departments
from lakehouse.city.regions import RegionState, load_regions, regions_sha256
from lakehouse.config import Instance
from lakehouse.contracts.loader import load_sound_contracts
from lakehouse.contracts.model import Contract
from lakehouse.declarations.authority import Authority, load_authority
from lakehouse.declarations.codes import load_code_tables
from lakehouse.declarations.policies import Policies, load_policies
from lakehouse.errors import ContractError, DeliveryError, Problem, nearest_first, problems_text
from lakehouse.objects import Area, open_area
from lakehouse.ops import connect, days
from lakehouse.returns.addressees import Addressee, addressees
from lakehouse.returns.compiler import Plan, compile_return
from lakehouse.returns.day_entries import Issues, inputs, predecessor, published
from lakehouse.returns.inputs import Inputs, known_now, stored
from lakehouse.returns.manifest import DayFacts, ReturnFacts, canonical, sha256
from lakehouse.returns.model import Return, load_returns
from lakehouse.returns.payloads import Reading

REGION, RESOURCE = "region", "resource"


@dataclass(frozen=True)
class Edition:
    """What is needed to make a business day's packages; `sender` is the name of the city as printed on covers."""

    facts: DayFacts
    sender: str
    reading: Reading
    policies: Policies
    addressees: tuple[Addressee, ...]
    regions: RegionState
    inputs: Inputs
    exchange: Area
    is_final: bool

    @property
    def returns(self) -> tuple[Return, ...]:
        """Return the declared returns, by id."""
        return tuple(facts.declared for facts in self.facts.returns.values())

    @property
    def plans(self) -> tuple[Plan, ...]:
        """Return the plans of all returns and audiences, by return id."""
        return tuple(plan for facts in self.facts.returns.values() for plan in facts.plans.values())

    @property
    def date(self) -> date:
        """Return the business date."""
        return self.facts.business_date


def load_edition(instance: Instance, business_date: date) -> Edition:
    """Return the edition of a business date.

    Raises:
        ContractError: a return may not run as declared; nothing has been computed yet.
    """
    folder = instance.settings.contracts
    contracts, _ = load_sound_contracts(folder)
    policies = load_policies(folder / "policies.yaml")
    returns = _compiled(instance, contracts, policies)
    regions = load_regions(instance.city_folder).at(business_date)
    labels = load_labels(folder, returns, regions, contracts)
    exchange = open_area(instance, "exchange")
    with connect(instance) as connection:
        issues = _issues(connection, exchange, business_date)
        earlier, final = predecessor(exchange, business_date, issues), max(issues, default=business_date) > business_date
        if final and business_date in issues:
            known = stored(inputs(exchange, business_date, issues[business_date]))
        else:
            known = known_now(connection, business_date, earlier)
    facts = DayFacts(
        instance.city.code,
        business_date,
        earlier,
        policies.sha256,
        regions_sha256(instance.city_folder),
        sha256(canonical(labels)),
        known.sha256,
        returns,
    )
    audiences = [plan.audience for one in returns.values() for plan in one.plans.values()]
    whom = addressees(audiences, regions, load_departments(instance.city_folder), business_date)
    reading = Reading(labels, instance.city.timezone)
    return Edition(facts, instance.city.name, reading, policies, whom, regions, known, exchange, final)


def load_labels(
    folder: Path, returns: Mapping[str, ReturnFacts], regions: RegionState, contracts: Mapping[str, Contract]
) -> dict[str, dict[str, str]]:
    """Return, for every code table a return names, code → label, including codes no longer in force.

    The table `region` gives names of regions, the table `resource` names of contracts.

    Raises:
        ContractError: a return names a table that does not exist.
    """
    wanted = {column.codes: one.declared.id for one in returns.values() for column in one.declared.columns if column.codes is not None}
    tables = load_code_tables(folder)
    known = {name: {one.code: one.label_zh for one in table.versions} for name, table in tables.items()}
    known[REGION] = {code: region.name for code, region in regions.by_code.items()}
    known[RESOURCE] = {code: contract.name_zh for code, contract in contracts.items()}
    missing = [
        Problem(f"contracts/returns/{wanted[name]}.yaml", f"there is no code table {name}.", nearest_first(name, list(known)))
        for name in sorted(set(wanted) - set(known))
    ]
    if missing:
        raise ContractError(problems_text(missing))
    return {name: known[name] for name in sorted(wanted)}


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


def _compiled(instance: Instance, contracts: Mapping[str, Contract], policies: Policies) -> dict[str, ReturnFacts]:
    folder = instance.settings.contracts
    authority = load_authority(folder / "authority.yaml", contracts)
    found: dict[str, ReturnFacts] = {}
    wrong: list[str] = []
    for declared in load_returns(folder / "returns").values():
        try:
            plans = compile_return(declared, policies, contracts)
        except ContractError as error:
            wrong.append(str(error))
        else:
            behind = _sources(declared, authority, contracts)
            named = tuple(contracts[code].name_zh for code in behind)
            sourced = {name: replace(plan, sources=named) for name, plan in plans.items()}
            found[declared.id] = ReturnFacts(declared, sourced, behind)
    if not found and not wrong:
        wrong = [problems_text([Problem(str(folder / "returns"), "no return is declared.", "", "declare one, or leave out this step.")])]
    if wrong:
        raise ContractError("\n".join(wrong))
    return found


def _sources(declared: Return, authority: Authority, contracts: Mapping[str, Contract]) -> dict[str, str]:
    """Return resource → contract version of all resources that may feed the return's table.

    These are the resources the return declares, else the candidates of its entity in authority.yaml, else all.
    """
    entity = authority.entities.get(declared.source.split(".", 1)[-1])
    named = set(declared.resources or contracts)
    if not declared.resources and entity is not None:
        candidates = (candidate.resource for field in entity.fields.values() for candidate in field.candidates)
        named = {*(one.resource for one in entity.defined_by), *candidates}
    return {code: contract.version for code, contract in sorted(contracts.items()) if code in named}
