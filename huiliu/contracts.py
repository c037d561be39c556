"""Returns the steward's commands: check all declarations, begin a contract, compare two versions."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import date
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from lakehouse.city.departments import load_departments, providers
from lakehouse.city.regions import load_regions
from lakehouse.config import Instance
from lakehouse.contracts.difference import Difference, differences
from lakehouse.contracts.loader import load_contract, load_contracts, load_sound_contracts
from lakehouse.contracts.model import Contract
from lakehouse.contracts.skeleton import Start, skeleton
from lakehouse.declarations.authority import load_authority
from lakehouse.declarations.codes import load_code_tables
from lakehouse.declarations.policies import load_policies
from lakehouse.errors import ConfigError, LakehouseError, Problem, nearest_first
from lakehouse.naming import LEVELS
from lakehouse.returns.compiler import compile_return
from lakehouse.returns.model import load_returns

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]


def register(app: typer.Typer) -> None:
    """Adds the group `contracts` to the command line."""
    group = typer.Typer(help="Contracts: check, new, diff.", no_args_is_help=True)
    group.command()(check)
    group.command()(new)
    group.command()(diff)
    app.add_typer(group, name="contracts")


def check(as_json: Json = False) -> None:
    """Check contracts, code tables, policies, authority, returns, region tree and departments; all problems at once."""
    instance = Instance()
    wrong: list[str] = []
    contracts = _check_declarations(instance.settings.contracts, wrong)
    _check_city(instance, contracts, wrong)
    if as_json:
        typer.echo(json.dumps({"ok": not wrong, "contracts": sorted(contracts), "problems": wrong}, ensure_ascii=False))
    else:
        for text in wrong:
            typer.echo(text, err=True)
        typer.echo(f"{len(contracts)} contracts: " + ("all is well." if not wrong else "see the problems above."))
    if wrong:
        raise typer.Exit(1)


def _check_declarations(folder: Path, wrong: list[str]) -> dict[str, Contract]:
    """Returns the sound contracts; authority and returns are judged only when all contracts are sound."""
    contracts, unsound = load_sound_contracts(folder)
    wrong += unsound
    _attempt(partial(load_code_tables, folder), wrong)
    policies = _attempt(partial(load_policies, folder / "policies.yaml"), wrong)
    if not unsound:
        _attempt(partial(load_authority, folder / "authority.yaml", contracts), wrong)
        for declared in (_attempt(partial(load_returns, folder / "returns"), wrong) or {}).values() if policies else ():
            _attempt(partial(compile_return, declared, policies, contracts), wrong)
    return contracts


def _check_city(instance: Instance, contracts: Mapping[str, Contract], wrong: list[str]) -> None:
    tree = _attempt(partial(load_regions, instance.city_folder), wrong)
    departments = _attempt(partial(load_departments, instance.city_folder), wrong)
    if tree and departments:
        first = date.fromisoformat(instance.city.first_business_date)
        for contract in contracts.values():
            _attempt(partial(providers, contract, departments, tree, first), wrong)


def _attempt(load: Callable[[], Any], wrong: list[str]) -> Any:
    try:
        return load()
    except LakehouseError as error:
        wrong.append(str(error))
        return None


def new(
    resource: Annotated[str, typer.Argument(help="Level and code of the resource, e.g. district/d_library_card.")],
    sample: Annotated[
        Path, typer.Argument(help="A CSV file as it is delivered; its header names the columns.", exists=True, dir_okay=False)
    ],
    provider: Annotated[str, typer.Option(help="USCC of the department that delivers it.")],
    encoding: Annotated[str, typer.Option(help="utf-8, utf-16 or gb18030.")] = "utf-8",
    as_json: Json = False,
) -> None:
    """Begin a contract from the header of a CSV file: every column text, the first one the key; a steward decides the rest."""
    level, _, code = resource.partition("/")
    if level not in LEVELS:
        raise ConfigError(Problem(resource, f"{level!r} is not a level.", nearest_first(level, LEVELS), "write <level>/<code>.").text())
    path = Instance().settings.contracts / "resources" / level / f"{code}.odcs.yaml"
    if path.exists():
        raise ConfigError(Problem(str(path), "the file exists.", "", "choose another code.").text())
    with sample.open(encoding=encoding, newline="") as lines:
        headers = next(csv.reader(lines), [])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(skeleton(Start(code, code, level, provider, [header.lstrip("\ufeff") for header in headers], encoding)), "utf-8")
    load_contract(path)
    if as_json:
        typer.echo(json.dumps({"path": str(path), "columns": headers}, ensure_ascii=False))
        return
    typer.echo(f"{path}: decide on key, types, classes, grades and rules, then run `huiliu contracts check`.")


def diff(
    old: Annotated[
        Path, typer.Argument(help="The contracts folder as it was, e.g. of another working tree.", exists=True, file_okay=False)
    ],
    as_json: Json = False,
) -> None:
    """Compare the instance's contracts with earlier ones; exit code 1 when existing tables cannot take them."""
    before, after = load_contracts(old), load_contracts(Instance().settings.contracts)
    found = {code: differences(before[code], after[code]) for code in sorted(before.keys() & after.keys())}
    found |= {code: [Difference("contract", "is gone", False)] for code in sorted(before.keys() - after.keys())}
    additive = all(difference.additive for changes in found.values() for difference in changes)
    if as_json:
        facts = {code: [asdict(difference) for difference in changes] for code, changes in found.items() if changes}
        typer.echo(json.dumps({"additive": additive, "differences": facts}, ensure_ascii=False))
    else:
        for code, changes in found.items():
            for difference in changes:
                typer.echo(f"{'  ' if difference.additive else '! '}{code}: {difference.where}: {difference.text}")
        typer.echo("existing tables can take it." if additive else "existing tables cannot take what is marked with !: name a migration.")
    if not additive:
        raise typer.Exit(1)
