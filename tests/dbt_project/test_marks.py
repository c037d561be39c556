"""Proof beyond declarations: a mark in every source column that is not plain is seen only where libraries and returns declare it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

import pytest

from lakehouse.config import Instance
from lakehouse.contracts.loader import load_contracts
from lakehouse.declarations.authority import load_authority
from lakehouse.declarations.policies import load_policies
from lakehouse.declarations.provenance import Known, load_libraries
from lakehouse.jobs import JobRequest
from lakehouse.returns.edition import load_edition
from lakehouse.returns.model import Return
from spark_jobs.jobs import libraries
from spark_jobs.lake import session, storage
from spark_jobs.returns.assembly import build_packages
from tests.dbt_project.lake import Silver, write_reference
from tests.dbt_project.marks import Mark, Sighting, in_payloads, in_tables, leaked, plant, undeclared

pytestmark = pytest.mark.dbt
DAY = date(2026, 6, 1)
PUBLIC = ("base.", "thematic.", "special.", "mart.", "quality.")
NOWHERE = {
    "c_household_registration.former_name", "c_household_registration.head_id_no", "c_residence_permit.landlord_name",
    "c_residence_permit.landlord_phone", "c_residence_permit.permit_no", "d_assistance_approval.applicant_id_no",
    "d_assistance_approval.monthly_income_per_capita", "g_person_check.id_no", "g_person_check.person_name", "g_person_check.reason",
    "p_disability_certificate.cert_status", "p_disability_certificate.guardian_name", "p_disability_certificate.guardian_phone",
    "p_disability_certificate.id_no", "p_disability_certificate.person_name", "s_elderly_service_list.remark",
    "v_resident_ledger.id_no", "v_resident_ledger.person_name", "v_resident_ledger.remark",
}  # fmt: skip
PLACED_BY_CODE = {"c_residence_permit.residence_address", "v_resident_ledger.address_text"}  # a text the code made needless


@dataclass(frozen=True)
class Marked:
    """A lake whose sources are marked, after the libraries and the payloads of a day: where the marks are seen."""

    known: Known
    returns: dict[str, Return]
    marks: list[Mark]
    in_libraries: set[Sighting]
    in_payloads: set[Sighting]


@pytest.fixture(scope="module")
def marked(module_instance: Instance) -> Iterator[Marked]:
    folder = module_instance.settings.contracts
    contracts = load_contracts(folder)
    known = Known(contracts, load_authority(folder / "authority.yaml", contracts), load_policies(folder / "policies.yaml"))
    load_libraries(known)
    spark = session.open_session(module_instance)
    write_reference(spark, module_instance)
    silver = Silver()
    marks = plant(silver, contracts)
    silver.write(spark, module_instance)
    libraries.run(module_instance, JobRequest(DAY))
    public = [table for table in storage.tables(module_instance) if table.startswith(PUBLIC)]
    tables = {table: [row.asDict() for row in storage.read(spark, table).collect()] for table in public}
    edition = load_edition(module_instance, DAY)
    of = storage.versions(module_instance, sorted({one.source for one in edition.returns}))
    forms, _ = build_packages(module_instance, edition, of)
    seen = in_payloads(edition.exchange, forms.to_pylist(), edition.returns, marks)
    yield Marked(known, {one.id: one for one in edition.returns}, marks, in_tables(tables, marks), seen)
    session.close_sessions()


def test_a_mark_is_seen_under_no_column_that_does_not_declare_its_source(marked: Marked) -> None:
    assert undeclared(marked.in_libraries, marked.known) == []


def test_no_payload_holds_a_mark_under_a_weaker_class_or_whole_where_its_class_is_hidden(marked: Marked) -> None:
    assert leaked(marked.in_payloads, marked.known, marked.returns) == []


def test_every_mark_is_seen_but_those_no_library_takes(marked: Marked) -> None:
    assert {mark.source for mark in marked.marks} - {one.mark.source for one in marked.in_libraries} - PLACED_BY_CODE == NOWHERE
    assert {one.where.split()[0] for one in marked.in_payloads} == {"resident_list", "legal_entity_list", "safety_net"}


def test_who_would_hide_an_origin_or_a_class_is_found(marked: Marked) -> None:
    name = next(one for one in marked.in_libraries if (one.where, one.column) == ("base.household", "head_name"))
    silent = replace(marked.known, libraries={**marked.known.libraries})
    library = silent.libraries["base.household"]
    column = library.columns["head_name"]
    mute = replace(column, provenance=column.provenance.model_copy(update={"from_": ()}))
    for worse in (mute, replace(column, class_="plain"), replace(column, grade=1)):
        silent.libraries["base.household"] = replace(library, columns=library.columns | {"head_name": worse})
        assert undeclared([name], silent) == [name]
    shown = next(one for one in marked.in_payloads if one.where == "resident_list district" and one.column == "person_name")
    declared = marked.returns["resident_list"]
    weak = [one.model_copy(update={"class_": "plain"}) if one.name == "person_name" else one for one in declared.columns]
    assert leaked([shown], marked.known, {"resident_list": declared.model_copy(update={"columns": tuple(weak)})}) == [shown]
    assert leaked([replace(shown, where="resident_list grid")], marked.known, marked.returns) != []
