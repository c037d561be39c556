"""Returns what all packages of a business day have in common: declarations, recipients, what came before, what the day knew."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from lakehouse.authority import Authority, load_authority
from lakehouse.config import Instance
from lakehouse.contracts.loader import load_sound_contracts
from lakehouse.contracts.model import Contract
from lakehouse.errors import ContractError, Problem, problems_text
from lakehouse.manifest import DayFacts, ReturnFacts, inputs_sha256
from lakehouse.objects import Area, open_area
from lakehouse.ops import batches, connect
from lakehouse.policies import Policies, load_policies
from lakehouse.regions import Recipient, RegionState, load_regions, regions_sha256
from lakehouse.returns.compiler import LevelPlan, compile_return
from lakehouse.returns.model import Return, load_returns
from lakehouse.returns.publications import is_final, predecessor

Batch = tuple[str, str]


@dataclass(frozen=True)
class Edition:
    """A business day's returns before there are packages."""

    facts: DayFacts
    policies: Policies
    recipients: tuple[Recipient, ...]
    regions: RegionState
    inputs: tuple[Batch, ...]
    exchange: Area
    is_final: bool

    @property
    def returns(self) -> tuple[Return, ...]:
        """Returns the declared returns, by id."""
        return tuple(facts.declared for facts in self.facts.returns.values())

    @property
    def plans(self) -> tuple[LevelPlan, ...]:
        """Returns the plans of all returns and levels, by return id."""
        return tuple(plan for facts in self.facts.returns.values() for plan in facts.plans.values())

    @property
    def date(self) -> date:
        """Returns the business date."""
        return self.facts.business_date


def load_edition(instance: Instance, business_date: date) -> Edition:
    """Returns the edition of a business date.

    Raises:
        ContractError: a return may not run as it is declared; nothing has been computed yet.
    """
    folder = instance.settings.contracts
    contracts, _ = load_sound_contracts(folder)
    policies = load_policies(folder / "policies.yaml")
    returns = _compiled(instance, contracts, policies)
    state = load_regions(instance.city_folder)
    exchange = open_area(instance, "exchange")
    with connect(instance) as connection:
        known = tuple(sorted((batch.resource, batch.batch_id) for batch in batches.known_at(connection, business_date)))
    facts = DayFacts(
        instance.city.code,
        business_date,
        predecessor(exchange, business_date),
        policies.sha256,
        regions_sha256(instance.city_folder),
        inputs_sha256(known),
        returns,
    )
    served = {level for one in returns.values() for level in one.plans}
    recipients = tuple(one for one in state.recipients(business_date) if one.level in served)
    return Edition(facts, policies, recipients, state.at(business_date), known, exchange, is_final(exchange, business_date))


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
            found[declared.id] = ReturnFacts(declared, plans, _sources(declared, authority, contracts))
    if not found and not wrong:
        wrong = [problems_text([Problem(str(folder / "returns"), "no return is declared.", "", "declare one, or leave out the step.")])]
    if wrong:
        raise ContractError("\n".join(wrong))
    return found


def _sources(declared: Return, authority: Authority, contracts: Mapping[str, Contract]) -> dict[str, str]:
    """Returns resource → contract version of what may flow into the return's table: its entity's candidates, else everything."""
    entity = authority.entities.get(declared.source.split(".", 1)[-1])
    named = set(contracts)
    if entity is not None:
        candidates = (candidate.resource for field in entity.fields.values() for candidate in field.candidates)
        named = {*entity.defined_by, *candidates}
    return {code: contract.version for code, contract in sorted(contracts.items()) if code in named}
