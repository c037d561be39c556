"""A day is published completely or not at all; unchanged payloads are referred to; a repeated run writes nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from itertools import count
from pathlib import Path

import pytest

from lakehouse.errors import DeliveryError
from lakehouse.objects import Area, Content
from lakehouse.returns.day_entries import entry, final_issue, inputs, leaves
from lakehouse.returns.earlier import kinds_of
from lakehouse.returns.manifest import canonical, sha256
from lakehouse.returns.payloads import read_rows
from lakehouse.returns.publication import publish
from lakehouse.returns.workbook import file as workbook
from lakehouse.returns.workbook.pages import plain_sheet
from tests.lakehouse.returns.town import FIRST, SECOND, THIRD, Resident, Row, Town

pytestmark = pytest.mark.fast

CHILD = Resident("c", "李小宝", "449901201806151235", "2018-06-15")
FAR = Resident("f", "王五", grid="449901002001001")
PENDING = Resident("p", "赵六", known_to="street")
PEOPLE = [Resident("a"), Resident("b", "张三", "44990219551224002X", "1955-12-24"), CHILD, FAR, PENDING]
COMMUNITY, GRID = "v-449901001001", "g-449901001001001"


@pytest.fixture
def town(tmp_path: Path) -> Town:
    return Town(tmp_path)


def files(town: Town) -> dict[str, bytes]:
    return {str(path.relative_to(town.home)): path.read_bytes() for path in (town.home / "exchange").rglob("*") if path.is_file()}


def manifest(town: Town, recipient: str, level: str, day: date = FIRST, issue: int = 1) -> dict:
    return json.loads((town.package(recipient, level, day, issue) / "manifest.json").read_bytes())


def form(town: Town, recipient: str, level: str, name: str, day: date = FIRST) -> dict:
    return next(one for one in manifest(town, recipient, level, day)["returns"][0]["forms"] if one["form"] == name)


def cells(town: Town, recipient: str, level: str, day: date = FIRST) -> list[dict[str, str | None]]:
    """Return the decoded rows of a return under their column names."""
    facts = form(town, recipient, level, "rows", day)
    content = (town.home / "exchange" / level / recipient / facts["path"]).read_bytes()
    return read_rows(content, facts["sheet"], kinds_of(manifest(town, recipient, level, day)["returns"][0]["columns"])).to_pylist()


def changed(town: Town, recipient: str, level: str, day: date) -> list[tuple[str | None, ...]]:
    """Return what a workbook's list of changes says, without row keys."""
    facts = form(town, recipient, level, "changes", day)
    content = (town.home / "exchange" / level / recipient / facts["path"]).read_bytes()
    header, *rows = workbook.read_sheet(content, facts["sheet"])
    assert header == ["操作", "行标识", "姓名", "居住地址", "变更项", "原值", "现值"]
    return [(row[0], *row[2:]) for row in rows]


def test_every_recipient_has_a_package_with_exactly_what_its_level_may_see(town: Town) -> None:
    published = town.publish(FIRST, PEOPLE)
    assert len(published.packages) == len(town.edition(FIRST).addressees)
    [grandma] = [row for row in cells(town, "d-449901", "district") if row["person_name"] == "张三"]
    assert (grandma["id_no"], grandma["birth_date"], grandma["is_local_hukou"]) == ("44990219551224002X", "1955-12-24", "true")
    [grandma] = [row for row in cells(town, "s-449901001", "street") if row["person_name"] == "张三"]
    assert (grandma["id_no"], grandma["birth_date"], grandma["is_local_hukou"]) == ("4****************X", "1955-12-24", "是")
    [grandma] = [row for row in cells(town, COMMUNITY, "community") if row["person_name"] == "张三"]
    assert (grandma["id_no"], grandma["birth_date"]) == ("4****************X", "1955")
    assert "household_no" not in grandma
    rows = cells(town, GRID, "grid")
    assert sorted((str(row["person_name"]), str(row["birth_date"])) for row in rows) == [
        ("张*", "70-74"),
        ("李**", "5-9"),
        ("欧阳**", "35-39"),
    ]
    assert all("id_no" not in row for row in rows)


