"""Packages go at the end of their term: never those of the last day, nor a payload that a package still refers to; days stay a chain."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import pytest

from lakehouse.objects import Area
from lakehouse.returns import expiry
from lakehouse.returns.day_entries import leaves, published
from tests.lakehouse.returns.town import FIRST, SECOND, THIRD, Resident, Row, Town

pytestmark = pytest.mark.fast

STAYS, MOVES = Resident("a"), Resident("b", "张三", "44990219551224002X", "1955-12-24")
COUNTS = Row("region_summary", "s", {"summary_id": "s", "value": "12"}, known_to="city")
END = FIRST + timedelta(days=90)  # of the first day's lists of residents; counts for the city are kept for a year
LEVELS = ("community", "district", "grid", "street")


@pytest.fixture
def town(tmp_path: Path) -> Town:
    """Return a town that has published three days: the first two refer to the same payloads, the third has others."""
    town = Town(tmp_path, ("resident_list", "region_summary"))
    for day, people in ((FIRST, [STAYS]), (SECOND, [STAYS]), (THIRD, [STAYS, MOVES])):
        town.publish(day, [*people, COUNTS])
    return town


def expire(town: Town, on: date) -> list[str]:
    found = expiry.find(town.exchange, on)
    for one in found:
        expiry.remove(town.exchange, one)
    return [f"{one.level} {len(one.days)}" for one in found]


def payloads(town: Town, day: date) -> set[str]:
    below = leaves(town.exchange, day, 1)
    return {f"{next(town.home.glob(f'exchange/*/{name}'))}/{path}" for name, paths in below.payloads.items() for path in paths}


def days_kept(town: Town, level: str) -> set[str]:
    return {path.parent.parent.name for path in (town.home / "exchange" / level).glob("*/*/1/manifest.json")}


def test_nothing_goes_within_its_term_and_on_its_last_day_only_the_level_it_is_of(town: Town) -> None:
    before = {path: path.read_bytes() for path in (town.home / "exchange").rglob("*") if path.is_file()}
    assert expire(town, END - timedelta(days=1)) == []
    assert expire(town, END) == [f"{level} 1" for level in LEVELS]
    assert all(days_kept(town, level) == {str(SECOND), str(THIRD)} for level in LEVELS)
    assert days_kept(town, "city") == {str(FIRST), str(SECOND), str(THIRD)}
    assert all(Path(path).is_file() for day in (SECOND, THIRD) for path in payloads(town, day))
    assert all(path.read_bytes() == content for path, content in before.items() if "days" in path.relative_to(town.home).parts)
    assert expire(town, END) == []


def test_a_payload_goes_with_the_last_package_that_refers_to_it_and_the_last_day_stays_for_ever(town: Town) -> None:
    expire(town, END)
    shared = payloads(town, FIRST) & payloads(town, SECOND)
    assert shared
    assert all(Path(path).is_file() for path in shared)
    assert "grid 1" in expire(town, END + timedelta(days=1))
    alone = {path for path in payloads(town, SECOND) - payloads(town, THIRD) if "/city/" not in path and "/province/" not in path}
    assert alone
    assert not any(Path(path).exists() for path in alone)
    expire(town, END + timedelta(days=9999))
    assert all(Path(path).is_file() for path in payloads(town, THIRD))
    assert days_kept(town, "grid") == days_kept(town, "city") == {str(THIRD)}
    assert list(published(town.exchange)) == [FIRST, SECOND, THIRD]
    assert expiry.expired_levels(town.exchange, FIRST) == {*LEVELS, "city", "province"}
    assert expiry.expired_levels(town.exchange, THIRD) == frozenset()


def test_what_was_cut_short_is_ended_by_the_next_one(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_area: Area, paths: object) -> None:
        raise OSError(str(paths))

    with monkeypatch.context() as patched:
        patched.setattr(Area, "delete", broken)
        with pytest.raises(OSError, match="generator"):
            expire(town, END)
    assert expiry.expired_levels(town.exchange, FIRST) == {LEVELS[0]}  # marked before anything goes
    assert expire(town, END) == [f"{level} 1" for level in LEVELS]
    assert days_kept(town, "community") == {str(SECOND), str(THIRD)}


def test_a_day_from_before_its_declarations_were_kept_stays(town: Town) -> None:
    path = town.home / "exchange" / "days" / str(FIRST) / "1.leaves.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "returns": {}}))
    assert expire(town, END) == []
