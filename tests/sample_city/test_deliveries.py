"""Every labelled row is wrong in exactly the way its label says, every other row is clean, and chance comes from the seed alone."""

from __future__ import annotations

import csv
import hashlib
import tracemalloc
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import pytest

from sample_city import truth
from sample_city.checks import Checks
from sample_city.feed import Sample
from sample_city.labels import CHECK, ELDERLY, HOUSEHOLD, Label
from sample_city.oddities import ODD
from sample_city.people import FIRST_DAY
from sample_city.register import Register
from sample_city.source import Change
from tests.sample_city import inspection

pytestmark = pytest.mark.fast
CITIES = Path(__file__).resolve().parents[2] / "cities"
SECOND_DAY = FIRST_DAY + timedelta(days=1)
NOTHING_WRONG = {*ODD, "quoted_comma_and_newline", "crlf_file"}


def put_down(folder: Path, city: str, people: int, seed: int = 7) -> Sample:
    """Returns a sample city of which all files of two days are written; the register stays in memory."""
    sample = Sample(folder / "sample", folder / "inbox", "", CITIES / city, people, seed)
    sample.put_down_first()
    for day in (FIRST_DAY, SECOND_DAY):
        sample.put_down(day)
    return sample


@pytest.fixture(scope="module", params=[("zhuhai", 20_000), ("tiny", 500)], ids=["zhuhai", "tiny"])
def sample(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Sample:
    return put_down(tmp_path_factory.mktemp("sample"), *request.param)


@pytest.fixture(scope="module")
def labels(sample: Sample) -> list[Label]:
    return list(truth.labels(sample.folder, SECOND_DAY))


def test_every_kind_is_there_often_enough(sample: Sample, labels: list[Label]) -> None:
    wanted = 30 if sample.people == 20_000 else 2
    counts = Counter((label.resource, label.kind) for label in labels)
    in_register = [kind for (resource, kind) in counts if resource == HOUSEHOLD]
    assert set(ODD) < set(in_register)
    assert {kind for (resource, kind) in counts if resource == ELDERLY} >= {
        "scientific_notation", "negative_amount", "future_month", "unknown_service_type", "too_few_fields", "too_many_fields",
        "undecodable_bytes", "age_contradicts_birth_date", "phone_malformed", "quoted_comma_and_newline", "crlf_file",
    }  # fmt: skip
    few = {key: count for key, count in counts.items() if count < wanted and not (key[0] == ELDERLY and key[1] in ODD)}
    assert few == {}
    assert counts[CHECK, "burst"] > 100


@pytest.mark.parametrize("resource", [ELDERLY, CHECK])
def test_lines_of_files_are_wrong_exactly_as_labelled(sample: Sample, labels: list[Label], resource: str) -> None:
    grids = {region["region_code"] for region in regions(sample.city) if region["level"] == "grid" and not region["valid_to"]}
    judge = inspection.judge_checks(sample.inbox, grids) if resource == CHECK else inspection.judge_lists(sample.inbox, FIRST_DAY)
    found, hashes = judge
    repeated = {source for source, _ in found if resource == ELDERLY and source.endswith("_2.csv")}
    wrong = {key: kinds for key, kinds in found.items() if kinds and key[0] not in repeated}
    said = {(label.source, label.line): label for label in labels if label.resource == resource}
    assert wrong == {key: {label.kind} for key, label in said.items() if label.kind not in NOTHING_WRONG}
    assert {key: label.row_sha256 for key, label in said.items() if label.row_sha256} == {key: hashes[key] for key in said if key in hashes}
    assert len(said) == sum(label.resource == resource for label in labels)


def test_register_rows_are_wrong_exactly_as_labelled(sample: Sample, labels: list[Label]) -> None:
    tree = regions(sample.city)
    current, known = {row["region_code"] for row in tree if not row["valid_to"]}, {row["region_code"] for row in tree}
    register = Register(sample.lives)
    rows = [*register.first_load(), *(change.row for day in (FIRST_DAY, SECOND_DAY) for change in register.changes(day))]
    said = {label.row_sha256: label.kind for label in labels if label.resource == HOUSEHOLD}
    wrong = {}
    for row in rows:
        kinds = inspection.judge_register(row, current, known, SECOND_DAY)
        if kinds:
            wrong[inspection.name_of(list(row.values()))] = kinds
    in_row = {"superseded", "duplicate", "recut", "accepted"}
    outcomes = {label.row_sha256: label.outcome for label in labels}
    assert wrong == {name: {kind} for name, kind in said.items() if outcomes[name] not in in_row}


def test_pairs_repeats_and_late_rows_are_what_they_are_called(sample: Sample, labels: list[Label]) -> None:
    register = Register(sample.lives)
    first = list(register.first_load())
    on_first_day, on_second_day = register.changes(FIRST_DAY), register.changes(SECOND_DAY)
    names = Counter(inspection.name_of(list(row.values())) for row in first)
    positions = Counter((row["id_no"], row["update_time"]) for row in first)
    register_labels = [label for label in labels if label.resource == HOUSEHOLD]
    kinds = {
        kind: [label for label in register_labels if label.kind == kind] for kind in ("row_repeated", "same_key_and_position", "late_death")
    }
    assert {label.row_sha256 for label in kinds["row_repeated"]} == {name for name, count in names.items() if count == 2}
    twice = sum(count == 2 for count in positions.values())
    assert twice == len(kinds["row_repeated"]) + len(kinds["same_key_and_position"])
    primed = {change.row["id_no"]: change.row["update_time"] for change in on_first_day}
    late = [change.row for change in on_second_day if change.row["update_time"] < FIRST_DAY.isoformat()]
    assert all("2026-05-30" <= row["update_time"] < primed[row["id_no"]] for row in late)
    assert {name for row in late if (name := inspection.name_of(list(row.values())))} == {
        label.row_sha256 for label in labels if label.outcome == "recut"
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


def test_seed_and_size_decide_every_byte(tmp_path: Path) -> None:
    one, other, different = (put_down(tmp_path / name, "tiny", 500, seed) for name, seed in (("a", 7), ("b", 7), ("c", 8)))
    assert digest(tmp_path / "a") == digest(tmp_path / "b") != digest(tmp_path / "c")
    rows = [[*Register(city.lives).first_load(), *changes(city, SECOND_DAY)] for city in (one, other, different)]
    assert rows[0] == rows[1] != rows[2]


def test_further_days_stay_clean_and_numbers_unique(tmp_path: Path) -> None:
    sample = put_down(tmp_path, "tiny", 300)
    register = Register(sample.lives)
    held = {row["id_no"] for row in register.first_load()}
    for n in range(150):  # the shuffle of events begins a second round
        for change in register.changes(FIRST_DAY + timedelta(days=n)):
            assert change.replaces is None or change.replaces in held
            held = held - {change.replaces} | {change.row["id_no"]}
    assert len(held) >= 300 + 100 * sample.lives.newcomers_a_day
    sample.put_down(date(2026, 7, 1))
    found, _ = inspection.judge_lists(sample.inbox, date(2026, 7, 1))
    assert sum(source.endswith("2026-07-01_1.csv") for source, _ in found) >= 20


def test_memory_does_not_grow_with_the_city(tmp_path: Path) -> None:
    peaks = []
    for people in (1_500, 4_500):
        sample = Sample(tmp_path / str(people), tmp_path / str(people), "", CITIES / "tiny", people, 7)
        tracemalloc.start()
        sum(1 for _ in Register(sample.lives).first_load())
        sum(1 for _ in Checks(sample.lives).seed())
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] - peaks[0] < 1_000_000  # 3,000 people more, held in a list, would take more than three times as much


def changes(sample: Sample, day: date) -> list[Change]:
    return Register(sample.lives).changes(day)


def regions(city: Path) -> list[dict[str, str]]:
    with (city / "regions.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def digest(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.rglob("*") if path.is_file()}
