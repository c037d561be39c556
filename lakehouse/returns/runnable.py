"""Decide which of the declared returns may run on a day, and say of each other one why it is left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from lakehouse.city.departments import Department
from lakehouse.city.regions import RegionState
from lakehouse.contracts.loader import unread_codes
from lakehouse.contracts.model import Contract
from lakehouse.declarations.authority import load_authority
from lakehouse.declarations.codes import load_code_tables
from lakehouse.declarations.policies import Policies
from lakehouse.declarations.provenance import Known, load_sound_libraries
from lakehouse.errors import ConfigError, ContractError, Problem, nearest_first, problems_text
from lakehouse.returns.addressees import addressees
from lakehouse.returns.compiler import Plan, compile_return
from lakehouse.returns.manifest import ReturnFacts
from lakehouse.returns.model import Return, load_sound_returns
from lakehouse.returns.sheets import sheet_problems
from lakehouse.returns.suppliers import contracts_behind

REGION, RESOURCE = "region", "resource"
TOLD = 3
Labels = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class LeftOut:
    """A declared return that may not run: its problems, and its declaration where the file could be read."""

    return_id: str
    problems: str
    declared: Return | None = None

    @property
    def reason(self) -> str:
        """Return the first problems in one line, as the day entry tells them."""
        lines = self.problems.split("\n")
        starts = [place for place, line in enumerate(lines) if not line.startswith(" ")]
        told = [" ".join(line.strip() for line in lines[place : place + 2]) for place in starts]
        return "; ".join(told[:TOLD]) + (f"; and {len(told) - TOLD} more" if len(told) > TOLD else "")


@dataclass(frozen=True)
class Scene:
    """What returns are judged by besides their own file: the folders of declarations and of the dbt project, and the city on the day."""

    folder: Path
    project: Path
    contracts: Mapping[str, Contract]
    policies: Policies
    regions: RegionState
    departments: Sequence[Department]
    on: date


def runnable(scene: Scene, known: Labels) -> tuple[dict[str, ReturnFacts], tuple[LeftOut, ...]]:
    """Return the returns that may run, by id, and those left out.

    A return is left out when its file is wrong, it is refused by the policies or by its library, the contract of a resource it needs is
    wrong, it names a code table that does not exist, a workbook refuses its name, or a region has not exactly one department that handles
    its matter.

    Raises:
        ContractError: no return is declared at all.
    """
    authority = load_authority(scene.folder / "authority.yaml", scene.contracts)
    unread = unread_codes(scene.folder, scene.contracts)
    libraries, _ = load_sound_libraries(Known(scene.contracts, authority, scene.policies, unread), scene.project)
    declared, wrong = load_sound_returns(scene.folder / "returns")
    if not declared and not wrong:
        problem = Problem(str(scene.folder / "returns"), "no return is declared.", "", "declare one, or leave out this step.")
        raise ContractError(problem.text())
    sheets = dict(sheet_problems(declared.values()))
    found: dict[str, ReturnFacts] = {}
    left_out = [LeftOut(return_id, text.replace(f"{scene.folder}/", "contracts/")) for return_id, text in wrong.items()]
    for one in declared.values():
        try:
            if one.id in sheets:
                raise ContractError(sheets[one.id].text())
            behind = contracts_behind(one, authority, scene.contracts)
            plans = compile_return(one, scene.policies, libraries)
            found[one.id] = _facts(one, plans, behind, (scene, known))
        except (ContractError, ConfigError) as error:
            left_out.append(LeftOut(one.id, str(error), one))
    return found, tuple(sorted(left_out, key=lambda one: one.return_id))


def known_labels(folder: Path, regions: RegionState, contracts: Mapping[str, Contract]) -> Labels:
    """Return code table → code → label, including codes no longer in force.

    The table `region` gives names of regions, the table `resource` names of contracts.
    """
    known = {name: {one.code: one.label_zh for one in table.versions} for name, table in load_code_tables(folder).items()}
    known[REGION] = {code: region.name for code, region in regions.by_code.items()}
    known[RESOURCE] = {code: contract.name_zh for code, contract in contracts.items()}
    return known


def labels_of(returns: Mapping[str, ReturnFacts], known: Labels) -> Labels:
    """Return the labels of the code tables that these returns name."""
    return {name: known[name] for name in sorted({table for one in returns.values() for table in _tables(one.declared)})}


def check_tables(declared: Return, known: Labels) -> None:
    """Refuse a return that names a code table that does not exist.

    Raises:
        ContractError: it does; all such tables at once.
    """
    where = f"contracts/returns/{declared.id}.yaml"
    missing = [name for name in _tables(declared) if name not in known]
    if missing:
        texts = (Problem(where, f"there is no code table {name}.", nearest_first(name, list(known))) for name in missing)
        raise ContractError(problems_text(texts))


def _facts(declared: Return, plans: dict[str, Plan], behind: Mapping[str, Contract], ground: tuple[Scene, Labels]) -> ReturnFacts:
    scene, known = ground
    check_tables(declared, known)
    addressees([plan.audience for plan in plans.values()], scene.regions, scene.departments, scene.on)
    named = tuple(contract.name_zh for contract in behind.values())
    sourced = {name: replace(plan, sources=named) for name, plan in plans.items()}
    return ReturnFacts(declared, sourced, {code: contract.version for code, contract in behind.items()})


def _tables(declared: Return) -> list[str]:
    return sorted({column.codes for column in declared.columns if column.codes is not None})
