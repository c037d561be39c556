"""A golden value and the values that lost are traced to the line and the cell of the landed file that says them."""

from __future__ import annotations

import json

import openpyxl
import pytest
from typer.testing import CliRunner

from application.lineage import Lineage, Origin, trace
from huiliu.main import app
from lakehouse.errors import ConfigError
from lakehouse.naming import LEVELS
from tests.e2e.reading import rows_of
from tests.oracle import landed
from tests.oracle.resources import LEDGER
from tests.plugin.lived import THIRD, Lived

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def said(lived_city: Lived) -> dict[tuple[str, int], dict]:
    """Return the oracle's records by batch and line."""
    return {(batch["batch_id"], row["_line"]): row for batch in landed.batches(lived_city.landing) for row in batch["rows"]}


def conflicts(lived: Lived, field: str) -> list[dict]:
    """Return conflicts about a person's field, those with a workbook of a community first."""
    found = [one for one in rows_of(lived, "quality.conflict", THIRD) if (one["entity"], one["field"]) == ("person", field)]
    return sorted(found, key=lambda one: (one["lost_source"] != LEDGER, one["conflict_id"]))


def only(found: Lineage, role: str, field: str, resource: str) -> Origin:
    [origin] = [one for one in found.fields[field] if (one.role, one.resource) == (role, resource)]
    return origin


def test_winner_and_loser_are_traced_to_the_cells_that_say_them(lived: Lived, said: dict[tuple[str, int], dict]) -> None:
    chosen = conflicts(lived, "phone")[:3]
    assert chosen
    for conflict in chosen:
        found = trace(lived.instance, "base.person", conflict["entity_id"], "phone")
        assert set(found.fields) == {"phone"}
        for role in ("kept", "lost"):
            name = "golden" if role == "kept" else "lost"
            origin = only(found, name, "phone", conflict[f"{role}_source"])
            assert origin.batch_id == conflict[f"{role}_batch_id"]
            assert said[origin.batch_id, origin.line]["phone"] == conflict[f"{role}_value"]
            assert (lived.landing / origin.file).is_file()
            if origin.resource == LEDGER:
                sheet, cell = origin.cells[0].split("!")
                assert str(openpyxl.load_workbook(lived.landing / origin.file)[sheet][cell].value) == conflict[f"{role}_value"]


def test_every_value_of_a_row_has_a_source_and_the_packages_are_those_of_its_place(lived: Lived) -> None:
    key = conflicts(lived, "phone")[0]["entity_id"]
    row = next(one for one in rows_of(lived, "base.person", THIRD) if one["person_id"] == key)
    found = trace(lived.instance, "base.person", key)
    golden = {field: [one.resource for one in origins if one.role == "golden"] for field, origins in found.fields.items()}
    assert {field: [source] for field, source in json.loads(row["_field_sources"]).items()} == {k: v for k, v in golden.items() if v}
    places = {row[f"{level}_code"] for level in LEVELS}
    assert found.packages
    for one in found.packages:
        manifest = json.loads((lived.instance.home / "store" / "exchange" / one["path"] / "manifest.json").read_text("utf-8"))
        assert manifest["recipient"]["region_code"] in places
        assert one["return_id"] in {returned["return_id"] for returned in manifest["returns"]}


def test_the_command_names_places_and_no_values(lived: Lived) -> None:
    conflict = conflicts(lived, "phone")[0]
    done = CliRunner().invoke(app, ["lineage", "base.person", conflict["entity_id"], "phone"])
    assert done.exit_code == 0
    assert "golden: " in done.output
    assert "lost: " in done.output
    assert conflict["kept_value"] not in done.output
    assert conflict["lost_value"] not in done.output


@pytest.mark.parametrize(
    ("table", "key", "column", "told"),
    [
        ("base.persons", "x", None, "base.person"),
        ("base.person", "nobody", None, "no row has this key"),
        ("base.person", "", "phon", "phone"),
    ],
)
def test_what_cannot_be_traced_is_told(lived: Lived, table: str, key: str, column: str | None, told: str) -> None:
    known = conflicts(lived, "phone")[0]["entity_id"]
    with pytest.raises(ConfigError, match=told):
        trace(lived.instance, table, key or known, column)