def test_number_of_a_child_is_dropped_for_the_district_and_a_flag_below(town: Town) -> None:
    town.publish(FIRST, PEOPLE)
    seen = {
        level: next(row["id_no"] for row in cells(town, recipient, level) if row["person_name"] == "李小宝")
        for recipient, level in (("d-449901", "district"), ("s-449901001", "street"), (COMMUNITY, "community"))
    }
    assert seen == {"district": None, "street": "是", "community": "是"}


def test_row_of_unknown_place_waits_at_the_level_that_is_known(town: Town) -> None:
    town.publish(FIRST, PEOPLE)
    street = manifest(town, "s-449901001", "street")["returns"][0]
    assert (street["rows"], street["pending_locality"]) == (4, 1)
    assert manifest(town, COMMUNITY, "community")["returns"][0]["rows"] == 3
    assert manifest(town, "d-449901", "district")["returns"][0]["pending_locality"] == 0


def test_what_a_day_knows_is_a_chain_that_lists_only_what_is_new(town: Town) -> None:
    for day in (FIRST, SECOND):
        town.publish(day, PEOPLE)
    first, second = (entry(town.exchange, day, 1)["inputs_sha256"] for day in (FIRST, SECOND))
    told = inputs(town.exchange, SECOND, 1)
    new = [["c_household_registration", SECOND.isoformat()]]
    assert told == {"previous_sha256": first, "added": new, "withdrawn": [], "versions": {"base.person": 0}}
    assert second == sha256(canonical({"previous_sha256": first, "added": new, "withdrawn": []}))
    assert manifest(town, COMMUNITY, "community", SECOND)["inputs_sha256"] == second


def test_row_keys_differ_between_recipients(town: Town) -> None:
    town.publish(FIRST, PEOPLE)
    keys = [[str(row["_row_key"]) for row in cells(town, *whom)] for whom in (("d-449901", "district"), (COMMUNITY, "community"))]
    assert not set(keys[0]) & set(keys[1])
    assert keys[0] == sorted(keys[0])


def test_list_for_people_is_in_the_order_people_walk(town: Town) -> None:
    doors = ["晨光路１０号2栋", "江东区望海街道晨光路2号10栋", "晨光路2号9栋301房", "示范市江东区晨光路2号9栋1102房", None]
    people = [Resident(str(n), residence_address=door) for n, door in enumerate(doors)]
    town.publish(FIRST, [*people, Resident("x", grid="449901001002001", residence_address="晨光路1号")])
    walked = [(row["community_code"], row["residence_address"]) for row in cells(town, "s-449901001", "street")]
    assert [door for community, door in walked if community == "晨光社区居民委员会"] == [doors[place] for place in (2, 3, 1, 0, 4)]
    assert walked[-1] == ("听涛社区居民委员会", "晨光路1号")


