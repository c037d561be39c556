"""What leaves a source is seen only where it is declared: marks of every column that is not plain, in all libraries and all payloads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import pytest

from lakehouse.config import PROJECT, Instance
from lakehouse.contracts.loader import load_contracts
from lakehouse.contracts.model import Contract
from lakehouse.declarations.authority import load_authority
from lakehouse.declarations.policies import load_policies
from lakehouse.declarations.provenance import Known, load_libraries
from lakehouse.jobs import JobRequest, run_job
from lakehouse.ops import connect, days
from lakehouse.returns.build_record import load_record
from lakehouse.returns.compiler import compile_return
from lakehouse.returns.edition import load_edition
from lakehouse.returns.model import Tightened, load_sound_returns
from spark_jobs.lake import session, storage
from tests.dbt_project.lake import PERMITS, REGISTRY, write_reference
from tests.dbt_project.marks import Declared, Place, Shown, library_problems, library_values, marks_under, payload_problems, payload_values
from tests.dbt_project.planting import plant, unmarked

DAY = date(2026, 6, 1)
CONTRACTS = load_contracts(PROJECT / "contracts")
AUTHORITY = load_authority(PROJECT / "contracts" / "authority.yaml", CONTRACTS)
BARE = Known(CONTRACTS, AUTHORITY, load_policies(PROJECT / "contracts" / "policies.yaml"))
PLANTED = plant(CONTRACTS, AUTHORITY)
SOURCE_TABLES = ("bronze.", "silver.", "ref.")
NEVER_SEEN = {
    "thematic.market_regulation.industry_name",  # the label of the code's first letter, which is the same of all marks
    "legal_entity_list.status_code",  # only entities in business are told, and their status is the ordinary one
}


@dataclass(frozen=True)
class Built:
    """The marks seen under the columns of libraries and payloads."""

    libraries: Shown
    payloads: Shown


@pytest.fixture(scope="module")
def declared() -> Declared:
    libraries = load_libraries(BARE, PROJECT / "dbt_project")
    returns, wrong = load_sound_returns(PROJECT / "contracts" / "returns")
    assert wrong == {}
    plans = [plan for one in returns.values() for plan in compile_return(one, BARE.policies, libraries).values()]
    return Declared.of(replace(BARE, libraries=libraries, tables=set(libraries)), returns.values(), plans)


@pytest.fixture(scope="module")
def built(module_instance: Instance, declared: Declared) -> Iterator[Built]:
    spark = session.open_session(module_instance)
    write_reference(spark, module_instance, PLANTED.codes)
    PLANTED.silver.write(spark, module_instance)
    with connect(module_instance) as connection:
        days.close(connection, DAY, 1, [])
    for step in ("libraries", "returns_build"):
        run_job(step, JobRequest(DAY), module_instance)
    libraries = declared.known.libraries
    tables = [table for table in storage.tables(module_instance) if table in libraries or not table.startswith(SOURCE_TABLES)]
    assert set(tables) == set(libraries)
    forms = load_record(load_edition(module_instance, DAY)).forms.to_pylist()
    exchange = module_instance.home / "store" / "exchange"
    assert {path.name for path in exchange.glob("*/*/content/*")} == {form["path"].split("/")[1] for form in forms if form["path"]}
    values = library_values(module_instance.home / "store" / "lake", tables), payload_values(exchange, forms, declared)
    yield Built(*(marks_under(one, PLANTED.sources) for one in values))
    session.close_sessions()


@pytest.mark.fast
def test_every_column_that_is_not_plain_has_marks_no_other_column_has() -> None:
    assert unmarked(CONTRACTS, PLANTED) == []
    together = "\n".join(PLANTED.sources)
    assert [mark for mark in PLANTED.sources if together.count(mark) > 1] == []


@pytest.mark.fast
@pytest.mark.parametrize(("change", "forgotten"), [({"type": "string"}, []), ({"type": "boolean"}, ["c_permit.is_ill"])])
def test_a_new_contract_is_planted_and_a_column_without_a_mark_is_named(change: dict[str, Any], forgotten: list[str]) -> None:
    register = CONTRACTS[REGISTRY]
    ill = register.column("former_name").model_copy(update={"name": "is_ill", "class_": "health", **change})
    new: Contract = register.model_copy(update={"code": "c_permit", "columns": (*register.columns, ill)})
    contracts = {**CONTRACTS, "c_permit": new}
    assert len(unmarked(contracts, PLANTED)) == len([column for column in new.columns if column.class_ != "plain"])
    assert unmarked(contracts, plant(contracts, AUTHORITY)) == forgotten


@pytest.mark.fast
def test_a_payload_may_not_show_whole_what_the_policies_hide_from_its_recipient(declared: Declared) -> None:
    number = next(mark for mark, sources in PLANTED.sources.items() if sources == {f"{REGISTRY}.id_no"})
    shown = {
        Place("v-1", "community", *place): {number} for place in (("resident_list", "id_no"), ("", "首页"), ("resident_list", "phone"))
    }
    assert payload_problems(shown, PLANTED.sources, declared) == [
        f"v-1: no return.首页 shows {REGISTRY}.id_no, but is no column of a return.",
        f"v-1: resident_list.id_no shows {REGISTRY}.id_no, which policies.yaml hides from this recipient as id_no.",
        f"v-1: resident_list.phone shows {REGISTRY}.id_no, but is no column of a return.",
    ]
    returned = declared.returns["resident_list"]
    loose = Tightened(transform="raw", legalBasis="a law")
    columns = [one.model_copy(update={"policy": {"community": loose}}) if one.name == "id_no" else one for one in returned.columns]
    loosened = replace(declared, returns={"resident_list": returned.model_copy(update={"columns": tuple(columns)})})
    assert not any("resident_list.id_no" in line for line in payload_problems(shown, PLANTED.sources, loosened))


@pytest.mark.dbt
def test_marks_are_seen_only_under_columns_that_declare_their_source(built: Built, declared: Declared) -> None:
    assert library_problems(built.libraries, PLANTED.sources, declared) == []


@pytest.mark.dbt
def test_payloads_show_marks_only_under_a_class_as_strict_and_to_whom_it_is_shown(built: Built, declared: Declared) -> None:
    assert payload_problems(built.payloads, PLANTED.sources, declared) == []


@pytest.mark.dbt
def test_every_source_that_is_copied_is_seen_in_a_library_and_no_other(built: Built, declared: Declared) -> None:
    """Without this the two tests above could pass because nothing was found."""
    copied = declared.copied()
    seen = {name: set().union(*(PLANTED.sources[mark] for mark in marks)) for name, marks in built.libraries.items()}
    assert {name for name, sources in copied.items() if not sources & seen.get(name, set())} - NEVER_SEEN == set()
    assert {f"quality.conflict.{name}" for name in ("entity_id", "kept_value", "lost_value")} <= set(seen)
    alone = [PLANTED.sources[mark] for marks in built.libraries.values() for mark in marks if len(PLANTED.sources[mark]) == 1]
    assert set().union(*alone) == set().union(*copied.values())


@pytest.mark.dbt
def test_every_column_shown_whole_is_seen_in_a_payload_of_every_kind_of_recipient(built: Built, declared: Declared) -> None:
    shown = {(place.return_id, place.audience, place.column) for place in built.payloads}
    copied = declared.copied()
    whole = [key for key, column in declared.columns.items() if column.transform == "raw"]
    due = {key for key in whole if f"{declared.returns[key[0]].source}.{key[2]}" in copied}
    assert {f"{return_id}.{name}" for return_id, _, name in due - shown} - NEVER_SEEN == set()
    assert {audience for _, audience, _ in shown} == {"district", "street", "community", "grid", "civil_affairs"}


@pytest.mark.dbt
def test_what_is_not_declared_and_a_weaker_class_are_named(built: Built, declared: Declared) -> None:
    libraries = declared.known.libraries
    phone = libraries["base.person"].columns["phone"]

    def with_phone(**change: Any) -> Declared:
        said = replace(phone, provenance=phone.provenance.model_copy(update=change))
        person = replace(libraries["base.person"], columns={**libraries["base.person"].columns, "phone": said})
        return replace(declared, known=replace(declared.known, libraries={**libraries, "base.person": person}))

    told = library_problems(built.libraries, PLANTED.sources, with_phone(from_=("golden.person.id_no",)))
    assert f"base.person.phone shows {PERMITS}.phone, which it does not declare." in told
    assert {line.split()[0] for line in told} == {"base.person.phone", "special.safety_net.phone"}
    told = payload_problems(built.payloads, PLANTED.sources, with_phone(from_=()))
    assert {line.split()[1] for line in told} == {"safety_net.phone"}
    told = library_problems(built.libraries, PLANTED.sources, with_phone(as_="flag"))
    assert f"base.person.phone shows {PERMITS}.phone itself, though it is declared as a flag." in told

    key = ("resident_list", "community", "person_name")
    weaker = replace(declared, columns={**declared.columns, key: replace(declared.columns[key], class_="plain")})
    wrong = "but its class plain is weaker than name."
    assert {line.split(" ", 1)[1] for line in payload_problems(built.payloads, PLANTED.sources, weaker)} == {
        f"resident_list.person_name shows {resource}.person_name, {wrong}" for resource in (REGISTRY, PERMITS)
    }
