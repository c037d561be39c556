"""Open tasks on a folder: a grid sees the names of exactly the rows they are about, nothing else changes, and every wrong name is found."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterable
from dataclasses import asdict, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import yaml

from lakehouse.naming import day_entry_path
from lakehouse.objects import Area
from lakehouse.ops.tasks import FrozenTask, RowTask
from lakehouse.returns.disclosure import recipient_key, row_key
from lakehouse.returns.earlier import load_earlier
from lakehouse.returns.edition import Edition
from lakehouse.returns.inspection import Inspection, inspect_payloads, rows_of_tasks
from lakehouse.returns.ledger import by_tasks
from lakehouse.returns.proofs import unproved
from lakehouse.returns.strangers import places_of
from lakehouse.returns.task_documents import keep_closed, keep_opened, recall
from lakehouse.returns.tasks import freeze, frozen
from lakehouse.returns.workbook.file import read_sheet
from lakehouse.returns.writer import Assignment, write_packages
from tests.lakehouse.returns.town import CONTRACTS, FIRST, GRID, SECOND, THIRD, Resident, Town, due_batches
from tests.oracle import tasks as oracle

pytestmark = pytest.mark.fast

STREET, COMMUNITY, WORKBOOK = "s-449901001", "v-449901001001", f"g-{GRID}"
OTHER_GRID = "449901001002001"
NEED, LAST_DAY = "XQ-2026-001", date(2026, 6, 15)
HIDDEN, SHOWN = "欧阳**", "欧阳小满"
CHILD = Resident("c", "李小宝", "449901201806151235", "2018-06-15")
AGELESS = replace(Resident("u", "无名氏"), id_no="K1234567", birth_date=None)  # type: ignore[arg-type]
PEOPLE = (Resident("a"), Resident("b"), CHILD, Resident("o", grid=OTHER_GRID))


Days = tuple[Town, list[pa.Table]]


@pytest.fixture
def town(tmp_path: Path) -> Town:
    return Town(tmp_path)


@pytest.fixture(scope="module")
def days(tmp_path_factory: pytest.TempPathFactory) -> Days:
    """Return a town that had open tasks on the second of three days, and the facts of the forms of each."""
    town = Town(tmp_path_factory.mktemp("days"))
    return town, published(town, {FIRST: [], SECOND: [task("a"), task("o", STREET, OTHER_GRID)], THIRD: []})


def key_of(opener: str, person: str) -> str:
    """Return the row key that a recipient has for a person of the town, whose secret is known."""
    return row_key(recipient_key(bytes.fromhex("07" * 32), opener), person)


def task(person: str, opener: str = COMMUNITY, grid: str = GRID, **said: Any) -> RowTask:
    about = (f"t-{opener}-{person}", opener, "resident_list", key_of(opener, person), grid, NEED)
    return replace(RowTask(*about, FIRST, LAST_DAY, "wang", "visit", datetime(2026, 6, 1, 4, tzinfo=UTC)), **said)


def published(town: Town, tasks: dict[date, Iterable[RowTask]], people: Iterable[Resident] = PEOPLE) -> list[pa.Table]:
    """Publish the days, each with its own open tasks, and return the facts of their forms."""
    facts = []
    for day, opened in tasks.items():
        freeze(town.exchange, day, 1, opened)
        facts.append(town.build(day, list(people))[0])
        town.publish(day, list(people))
    return facts


def manifest(town: Town, day: date, recipient: str = WORKBOOK, level: str = "grid") -> dict[str, Any]:
    found: dict[str, Any] = json.loads((town.package(recipient, level, day) / "manifest.json").read_text())
    return found


def names(town: Town, day: date, grid: str = GRID) -> dict[str, str]:
    """Return row key → name in the rows of a grid's package."""
    return {row["_row_key"]: row["person_name"] for row in rows_of(town, day, f"g-{grid}")}


def rows_of(town: Town, day: date, whom: str, level: str = "grid") -> list[dict[str, str]]:
    """Return the residents in a package, as text."""
    stood = town.exchange.get(f"{level}/{whom}/{day}/1/manifest.json")
    earlier = load_earlier(town.exchange, whom, (day, 1), {whom: hashlib.sha256(stood).hexdigest()})
    assert earlier is not None
    return earlier.rows("resident_list").to_pylist()


