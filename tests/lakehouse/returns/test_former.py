"""A return that may not run stops nobody else: its recipients keep what they had, never beyond today's area, term or policy."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import yaml

from huiliu_verify.signing import load_public_key
from huiliu_verify.verifier import verify_package
from lakehouse.city.regions import Region, RegionTree, load_regions
from lakehouse.declarations.policies import Cap
from lakehouse.returns.day_entries import entry, leaves
from lakehouse.returns.earlier import kinds_of, load_earlier
from lakehouse.returns.former import former_returns
from lakehouse.returns.inspection import Inspection, inspect_payloads
from lakehouse.returns.payloads import read_rows
from lakehouse.returns.proofs import former_above_cap, unlike_before, unproved
from lakehouse.returns.publication import differing, publish
from lakehouse.returns.strangers import places_of
from lakehouse.returns.workbook import file as workbook
from tests.lakehouse.returns.town import CITY, CONTRACTS, FIRST, SECOND, THIRD, Resident, Row, Town

pytestmark = pytest.mark.fast

COMMUNITY, DISTRICT, GRID, PROVINCE = "v-449901001001", "d-449901", "g-449901001001001", "p-44"
PEOPLE: list[Resident | Row] = [
    Resident("a"),
    Resident("c", "李小宝", "449901201806151235", "2018-06-15"),
    Resident("p", "赵六", known_to="street"),
]
EVENT = Row("grid_event", "E1", {"event_no": "E1", "is_closed": "false", "report_at": "2026-06-01T01:30:00Z"})
SUMMARY = Row("region_summary", "s1", {"region_code": "449901", "measure": "residents", "value": "25", "is_suppressed": "false"})
TOWN = [*PEOPLE, EVENT, SUMMARY]
Declaration = dict[str, Any]
UNREADABLE = "id: [unclosed"


@pytest.fixture
def town(tmp_path: Path) -> Town:
    """Return a town with declarations of its own, which a test may spoil."""
    shutil.copytree(CONTRACTS, tmp_path / "contracts")
    return Town(tmp_path, ("resident_list", "grid_event", "region_summary"), tmp_path / "contracts")


def spoil(town: Town, return_id: str = "resident_list", change: Callable[[Declaration], object] | None = None) -> None:
    """Make a return's declaration one that is refused, after a change by the steward; without a change its file is not even YAML."""
    path = town.contracts / "returns" / f"{return_id}.yaml"
    if change is None:
        path.write_text(UNREADABLE, "utf-8")
        return
    declared = yaml.safe_load(path.read_text("utf-8"))
    change(declared)
    declared["sortBy"] = ["no_such_column"]
    path.write_text(yaml.safe_dump(declared, allow_unicode=True), "utf-8")


def repair(town: Town) -> None:
    shutil.copytree(CONTRACTS, town.contracts, dirs_exist_ok=True)


def package(town: Town, recipient: str, level: str, day: date) -> dict[str, Any]:
    return json.loads((town.package(recipient, level, day) / "manifest.json").read_bytes())


def returned(town: Town, recipient: str, level: str, day: date, return_id: str = "resident_list") -> dict[str, Any]:
    return next((one for one in package(town, recipient, level, day)["returns"] if one["return_id"] == return_id), {})


def rows(town: Town, recipient: str, level: str, day: date) -> list[dict[str, Any]]:
    found = returned(town, recipient, level, day)
    form = found["forms"][0]
    content = (town.home / "exchange" / level / recipient / form["path"]).read_bytes()
    return read_rows(content, form["sheet"], kinds_of(found["columns"])).to_pylist()


def assert_verified(town: Town, day: date, *whom: tuple[str, str]) -> None:
    key = load_public_key(town.key)
    for recipient, level in whom:
        assert verify_package(town.package(recipient, level, day), key, recipient).refusals == []


