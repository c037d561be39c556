"""`authority.yaml`: all problems are reported together; resources without a contract may be named but are not used."""

from __future__ import annotations

from pathlib import Path

import pytest

from lakehouse.config import PROJECT
from lakehouse.contracts.loader import load_contracts
from lakehouse.declarations.authority import load_authority
from lakehouse.derive.dbt import entity_authority
from lakehouse.errors import ContractError

pytestmark = pytest.mark.fast
CONTRACTS = load_contracts(PROJECT / "contracts", standard=False)
WRONG = """
version: 1
entities:
  person:
    name: 人口
    name_en: person
    id: person_id
    defined_by: [c_household_registration]
    fields:
      phone:
        candidates:
          - {resource: g_person_check, columns: {phone: telephone}}
          - {resource: g_person_check, unless: [phone.patern]}
        never: [g_person_check]
      residence:
        kind: place
        candidates:
          - {resource: c_household_registration}
      death:
        kind: fact
        candidates:
          - {resource: c_household_registration, columns: {death_date: cancel_date}, when: {cancelled_why: [死亡]}}
  resident:
    name: 居民
    name_en: resident
    library: person
    id: person_id
    defined_by: [c_household_registration]
    fields:
      home:
        kind: place
        candidates:
          - {resource: c_household_registration, confidence: 2}
"""


def test_every_problem_is_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "authority.yaml"
    path.write_text(WRONG, "utf-8")
    with pytest.raises(ContractError) as caught:
        load_authority(path, CONTRACTS)
    text = str(caught.value)
    for found in (
        "g_person_check is a candidate more than once",
        "g_person_check is a candidate and in `never`",
        "column telephone is not kept",
        "a place lacks a confidence",
        "column cancelled_why is not kept",
        "phone.patern is no warning of the contract",
        "resident:\n  has the library of person",
        "resident:\n  has no field besides places",
    ):
        assert found in text


def test_an_entity_has_names_for_people(tmp_path: Path) -> None:
    path = tmp_path / "authority.yaml"
    path.write_text(WRONG.replace("    name: 居民\n", ""), "utf-8")
    with pytest.raises(ContractError, match=r"entities.resident.name:\n  name is missing"):
        load_authority(path, CONTRACTS)


def test_only_resources_with_a_contract_are_rendered_and_the_declared_authority_stays() -> None:
    authority = load_authority(PROJECT / "contracts" / "authority.yaml", CONTRACTS)
    without = {code: contract for code, contract in CONTRACTS.items() if code != "g_person_check"}
    rendered = entity_authority("person", authority, without)
    phone = rendered["fields"]["phone"]
    assert phone["authority"] == "g_person_check"
    assert [candidate["resource"] for candidate in phone["candidates"]] == [
        "c_residence_permit",
        "v_resident_ledger",
        "s_elderly_service_list",
    ]
    assert "g_person_check" not in rendered["resources"]
