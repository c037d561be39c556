"""Write documentation from the declarations: pages of resources, the keys of contracts, the data dictionary, dbt's own docs."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

from application.pages import dictionary, handbook, lineage, start
from lakehouse.config import Instance
from lakehouse.contracts.loader import load_contracts
from lakehouse.declarations.authority import load_authority
from lakehouse.declarations.codes import load_code_tables
from lakehouse.declarations.policies import load_policies
from lakehouse.declarations.provenance import Known, load_libraries
from lakehouse.declarations.synonyms import load_synonyms
from lakehouse.derive import catalog, contract_reference, dbt, docs
from lakehouse.derive.curated import public_models
from lakehouse.derive.dictionary import Declarations
from lakehouse.errors import ConfigError, Problem
from lakehouse.returns.model import load_sound_returns
from spark_jobs.lake import dbt_runs

NO_WAREHOUSE = "sc://unused"
STATIC = ("docs", "generate", "--static", "--empty-catalog", "--no-compile")  # dbt reads the project only; it asks no warehouse


def write_all(instance: Instance) -> list[Path]:
    """Write all pages and return their paths."""
    pages = [*write_resources(instance), write_contract_reference(instance), write_dictionary(instance), *write_dbt_docs(instance)]
    pages += handbook.write(instance.folder("derived", "docs", "handbook"))
    return [*pages, start.write(instance)]  # last: it leads to what is there


def write_contract_reference(instance: Instance) -> Path:
    """Write the reference of every key of a contract and return its path."""
    path = instance.folder("derived", "docs") / "contract.md"
    path.write_text(contract_reference.render(), "utf-8")
    return path


def write_resources(instance: Instance) -> list[Path]:
    """Write a page and a catalog entry per resource and return their paths."""
    codes = load_code_tables(instance.settings.contracts)
    folder, written = instance.folder("derived", "docs"), []
    for contract in load_contracts(instance.settings.contracts).values():
        pages = {f"{contract.code}.md": docs.render(contract, codes), f"{contract.code}.catalog.json": catalog.render(contract)}
        for name, text in pages.items():
            (folder / name).write_text(text, "utf-8")
            written.append(folder / name)
    return written


def write_dictionary(instance: Instance) -> Path:
    """Write the data dictionary and return its path."""
    folder = instance.settings.contracts
    contracts = load_contracts(folder)
    authority, policies = load_authority(folder / "authority.yaml", contracts), load_policies(folder / "policies.yaml")
    project = instance.settings.dbt_project
    held = load_libraries(Known(contracts, authority, policies), project)
    returns = load_sound_returns(folder / "returns")[0]
    declared = Declarations(contracts, public_models(project), authority, policies, returns, held)
    words = dictionary.Words((instance.city.name, instance.city.name_en), load_code_tables(folder), load_synonyms(folder))
    return dictionary.write(instance.folder("derived", "docs"), declared, words)


def write_dbt_docs(instance: Instance) -> list[Path]:
    """Write dbt's own docs (models, tests and lineage on one page) and their start page, and return the paths, the docs first.

    Raises:
        ConfigError: dbt cannot read the project.
    """
    declarations = instance.settings.contracts
    contracts = load_contracts(declarations)
    authority, policies = load_authority(declarations / "authority.yaml", contracts), load_policies(declarations / "policies.yaml")
    declared = dbt.Declared(contracts, authority, policies)
    project = dbt.render(instance.settings.dbt_project, instance.folder("derived", "docs", "dbt"), declared)
    first = date.fromisoformat(instance.city.first_business_date)
    told = dbt.Run(first, instance.timezone, instance.city.region_code, instance.root("lake"), NO_WAREHOUSE)
    dbt_runs.invoke(project, told, ("parse",))  # writes the manifest that the docs are made from
    done = dbt_runs.invoke(project, told, STATIC)
    made = project / "target" / "static_index.html"
    if not done.success or not made.is_file():
        raise ConfigError(Problem("dbt docs", f"the project cannot be read: {done.exception}", "", "run `huiliu job libraries`.").text())
    folder = instance.folder("derived", "docs")
    names = {code: (contract.name_zh, contract.name_en) for code, contract in contracts.items()}
    known = lineage.Project(lineage.read_manifest(project), public_models(instance.settings.dbt_project), names)
    start_page = lineage.write(folder, known, (instance.city.name, instance.city.name_en))
    return [Path(shutil.copyfile(made, folder / "dbt.html")), start_page]
