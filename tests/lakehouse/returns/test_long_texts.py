"""A text that no cell can hold stops no day: the recipient's list shows as much of it as fits and says so."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest

from lakehouse.text.cells import MOST_UNITS, SHORTENED
from tests.lakehouse.returns.town import FIRST, SECOND, Resident, Town

pytestmark = pytest.mark.fast
COMMUNITY = "v-449901001001"
LONG = Resident("a", hukou_address="-" + "🚧" * 20_000)
OTHER = Resident("b", "李大华", "44990219551224002X", "1955-12-24")


def forms(town: Town, day: str) -> dict[str, dict[str, object]]:
    """Return the forms of the community's list of residents, by name."""
    (package,) = (town.home / "exchange" / "community" / COMMUNITY / day).iterdir()
    manifest = json.loads((package / "manifest.json").read_text("utf-8"))
    return {form["form"]: form for form in manifest["returns"][0]["forms"]}


def addresses(town: Town, day: str) -> list[str]:
    form = forms(town, day)["rows"]
    content = (town.home / "exchange" / "community" / COMMUNITY / Path(str(form["path"]))).read_bytes()
    rows = list(openpyxl.load_workbook(io.BytesIO(content))[str(form["sheet"])].iter_rows(values_only=True))
    place = rows[0].index("户籍地址")
    return [str(row[place]) for row in rows[1:]]


def test_long_text_is_shortened_with_a_note_and_is_no_change_the_next_day(tmp_path: Path) -> None:
    town = Town(tmp_path)
    town.publish(FIRST, [LONG, OTHER])
    town.publish(SECOND, [LONG, replace(OTHER, hukou_address="示范市望海街道2号")])
    (told,) = (text for text in addresses(town, SECOND.isoformat()) if text.startswith("'-"))
    assert told.endswith(SHORTENED)
    assert MOST_UNITS - 2 <= len(told.encode("utf-16-le")) // 2 <= MOST_UNITS
    changed = forms(town, SECOND.isoformat())["changes"]
    assert {name: changed[name] for name in ("inserted", "updated", "deleted")} == {"inserted": 0, "updated": 1, "deleted": 0}