def findings(town: Town, edition: Edition, forms: pa.Table, tasks: Iterable[FrozenTask | RowTask]) -> list[str]:
    """Return what the inspector says of these forms under the tasks that a day froze."""
    day = edition.date
    places = places_of(edition.regions)
    shown = rows_of_tasks([asdict(one) for one in tasks], edition.returns, places, day)
    inspection = Inspection(day, (town.home / "exchange").as_uri(), edition.policies, edition.returns, places, shown)
    written = forms.filter(pa.compute.is_valid(forms["path"]))
    return [f"{one['where']}: {one['kind']}" for batch in inspect_payloads(written.to_batches(), inspection) for one in batch.to_pylist()]


def test_a_grid_sees_the_name_of_the_row_a_task_is_about_and_nothing_else_more(days: Days) -> None:
    town, forms = days
    mine, other = key_of(WORKBOOK, "a"), key_of(f"g-{OTHER_GRID}", "o")
    assert names(town, FIRST) == {mine: HIDDEN, key_of(WORKBOOK, "b"): HIDDEN, key_of(WORKBOOK, "c"): "李**"}
    assert names(town, SECOND) == names(town, FIRST) | {mine: SHOWN}
    assert names(town, SECOND, OTHER_GRID) == {other: SHOWN}
    assert findings(town, town.edition(SECOND), forms[1], town.edition(SECOND).tasks) == []
    [entry] = manifest(town, SECOND)["returns"]
    assert entry["shown_by_tasks"] == 1
    assert [one["name"] for one in entry["columns"]] == [one["name"] for one in manifest(town, FIRST)["returns"][0]["columns"]]
    for whom, level in ((COMMUNITY, "community"), (STREET, "street")):  # who opened it gets the same bytes as before
        [before], [now] = manifest(town, FIRST, whom, level)["returns"], manifest(town, SECOND, whom, level)["returns"]
        assert now["forms"] == before["forms"]
        assert "shown_by_tasks" not in now


UNHEEDED = [
    task("c"),  # a child
    task("u"),  # somebody whose age nobody knows
    task("a", grid=OTHER_GRID),  # a row of another grid
    task("b", row_key=key_of(STREET, "b")),  # the key of another opener
    task("a", "v-449901001002"),  # an opener of another place
    task("a", need_id="XQ-2025-009"),  # a need that is not the return's
    task("a", return_id="r_none"),  # a return that is not declared
]


def test_no_name_is_shown_of_a_child_or_by_a_task_that_does_not_hold_there(town: Town) -> None:
    [forms] = published(town, {FIRST: UNHEEDED}, [*PEOPLE, AGELESS])
    assert {*names(town, FIRST).values(), *names(town, FIRST, OTHER_GRID).values()} == {HIDDEN, "李**", "无**"}
    assert by_tasks(forms.to_pylist()) == {"recipients": 0, "rows": 0, "by_tasks_alone": 0}


def test_the_oracle_finds_the_same_rows_from_the_documents(days: Days, tmp_path: Path) -> None:
    town, _ = days
    area = Area(tmp_path.as_uri())
    closed = task("b", closed_on=FIRST, closed_by="wang", closed_because="done", closed_at=datetime(2026, 6, 1, 5, tzinfo=UTC))
    opened = [task("a"), task("o", STREET, OTHER_GRID), task("d", last_day=FIRST), closed]
    keep_opened(area, opened)
    keep_closed(area, [closed])
    assert recall(area) == sorted(opened, key=lambda one: one.task_id)
    people = [{"person_id": one.person_id, "id_no": f"id {one.person_id}", "grid_code": one.grid} for one in PEOPLE]
    found = oracle.shown(tmp_path, bytes.fromhex("07" * 32), people, SECOND)
    assert found == {("resident_list", GRID, "id a"), ("resident_list", OTHER_GRID, "id o")}
    assert sum(name == SHOWN for grid in (GRID, OTHER_GRID) for name in names(town, SECOND, grid).values()) == len(found)
    assert oracle.shown(tmp_path, bytes.fromhex("07" * 32), people, FIRST) == set()


def test_what_tasks_alone_change_is_no_change_of_data(days: Days) -> None:
    town, forms = days
    assert names(town, THIRD) == names(town, FIRST)
    counted = [by_tasks(one.to_pylist()) for one in forms]
    assert [one["by_tasks_alone"] for one in counted] == [0, 2, 2]
    assert [(one["recipients"], one["rows"]) for one in counted] == [(0, 0), (2, 2), (0, 0)]
    for day in (SECOND, THIRD):
        told = [form for form in manifest(town, day)["returns"][0]["forms"] if form["form"] == "changes"]
        assert [(form["rows"], form["updated"]) for form in told] == [(0, 0)]
        assert "没有变化" in "".join(_cells(town, day))


