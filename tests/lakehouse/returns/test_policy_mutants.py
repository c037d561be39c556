"""The inspector, which reads only declarations and payload bytes, finds every mutant that breaks the policy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pyarrow as pa
import pytest

from lakehouse.returns.compiler import ColumnPlan, Plan
from lakehouse.returns.edition import Edition
from lakehouse.returns.inspection import Inspection, inspect_payloads
from lakehouse.returns.model import Return
from lakehouse.returns.strangers import places_of
from lakehouse.returns.writer import Assignment, write_packages
from tests.lakehouse.returns.town import FIRST, Resident, Row, Town, due_batches

pytestmark = pytest.mark.fast

CHILD = {"id_no": "449901201806151235", "birth_date": "2018-06-15"}
PERSON = {
    "person_name": "欧阳小满", "id_no": "44990219551224002X", "birth_date": "1955-12-24", "phone": "13800001234",
    "household_no": "100000001",
    "assistance_types": "最低生活保障", "monthly_amount_yuan": "960.00", "case_nos": "DB1", "disability_category": "1",
    "disability_grade": "2", "has_certificate": "true", "is_owning_enterprise": "false", "is_listed_without_certificate": "true",
}  # fmt: skip
ENTITY = {
    "entity_name": "便利店", "uscc": "91449901MA00000001", "entity_type_code": "9600", "industry_code": "F5212", "legal_rep_name": "张三",
    "registered_capital_yuan": "5.00", "establish_date": "2020-03-01", "domicile": "某路",
}  # fmt: skip
ROWS = [
    Resident("a"),
    Resident("c", "李小宝", CHILD["id_no"], CHILD["birth_date"]),
    Row("safety_net", "n", PERSON),
    Row("safety_net", "m", PERSON | CHILD),
    Row("legal_entity_list", "e", ENTITY),
    Row("grid_event", "x", {"event_no": "x", "report_at": "2026-06-01T01:30:00Z"}),
]
RETURNS = ("resident_list", "legal_entity_list", "grid_event", "safety_net")


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Town:
    return Town(tmp_path_factory.mktemp("town"), RETURNS)


@pytest.fixture(scope="module")
def edition(town: Town) -> Edition:
    return town.edition(FIRST)


@pytest.fixture(scope="module")
def due(edition: Edition) -> pa.Table:
    return pa.Table.from_batches(due_batches(edition, ROWS))


def mutants(declared: Return, plan: Plan) -> Iterator[tuple[str, Plan]]:
    """Yield plans that break the policy: for every protected column one that hands it over raw, and one without protection of minors."""
    kept = {column.name: column for column in plan.columns}
    for position, source in enumerate(declared.columns):
        raw = ColumnPlan(source.name, source.label, source.type, str(source.class_), source.grade or 0, "raw", 0, position)
        own = kept.get(source.name)
        if own is None:
            yield f"{source.name} is not left out", replace(plan, columns=(*plan.columns, raw))
            continue
        changed = []
        is_same = own.transform == "flag" and source.type == "boolean"  # a flag that says whether there is a value, and the value itself
        if own.transform != "raw" and not is_same:
            changed.append((f"{source.name} has no {own.transform}", raw))
        if own.minor_transform is not None:
            changed.append((f"{source.name} of children has no {own.minor_transform}", replace(own, minor_transform=None)))
        for name, worse in changed:
            yield name, replace(plan, columns=tuple(worse if column is own else column for column in plan.columns))
    yield "one column is missing", replace(plan, columns=plan.columns[1:], sort_by=(), tasks=())


def found(town: Town, edition: Edition, due: pa.Table, plan: Plan) -> list[str]:
    """Write the payloads of one recipient under this plan and return the inspector's findings."""
    by_id = {one.recipient_id: one for one in edition.addressees if one.audience == plan.audience.name}
    whom = max(by_id, key=lambda name: due["recipient_id"].to_pylist().count(name))
    rows = due.filter(pa.compute.equal(due["recipient_id"], whom)).combine_chunks()
    shared = (edition.sender, edition.reading)
    assignment = Assignment(FIRST, (town.home / "exchange").as_uri(), str(town.secret), {whom: by_id[whom]}, (plan,), *shared)
    forms = pa.Table.from_batches(write_packages(rows.to_batches(), assignment))
    written = forms.filter(pa.compute.is_valid(forms["path"]))
    inspection = Inspection(FIRST, (town.home / "exchange").as_uri(), edition.policies, edition.returns, places_of(edition.regions))
    return [row["kind"] for batch in inspect_payloads(written.to_batches(), inspection) for row in batch.to_pylist()]


def test_every_loosened_policy_is_found(town: Town, edition: Edition, due: pa.Table, capsys: pytest.CaptureFixture[str]) -> None:
    killed, alive = 0, []
    for declared in edition.returns:
        for plan in edition.facts.returns[declared.id].plans.values():
            assert found(town, edition, due, plan) == [], (declared.id, plan.audience.name)
            for name, worse in mutants(declared, plan):
                if found(town, edition, due, worse):
                    killed += 1
                else:
                    alive.append(f"{declared.id} for {plan.audience.name}: {name}")
    with capsys.disabled():
        print(f"\npolicy mutants: {killed} killed, {len(alive)} alive")  # noqa: T201 the count is what the test is for
    assert alive == []
    assert killed > 60


def test_what_the_bureau_may_see_is_found_with_the_district(town: Town, edition: Edition, due: pa.Table) -> None:
    plans = edition.facts.returns["safety_net"].plans
    as_bureau = replace(plans["civil_affairs"], audience=plans["district"].audience)
    assert "list of columns that differs from the allowed one" in found(town, edition, due, as_bureau)
