"""The region tree, resolved by parent and date and never by digits."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from lakehouse.city.regions import HEADER, RegionTree, load_regions, unpadded
from lakehouse.errors import ConfigError

pytestmark = pytest.mark.fast
JUNE = date(2026, 6, 1)
CHONGQING = """
50,重庆市,province,,,1997-06-18,,
500103,渝中区,district,50,,1997-06-18,,
500103002,朝天门街道,street,500103,,1997-06-18,,
500103003,大阳沟街道,street,500103,,1997-06-18,2026-06-01,500103004
500103004,解放碑街道,street,500103,500103,1997-06-18,,
500103003001,旧社区,community,500103003,,1997-06-18,2026-05-01,500103002001
500103002001,新社区,community,500103002,,1997-06-18,,
500103002001001,第一网格,grid,500103002001,,2020-01-01,2026-06-01,
500103002001001,第一网格,grid,500103002001,,2026-06-01,,
"""


def tree(tmp_path: Path, lines: str = CHONGQING) -> RegionTree:
    (tmp_path / "regions.csv").write_text(",".join(HEADER) + lines, "utf-8")
    return load_regions(tmp_path)


def test_ancestors_go_by_parent(tmp_path: Path) -> None:
    found = tree(tmp_path).ancestors("500103002001001", JUNE)
    assert found == {
        "province": "50",
        "district": "500103",
        "street": "500103002",
        "community": "500103002001",
        "grid": "500103002001001",
    }
    assert tree(tmp_path).ancestors("500103002000", JUNE) == {"province": "50", "district": "500103", "street": "500103002"}
    assert tree(tmp_path).ancestors("500199001001", JUNE) == {}


def test_a_successor_stands_for_an_abolished_region_from_its_last_day_on(tmp_path: Path) -> None:
    regions = tree(tmp_path)
    assert regions.successor("500103003001", date(2026, 4, 30)) == "500103003001"
    assert regions.successor("500103003001", date(2026, 5, 1)) == "500103002001"
    assert regions.successor("500103003000", JUNE) == "500103004"
    assert regions.successor("500199", JUNE) is None


def test_known_is_at_any_date_and_of_the_level(tmp_path: Path) -> None:
    regions = tree(tmp_path)
    known = {
        code: regions.known(code, "community") for code in ("500103003001", "500103003000", "500103002009", "500103002", "500103009000")
    }
    assert known == {"500103003001": True, "500103003000": True, "500103002009": False, "500103002": False, "500103009000": False}
    assert not regions.known("500103002001", "grid")


def test_children_are_those_in_force(tmp_path: Path) -> None:
    assert [region.code for region in tree(tmp_path).children("500103", JUNE)] == ["500103002", "500103004"]


def test_every_problem_of_the_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as lines_told:
        tree(tmp_path, CHONGQING + "5001,x,district,50,,2020-01-01,,\n500104,x,area,50,,2020-01-01,,\n500105,x,district,50,,2020-13-01,,\n")
    assert [text in str(lines_told.value) for text in ("'5001' is no code of a district", "'area' is not a level", "is no date")] == [
        True
    ] * 3
    with pytest.raises(ConfigError) as told:
        tree(
            tmp_path,
            CHONGQING
            + "500106,x,district,,,2020-01-01,,500199\n500106,x,district,50,,2021-01-01,,\n500107001,x,street,500106,,2019-01-01,,\n",
        )
    expected = (
        "a district needs a parent",
        "500199 is not in the file",
        "two versions are in force",
        "500106 is not in force during the whole validity of this region",
    )
    assert [text for text in expected if text not in str(told.value)] == []


def test_zeros_are_taken_off_registered_codes_only() -> None:
    assert [unpadded(code) for code in ("440402001000", "440402001001", "440402000", "4404")] == [
        "440402001",
        "440402001001",
        "440402000",
        "4404",
    ]


def test_a_region_can_be_renamed(tmp_path: Path) -> None:
    lines = """
50,重庆市,province,,,1997-06-18,,
500103,渝中区,district,50,,1997-06-18,2026-06-03,
500103,新渝中区,district,50,,2026-06-03,,
500103002,朝天门街道,street,500103,,1997-06-18,,
"""
    regions = tree(tmp_path, lines)
    days = date(2026, 6, 2), date(2026, 6, 3)
    assert [regions.at(day).find("500103").name for day in days] == ["渝中区", "新渝中区"]
    assert [regions.successor("500103", day) for day in days] == ["500103", "500103"]
    assert [regions.ancestors("500103002", day)["district"] for day in days] == ["500103", "500103"]
    with pytest.raises(ConfigError, match="two versions are in force"):
        tree(tmp_path, lines.replace("2026-06-03,\n", ",\n"))