@pytest.mark.parametrize("change", [None, lambda _: None], ids=["unreadable", "refused"])
def test_recipients_of_a_refused_return_keep_what_they_had_and_get_all_else(town: Town, change: Callable[[Declaration], object]) -> None:
    town.publish(FIRST, TOWN)
    spoil(town, change=change)
    closed = replace(EVENT, values={**EVENT.values, "is_closed": "true"})
    town.publish(SECOND, [Resident("new"), closed, SUMMARY])
    everybody = ((DISTRICT, "district"), ("s-449901001", "street"), (COMMUNITY, "community"), (GRID, "grid"))
    for whom in everybody:
        before, now = returned(town, *whom, FIRST), returned(town, *whom, SECOND)
        assert now["as_of"] == "2026-06-01"
        assert {name: now[name] for name in before if name != "forms"} == {name: before[name] for name in before if name != "forms"}
        assert now["forms"][0]["content_sha256"] == before["forms"][0]["content_sha256"]
        assert (now["forms"][1]["path"], now["forms"][1]["rows"]) == (None, 0)
        assert rows(town, *whom, SECOND) == rows(town, *whom, FIRST)
        assert returned(town, *whom, SECOND, "grid_event")["forms"][1]["updated"] == 1
        assert "as_of" not in returned(town, *whom, SECOND, "grid_event")
    assert returned(town, DISTRICT, "district", SECOND)["forms"][0] == returned(town, DISTRICT, "district", FIRST)["forms"][0]
    assert_verified(town, SECOND, *everybody)
    [left_out] = entry(town.exchange, SECOND, 1)["left_out"]
    assert left_out["return_id"] == "resident_list"
    assert left_out["reason"].startswith("contracts/returns/resident_list.yaml")
    assert "\n" not in left_out["reason"]
    cover = package(town, COMMUNITY, "community", SECOND)["cover"]
    lines = workbook.read_sheet((town.home / "exchange" / "community" / COMMUNITY / cover["path"]).read_bytes(), cover["sheet"])[1:]
    assert ["居民清单", "2", "—", "—", "—", "本期未能更新，仍为 2026-06-01 的数据"] in [[cell for cell in line if cell] for line in lines]


CAUSES: dict[str, tuple[str, str, str]] = {
    "no such code table": ("codes: gender", "codes: gendr", "there is no code table gendr."),
    "no such resource": ("d_assistance_approval", "d_assistance_aproval", "d_assistance_aproval is not a resource with a sound contract."),
    "no handler": ("kind: civil_affairs", "kind: water_affairs", "0 departments of kind water_affairs exist on 2026-06-01"),
    "policy": ("grade: 4", "grade: 1", "grade is 1, but 4 in special.safety_net."),
    "not YAML": ("columns:", "columns: [", "YAML"),
}


@pytest.mark.parametrize("cause", CAUSES)
def test_each_cause_leaves_out_that_return_alone_with_its_reason(town: Town, cause: str) -> None:
    town = replace(town, returns=("resident_list", "safety_net"))
    path = town.contracts / "returns" / "safety_net.yaml"
    right, wrong, reason = CAUSES[cause]
    path.write_text(path.read_text("utf-8").replace(right, wrong), "utf-8")
    edition = town.edition(FIRST)
    assert [one.id for one in edition.returns] == ["resident_list"]
    [left_out] = edition.left_out
    assert reason in left_out.reason
    assert str(town.home) not in left_out.reason


def test_day_on_which_every_return_runs_says_that_nothing_was_left_out(town: Town) -> None:
    town.publish(FIRST, TOWN)
    assert entry(town.exchange, FIRST, 1)["left_out"] == []
    assert not any("as_of" in one for one in package(town, COMMUNITY, "community", FIRST)["returns"])


