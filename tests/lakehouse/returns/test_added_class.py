"""A further class of columns is its lines of policies.yaml: contracts, libraries, returns, masks and proofs know it, no list elsewhere."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import yaml

from application import contracts
from lakehouse.config import PROJECT
from lakehouse.declarations.policies import load_policies
from lakehouse.errors import ContractError
from lakehouse.naming import recipient_id
from tests.lakehouse.returns.test_policy_mutants import found
from tests.lakehouse.returns.town import FIRST, Resident, Row, Town, due_batches
from tests.plugin.servers import tiny_instance

pytestmark = pytest.mark.fast
CLASS = "event_number"
OWN = f"  {CLASS}: {{province: raw, city: raw, district: raw, street: raw, community: mask, grid: drop}}\n"
EVENT = Row("grid_event", "x", {"event_no": "SJ-2026-0001", "report_at": "2026-06-01T01:30:00Z"})
# Everything a team writes for it: the class and how it is masked, and the column that is of it, in contract, library and return.
EDITS = {
    "contracts/policies.yaml": [("bans:", f"{OWN}bans:"), ("phone: phone}", f"phone: phone, {CLASS}: ends}}")],
    "contracts/resources/grid/g_grid_event.odcs.yaml": [("{property: class, value: plain}", f"{{property: class, value: {CLASS}}}")],
    "contracts/returns/grid_event.yaml": [
        ("label: 事件编号, type: string, class: plain", f"label: 事件编号, type: string, class: {CLASS}")
    ],
    "dbt_project/models/thematic/schema.yml": [
        (
            "class: plain, grade: 1, as: raw, from: [record.event.event_no]",
            f"class: {CLASS}, grade: 1, as: raw, from: [record.event.event_no]",
        )
    ],
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with contracts and dbt project that have the class."""
    for name in ("contracts", "dbt_project"):
        shutil.copytree(PROJECT / name, tmp_path / name)
    for name, edits in EDITS.items():
        edit(tmp_path / name, *edits)
    return tmp_path


def edit(path: Path, *edits: tuple[str, str]) -> None:
    text = path.read_text("utf-8")
    for old, new in edits:
        assert old in text
        text = text.replace(old, new, 1)
    path.write_text(text, "utf-8")


def check(folder: Path) -> str:
    """Return the problems of all declarations of a folder."""
    instance = tiny_instance(folder / "home", contracts=folder / "contracts", dbt_project=folder / "dbt_project")
    return "\n".join(contracts.check(instance).problems)


def test_its_values_leave_as_the_policies_say_and_the_proof_holds_them_to_it(folder: Path, tmp_path: Path) -> None:
    assert check(folder) == ""
    town = Town(tmp_path, ("grid_event",), folder / "contracts", folder / "dbt_project")
    edition = town.edition(FIRST)
    due = pa.Table.from_batches(due_batches(edition, [EVENT]))
    plans = edition.facts.returns["grid_event"].plans
    shown = {level: next((one for one in plan.columns if one.name == "event_no"), None) for level, plan in plans.items()}
    assert {level: column and (column.transform, column.mask) for level, column in shown.items()} == {
        "district": ("raw", None), "street": ("raw", None), "community": ("mask", "ends"), "grid": None,
    }  # fmt: skip
    plan = plans["community"]
    assert found(town, edition, due, plan) == []
    for worse in (replace(shown["community"], transform="raw"), replace(shown["community"], mask="phone")):
        columns = tuple(worse if one.name == "event_no" else one for one in plan.columns)
        told = found(town, edition, due, replace(plan, columns=columns))
        assert (told == ["values of event_no without the transform that is due"]) is (worse.transform == "raw")
    written = (town.home / "exchange" / "community" / recipient_id("community", "449901001001")).rglob("*.xlsx")
    assert any(written)


