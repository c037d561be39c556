"""What stands for nothing is no value: characters, words and days, in whatever format they come; numbers of JSON count by their value."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from lakehouse.config import Instance
from lakehouse.jobs import JobRequest, run_job
from spark_jobs.lake.inquiry import ask
from spark_jobs.lake.session import close_sessions, open_session
from tests.cases import lake
from tests.contracts.faultless import CHECK, EVENT, PERMIT

pytestmark = pytest.mark.spark
LIST, EVENTS, CHECKS, PERMITS = "s_elderly_service_list", "g_grid_event", "g_person_check", "c_residence_permit"
STREET = "449901002"
DAYS = {number: date(2026, 6, number) for number in (2, 3, 4, 5, 6)}
Fates = dict[int, lake.Fate]
IN = "in silver"


@pytest.fixture(scope="module")
def spark_home(module_instance: Instance) -> Iterator[Instance]:
    yield module_instance
    close_sessions()


def by_day(found: dict[tuple[date, int], lake.Fate]) -> dict[date, Fates]:
    return {day: {line: fate for (on, line), fate in found.items() if on == day} for day in {on for on, _ in found}}


def became(fates: Fates) -> dict[int, tuple[str, set[str]]]:
    """Return by line what became of a row, and the rules it broke or the flags it has."""
    return {line: (fate.became, set(fate.rules or fate.flags)) for line, fate in sorted(fates.items())}


@pytest.fixture(scope="module")
def lists(spark_home: Instance) -> dict[date, Fates]:
    cases = ("c03-csv-gb18030-private-use-name", "c04-csv-gb18030-a3a0-space", "c07-csv-invisible-required", "c08-csv-written-out-nothing")
    for case, day in zip(cases, DAYS.values(), strict=False):
        lake.drop(spark_home, case, f"{LIST}.csv", f"{LIST}/{STREET}/{day}_1.csv")
    header, *rows = (lake.DELIVERIES / cases[3] / f"{LIST}.csv").read_bytes().decode("gb18030").splitlines()
    of = dict(zip(header.split(","), rows[0].split(","), strict=True))
    variants: list[dict[str, str]] = [
        {"备注": "需要\ufffd"},
        {"社区": "\u3164", "联系电话": "\\N", "年龄": "#N/A"},
        {"补贴标准": "N/A"},
        {"发放月份": "\ufeff2026-01\u2003"},
        {"身份证号": "44990919381004171\u200b0"},
        {"姓名": "王□明", "备注": "无?"},
        {"备注": "+" + "长" * 32_766},
        {"服务类型": "NULL"},
        {"补贴标准": "200.005"},
    ]
    text = "\n".join([header, *(",".join((of | {"发放月份": f"2025-{n:02}"} | changed).values()) for n, changed in enumerate(variants, 1))])
    (spark_home.folder("inbox") / LIST / STREET / f"{DAYS[6]}_1.csv").write_bytes(text.encode("gb18030"))
    lake.bring_in(spark_home, LIST, DAYS[6])
    return by_day(lake.fates(spark_home, LIST))


def test_private_use_becomes_the_character_of_the_standard_or_is_flagged(lists: dict[date, Fates]) -> None:
    found = lists[DAYS[2]]
    assert became(found) == {
        2: (IN, {"person_name.private_use"}), 3: (IN, {"person_name.legible"}), 4: (IN, set()), 5: (IN, set()),
    }  # fmt: skip
    assert [found[line].kept["person_name"] for line in (2, 4)] == ["龴文", "刘䶮"]
    assert found[2].sent["person_name"] == "\ue81e文", "bronze keeps what was sent"


def test_space_of_gbk_editors_is_a_space(lists: dict[date, Fates]) -> None:
    found = lists[DAYS[3]]
    assert became(found) == {2: (IN, set()), 3: (IN, {"person_name.private_use"}), 4: (IN, set())}
    assert [found[line].kept["id_no"] for line in (2, 4)] == ["449909193806041312", "44990919380606133X"]
    assert found[3].kept["person_name"] == "赵\u3000芒"


def test_invisible_characters_are_no_name(lists: dict[date, Fates]) -> None:
    found = lists[DAYS[4]]
    empty = ("quarantined", {"person_name.required"})
    assert became(found) == {2: (IN, set()), 3: empty, 4: empty, 5: empty, 6: (IN, set()), 7: (IN, {"person_name.invisible"})}
    assert (found[6].kept["id_no"], found[7].kept["person_name"]) == ("449909193809081651", "秦立冬")


def test_word_for_nothing_is_nobodys_name(lists: dict[date, Fates]) -> None:
    nobody = ("quarantined", {"person_name.required"})
    assert became(lists[DAYS[5]]) == {
        2: (IN, set()), 3: nobody, 4: nobody, 5: nobody, 6: nobody, 7: (IN, set()), 8: ("quarantined", {"amount_yuan.format"}),
    }  # fmt: skip


def test_other_columns_of_a_list_are_cleaned_alike(lists: dict[date, Fates]) -> None:
    found = lists[DAYS[6]]
    assert became(found) == {
        2: (IN, {"remark.legible"}),
        3: (IN, {"phone.nothing", "age_reported.nothing"}),
        4: ("quarantined", {"amount_yuan.format"}),
        5: (IN, set()),
        6: (IN, {"id_no.invisible"}),
        7: (IN, {"person_name.legible"}),
        8: ("rejected", {"reject.oversize_cell"}),
        9: ("quarantined", {"service_type.required", "_key.unreadable"}),
        10: ("quarantined", {"amount_yuan.format"}),
    }
    assert [found[3].kept[name] for name in ("community_name", "phone", "age_reported")] == [None, None, None]
    assert (found[5].kept["pay_month"], found[6].kept["id_no"]) == ("2026-01", "449909193810041710")


def lines(of: dict[str, Any], *variants: dict[str, Any]) -> str:
    return "\n".join(json.dumps(of | changed, ensure_ascii=False) for changed in variants)


@pytest.fixture(scope="module")
def events(spark_home: Instance) -> dict[date, Fates]:
    cases = ("c30-jsonl-numbers-of-other-programs", "c31-jsonl-coordinates-of-a-phone", "c33-jsonl-text-too-long-for-the-way-out")
    for case, day in zip(cases, DAYS.values(), strict=False):
        lake.drop(spark_home, case, f"{EVENTS}.jsonl", f"{EVENTS}/{day}_1.jsonl")
    variants = [
        {"event_no": "V1", "photo_count": 2.5},
        {"event_no": "V2", "lat": "22.27014380000001", "lon": None},
        {"event_no": "V3", "accept_time": "0001-01-02 00:00:00"},
        {"event_no": "V4", "close_time": "9999-12-31 23:59:59"},
        {"event_no": "V5", "description": "N/A", "result": "清理\u202e完"},
        {"event_no": "V6", "update_time": "0001-01-01 00:00:00"},
        {"event_no": 1e3, "reopened_times": -0.0, "photo_count": "1e1"},
    ]
    target = spark_home.folder("inbox") / EVENTS / f"{DAYS[5]}_1.jsonl"
    target.write_text(lines(EVENT, *variants), "utf-8")
    lake.bring_in(spark_home, EVENTS, DAYS[6])
    return by_day(lake.fates(spark_home, EVENTS))


def test_json_numbers_count_by_their_value(events: dict[date, Fates]) -> None:
    found = events[DAYS[2]]
    assert became(found) == {line: (IN, set()) for line in range(1, 6)}
    assert [found[line].kept["photo_count"] for line in (2, 5)] == [3, 10]
    assert (str(found[3].kept["lon"]), found[4].kept["reopened_times"]) == ("113.5621000", 0)


def test_point_that_is_too_exact_costs_no_event(events: dict[date, Fates]) -> None:
    found = events[DAYS[3]]
    assert became(found) == {1: (IN, {"lat.round"}), 2: (IN, set())}
    assert [str(found[line].kept["lat"]) for line in (1, 2)] == ["22.2701438", "22.2701438"]
    assert found[1].sent["lat"] == "22.27014380000001"


def test_what_no_workbook_can_hold_is_refused_row_by_row(events: dict[date, Fates]) -> None:
    found = events[DAYS[4]]
    assert {line: fate.became for line, fate in found.items()} == {1: "rejected", 2: "rejected", 3: IN, 4: IN}
    assert {rule for line in (1, 2) for rule in found[line].rules} == {"reject.oversize_cell"}
    assert "result.invisible" in found[3].flags


def test_other_events_are_judged_alike(events: dict[date, Fates]) -> None:
    found = events[DAYS[5]]
    told = {line: (what, names - {"update_time.fresh"}) for line, (what, names) in became(found).items()}
    assert told == {
        1: ("quarantined", {"photo_count.format"}),
        2: (IN, {"lat.round"}),
        3: ("quarantined", {"accept_time.calendar"}),
        4: ("quarantined", {"close_time.calendar"}),
        5: (IN, {"description.nothing", "result.invisible"}),
        6: ("quarantined", {"update_time.format", "_position.unreadable"}),
        7: ("quarantined", {"photo_count.format"}),
    }
    assert found[7].sent["event_no"] == "1000"


def test_lost_characters_of_a_check_are_flagged(spark_home: Instance) -> None:
    case = "c32-jsonl-replacement-character"
    lake.drop(spark_home, case, f"{CHECKS}.jsonl", f"{CHECKS}/{DAYS[2]}_1.jsonl")
    names = ("屯屯屯", "李〓", "N/A", "Nan Li", "王\u200d芳")
    variants = [{"check_id": f"V{n}", "person_name": name, "phone": 19900000001.0} for n, name in enumerate(names)]
    (spark_home.folder("inbox") / CHECKS / f"{DAYS[3]}_1.jsonl").write_text(lines(CHECK, *variants), "utf-8")
    lake.bring_in(spark_home, CHECKS, DAYS[3])
    found = by_day(lake.fates(spark_home, CHECKS))
    lost = (IN, {"person_name.legible"})
    assert became(found[DAYS[2]]) == {1: lost, 2: lost, 3: lost, 4: (IN, set())}
    other = became(found[DAYS[3]])
    assert other == {1: lost, 2: lost, 3: (IN, {"person_name.nothing"}), 4: (IN, set()), 5: (IN, {"person_name.invisible"})}
    assert {fate.kept["phone"] for fate in found[DAYS[3]].values()} == {"19900000001"}


@pytest.fixture(scope="module")
def permits(spark_home: Instance, tmp_path_factory: pytest.TempPathFactory) -> Fates:
    (page,) = json.loads((lake.DELIVERIES / "c53-api-dates-of-no-day" / "pages.json").read_text("utf-8"))
    variants = [
        {"permit_no": "449900000000000601", "birth_date": "1899-12-31"},
        {"permit_no": "449900000000000602", "birth_date": "2026-06-07"},
        {"permit_no": "449900000000000603", "endorse_due_date": "2200-01-01", "arrive_date": "1900-01-01"},
        {"permit_no": "449900000000000604", "update_time": "0000-01-01 00:00:00"},
        {"permit_no": "449900000000000605", "arrive_date": "9999-12-31"},
    ]
    path: Path = tmp_path_factory.mktemp("permits") / "permits.jsonl"
    records = (json.dumps(record, ensure_ascii=False) for record in page["records"])
    path.write_text("\n".join([*records, lines(PERMIT, *variants)]), "utf-8")
    lake.bring_in(spark_home, PERMITS, DAYS[6], files=[str(path)])
    return {line: fate for (_, line), fate in lake.fates(spark_home, PERMITS).items()}


def test_day_of_no_calendar_is_quarantined_by_name(permits: Fates) -> None:
    told = {line: (fate.became, set(fate.rules)) for line, fate in permits.items()}
    of_id = "birth_date.agrees_with_id"
    assert told == {
        1: ("quarantined", {"arrive_date.calendar"}),
        2: ("quarantined", {"arrive_date.format"}),
        3: ("quarantined", {"arrive_date.format"}),
        4: (IN, set()),
        5: ("quarantined", {"birth_date.calendar", of_id}),
        6: ("quarantined", {"birth_date.calendar", of_id}),
        7: ("quarantined", {"endorse_due_date.calendar"}),
        8: ("quarantined", {"update_time.format", "_position.unreadable"}),
        9: ("quarantined", {"arrive_date.calendar"}),
    }


@pytest.mark.usefixtures("permits")
def test_what_got_in_can_be_queried_and_counted_again(spark_home: Instance) -> None:
    spark = open_session(spark_home)
    assert ask(spark, f"select arrive_date from silver.{PERMITS}", 10).to_pylist() == [{"arrive_date": date(2025, 1, 1)}]
    again = run_job("recount", JobRequest(DAYS[6], PERMITS), spark_home)
    assert again.agree
    assert {one.rule: one.counted for one in again.rules if one.rule.startswith("arrive_date.")} == {
        "arrive_date.format": 2, "arrive_date.compare": 1, "arrive_date.calendar": 2,
    }  # fmt: skip
    old = "select date'0000-01-01' as day, timestamp'0000-01-01 00:00:00' as at, 1 as n"  # in a lake from before the range
    assert ask(spark, old, 10).to_pylist() == [{"day": "0000-01-01", "at": "0000-01-01 00:00:00", "n": 1}]