def test_form_stays_as_of_its_day_until_the_return_runs_again_and_changes_lead_on_from_it(town: Town) -> None:
    town.publish(FIRST, TOWN)
    spoil(town)
    town.publish(SECOND, TOWN)
    facts, _ = town.build(THIRD, TOWN)
    created = {row["recipient_id"] for row in facts.to_pylist() if row["created"]}
    assert COMMUNITY not in created
    town.publish(THIRD, TOWN)
    assert returned(town, COMMUNITY, "community", THIRD)["as_of"] == "2026-06-01"
    repair(town)
    later = THIRD + timedelta(days=1)
    town.publish(later, [*TOWN[1:], Resident("new")])
    now = returned(town, COMMUNITY, "community", later)
    assert "as_of" not in now
    assert (now["forms"][1]["inserted"], now["forms"][1]["deleted"]) == (1, 1)
    assert entry(town.exchange, later, 1)["left_out"] == []


def test_recipient_whom_only_the_refused_return_serves_keeps_its_package(town: Town) -> None:
    town.publish(FIRST, TOWN)
    spoil(town, "region_summary")
    town.publish(SECOND, TOWN)
    assert returned(town, PROVINCE, "province", SECOND, "region_summary")["as_of"] == "2026-06-01"
    assert package(town, PROVINCE, "province", SECOND)["expires_on"] == package(town, PROVINCE, "province", FIRST)["expires_on"]
    assert_verified(town, SECOND, (PROVINCE, "province"))


def test_return_without_an_earlier_form_is_left_out_without_a_reference(town: Town) -> None:
    spoil(town, "region_summary")
    town.publish(FIRST, TOWN)
    assert not town.package(PROVINCE, "province").exists()
    assert [one["return_id"] for one in entry(town.exchange, FIRST, 1)["left_out"]] == ["region_summary"]
    assert returned(town, COMMUNITY, "community", FIRST)["rows"] == 2


def test_day_on_which_no_return_may_run_refers_to_all_that_stood(town: Town) -> None:
    town.publish(FIRST, TOWN)
    for return_id in town.returns:
        spoil(town, return_id)
    town.publish(SECOND, [])
    before, now = (set(leaves(town.exchange, day, 1).manifests) for day in (FIRST, SECOND))
    assert before - now == {"s-449901002", "v-449901002002"}  # a grid moved away from both
    assert {one.get("as_of") for one in package(town, COMMUNITY, "community", SECOND)["returns"]} == {"2026-06-01"}


def column(declared: Declaration, name: str) -> Declaration:
    return next(one for one in declared["columns"] if one["name"] == name)


def policies(town: Town, change: Callable[[Declaration], object]) -> None:
    path = town.contracts / "policies.yaml"
    content = yaml.safe_load(path.read_text("utf-8"))
    change(content)
    path.write_text(yaml.safe_dump(content, allow_unicode=True), "utf-8")


def graded_higher(town: Town) -> None:
    """Grade the registered address 4 in its contract."""
    path = next(town.contracts.rglob("c_household_registration.odcs.yaml"))
    before, name, after = path.read_text("utf-8").partition("- name: hukou_address")
    before, after = (
        before.replace("attribute: 2, grade: 3", "attribute: 2, grade: 4"),
        after.replace("grade, value: 3", "grade, value: 4", 1),
    )
    path.write_text(before + name + after, "utf-8")


