"""The edition of a business day: what all its packages share (declarations, recipients, predecessor, and the batches known that day)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

from lakehouse.city.departments import load_departments
from lakehouse.city.regions import RegionState, load_regions, regions_sha256
from lakehouse.config import Instance
from lakehouse.contracts.loader import load_sound_contracts, unread_codes
from lakehouse.contracts.model import Contract
from lakehouse.declarations.authority import Authority, load_authority
from lakehouse.declarations.policies import Policies, load_policies
from lakehouse.declarations.provenance import Known, load_libraries
from lakehouse.errors import ContractError
from lakehouse.objects import Area, open_area
from lakehouse.ops import batches, connect
from lakehouse.returns.addressees import Addressee, addressees
from lakehouse.returns.compiler import Plan, compile_return
from lakehouse.returns.day_entries import is_final, predecessor
from lakehouse.returns.manifest import DayFacts, ReturnFacts, canonical, inputs_sha256, sha256
from lakehouse.returns.model import Return, load_returns
from lakehouse.returns.payloads import Reading
from lakehouse.returns.reading import check_sheets, load_labels

Batch = tuple[str, str]


@dataclass(frozen=True)
class Edition:
    """What is needed to make a business day's packages; `sender` is the name of the city as printed on covers."""

    facts: DayFacts
    sender: str
    reading: Reading
    policies: Policies
    addressees: tuple[Addressee, ...]
    regions: RegionState
    inputs: tuple[Batch, ...]
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
    labels = load_labels(folder, [one.declared for one in returns.values()], regions, contracts)
    exchange = open_area(instance, "exchange")
    with connect(instance) as connection:
        known = tuple(sorted((batch.resource, batch.batch_id) for batch in batches.known_at(connection, business_date)))
    facts = DayFacts(
        instance.city.code,
        business_date,
        predecessor(exchange, business_date),
        policies.sha256,
        regions_sha256(instance.city_folder),
        sha256(canonical(labels)),
        inputs_sha256(known),
        returns,
    )
    audiences = [plan.audience for one in returns.values() for plan in one.plans.values()]
    whom = addressees(audiences, regions, load_departments(instance.city_folder), business_date)
    reading = Reading(labels, instance.city.timezone)
    final = is_final(exchange, business_date)
    return Edition(facts, instance.city.name, reading, policies, whom, regions, known, exchange, final)


def _compiled(instance: Instance, contracts: Mapping[str, Contract], policies: Policies) -> dict[str, ReturnFacts]:
    folder = instance.settings.contracts
    authority = load_authority(folder / "authority.yaml", contracts)
    libraries = load_libraries(Known(contracts, authority, policies, unread_codes(folder, contracts)))
    found: dict[str, ReturnFacts] = {}
    wrong: list[str] = []
    returns = load_returns(folder / "returns")
    check_sheets(returns.values())
    for declared in returns.values():
        try:
            plans = compile_return(declared, policies, contracts, libraries)
        except ContractError as error:
            wrong.append(str(error))
        else:
            behind = _sources(declared, authority, contracts)
            named = tuple(contracts[code].name_zh for code in behind)
            sourced = {name: replace(plan, sources=named) for name, plan in plans.items()}
            found[declared.id] = ReturnFacts(declared, sourced, behind)
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
