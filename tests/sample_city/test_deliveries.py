"""Deliveries of the sources are consistent over the days, and chance depends on the seed alone."""

from __future__ import annotations

import csv
import hashlib
import tracemalloc
from collections import Counter
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from sample_city.feed.sample import Sample
from sample_city.sources.enterprise_registration import EnterpriseRegistration
from sample_city.sources.household_registration import HouseholdRegistration
from sample_city.sources.labels import Label, read_labels
from sample_city.sources.person_check import PersonCheck
from sample_city.sources.standard_address import StandardAddress
from sample_city.world import truth
from sample_city.world.people import FIRST_DAY
from tests.oracle.resources import ADDRESS, CHECK, ELDERLY, HOUSEHOLD
from tests.oracle.rules import World
from tests.sample_city.batches import CITIES, CODES, DAYS, files, judge, name_of, put_down

pytestmark = pytest.mark.fast
SECOND_DAY = DAYS[1]


def test_pairs_repeats_and_late_rows_are_what_they_are_called(sample: Sample, labels: list[Label]) -> None:
    register = HouseholdRegistration(sample.lives)
    first = list(register.first_load())
    on_first_day, on_second_day = register.changes(FIRST_DAY), register.changes(SECOND_DAY)
    names = Counter(name_of(row.values()) for row in first)
    positions = Counter((row["id_no"], row["update_time"]) for row in first)
    register_labels = [label for label in labels if label.resource == HOUSEHOLD and label.business_date <= SECOND_DAY.isoformat()]
    kinds = {
        kind: [label for label in register_labels if label.kind == kind] for kind in ("row_repeated", "same_key_and_position", "late_death")
    }
    assert {label.row_sha256 for label in kinds["row_repeated"]} == {name for name, count in names.items() if count == 2}
    twice = sum(count == 2 for count in positions.values())
    assert twice == len(kinds["row_repeated"]) + len(kinds["same_key_and_position"])
    primed = {change.row["id_no"]: change.row["update_time"] for change in on_first_day}
    late = [change.row for change in on_second_day if change.row["update_time"] < FIRST_DAY.isoformat()]
    assert all("2026-05-30" <= row["update_time"] < primed[row["id_no"]] for row in late)
    assert {name for row in late if (name := name_of(row.values()))} == {
        label.row_sha256 for label in register_labels if label.outcome == "recut"
    }
    assert sum(row["cancel_reason"] == "死亡" for row in late) == len(kinds["late_death"])


def test_one_street_is_silent_one_late_and_one_sends_the_same_file_twice(sample: Sample) -> None:
    streets = {region["region_code"] for region in regions(sample.city) if region["level"] == "street"}
    folder = sample.inbox / ELDERLY
    assert len(streets - {path.name for path in folder.iterdir()}) == 1
    (again,) = folder.glob("*/2026-06-01_2.csv")
    assert again.read_bytes() == again.with_name("2026-06-01_1.csv").read_bytes()
    assert any(b"\r\n" in path.read_bytes() for path in folder.glob("*/*.csv"))


def test_truth_follows_the_days(sample: Sample) -> None:
    eve, second = (truth.persons(sample.folder, sample.city, day).to_pylist() for day in (FIRST_DAY - timedelta(days=1), SECOND_DAY))
    assert len(eve) == sample.people + sample.lives.migrants.count
    assert len(second) == len(eve) + 2 * sample.lives.newcomers_a_day
    assert all(person["grid_code"] and person["street_code"] and person["province_code"] == "44" for person in second)
    assert len({person["id_no"] for person in second}) == len(second)
    born = [person for person in second[sample.people :] if person["mother_no"] is not None]
    assert len(born) == 2 * sample.lives.births_a_day
    assert all(second[person["mother_no"]]["gender_code"] == "2" for person in born)
    registered = [person for person in second if person["hukou_community_code"]]
    away = sum(person["community_code"] != person["hukou_community_code"] for person in registered) / len(registered)
    assert 0.2 < away < 0.36


def test_truth_of_companies_follows_the_days(sample: Sample) -> None:
    register = EnterpriseRegistration(sample.lives)
    rows = {row["uscc"]: row for row in register.first_load()}
    for day in DAYS:
        for change in register.changes(day):
            rows.pop(change.replaces or "", None)
            rows[change.row["uscc"]] = change.row
    known = {row["uscc"]: row for row in truth.entities(sample.folder, sample.city, DAYS[-1]).to_pylist()}
    assert len(known) == len(rows) == register.firms.count + len(DAYS) * register.firms.new_a_day
    ordinary = [row for row in known.values() if not row["trait"]]
    assert ordinary
    assert all(rows[row["uscc"]]["entity_name"] == row["entity_name"] for row in ordinary)
    assert all(rows[row["uscc"]]["status_code"] == row["status_code"] for row in ordinary)
    owners = {person["id_no"] for person in truth.persons(sample.folder, sample.city, DAYS[-1]).to_pylist()}
    assert {row["legal_rep_id_no"] for row in known.values()} <= owners