TIGHTER: dict[str, tuple[Callable[[Town], object], set[str]]] = {
    "policy hides a class at a level": (
        lambda town: policies(town, lambda one: one["classes"]["name"].update(community="mask")) or spoil(town),
        {"community"},
    ),
    "policy hides minors": (
        lambda town: policies(town, lambda one: one["classes"]["minor_id"].update(street="drop")) or spoil(town),
        {"street"},
    ),
    "cap falls": (lambda town: policies(town, lambda one: one["caps"]["district"].update(grade=2)) or spoil(town), {"district"}),
    "contract grades a column higher": (lambda town: graded_higher(town) or spoil(town), {"district", "street", "community", "grid"}),
    "return hides a column": (
        lambda town: spoil(town, change=lambda one: column(one, "birth_date").update(policy={"street": "year"})), {"street"},
    ),
    "return withdraws a column": (
        lambda town: spoil(town, change=lambda one: one["columns"].remove(column(one, "household_no"))), {"district", "street"},
    ),
    "return withdraws a level": (lambda town: spoil(town, change=lambda one: one["levels"].pop("grid")), {"grid"}),
    "return takes fewer rows": (
        lambda town: spoil(town, change=lambda one: one["filter"].update(is_local_hukou=True)), {"district", "street", "community", "grid"},
    ),
    "return spares older children": (
        lambda town: spoil(town, change=lambda one: one["minors"].update(under=16)), {"district", "street", "community", "grid"},
    ),
    "term falls": (
        lambda town: spoil(town, change=lambda one: one.update(retentionDays=1)), {"district", "street", "community", "grid"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", TIGHTER)
def test_former_form_beyond_what_is_allowed_today_is_not_referred_to(town: Town, what: str) -> None:
    town.publish(FIRST, TOWN)
    tighten, whose = TIGHTER[what]
    tighten(town)
    everybody = {"district": DISTRICT, "street": "s-449901001", "community": COMMUNITY, "grid": GRID}
    kept = _kept(town, SECOND, *everybody.values())
    assert {level for level, recipient in everybody.items() if kept[recipient]} == set(everybody) - whose


def test_count_under_a_higher_small_cell_limit_is_not_referred_to(town: Town) -> None:
    town.publish(FIRST, TOWN)
    spoil(town, "region_summary", lambda one: one["smallCells"].update(under=25))
    assert _kept(town, SECOND, PROVINCE) == {PROVINCE: ["region_summary"]}
    repair(town)
    spoil(town, "region_summary", lambda one: one["smallCells"].update(under=26))
    assert _kept(town, SECOND, PROVINCE) == {PROVINCE: []}


def test_form_is_referred_to_until_the_day_before_its_term_ends(town: Town) -> None:
    town.publish(FIRST, TOWN)
    spoil(town)
    assert _kept(town, FIRST + timedelta(days=89), GRID) == {GRID: ["resident_list"]}
    assert _kept(town, FIRST + timedelta(days=90), GRID) == {GRID: []}


def _kept(town: Town, day: date, *recipients: str, moved: RegionTree | None = None) -> dict[str, list[str]]:
    """Return the returns whose former forms recipients would be referred to, with the region tree moved if one is given."""
    edition = town.edition(day)
    assert edition.limits is not None
    limits = replace(edition.limits, regions=(moved, edition.limits.regions[1])) if moved else edition.limits
    whom, manifests = {one.recipient_id: one for one in edition.addressees}, leaves(town.exchange, FIRST, 1).manifests
    found = {}
    for recipient in recipients:
        earlier = load_earlier(town.exchange, recipient, (FIRST, 1), manifests)
        assert earlier is not None
        found[recipient] = [one.plan.return_id for one in former_returns(earlier, whom[recipient], limits)]
    return found


def test_area_that_lost_a_grid_is_not_referred_to_what_lay_there(town: Town) -> None:
    town.publish(FIRST, TOWN)
    spoil(town)
    moved = []
    for region in load_regions(CITY).versions:
        if region.code == GRID[2:]:
            there = {**vars(region), "parent_code": "449901001002", "valid_from": SECOND}
            moved += [replace(region, valid_to=SECOND), Region(**there)]
        else:
            moved.append(region)
    kept = _kept(town, SECOND, DISTRICT, "s-449901001", COMMUNITY, GRID, moved=RegionTree(tuple(moved)))
    assert {whom: bool(found) for whom, found in kept.items()} == {DISTRICT: True, "s-449901001": True, COMMUNITY: False, GRID: True}


def test_region_file_edited_since_is_another_area(town: Town) -> None:
    town.publish(FIRST, TOWN)
    spoil(town)
    edition = town.edition(SECOND)
    assert edition.limits is not None
    earlier = load_earlier(town.exchange, COMMUNITY, (FIRST, 1), leaves(town.exchange, FIRST, 1).manifests)
    assert earlier is not None
    [whom] = [one for one in edition.addressees if one.recipient_id == COMMUNITY]
    edited = replace(edition.limits, regions=(edition.limits.regions[0], "0" * 64))
    assert list(former_returns(earlier, whom, edited)) == []


def test_former_forms_are_proved_like_others(town: Town) -> None:
    town.publish(FIRST, TOWN)
    spoil(town)
    _, record = town.build(SECOND, TOWN)
    edition = town.edition(SECOND)
    fresh = unproved(edition, record)
    former = fresh.filter(pa.array([one is not None for one in fresh["former"].to_pylist()]))
    assert former.num_rows > 0
    assert (_findings(town, former), unlike_before(edition, record), former_above_cap(record, edition.policies)) == ([], [], [])
    wrong = []
    for form in former.to_pylist():
        told = json.loads(form["former"])
        for one in told["returned"]["columns"]:
            one.update({"transform": "raw"} if one["name"] == "id_no" else {})
        wrong.append({**form, "rows": form["rows"] + 1, "former": json.dumps(told)})
    table = pa.Table.from_pylist(wrong, former.schema)
    kinds = {(one["where"].split(" ")[0], one["kind"]) for one in _findings(town, table)}
    assert (COMMUNITY, "former values of id_no shown looser than the policies allow") in kinds
    assert (DISTRICT, "number of rows that differs from the build record") in kinds
    assert f"{COMMUNITY} resident_list is unlike the package before" in unlike_before(edition, replace(record, forms=table))
    strict = edition.policies.model_copy(update={"caps": {**edition.policies.caps, "street": Cap(grade=2)}})
    assert "resident_list.hukou_address at street, as of 2026-06-01" in former_above_cap(record, strict)


def _findings(town: Town, forms: pa.Table) -> list[dict[str, Any]]:
    edition = town.edition(SECOND)
    inspection = Inspection(SECOND, (town.home / "exchange").as_uri(), edition.policies, edition.returns, places_of(edition.regions))
    return [row for batch in inspect_payloads(forms.to_batches(), inspection) for row in batch.to_pylist()]


def test_final_day_with_a_former_form_gives_the_same_manifests_again(town: Town) -> None:
    town.publish(FIRST, TOWN)
    spoil(town)
    town.publish(SECOND, TOWN)
    assert not town.publish(SECOND, TOWN).is_new
    _, record = town.build(SECOND, TOWN)
    assert differing(town.edition(SECOND), record, town.closing.signer) == []
    rules = town.edition(SECOND).facts.rules_sha256
    (town.contracts / "returns" / "resident_list.yaml").unlink()
    assert town.edition(SECOND).facts.rules_sha256 != rules


def test_verifier_holds_the_package_to_what_the_day_says_was_left_out(town: Town) -> None:
    town.publish(FIRST, TOWN)
    spoil(town)
    _, record = town.build(SECOND, TOWN)
    edition = town.edition(SECOND)
    key, folder = load_public_key(town.key), town.package(COMMUNITY, "community", SECOND)

    def refusals(left_out: dict[str, str], issue: int) -> list[str]:
        publish(replace(edition, facts=replace(edition.facts, left_out=left_out)), record, town.closing)
        shutil.rmtree(town.home / "exchange" / "days" / SECOND.isoformat())
        found = [one.reason for one in verify_package(folder.parent / str(issue), key).refusals if one.code == "as_of"]
        shutil.rmtree(folder.parent)
        return found

    assert refusals({"resident_list": "refused"}, 1) == []
    assert refusals({}, 1) == ["resident_list is as of 2026-06-01, but day.json does not say that it was left out."]
    assert refusals({"resident_list": "refused", "grid_event": "refused"}, 1) == [
        "grid_event was left out on this day, but manifest.json does not say as of when its rows are."
    ]