def test_a_change_beside_a_task_is_told_as_before(town: Town) -> None:
    freeze(town.exchange, FIRST, 1, [task("b")])
    town.publish(FIRST, [Resident("a"), Resident("b"), Resident("d")])
    freeze(town.exchange, SECOND, 1, [task("a")])
    facts, _ = town.build(SECOND, [Resident("a", "欧阳大满"), Resident("b", hukou_address="示范市望海街道2号"), Resident("d")])
    [changed] = [one for one in facts.to_pylist() if one["recipient_id"] == WORKBOOK and one["form"] == "changes"]
    assert (changed["inserted"], changed["updated"], changed["deleted"]) == (0, 1, 0)  # b moved; what the grid saw of a's name is the same
    assert by_tasks(facts.to_pylist())["by_tasks_alone"] == 0


def test_a_day_without_tasks_mentions_none(days: Days) -> None:
    town, _ = days
    for day, told in ((FIRST, False), (SECOND, True), (THIRD, False)):
        entry = json.loads(town.exchange.get(day_entry_path(day, 1)))
        due = frozen(town.exchange, day, 1).sha256
        assert (due is not None) == told == ("feedback_sha256" in entry)
        assert [one.get("feedback_sha256") for one in (entry, manifest(town, day), manifest(town, day, STREET, "street"))] == [due] * 3
        assert town.exchange.exists(day_entry_path(day, 1, "feedback.json")) == told
        assert ("shown_by_tasks" in json.dumps(manifest(town, day))) == told
    kept = town.exchange.get(day_entry_path(SECOND, 1, "feedback.json")).decode()
    assert not any(value in kept for value in (SHOWN, "44990119900307001X", "1990-03-07", "visit", "wang"))


def test_an_issue_freezes_once_and_the_next_one_anew(town: Town) -> None:
    area = town.exchange
    freeze(area, FIRST, 1, [task("a")])
    assert [one.task_id for one in frozen(area, FIRST, 1).tasks] == [task("a").task_id]
    assert frozen(area, FIRST, 2) == frozen(area, FIRST, 1)
    freeze(area, FIRST, 2, [task("a")])  # nothing new: the new issue is the same as the one before
    assert not area.exists(day_entry_path(FIRST, 2, "feedback.json"))
    freeze(area, FIRST, 2, [])
    assert (frozen(area, FIRST, 2).tasks, frozen(area, FIRST, 2).sha256) == ((), None)
    assert frozen(area, FIRST, 1).tasks != ()
    freeze(area, FIRST, 2, [task("a")])  # a closing that was cut short, done again
    assert not area.exists(day_entry_path(FIRST, 2, "feedback.json"))


# What a wrong writer would do: for each, the tasks it goes by, those the day froze, and what the inspector must say.
RAW, MORE = "values of person_name without the transform that is due", "rows that show more than the open tasks are about"
LEAKS = {
    "without a task": ([task("a")], [], RAW),
    "by a task about another grid": ([task("a")], [task("o", STREET, OTHER_GRID)], RAW),
    "after its last day": ([task("a")], [task("a", last_day=date(2026, 5, 29))], RAW),
    "before it was opened": ([task("a")], [task("a", opened_on=SECOND)], RAW),
    "under another need": ([task("a")], [task("a", need_id="XQ-2025-009")], RAW),
    "by an opener elsewhere": ([task("a")], [task("a", "v-449901001002")], RAW),
    "of more rows than tasks": ([task("a"), task("b")], [task("a")], MORE),
    "of a child": ([task("c")], [task("c")], RAW),
}


@pytest.fixture(scope="module")
def edition(tmp_path_factory: pytest.TempPathFactory) -> tuple[Town, Edition]:
    town = Town(tmp_path_factory.mktemp("town"))
    return town, town.edition(FIRST)


@pytest.mark.parametrize(("used", "open_tasks", "finding"), LEAKS.values(), ids=LEAKS)
def test_a_name_is_found_that_is_shown(edition: tuple[Town, Edition], used: list[RowTask], open_tasks: list[RowTask], finding: str) -> None:
    forms = _written(*edition, used)
    assert set(forms["shown_by_tasks"].drop_null().to_pylist()) == {len(used)}
    if used != open_tasks:
        assert findings(*edition, forms, used) == []
    assert [one for one in findings(*edition, forms, open_tasks) if one.endswith(finding)] == [f"{WORKBOOK} resident_list rows: {finding}"]