def test_unchanged_recipient_refers_to_yesterdays_file_and_changed_one_says_what_changed(town: Town) -> None:
    town.publish(FIRST, PEOPLE)
    before = files(town)
    moved = replace(FAR, grid="449901003001001")
    new, other = Resident("n", "新来"), replace(PEOPLE[1], hukou_address="=HYPERLINK(1)", birth_date="1956-01-01")
    there = [PEOPLE[0], other, CHILD, moved, PENDING, new]
    published = town.publish(SECOND, there)
    assert form(town, "v-449901002001", "community", "rows", SECOND)["path"] is None
    assert changed(town, "v-449901002001", "community", SECOND) == [("删除", FAR.person_name, None, None, None, None)]
    assert changed(town, COMMUNITY, "community", SECOND) == [
        ("变更", "张三", None, "出生年份", "1955", "1956"),
        ("变更", "张三", None, "户籍地址", PEOPLE[1].hukou_address, "=HYPERLINK(1)"),
        ("新增", "新来", None, None, None, None),
    ]
    assert form(town, COMMUNITY, "community", "changes", SECOND)["updated"] == 1
    assert changed(town, GRID, "grid", SECOND)[0][:4] == ("变更", "张*", None, "户籍地址")  # the age band is the same
    now = files(town)
    assert {name for name in before if now[name] != before[name] and not name.endswith("/index.json")} == set()
    ledger = {one.recipient_id: (one.files_written, one.files_referred) for one in published.packages}
    assert ledger["v-449901001002"] == (0, 0)
    assert ledger[COMMUNITY] == (1, 0)
    town.publish(THIRD, there)
    same = form(town, "g-449901003001001", "grid", "rows", THIRD)
    assert same["path"] == form(town, "g-449901003001001", "grid", "rows", THIRD)["path"]
    assert all(one["rows"] == 0 for one in [form(town, COMMUNITY, "community", "changes", THIRD)])


def test_day_without_news_writes_no_payload(town: Town) -> None:
    town.publish(FIRST, PEOPLE)
    facts, _ = town.build(SECOND, PEOPLE)
    assert not any(facts["created"].to_pylist())
    published = town.publish(SECOND, PEOPLE)
    assert all(one.files_written == 0 for one in published.packages)
    assert sum(one.files_referred for one in published.packages) > 0


def test_repeated_run_keeps_the_issue_and_writes_nothing(town: Town) -> None:
    town.publish(FIRST, PEOPLE)
    before = files(town)
    again = town.publish(FIRST, list(reversed(PEOPLE)))
    assert (again.is_new, again.issue) == (False, 1)
    assert files(town) == before


def test_changed_day_is_issued_again_and_names_what_it_replaces(town: Town) -> None:
    first = town.publish(FIRST, PEOPLE)
    second = town.publish(FIRST, PEOPLE[:-1])
    assert (second.is_new, second.issue) == (True, 2)
    assert entry(town.exchange, FIRST, 2)["replaces_sha256"] == first.entry_sha256
    assert entry(town.exchange, FIRST, 2)["previous"] is None
    town.publish(SECOND, PEOPLE)
    assert entry(town.exchange, SECOND, 1)["previous"] == {"business_date": "2026-06-01", "issue": 2, "sha256": second.entry_sha256}
    assert (
        manifest(town, COMMUNITY, "community", SECOND)["predecessor"]["manifest_sha256"]
        == leaves(town.exchange, FIRST, 2).manifests[COMMUNITY]
    )


class StoppedError(Exception):
    """Stands for the end of the process."""


class StoppingArea(Area):
    """An area whose writer is stopped after a number of objects."""

    def __init__(self, url: str, left: int) -> None:
        super().__init__(url)
        self._left = count(left, -1)

    def put(self, path: str, content: Content) -> None:
        if next(self._left) <= 0:
            raise StoppedError
        super().put(path, content)

    def put_new(self, path: str, content: Content) -> bool:
        if next(self._left) <= 0:
            raise StoppedError
        return super().put_new(path, content)


RECIPIENTS = 31


@pytest.mark.parametrize("after", [0, 20, *range(2 * RECIPIENTS, 2 * RECIPIENTS + 5), 4 * RECIPIENTS])
def test_stop_at_any_write_leaves_a_day_that_the_next_run_completes(town: Town, after: int) -> None:
    _, record = town.build(FIRST, PEOPLE)
    stopping = replace(town.edition(FIRST), exchange=StoppingArea((town.home / "exchange").as_uri(), after))
    assert len(stopping.addressees) == RECIPIENTS
    with pytest.raises(StoppedError):
        publish(stopping, record, town.closing)
    done = final_issue(town.exchange, FIRST)
    assert done == (after > 2 * RECIPIENTS + 3)
    again = town.publish(FIRST, PEOPLE)
    assert (again.issue, again.is_new) == (1, not done)
    packages = [path.parent for path in (town.home / "exchange").rglob("manifest.json")]
    assert all(len(list(package.iterdir())) == 5 for package in packages)