def test_rooms_come_and_go_and_some_are_there_only_as_a_defect(sample: Sample) -> None:
    addresses = StandardAddress(sample.lives)
    told = [{row["address_id"]: kind for row, kind in addresses.lines(day)} for day in DAYS]
    for before, after in pairwise(told):
        assert after.keys() - before.keys()
        assert before.keys() - after.keys()
        unreadable = {key for key, kind in after.items() if kind in ("required_empty", "too_few_fields", "undecodable_bytes")}
        assert any(not before.get(key, "new") for key in unreadable)
    lived_in = {person["address_id"] for person in truth.persons(sample.folder, sample.city, DAYS[-1]).to_pylist()}
    assert lived_in <= told[-1].keys()


def test_snapshots_follow_the_region_tree(sample: Sample) -> None:
    rows = [list(csv.DictReader(path.read_text("utf-8", "replace").splitlines())) for path in sorted((sample.inbox / ADDRESS).iterdir())]
    moved = {row["region_code"]: row["parent_code"] for row in regions(sample.city) if row["valid_from"] == DAYS[1].isoformat()}
    for grid, community in moved.items():
        codes = [Counter(row["community_code"] for row in day if row["grid_code"] == grid).most_common(1)[0][0] for day in rows]
        assert codes[0] != codes[1] == codes[2] == community
    renamed = {row["region_code"]: row["name"] for row in regions(sample.city) if row["valid_from"] == DAYS[2].isoformat()}
    for community, name in renamed.items():
        names = [{row["community_name"] for row in day if row["community_code"] == community and row["district_name"]} for day in rows]
        assert name in names[2]
        assert name not in names[1]
    assert moved
    assert renamed


def test_seed_and_size_decide_every_byte(tmp_path: Path) -> None:
    one, other, different = (put_down(tmp_path / name, "tiny", 500, seed) for name, seed in (("a", 7), ("b", 7), ("c", 8)))
    assert digest(tmp_path / "a") == digest(tmp_path / "b") != digest(tmp_path / "c")
    for tables in zip(one.tables, other.tables, different.tables, strict=True):
        rows = [[*table.first_load(), *table.changes(SECOND_DAY)] for table in tables]
        assert rows[0] == rows[1] != rows[2]


def test_further_days_stay_clean_and_numbers_unique(tmp_path: Path) -> None:
    sample = put_down(tmp_path, "tiny", 300)
    register = HouseholdRegistration(sample.lives)
    held = {row["id_no"] for row in register.first_load()}
    for n in range(150):  # the shuffle of events starts its second round
        for change in register.changes(FIRST_DAY + timedelta(days=n)):
            assert change.replaces is None or change.replaces in held
            held = held - {change.replaces} | {change.row["id_no"]}
    assert len(held) >= 300 + 100 * sample.lives.newcomers_a_day


def test_a_later_month_stays_clean(tmp_path: Path) -> None:
    sample = put_down(tmp_path, "tiny", 300, days=[date(2026, 7, 1)])
    world, labels = World(CODES, sample.city), list(read_labels(sample.folder, date(2026, 7, 1)))
    found = {name for batch in files(sample) for name in judge(world, batch)[0]}
    assert found == {(one.resource, one.source, one.line) for one in labels if one.source and (one.rule or one.outcome == "rejected")}
    assert {resource for resource, _, _ in found} >= {ELDERLY, CHECK}


def test_memory_does_not_grow_with_the_city(tmp_path: Path) -> None:
    peaks = []
    for people in (1_500, 3_000):
        sample = Sample(tmp_path / str(people), tmp_path / str(people), "", CITIES / "tiny", people, 7)
        tracemalloc.start()
        sum(1 for _ in HouseholdRegistration(sample.lives).first_load())
        sum(1 for _ in PersonCheck(sample.lives).seed())
        sum(1 for _ in EnterpriseRegistration(sample.lives).first_load())
        sum(1 for _ in StandardAddress(sample.lives).lines(FIRST_DAY))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] - peaks[0] < 600_000  # 1,500 people more, held in a list, would take more than twice as much


def regions(city: Path) -> list[dict[str, str]]:
    with (city / "regions.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def digest(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.rglob("*") if path.is_file()}
