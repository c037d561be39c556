"""A return that would disclose too much is refused before it runs, with all its problems."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from lakehouse.config import PROJECT
from lakehouse.contracts.loader import load_contracts
from lakehouse.declarations.authority import load_authority
from lakehouse.declarations.libraries import read_libraries
from lakehouse.declarations.policies import Policies, load_policies
from lakehouse.declarations.provenance import Known, load_sound_libraries
from lakehouse.errors import ContractError
from lakehouse.returns.compiler import compile_return
from lakehouse.returns.model import Return, load_sound_returns
from lakehouse.returns.suppliers import contracts_behind

pytestmark = pytest.mark.fast

CONTRACTS = PROJECT / "contracts"
LIBRARIES = read_libraries(PROJECT / "dbt_project")[0]
DISABILITY = ("disability_category", "disability_grade")
Declaration = dict[str, Any]


@pytest.fixture(scope="module")
def policies() -> Policies:
    return load_policies(CONTRACTS / "policies.yaml")


def declaration() -> Declaration:
    loaded: Declaration = yaml.safe_load((CONTRACTS / "returns" / "resident_list.yaml").read_text("utf-8"))
    return loaded


def column(declared: Declaration, name: str) -> Declaration:
    return next(one for one in declared["columns"] if one["name"] == name)


def refusal(declared: Declaration, policies: Policies) -> str:
    with pytest.raises(ContractError) as refused:
        compile_return(Return.model_validate(declared), policies, LIBRARIES)
    return str(refused.value)


def test_resident_list_follows_the_policy_at_every_level(policies: Policies) -> None:
    plans = compile_return(load_sound_returns(CONTRACTS / "returns")[0]["resident_list"], policies, LIBRARIES)
    seen = {level: {one.name: one.transform for one in plan.columns} for level, plan in plans.items()}
    assert {level: transforms.get("id_no") for level, transforms in seen.items()} == {
        "district": "raw", "street": "mask", "community": "mask", "grid": None,
    }  # fmt: skip
    assert {level: transforms["birth_date"] for level, transforms in seen.items()} == {
        "district": "raw", "street": "raw", "community": "year", "grid": "age_band",
    }  # fmt: skip
    assert [level for level, transforms in seen.items() if "household_no" in transforms] == ["district", "street"]
    minors = {level: next((one.minor_transform for one in plan.columns if one.name == "id_no"), None) for level, plan in plans.items()}
    assert minors == {"district": "drop", "street": "flag", "community": "flag", "grid": None}


BAD: dict[str, tuple[Callable[[Declaration], object], str]] = {
    "within a day": (lambda one: one["cycle"].update(every="hour"), "cycle.every:\n  is hour, but packages are published once a day"),
    "no class": (lambda one: column(one, "hukou_address").pop("class"), "hukou_address at district:\n  class is missing"),
    "no grade": (lambda one: column(one, "hukou_address").pop("grade"), "grade is missing"),
    "above the cap": (lambda one: column(one, "hukou_address").update(grade=4), "grade is 4 after raw, above the cap.\n  Allowed: up to 3"),
    "banned": (
        lambda one: column(one, "id_no").update(policy={"grid": {"transform": "raw", "legalBasis": "Art99"}}),
        "id_no at grid:\n  raw is banned for class id_no",
    ),
    "looser": (
        lambda one: column(one, "birth_date").update(policy={"community": "raw"}),
        "birth_date at community:\n  raw is looser than the policy and names no legal basis.\n  Allowed: year",
    ),
    "free text": (lambda one: column(one, "hukou_address").update({"class": "free_text", "policy": {"street": "raw"}}), "raw is banned"),
    "impossible": (lambda one: column(one, "gender_code").update(policy={"grid": "age_band"}), "age_band cannot be applied to class plain"),
    "twice": (lambda one: one["columns"].append(column(one, "id_no")), "id_no:\n  the column is declared more than once"),
    "nobody": (
        lambda one: column(one, "id_no").update(policy={"comunity": "drop"}),
        "comunity does not receive this return.\n  Allowed: community",
    ),
    "no such column": (
        lambda one: one.update(sortBy=["grid_cod"]),
        "sortBy:\n  grid_cod is not a column of the return.\n  Allowed: grid_code",
    ),
    "plain name": (
        lambda one: column(one, "person_name").update({"class": "plain"}),
        "person_name:\n  class is plain, which hides less than name, its class in base.person.\n  Allowed: name",
    ),
    "stricter for some only": (
        lambda one: column(one, "id_no").update({"class": "relationship"}),
        "relationship, which hides less than id_no, its class in base.person.\n  Allowed: id_no, money, minor_id, free_text",
    ),
    "low grade": (lambda one: column(one, "id_no").update(grade=1), "id_no:\n  grade is 1, but 3 in base.person."),
    "no such source": (lambda one: one.update(source="base.people"), "source:\n  there is no table base.people.\n  Allowed: base.person"),
    "not in the table": (
        lambda one: column(one, "hukou_address").update(name="hukou_adress"),
        "hukou_adress is no column of base.person.\n  Allowed: hukou_address",
    ),
    "another type": (
        lambda one: column(one, "birth_date").update(type="string"),
        "but is date in base.person.\n  Allowed: date",
    ),
    "no such key": (lambda one: one.update(key="person"), "key:\n  person is no column of base.person.\n  Allowed: person_id"),
    "no such filter": (lambda one: one["filter"].update(alive=True), "filter:\n  alive is no column of base.person.\n  Allowed: is_alive"),
    "filter of another type": (lambda one: one["filter"].update(is_alive="yes"), "filter:\n  is_alive is read as string, but is boolean"),
    "no such birth date": (lambda one: one["minors"].update(birthDate="born"), "minors.birthDate:\n  born is no column"),
    "no need": (lambda one: one["levels"]["street"].pop("need"), "levels.street:\n  Art30 needs an approved need"),
    "wrong basis": (lambda one: one["levels"]["grid"].update(legalBasis="Art24"), "levels.grid:\n  Art24 is no basis for this level"),
}


@pytest.mark.parametrize("mistake", BAD)
def test_mistake_is_refused_with_its_place_and_what_is_allowed(mistake: str, policies: Policies) -> None:
    declared = declaration()
    spoil, message = BAD[mistake]
    spoil(declared)
    assert message in refusal(declared, policies)


def test_all_mistakes_are_told_at_once(policies: Policies) -> None:
    declared = declaration()
    for mistake in ("no class", "banned", "looser", "no need"):
        BAD[mistake][0](declared)
    told = refusal(declared, policies)
    assert all(BAD[mistake][1].split("\n")[-1].strip() in told for mistake in ("no class", "banned", "no need"))


def test_handler_sees_what_the_policy_exempts_and_nobody_else_does(policies: Policies) -> None:
    declared = load_sound_returns(CONTRACTS / "returns")[0]["safety_net"]
    plans = compile_return(declared, policies, LIBRARIES)
    health = {name: {one.name: one.transform for one in plan.columns if one.class_ == "health"} for name, plan in plans.items()}
    assert health["civil_affairs"] == dict.fromkeys(["assistance_types", *DISABILITY, "has_certificate"], "raw")
    assert (health["district"], health["community"]) == ({}, {"assistance_types": "flag", "disability_category": "flag"})
    assert plans["civil_affairs"].audience.legal_basis == "社会救助暂行办法第四条"
    assert [one.minor_transform for one in plans["civil_affairs"].columns if one.name == "id_no"] == [None]
    assert {one.minor_transform for one in plans["district"].columns if one.name == "id_no"} == {"drop"}


HANDLERS: dict[str, tuple[Declaration, str]] = {
    "no cap there": (
        {"level": "community"},
        "policies.yaml allows no statutory handler at level community.\n  Allowed: province, city, district, street",
    ),
    "a level": ({"kind": "street"}, "street is named more than once, or is a level"),
    "free text": ({}, "remark at civil_affairs:\n  raw is banned for class free_text"),
}


@pytest.mark.parametrize("mistake", HANDLERS)
def test_handler_is_refused(mistake: str, policies: Policies) -> None:
    declared = yaml.safe_load((CONTRACTS / "returns" / "safety_net.yaml").read_text("utf-8"))
    changed, message = HANDLERS[mistake]
    declared["handlers"][0].update(changed)
    if not changed:
        own = {"civil_affairs": {"transform": "raw", "legalBasis": "a law"}}
        declared["columns"].append({"name": "remark", "label": "备注", "type": "string", "class": "free_text", "grade": 3, "policy": own})
    assert message in refusal(declared, policies)


def test_every_declared_return_stands_before_policies_and_contracts(policies: Policies) -> None:
    plans = {one.id: set(compile_return(one, policies, LIBRARIES)) for one in load_sound_returns(CONTRACTS / "returns")[0].values()}
    below = {"district", "street", "community", "grid"}
    assert plans == {
        "resident_list": below, "legal_entity_list": below, "grid_event": below, "safety_net": below | {"civil_affairs"},
        "region_summary": {"province", "city"},
    }  # fmt: skip


def test_tightening_needs_no_reason_and_loosening_names_one(policies: Policies) -> None:
    declared = declaration()
    column(declared, "birth_date").update(policy={"street": "year", "community": {"transform": "raw", "legalBasis": "社会救助法第45条"}})
    plans = compile_return(Return.model_validate(declared), policies, LIBRARIES)
    seen = [next(one.transform for one in plans[level].columns if one.name == "birth_date") for level in ("street", "community")]
    assert seen == ["year", "raw"]


def test_return_without_resources_is_judged_by_the_contracts_behind_its_table_only(policies: Policies) -> None:
    contracts = load_contracts(CONTRACTS)
    authority = load_authority(CONTRACTS / "authority.yaml", contracts)
    behind = contracts_behind(Return.model_validate(declaration()), authority, contracts)
    assert sorted(behind) == [
        "c_household_registration", "c_residence_permit", "g_person_check", "p_disability_certificate", "s_elderly_service_list",
        "v_resident_ledger",
    ]  # fmt: skip
    strict = contracts["g_grid_event"].model_copy(update={"columns": tuple(
        one.model_copy(update={"grade": 4}) for one in contracts["g_grid_event"].columns
    )})  # fmt: skip
    libraries, wrong = load_sound_libraries(Known({**contracts, "g_grid_event": strict}, authority, policies), PROJECT / "dbt_project")
    assert wrong
    returns = load_sound_returns(CONTRACTS / "returns")[0]
    assert "district" in compile_return(returns["resident_list"], policies, libraries)
    with pytest.raises(ContractError, match=r"there is no table thematic\.facility_event"):
        compile_return(returns["grid_event"], policies, libraries)


def test_return_whose_table_is_no_entity_names_the_resources_behind_it() -> None:
    contracts = load_contracts(CONTRACTS)
    authority = load_authority(CONTRACTS / "authority.yaml", contracts)
    declared = load_sound_returns(CONTRACTS / "returns")[0]["grid_event"]
    with pytest.raises(ContractError, match=r"grid_event.yaml: resources:\n  none is named, .* which resources feed thematic"):
        contracts_behind(declared.model_copy(update={"resources": ()}), authority, contracts)
    with pytest.raises(ContractError, match=r"g_grid_evnt is not a resource with a sound contract.\n  Allowed: g_grid_event"):
        contracts_behind(declared.model_copy(update={"resources": ("g_grid_evnt",)}), authority, contracts)


def test_policies_report_every_gap_and_misfit_at_once(tmp_path: Path) -> None:
    content = yaml.safe_load((CONTRACTS / "policies.yaml").read_text("utf-8"))
    del content["classes"]["money"], content["classes"]["phone"]["grid"], content["gradeAfter"]["flag"], content["appliesTo"]["year"]
    content["classes"]["plain"]["grid"] = "year"
    content["classes"]["id_no"]["community"] = "raw"
    (tmp_path / "policies.yaml").write_text(yaml.safe_dump(content), "utf-8")
    with pytest.raises(ContractError) as refused:
        load_policies(tmp_path / "policies.yaml")
    for part in (
        "appliesTo.band:\n  there is no class money.",
        "year is missing",
        "classes.phone:\n  grid is missing",
        "flag is missing",
        "year cannot be done",
        "raw is banned for id_no",
    ):
        assert part in str(refused.value)


def test_unknown_key_is_refused(tmp_path: Path) -> None:
    (tmp_path / "resident_list.yaml").write_text(yaml.safe_dump({**declaration(), "retentionDay": 3}), "utf-8")
    found, wrong = load_sound_returns(tmp_path)
    assert found == {}
    assert "retentionDay" in wrong["resident_list"]
