"""The proof counts and decodes payloads with code that shares nothing with the writer, and finds every kind of leak."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from lakehouse.city.regions import load_regions
from lakehouse.config import PROJECT
from lakehouse.naming import LEVELS
from lakehouse.returns.completeness import incomplete
from lakehouse.returns.inspection import Inspection, inspect_payloads
from lakehouse.returns.manifest import sha256
from lakehouse.returns.model import load_sound_returns
from lakehouse.returns.proofs import above_cap, unproved, written
from lakehouse.returns.strangers import places_of
from lakehouse.returns.workbook import file as workbook
from lakehouse.returns.workbook.pages import plain_sheet
from tests.lakehouse.returns.town import FIRST, SECOND, Resident, Town

pytestmark = pytest.mark.fast

COMMUNITY, GRID = "v-449901001001", "g-449901001001001"
PEOPLE = [Resident("a"), Resident("c", "李小宝", "449901201806151235", "2018-06-15"), Resident("p", known_to="street")]


@pytest.fixture
def town(tmp_path: Path) -> Town:
    return Town(tmp_path)


def findings(town: Town, forms: pa.Table) -> list[dict[str, Any]]:
    edition = town.edition(FIRST)
    inspection = Inspection(FIRST, (town.home / "exchange").as_uri(), edition.policies, edition.returns, places_of(edition.regions))
    return [row for batch in inspect_payloads(forms.to_batches(), inspection) for row in batch.to_pylist()]


def spoiled(town: Town, recipient: str, level: str, cells: dict[str, str | None]) -> list[str]:
    """Return the inspector's findings for a workbook whose first row has these cells (by label) replaced."""
    _, record = town.build(FIRST, PEOPLE)
    form = next(one for one in record.forms.to_pylist() if (one["recipient_id"], one["form"]) == (recipient, "rows"))
    labels, *rows = workbook.read_sheet((town.home / "exchange" / level / recipient / form["path"]).read_bytes(), "居民清单")
    for label, value in cells.items():
        rows[0][labels.index(label)] = value
    content = workbook.write_workbook([plain_sheet("居民清单", [str(label) for label in labels], list(zip(*rows, strict=True)))])
    path = f"content/{sha256(content)}.xlsx"
    (town.home / "exchange" / level / recipient / path).write_bytes(content)
    found = findings(town, pa.Table.from_pylist([{**form, "path": path}], record.forms.schema))
    return [f"{one['invariant']} {one['kind']}" for one in found]


def test_honest_payloads_have_no_findings(town: Town) -> None:
    _, record = town.build(FIRST, PEOPLE)
    assert findings(town, unproved(town.edition(FIRST), record)) == []


LEAKS = [
    (COMMUNITY, "community", {"公民身份号码": "44990219551224002X"}, "I4 values of id_no without the transform that is due"),
    (COMMUNITY, "community", {"户籍地址": "某路1号 44990219551224002X"}, "I4 identity numbers"),
    (GRID, "grid", {"户籍地址": "44990219551224002x"}, "I4 identity numbers"),
    (COMMUNITY, "community", {"出生年份": "1990-03-07"}, "I4 values of birth_date without the transform that is due"),
    (GRID, "grid", {"姓名": "欧阳小满"}, "I4 values of person_name without the transform that is due"),
    (COMMUNITY, "community", {"社区": "水榭社区居民委员会"}, "I3 rows of another region"),
    ("s-449901001", "street", {"公民身份号码": "4****************X", "出生日期": "2018-06-15"}, "I4 values of id_no"),
]


@pytest.mark.parametrize(("recipient", "level", "cells", "finding"), LEAKS)
def test_leak_is_found(town: Town, recipient: str, level: str, cells: dict[str, str | None], finding: str) -> None:
    assert any(one.startswith(finding) for one in spoiled(town, recipient, level, cells))


def test_forbidden_column_and_wrong_count_are_found(town: Town) -> None:
    _, record = town.build(FIRST, PEOPLE)
    form = next(one for one in record.forms.to_pylist() if (one["recipient_id"], one["form"]) == (GRID, "rows"))
    wrong = [{**form, "rows": form["rows"] + 1}, {**form, "recipient_id": GRID, "level": "grid", "form": "changes"}]
    kinds = {one["kind"] for one in findings(town, pa.Table.from_pylist(wrong, record.forms.schema))}
    assert kinds == {"number of rows that differs from the build record", "list of columns that differs from the allowed one"}


def test_payload_of_a_published_day_is_not_decoded_again_unless_the_rules_changed(town: Town) -> None:
    town.publish(FIRST, PEOPLE)
    _, record = town.build(SECOND, PEOPLE)
    edition = town.edition(SECOND)
    assert unproved(edition, record).num_rows == 0
    stricter = replace(edition, facts=replace(edition.facts, policies_sha256="0" * 64))
    assert unproved(stricter, record).num_rows > 0


def test_missing_row_and_wrong_pending_locality_do_not_add_up(town: Town) -> None:
    edition = town.edition(FIRST)
    [declared] = edition.returns
    _, record = town.build(FIRST, PEOPLE)
    places = [(resident.places(FIRST), 1) for resident in PEOPLE]
    found = written(record, declared)
    assert list(incomplete(declared, places, found, edition.regions)) == []
    lost = {**found, ("community", "449901001001"): (1, 0)}
    assert list(incomplete(declared, places, lost, edition.regions)) == [
        "community 449901001001 received 1 of 2 rows",
        "street 449901001: 3 rows, but 1 in its children and 1 pending",
        "community 449901001001: 1 rows, but 2 in its children and 0 pending",
    ]
    assert "street 449901001 reports 0 rows of pending locality instead of 1" in incomplete(
        declared, places, {**found, ("street", "449901001"): (3, 0)}, edition.regions
    )
    nowhere = [*places, ({**places[0][0], "grid": "449901001001999"}, 1)]
    assert "grid 449901001001999 has rows but is not a region on this date" in incomplete(declared, nowhere, found, edition.regions)


def test_column_above_its_cap_is_found_again(town: Town) -> None:
    edition = town.edition(FIRST)
    [declared] = edition.returns
    assert above_cap(edition.returns, edition.policies) == []
    worse = declared.model_copy(update={"columns": tuple(one.model_copy(update={"grade": 4}) for one in declared.columns)})
    assert "resident_list.person_name at district" in above_cap((worse,), edition.policies)


def test_a_level_the_city_does_not_have_is_neither_missing_nor_waited_for() -> None:
    summary = load_sound_returns(PROJECT / "contracts" / "returns")[0]["region_summary"]
    regions = load_regions(PROJECT / "cities" / "municipality").at(FIRST)
    nowhere = dict.fromkeys(LEVELS)
    places = [({**nowhere, "province": "59", "district": district}, 24) for district in ("590101", "590102")]
    assert list(incomplete(summary, places, {("province", "59"): (48, 0)}, regions)) == []
    assert list(summary.audiences_at(regions.levels)) == ["province"]
    assert summary.audiences_at(regions.levels)["province"].below is None
