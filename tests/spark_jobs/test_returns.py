"""The returns jobs, from the libraries to the published day: complete, safe to repeat, refused when rows leak or are missing."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete

from huiliu_verify.signing import load_public_key
from huiliu_verify.verifier import verify_package
from lakehouse.config import PROJECT, Instance
from lakehouse.errors import DeliveryError, EntitlementError, QualityError
from lakehouse.jobs import JobRequest, run_job
from lakehouse.objects import open_area
from lakehouse.ops import audit, connect, days, facts, packages, recipients, tickets
from lakehouse.ops.tables import day as day_table
from lakehouse.ops.tables import day_fact, package
from lakehouse.returns.day_entries import entry, leaves
from lakehouse.returns.standing import unsound_packages
from tests.oracle import canaries, entitlement
from tests.oracle.entitlement import Today, Whose
from tests.plugin.servers import changed
from tests.spark_jobs.returned import GRIDS, Town, audience, form_rows, published, put, row

pytestmark = pytest.mark.spark

FIRST, SECOND, THIRD = date(2026, 6, 1), date(2026, 6, 2), date(2026, 6, 3)
Lost = Sequence[tuple[str, str]]
BUREAU = "m-11449901MB2D000144"
STREET, COMMUNITY = "449901001", "449901001001"
PEOPLE = [
    row("resident_list", "a"),
    row("resident_list", "b", id_no="44990219551224002X", person_name="欧阳小满", birth_date=date(1955, 12, 24)),
    row("resident_list", "c", id_no="449901201806151235", person_name="李小宝", birth_date=date(2018, 6, 15)),
    row("resident_list", "d", GRIDS[1]),
    row("resident_list", "e", GRIDS[2]),
    row("resident_list", "p", STREET),
    row("resident_list", "q", "4499"),
    row("resident_list", "dead", is_alive=False),
    row("resident_list", "gone", is_moved_out=True),
]
TOWN: Town = {
    "resident_list": PEOPLE,
    "legal_entity_list": [row("legal_entity_list", "91449901MA00000001"), row("legal_entity_list", "closed", is_active=False)],
    "grid_event": [row("grid_event", "E1"), row("grid_event", "E2", GRIDS[2], is_closed=True, result="已清理")],
    "safety_net": [
        row("safety_net", "n1"),
        row("safety_net", "n2", COMMUNITY, id_no="449901201806151235", birth_date=date(2018, 6, 15), disability_category=None),
    ],
    "region_summary": [
        row("region_summary", "s1", STREET),
        row("region_summary", "s2", STREET, value=None, is_suppressed=True, measure="disabled"),
    ],
}


def close(instance: Instance, day: date, issue: int = 1) -> None:
    with connect(instance) as connection:
        days.close(connection, day, issue, [])


def run_returns(instance: Instance, day: date) -> list[Any]:
    return [run_job(name, JobRequest(day), instance) for name in ("returns_build", "returns_prove", "returns_publish")]


def files(instance: Instance) -> dict[str, bytes]:
    exchange = open_area(instance, "exchange")
    return {one.path: exchange.get(one.path) for one in exchange.list()}


def package_of(instance: Instance, recipient: str, day: date, issue: int = 1) -> dict[str, Any]:
    return next(manifest for manifest, _ in published(instance, day, issue) if manifest["recipient"]["id"] == recipient)


def form(instance: Instance, recipient: str, day: date, name: str) -> dict[str, Any]:
    returns = {one["return_id"]: one for one in package_of(instance, recipient, day)["returns"]}
    return next(one for one in returns["resident_list"]["forms"] if one["form"] == name)


def assert_exactly_what_is_due(instance: Instance, towns: Mapping[Any, Any], day: date, issue: int = 1, lost: Lost = ()) -> None:
    """Hold every package to the rows due to its recipient; a return as of an earlier day to those of that day.

    Args:
        instance: the instance.
        towns: the tables on the day; with former forms, the tables by day.
        day: the business date.
        issue: its issue.
        lost: (recipient, return) of former forms that nothing may refer to.
    """
    served = Counter()
    for manifest, folder in published(instance, day, issue):
        whom = audience(manifest)
        expected = {name for name, reached in entitlement.REACHES.items() if whom in reached}
        expected -= {return_id for recipient, return_id in lost if recipient == manifest["recipient"]["id"]}
        assert sorted(expected) == [one["return_id"] for one in manifest["returns"]]
        for one in manifest["returns"]:
            as_of = date.fromisoformat(one.get("as_of") or day.isoformat())
            tables = towns.get(as_of, towns)
            today = Today(as_of, entitlement.labels(PROJECT / "contracts", instance.city_folder, as_of))
            whose = Whose(one["return_id"], whom, manifest["recipient"]["region_code"])
            assert [column["name"] for column in one["columns"]] == ["_row_key", *entitlement.columns(whose.return_id, whom)]
            rows = [found[1:] for found in form_rows(folder, one, "rows")]
            assert sorted(rows, key=str) == entitlement.rows_due(whose, tables.get(whose.return_id, []), today), whose
            assert one["pending_locality"] == entitlement.pending(whose, tables.get(whose.return_id, [])), whose
        served[whom] += 1
    assert served == {"province": 1, "city": 1, "district": 1, "street": 3, "community": 9, "grid": 18, "civil_affairs": 1}


def assert_everybody_is_served(instance: Instance) -> None:
    assert_exactly_what_is_due(instance, TOWN, FIRST)
    with connect(instance) as connection:
        assert [proof["ok"] for proof in facts.get(connection, FIRST, "proofs")] == [True, True, True]
        told = {(one["return_id"], one["level"]): one["rows"] for one in facts.get(connection, FIRST, "returns")}
        bureau = recipients.get(connection, BUREAU)
    assert [told["resident_list", level] for level in ("district", "street", "community", "grid")] == [6, 6, 5, 5]
    assert (told["safety_net", "district"], told["safety_net", "department"], told["region_summary", "city"]) == (2, 2, 2)
    assert bureau is not None
    assert (bureau.level, bureau.region_code, bureau.department_uscc) == ("district", "449901", BUREAU[2:])
    assert package_of(instance, BUREAU, FIRST)["recipient"]["department_uscc"] == BUREAU[2:]
    assert unsound_packages(instance, FIRST) == (34, [])
    key = load_public_key(instance.key_path("signing.pub"))
    for folder, whom in (("grid", f"g-{GRIDS[0]}"), ("department", BUREAU), ("province", "p-44")):
        path = Path(str(open_area(instance, "exchange").local_path(f"{folder}/{whom}/{FIRST}/1")))
        assert verify_package(path, key, whom).ok


def test_two_days_are_published_repeated_checked_and_issued_again(instance: Instance) -> None:
    """One long test, because every step builds on the one before."""
    put(instance, TOWN)
    close(instance, FIRST)
    built, _, made = run_returns(instance, FIRST)
    assert (built.recipients, made.packages, made.outcome) == (34, 34, "published")
    assert_everybody_is_served(instance)

    changed = [PEOPLE[0] | {"hukou_address": "新址"}, *PEOPLE[2:]]
    town = {**TOWN, "resident_list": [*changed, row("resident_list", "n", birth_date=date(1988, 1, 1))]}
    put(instance, town)
    close(instance, SECOND)
    built, proved, made = run_returns(instance, SECOND)
    assert built.created == 2 + 1 + 1 + 1  # a district has one file for rows and one for changes
    assert proved.decoded == 2 + 3 * 6  # sheets of a workbook: cover, four lists, one of them with changes
    assert_exactly_what_is_due(instance, town, SECOND)
    made_known = form(instance, f"v-{COMMUNITY}", SECOND, "changes")
    assert (made_known["inserted"], made_known["updated"], made_known["deleted"]) == (1, 1, 1)
    assert form(instance, f"g-{GRIDS[2]}", SECOND, "rows") == form(instance, f"g-{GRIDS[2]}", FIRST, "rows")

    before = files(instance)
    with connect(instance) as connection:
        rows = packages.of_issue(connection, SECOND, 1)
        for table in (package, day_table, day_fact):
            connection.execute(delete(table).where(table.c.business_date == SECOND))
    close(instance, SECOND)
    built, _, made = run_returns(instance, SECOND)
    assert (built.created, made.outcome, made.issue) == (0, "unchanged", 1)
    assert files(instance) == before
    close(instance, SECOND, 2)
    assert run_job("returns_publish", JobRequest(SECOND), instance).issue == 1
    with connect(instance) as connection:
        assert packages.of_issue(connection, SECOND, 1) == rows
        assert days.newest_issue(connection, SECOND) == days.last_published(connection) == days.get(connection, SECOND, 1)

    assert [(one.outcome, getattr(one, "compared", None)) for one in run_returns(instance, FIRST)] == [
        ("final", True),
        ("final", None),
        ("final", None),
    ]
    assert files(instance) == before

    put(instance, {**town, "resident_list": town["resident_list"][1:]})
    close(instance, SECOND, 2)
    assert run_returns(instance, SECOND)[2].issue == 2
    assert package_of(instance, "d-449901", SECOND, 2)["predecessor"]["issue"] == 1
    written_again = (f"days/{SECOND}/build", "proofs", "/index.json")
    kept = {path: content for path, content in before.items() if not any(part in path for part in written_again)}
    assert kept.items() <= files(instance).items()
    with connect(instance) as connection:
        told = [(one.subject, one.detail["issue"]) for one in audit.entries(connection) if one.action == "publish"]
        second = days.get(connection, SECOND, 2)
        assert second is not None
        assert audit.entries(connection)[-1].detail == {"issue": 2, "packages": 34, "entry_sha256": second.entry_sha256}
    # the first issue of the second day twice: its record was lost and made again; repeating a day tells nothing
    assert told == [(f"day {FIRST}", 1), (f"day {SECOND}", 1), (f"day {SECOND}", 1), (f"day {SECOND}", 2)]
    payload = next(path for path in leaves(open_area(instance, "exchange"), FIRST, 1).payloads[f"g-{GRIDS[0]}"])
    open_area(instance, "exchange").delete([f"grid/g-{GRIDS[0]}/{payload}"])
    with pytest.raises(DeliveryError, match=f"g-{GRIDS[0]}: 1 payloads are missing"):
        run_job("returns_publish", JobRequest(FIRST), instance)


def test_return_that_may_not_run_stops_nobody_and_opens_a_ticket_until_it_runs_again(instance: Instance, tmp_path: Path) -> None:
    put(instance, TOWN)
    close(instance, FIRST)
    run_returns(instance, FIRST)
    contracts = tmp_path / "contracts"
    shutil.copytree(PROJECT / "contracts", contracts)
    refused = changed(instance, contracts=contracts)
    wrong = contracts / "returns" / "safety_net.yaml"
    wrong.write_text(wrong.read_text("utf-8").replace("sortBy: [", "sortBy: [no_such_column, "), "utf-8")
    town = {**TOWN, "resident_list": PEOPLE[1:], "safety_net": []}
    put(instance, town)
    close(refused, SECOND)
    built, _, made = run_returns(refused, SECOND)
    assert (len(built.left_out), built.recipients, made.outcome, made.packages) == (1, 34, "published", 34)
    lost = [("s-449901002", "safety_net"), ("v-449901002002", "safety_net")]  # a grid moved away from both
    assert_exactly_what_is_due(refused, {FIRST: TOWN, SECOND: town}, SECOND, lost=lost)
    assert package_of(refused, BUREAU, SECOND)["returns"][0]["as_of"] == "2026-06-01"
    assert unsound_packages(refused, SECOND) == (34, [])
    [told] = entry(open_area(refused, "exchange"), SECOND, 1)["left_out"]
    with connect(refused) as connection:
        assert [proof["ok"] for proof in facts.get(connection, SECOND, "proofs")] == [True, True, True]
        [ticket] = tickets.find(connection, kind="left_out", only_open=True)
    assert (ticket.subject, told["return_id"]) == ("safety_net", "safety_net")
    assert "no_such_column is not a column of the return" in told["reason"]
    assert told["reason"] in ticket.message

    for path in contracts.glob("returns/*.yaml"):
        path.write_text("id: [unclosed", "utf-8")
    close(refused, THIRD)
    built, _, made = run_returns(refused, THIRD)
    assert (len(built.left_out), made.outcome, made.packages) == (5, "published", 34)
    assert package_of(refused, BUREAU, THIRD)["returns"][0]["as_of"] == "2026-06-01"
    assert package_of(refused, "p-44", THIRD)["returns"][0]["as_of"] == "2026-06-02"

    close(instance, THIRD, 2)
    run_returns(instance, THIRD)
    assert_exactly_what_is_due(instance, town, THIRD, 2)
    with connect(instance) as connection:
        assert tickets.find(connection, kind="left_out", only_open=True) == []
        assert "published_again" in {event.reason for event in tickets.history(connection, ticket.ticket_id)}


def test_nothing_is_published_when_a_number_hides_in_an_address(instance: Instance) -> None:
    put(instance, {"resident_list": [*PEOPLE, row("resident_list", "x", hukou_address="某路1号 44990219551224002X 宅")]})
    close(instance, FIRST)
    run_job("returns_build", JobRequest(FIRST), instance)
    with pytest.raises(EntitlementError, match=r"I4 does not hold.*identity numbers") as refused:
        run_job("returns_prove", JobRequest(FIRST), instance)
    assert "44990219551224002X" not in str(refused.value)
    with pytest.raises(DeliveryError, match="not proved"):
        run_job("returns_publish", JobRequest(FIRST), instance)


def test_small_cell_and_row_at_no_region_stop_the_day(instance: Instance) -> None:
    nowhere = row("safety_net", "x") | {"grid_code": "449901001001999"}
    put(instance, {**TOWN, "safety_net": [nowhere], "region_summary": [row("region_summary", "s", STREET, value=7)]})
    close(instance, FIRST)
    run_job("returns_build", JobRequest(FIRST), instance)
    with pytest.raises(EntitlementError, match=r"counts below the small-cell limit"):
        run_job("returns_prove", JobRequest(FIRST), instance)
    put(instance, {**TOWN, "safety_net": [nowhere]})
    run_job("returns_build", JobRequest(FIRST), instance)
    with pytest.raises(QualityError, match="449901001001999 has rows but is not a region on this date"):
        run_job("returns_prove", JobRequest(FIRST), instance)


def test_canary_is_read_only_where_it_is_due(instance: Instance) -> None:
    places = (GRIDS[0], GRIDS[1], GRIDS[2], COMMUNITY, STREET, "449901", "4499")
    numbers = [f"44990119800101{n:03}9" for n in range(len(places))]
    people = [row("resident_list", str(n), place, id_no=number) for n, (place, number) in enumerate(zip(places, numbers, strict=True))]
    planted = canaries.choose(people)
    assert len(planted) == len(places)
    tokens = {one.id_no: one.token for one in planted}
    people = [one | {"hukou_address": f"某路 {tokens[one['id_no']]}"} for one in people]
    helped = [
        row("safety_net", str(n), place, id_no=numbers[n], hukou_address=f"某路 {tokens[numbers[n]]}")
        for n, place in ((0, GRIDS[0]), (4, STREET))
    ]
    town: Town = {**TOWN, "resident_list": [*PEOPLE, *people], "safety_net": helped}
    put(instance, town)
    close(instance, FIRST)
    run_returns(instance, FIRST)
    exchange, marks = instance.home / "store" / "exchange", [mark for one in planted for mark in one.marks]
    today = Today(FIRST, entitlement.labels(PROJECT / "contracts", instance.city_folder, FIRST))
    due = canaries.expected(town, canaries.recipients(exchange, FIRST, 1), marks, today)
    assert canaries.misplaced(exchange, 1, town, marks, today) == {}
    assert due[planted[0].token] == {"d-449901", f"s-{STREET}", f"v-{COMMUNITY}", f"g-{GRIDS[0]}", BUREAU}
    assert due[planted[0].id_no] == {"d-449901", BUREAU}
    assert planted[-1].token not in due
    assert canaries.leaks([instance.home / "logs", instance.home / "derived"], marks) == {}
    (instance.folder("logs") / "loud.log").write_text(f"read {planted[0].token}", "utf-8")
    assert list(canaries.leaks([instance.home / "logs"], marks).values()) == [planted[0].token]