def test_a_minors_number_is_masked_as_the_class_of_minors_says(folder: Path, tmp_path: Path) -> None:
    street = "    street: flag\n    community: flag\n    grid: drop\n"
    edit(
        folder / "contracts" / "policies.yaml",
        (street, street.replace("street: flag", "street: mask")),
        ("phone: phone", "minor_id: surname, phone: phone"),
    )
    town = Town(tmp_path, ("resident_list",), folder / "contracts", folder / "dbt_project")
    edition = town.edition(FIRST)
    plan = edition.facts.returns["resident_list"].plans["street"]
    (number,) = (one for one in plan.columns if one.name == "id_no")
    assert (number.transform, number.mask, number.minor_transform, number.minor_mask) == ("mask", "ends", "mask", "surname")
    due = pa.Table.from_batches(due_batches(edition, [Resident("a"), Resident("c", "李小宝", "449901201806151235", "2018-06-15")]))
    assert found(town, edition, due, plan) == []
    columns = tuple(replace(number, minor_transform=None) if one is number else one for one in plan.columns)
    assert found(town, edition, due, replace(plan, columns=columns)) == ["values of id_no without the transform that is due"]


CONTRACT, RETURN, LIBRARY = list(EDITS)[1:]
NAMED: dict[str, tuple[str, str]] = {
    "contract": (
        CONTRACT,
        "schema.event_no.customProperties.class.value:\n  the class 'event_numbr' is not in policies.yaml.\n  Allowed: event_number",
    ),
    "return": (RETURN, "grid_event.yaml: event_no: class:\n  event_numbr is not in policies.yaml.\n  Allowed: event_number"),
    "library": (LIBRARY, "columns.event_no.config.meta.class:\n  'event_numbr' is not allowed.\n  Allowed: event_number"),
}


@pytest.mark.parametrize("where", NAMED)
def test_a_class_nobody_declared_is_refused_with_its_place(folder: Path, where: str) -> None:
    name, message = NAMED[where]
    edit(folder / name, (CLASS, "event_numbr"))
    assert message in check(folder)


Policies = dict[str, Any]
BAD: dict[str, tuple[Callable[[Policies], object], str]] = {
    "mask of no class": (lambda one: one["masks"].update(plate="ends"), "masks:\n  there is no class plate."),
    "no such mask": (lambda one: one["masks"].update(name="middle"), "masks.name:\n  'middle' is not allowed.\n  Allowed: ends"),
    "no mask": (lambda one: one["masks"].pop("name"), "classes.name.grid:\n  mask cannot be done to a column of class name."),
    "year of no class": (lambda one: one["appliesTo"].update(year=["birthday"]), "appliesTo.year:\n  there is no class birthday."),
    "flag of some": (lambda one: one["appliesTo"].update(flag=[]), "appliesTo.flag"),
    "role of no class": (lambda one: one["roles"].update(minor="child"), "roles.minor:\n  there is no class child."),
    "no role": (lambda one: one["roles"].pop("identity"), "roles.identity:\n  identity is missing."),
    "ban of no class": (lambda one: one["bans"][0].update({"class": "id"}), "bans:\n  there is no class id.\n  Allowed: id_no"),
    "a level left out": (lambda one: one["classes"]["plain"].pop("grid"), "classes.plain:\n  grid is missing."),
    "no small cells": (lambda one: one["smallCells"].update(under=1), "smallCells.under:\n  Input should be greater than or equal to 2."),
    "no name": (lambda one: one["classes"].update({"Plate No": one["classes"]["plain"]}), "String should match pattern"),
}  # fmt: skip


@pytest.mark.parametrize("mistake", BAD)
def test_policies_that_do_not_fit_together_are_refused(tmp_path: Path, mistake: str) -> None:
    content = yaml.safe_load((PROJECT / "contracts" / "policies.yaml").read_text("utf-8"))
    spoil, message = BAD[mistake]
    spoil(content)
    (tmp_path / "policies.yaml").write_text(yaml.safe_dump(content, sort_keys=False), "utf-8")
    with pytest.raises(ContractError) as refused:
        load_policies(tmp_path / "policies.yaml")
    assert message in str(refused.value)


def test_no_return_tells_smaller_counts_than_the_policies_let(folder: Path) -> None:
    edit(folder / "contracts" / "policies.yaml", ("smallCells: {under: 10}", "smallCells: {under: 11}"))
    assert "region_summary.yaml: smallCells.under:\n  is 10, but policies.yaml lets no count under 11 be told." in check(folder)
