"""Who delivers: kinds of offices, resolved in any city."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date

import pytest

from lakehouse.city.departments import Department
from lakehouse.city.profile import load_profile, misplaced
from lakehouse.city.providers import Offices, load_offices
from lakehouse.config import PROJECT
from lakehouse.contracts.loader import load_contracts
from lakehouse.contracts.model import Contract, EachProvider, OneProvider
from lakehouse.errors import ConfigError

pytestmark = pytest.mark.fast
JUNE = date(2026, 6, 1)
CONTRACTS = load_contracts(PROJECT / "contracts", standard=False)
LISTS, REGISTER, CERTIFICATES = (
    CONTRACTS[code] for code in ("s_elderly_service_list", "c_household_registration", "p_disability_certificate")
)
STREET = "449901001"


def offices(city: str = "tiny") -> Offices:
    folder = PROJECT / "cities" / city
    return load_offices(folder, load_profile(folder))


def having(known: Offices, *more: Department) -> Offices:
    return replace(known, departments=(*known.departments, *more))


def office(uscc: str, kind: str, region: str) -> Department:
    return Department(uscc, uscc, kind, "street", region, JUNE, None)


def codes(departments: Iterable[Department]) -> list[str]:
    return [one.uscc for one in departments]


@pytest.mark.parametrize(
    ("city", "region", "province", "streets"), [("zhuhai", "4404", "44", 31), ("tiny", "4499", "44", 3), ("municipality", "59", "59", 4)]
)
def test_the_same_contracts_serve_every_city(city: str, region: str, province: str, streets: int) -> None:
    known = offices(city)
    found = {code: known.providers(contract, JUNE) for code, contract in CONTRACTS.items()}
    assert [(one.kind, one.region_code) for one in found[REGISTER.code]] == [("public_security", region)]
    assert [(one.kind, one.region_code) for one in found[CERTIFICATES.code]] == [("disabled_federation", province)]
    assert len(found[LISTS.code]) == streets
    assert list(misplaced(PROJECT / "cities" / city, known.profile, known.regions, JUNE)) == []


def test_no_contract_names_a_department() -> None:
    kinds = {str(contract.provider) for contract in CONTRACTS.values()}
    assert not any(char.isdigit() for kind in kinds for char in kind)


def test_of_many_possible_senders_those_are_expected_who_sent_before() -> None:
    known = offices()
    bureau = next(one for one in known.departments if (one.kind, one.level) == ("civil_affairs", "district"))
    committees = [one.uscc for one in known.departments if one.kind == "community_committee"]

    def expected(sent: list[str], **provider: str) -> list[str]:
        asked = LISTS.model_copy(update={"provider": EachProvider.model_validate(provider)})
        return codes(known.providers(asked, JUNE, sent))

    assert expected([committees[1], bureau.uscc], each="community", senders="known") == [committees[1]]
    assert expected([], each="community", senders="known") == []
    assert sorted(expected([], each="community")) == sorted(committees)
    assert bureau.uscc in expected([], each="district", kind="civil_affairs")


def test_a_region_without_office_is_named() -> None:
    known = offices()
    without = replace(known, departments=tuple(one for one in known.departments if one.region_code != "449901002"))
    with pytest.raises(ConfigError, match="449901002:\n  the street has no street_office"):
        without.providers(LISTS, JUNE)


@pytest.mark.parametrize(("more", "number"), [((), 0), (("one", "other"), 2)])
def test_a_city_has_exactly_one_office_of_a_kind_that_delivers_for_all(more: tuple[str, ...], number: int) -> None:
    asked = REGISTER.model_copy(update={"provider": OneProvider(kind="archive")})
    known = having(offices(), *(office(uscc, "archive", "4499") for uscc in more))
    with pytest.raises(ConfigError, match=f"4499:\n  {number} departments of kind archive exist at 2026-06-01"):
        known.providers(asked, JUNE)


def test_a_region_may_have_several_offices() -> None:
    known = having(offices(), office("SECOND", "street_office", STREET))
    first = codes(offices().providers(LISTS, JUNE))[0]
    assert codes(known.providers(LISTS, JUNE))[:2] == [first, "SECOND"]
    assert known.senders(LISTS, STREET, JUNE) == (first, "SECOND")  # a path that names the region only does not say who
    assert known.senders(LISTS, "SECOND", JUNE) == ("SECOND",)
    [problem] = known.unclear(LISTS, JUNE)
    assert problem.where == f"departments.csv: {STREET}"
    assert list(known.unclear(by_office(LISTS), JUNE)) == []


def test_an_office_may_serve_several_regions() -> None:
    first = codes(offices().providers(LISTS, JUNE))[0]
    known = offices()
    shared = tuple(one for one in known.departments if one.region_code != "449901002")
    known = having(replace(known, departments=shared), office(first, "street_office", "449901002"))
    assert codes(known.providers(LISTS, JUNE)).count(first) == 1
    assert known.senders(LISTS, STREET, JUNE) == known.senders(LISTS, "449901002", JUNE) == (first,)


def by_office(contract: Contract) -> Contract:
    source = contract.source.model_copy(update={"path": "s_elderly_service_list/{office}/{date}_{n}.csv"})
    return contract.model_copy(update={"source": source})


def test_a_profile_that_names_a_region_of_another_city_is_told() -> None:
    known = offices("municipality")
    wrong = known.profile.model_copy(update={"region_code": "4499"})
    told = [problem.text() for problem in misplaced(PROJECT / "cities" / "municipality", wrong, known.regions, JUNE)]
    assert [text.partition(" is not ")[0].rpartition("city.yaml: ")[2].split() for text in told] == [
        ["region_code:", "4499"],
        ["province_code:", "59"],
    ]