def test_what_was_proved_while_a_task_was_open_is_proved_again(town: Town) -> None:
    published(town, {FIRST: [task("a")]})
    _, record = town.build(SECOND, list(PEOPLE))
    paths = {form["recipient_id"] for form in unproved(town.edition(SECOND), record).to_pylist()}
    assert WORKBOOK in paths
    assert COMMUNITY not in paths
    freeze(town.exchange, SECOND, 1, [task("a")])
    _, same = town.build(SECOND, list(PEOPLE))
    before = {form["path"] for form in manifest(town, FIRST)["returns"][0]["forms"]}
    assert {form["path"] for form in same.forms.to_pylist() if form["recipient_id"] == WORKBOOK and form["return_id"]} <= before | {None}
    assert WORKBOOK in {form["recipient_id"] for form in unproved(town.edition(SECOND), same).to_pylist()}


def test_a_return_left_out_hands_on_no_names_shown_by_tasks(tmp_path: Path) -> None:
    contracts = tmp_path / "contracts"
    shutil.copytree(CONTRACTS, contracts)
    town = Town(tmp_path, ("resident_list", "grid_event"), contracts=contracts)
    published(town, {FIRST: [task("a")]})
    path = contracts / "returns" / "resident_list.yaml"
    declared = yaml.safe_load(path.read_text("utf-8"))
    declared["columns"][0].pop("grade")
    path.write_text(yaml.safe_dump(declared, allow_unicode=True), "utf-8")
    town.publish(SECOND, list(PEOPLE))
    held = [
        {one["return_id"] for one in manifest(town, SECOND, *whom)["returns"]} for whom in ((WORKBOOK, "grid"), (COMMUNITY, "community"))
    ]
    assert held == [{"grid_event"}, {"grid_event", "resident_list"}]


def test_a_second_class_with_the_exemption_needs_no_code(tmp_path: Path) -> None:
    contracts = tmp_path / "contracts"
    shutil.copytree(CONTRACTS, contracts)
    path = contracts / "policies.yaml"
    text = path.read_text("utf-8").replace("grid: age_band}", "grid: {transform: age_band, or: {transform: year, when: open_task}}}")
    path.write_text(text, "utf-8")
    town = Town(tmp_path, contracts=contracts)
    forms = published(town, {FIRST: [task("a")]})
    told = {(row["person_name"], row["birth_date"]) for row in rows_of(town, FIRST, WORKBOOK)}
    assert told == {(SHOWN, "1990"), (HIDDEN, "35-39"), ("李**", "5-9")}
    edition = town.edition(FIRST)
    assert findings(town, edition, forms[0], edition.tasks) == []


def _written(town: Town, edition: Edition, used: Iterable[RowTask]) -> pa.Table:
    """Return the forms of one grid by a writer that goes by these tasks, whatever the day froze, and takes everybody for grown up."""
    due = pa.Table.from_batches(due_batches(edition, list(PEOPLE)))
    mine = due.filter(pa.compute.equal(due["recipient_id"], WORKBOOK))
    grown = mine.set_column(mine.column_names.index("born"), "born", pa.array(["1990-01-01"] * mine.num_rows, pa.string()))
    by_opener: dict[str, frozenset[str]] = {}
    for one in used:
        by_opener[one.recipient_id] = by_opener.get(one.recipient_id, frozenset()) | {one.row_key}
    whom = {one.recipient_id: one for one in edition.addressees if one.recipient_id == WORKBOOK}
    shared = (edition.plans, edition.sender, edition.reading)
    tasks = {WORKBOOK: {"resident_list": by_opener}}
    assignment = Assignment(FIRST, (town.home / "exchange").as_uri(), str(town.secret), whom, *shared, tasks=tasks)
    return pa.Table.from_batches(write_packages(grown.to_batches(), assignment))


def _cells(town: Town, day: date) -> list[str]:
    found = manifest(town, day)
    book = (town.home / "exchange" / "grid" / WORKBOOK / found["cover"]["path"]).read_bytes()
    return [str(cell) for row in read_sheet(book, found["cover"]["sheet"]) for cell in row if cell]
