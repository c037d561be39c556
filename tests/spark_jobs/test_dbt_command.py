"""`huiliu dbt`: dbt's arguments are read as dbt reads them, and a chosen library brings the intermediate models it reads."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import psutil
import pytest

from lakehouse.config import PROJECT
from lakehouse.contracts.loader import load_contracts
from lakehouse.declarations.authority import load_authority
from lakehouse.declarations.policies import load_policies
from lakehouse.derive import dbt
from lakehouse.errors import ConfigError
from spark_jobs.lake import dbt_command
from spark_jobs.lake.dbt_command import unbuilt
from spark_jobs.lake.dbt_runs import invoke_as_told

DECLARED = PROJECT / "contracts"
PARENTS = {
    "mine": ["int_b", "person"],
    "int_b": ["int_a", "address"],
    "person": ["int_hidden"],
    "address": ["int_other"],
}
PRIVATE = {"int_a", "int_b", "int_hidden", "int_other"}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a folder with the file by which dbt knows its profiles."""
    (tmp_path / "profiles.yml").write_text("{}")
    return tmp_path


@pytest.mark.fast
@pytest.mark.parametrize(
    ("chosen", "needed"),
    [
        ({"mine"}, {"int_a", "int_b"}),  # what is behind a public model stands in the lake already
        ({"mine", "int_b"}, {"int_a"}),
        ({"mine", "person"}, {"int_a", "int_b", "int_hidden"}),
        ({"int_a"}, set()),
        (set(PARENTS) | PRIVATE, set()),
    ],
)
def test_private_models_are_added_up_to_the_next_public_one(chosen: set[str], needed: set[str]) -> None:
    assert unbuilt(chosen, PARENTS, PRIVATE) == needed


@pytest.mark.fast
def test_the_arguments_are_read_as_dbt_reads_them(project: Path) -> None:
    found = dbt_command.read(
        project, ["--quiet", "build", "-s", "one", "two+", "--exclude", "tag:slow", "--vars", "{mine: 1}", "--full-refresh"]
    )
    assert (found.name, found.select, found.exclude, found.variables) == ("build", ("one", "two+"), ("tag:slow",), {"mine": 1})
    assert dbt_command.read(project, ["docs", "generate"]).name == "generate"


@pytest.mark.fast
@pytest.mark.parametrize("arguments", [[], ["--version"], ["build", "--help"], ["bild"], ["build", "--no-such-option"]])
def test_where_dbt_only_explains_or_refuses_nothing_is_read(project: Path, arguments: list[str]) -> None:
    assert dbt_command.read(project, arguments).name == ""


@pytest.mark.fast
def test_what_dbt_does_not_know_is_told_like_any_error(project: Path) -> None:
    with pytest.raises(ConfigError, match=r"huiliu dbt:\n.*no-such-option"):
        dbt_command.run(project, {}, dbt_command.read(project, ["build", "--no-such-option"]))
    assert dbt_command.run(project, {}, dbt_command.read(project, ["build", "--help"])) == 0


@pytest.mark.fast
def test_a_variable_of_the_instance_cannot_be_set(project: Path) -> None:
    with pytest.raises(ConfigError, match="business_date cannot be set"):
        dbt_command.run(
            project, {"business_date": "2026-06-01"}, dbt_command.read(project, ["build", "--vars", "{business_date: 2026-01-01}"])
        )


@pytest.mark.dbt
def test_what_is_added_to_the_selection_is_selected_with_it(tmp_path: Path) -> None:
    """Read from the project itself; no warehouse is asked."""
    contracts = load_contracts(PROJECT / "contracts", standard=False)
    authority, policies = load_authority(DECLARED / "authority.yaml", contracts), load_policies(DECLARED / "policies.yaml")
    project = dbt.render(PROJECT / "dbt_project", tmp_path / "project", dbt.Declared(contracts, authority, policies))
    variables = dbt.Run(date(2026, 6, 1), ZoneInfo("Asia/Shanghai"), "4499", "file:///nowhere", "sc://nowhere").variables()
    command = dbt_command.read(project, ["run", "-s", "person_address", "safety_net"])
    manifest, option = dbt_command.completed(project, variables, command)
    assert option[0] == "--select"
    assert {"int_person__value", "int_entity__place", "int_region__lineage", "int_ref__region"} <= set(option)
    assert [name for name in option[1:] if not name.startswith("int_")] == []
    asked = ["list", *command.arguments[1:], *option, "--resource-type", "model", "--output", "name"]
    listed = invoke_as_told(project, variables, ["--quiet", *asked], manifest)
    assert list(project.rglob("dbt.log"))
    assert [one.path for one in psutil.Process().open_files() if one.path.endswith("dbt.log")] == []
    assert set(listed.result) == {"person_address", "safety_net", *option[1:]}
    assert dbt_command.completed(project, variables, dbt_command.read(project, ["run", "-s", "household"]))[1] == []