def test_altered_predecessor_stops_the_build(town: Town) -> None:
    town.publish(FIRST, PEOPLE)
    facts = form(town, COMMUNITY, "community", "rows")
    payload = town.home / "exchange" / "community" / COMMUNITY / facts["path"]
    payload.write_bytes(workbook.write_workbook([plain_sheet(facts["sheet"], ("行标识",), [["x"]])]))
    with pytest.raises(DeliveryError, match="not the one that was published"):
        town.build(SECOND, PEOPLE)
    assert sha256(payload.read_bytes()) != facts["sha256"]


def cover(town: Town, recipient: str, level: str, day: date) -> list[list[str | None]]:
    facts = manifest(town, recipient, level, day)["cover"]
    content = (town.home / "exchange" / level / recipient / facts["path"]).read_bytes()
    return [[cell for cell in row if cell] for row in workbook.read_sheet(content, facts["sheet"])[1:]]


def test_first_page_says_what_changed_and_what_is_to_be_done(tmp_path: Path) -> None:
    town = Town(tmp_path, ("resident_list", "grid_event"))
    event = Row("grid_event", "E1", {"event_no": "E1", "is_closed": "false", "report_at": "2026-06-01T01:30:00Z"})
    town.publish(FIRST, [*PEOPLE, event])
    lines = cover(town, COMMUNITY, "community", FIRST)
    assert ["待结案事件", "1 件", "网格事件", "筛选“是否结案”为 否"] in lines
    assert ["居民清单", "3", "—", "—", "—", "首次提供"] in lines
    assert any("望海街道或示范市的数据主管部门" in str(line[0]) for line in lines if line)
    [row] = _events(town, FIRST)
    assert (row["report_at"], row["community_code"], row["is_closed"]) == (
        "2026-06-01 09:30", "晨光社区居民委员会", "否",
    )  # fmt: skip

    closed = replace(event, values={**event.values, "is_closed": "true"})
    town.publish(SECOND, [*PEOPLE[1:], Resident("n"), closed])
    lines = cover(town, COMMUNITY, "community", SECOND)
    assert ["居民清单", "3", "1", "0", "1", "逐条见“居民清单·变更”"] in lines
    assert ["网格事件", "1", "0", "1", "0", "逐条见“网格事件·变更”"] in lines
    assert not any("待结案事件" in line for line in lines)

    town.publish(THIRD, [*PEOPLE[1:], Resident("n"), closed])
    assert cover(town, COMMUNITY, "community", THIRD)[1:] != lines[1:]
    later = date(2026, 6, 4)
    facts, _ = town.build(later, [*PEOPLE[1:], Resident("n"), closed])
    written = {row["recipient_id"] for row in facts.to_pylist() if row["created"]}
    assert written == {
        "s-449901002",
        "v-449901002001",
        "g-449901002001001",
    }  # the workbook of a community renamed the day before, without sheets of changes


def test_renamed_community_gets_its_name_and_nobody_else_a_file_that_does_not_name_it(town: Town) -> None:
    there = [Resident("a", grid="449901002001001"), Resident("b")]
    town.publish(SECOND, there)
    facts, _ = town.build(THIRD, there)
    written = {row["recipient_id"] for row in facts.to_pylist() if row["created"]}
    labels = {"d-449901"}  # a table for a database holds the names of its codes
    assert written == {"s-449901002", "v-449901002001", "g-449901002001001"} | labels


def _events(town: Town, day: date) -> list[dict[str, str | None]]:
    returned = next(one for one in manifest(town, COMMUNITY, "community", day)["returns"] if one["return_id"] == "grid_event")
    facts = returned["forms"][0]
    content = (town.home / "exchange" / "community" / COMMUNITY / facts["path"]).read_bytes()
    return read_rows(content, facts["sheet"], kinds_of(returned["columns"])).to_pylist()
