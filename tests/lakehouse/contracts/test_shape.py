"""What a changed contract does to existing tables: told for every kind of change, by columns that hashes know by place or by name."""

from __future__ import annotations

from typing import Any

import pytest

from lakehouse.contracts.difference import differences
from lakehouse.contracts.model import Contract
from lakehouse.contracts.shape import Shape, changes, is_lossless, shape_of_texts, shape_of_values
from tests.lakehouse.ingest.readers.contract import column
from tests.lakehouse.ingest.readers.contract import contract as of_text

pytestmark = pytest.mark.fast
ID, NOTE = column("id", key=True, required=True), column("note")
COUNT = column("count", type="integer")
DECIMAL = column("count", type="number", physical_type="decimal(21,2)")


def contract(*columns: dict[str, Any], **changed: Any) -> Contract:
    """Return a version of a small contract with these columns."""
    return of_text("jsonl", columns=columns, **{"version": "1.1.0", **changed})


OLD = contract(ID, NOTE, COUNT, version="1.0.0")
NAMED = [{"name": "small counts", "columns": ["count"]}]
KEYED = [{"name": "a key of both", "key": ["id", "note"]}]
BOTH = (ID, NOTE | {"key": True, "required": True}, COUNT)

# the change: the new contract, where it is told, its effect, whether it can be applied, a part of what is said or how to fix it
TOLD: dict[str, tuple[Contract, str, str, bool, str]] = {
    "a column is added": (contract(ID, column("mail", added="1.1.0"), NOTE, COUNT), "mail", "added", False, "hashes stay"),
    "a column is not marked": (contract(ID, NOTE, COUNT, column("mail")), "mail", "impossible", False, "{property: added, value: 1.1.0}"),
    "a column is gone": (contract(ID, COUNT), "note", "impossible", False, "`absent` of the layouts"),
    "columns change places": (contract(NOTE, ID, COUNT), "columns", "impossible", False, "another order"),
    "a column was there": (contract(ID, NOTE | {"added": "1.1.0"}, COUNT), "note", "impossible", False, "remove `added`"),
    "a number gets wider": (contract(ID, NOTE, DECIMAL), "count", "rewrite", True, "bigint → decimal(21,2) holds every value"),
    "a number becomes text": (contract(ID, NOTE, COUNT | {"type": "string"}), "count", "rewrite", True, "bigint → string"),
    "a column is renamed": (
        contract(ID, column("remark", renamed_from=["note"]), COUNT), "remark", "rewrite", True, "note is renamed to remark",
    ),
    "a number gets narrower": (
        contract(ID, NOTE, COUNT | {"physical_type": "int"}), "count", "migration", False, "[{name: …, columns: [count]}]",
    ),
    "and that is named": (
        contract(ID, NOTE, COUNT | {"physical_type": "int"}, migrations=NAMED), "count", "migration", True, "migration 'small counts'",
    ),
    "another key": (contract(*BOTH), "primary key", "migration", False, "migrations, value: [{name: …, key: [id, note]}]"),
    "another named key": (contract(*BOTH, migrations=KEYED), "primary key", "migration", True, "migration 'a key of both'"),
    "another key of a snapshot": (
        contract(*BOTH, migrations=KEYED, delivery="snapshot"), "primary key", "impossible", False, "declare a new resource",
    ),
    "a pseudonym of what stands": (
        contract(ID, NOTE | {"identity": "person_id"}, COUNT), "person_id", "impossible", False, "add a new column for the number",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", TOLD)
def test_each_change_says_what_it_does_to_tables(what: str) -> None:
    new, where, effect, can_be_applied, said = TOLD[what]
    (found,) = [one for one in changes(shape_of_values(OLD), shape_of_values(new), new) if one.where == where]
    assert (found.effect, found.can_be_applied, found.stops) == (effect, can_be_applied, effect != "added")
    assert said in f"{found.text} {found.fix}"
    (same,) = [one for one in differences(OLD, new) if one.where == where]
    assert (same.effect, same.text, same.fix) == (found.effect, found.text, found.fix)


def test_nothing_is_said_of_what_stays_and_a_pseudonym_comes_with_its_column() -> None:
    assert list(changes(shape_of_values(OLD), shape_of_values(OLD), OLD)) == []
    new = contract(ID, NOTE, COUNT, column("id_no", added="1.1.0", identity="person_id"))
    assert [(one.where, one.effect) for one in changes(shape_of_values(OLD), shape_of_values(new), new)] == [
        ("id_no", "added"),
        ("person_id", "added"),
    ]


def test_a_column_renamed_twice_is_found_under_the_name_the_table_has() -> None:
    new = contract(ID, column("memo", renamed_from=["note", "remark"]), COUNT)
    assert new.column("memo").first_name == "note"
    for stands in ("note", "remark"):
        table = Shape({"id": "string", stands: "string", "count": "string"}, ("id", stands, "count"), ("id",))
        assert [(one.where, one.was, one.effect) for one in changes(table, shape_of_texts(new), new)] == [("memo", stands, "rewrite")]


@pytest.mark.parametrize(
    ("was", "becomes", "holds"),
    [
        ("int", "bigint", True),
        ("bigint", "int", False),
        ("bigint", "decimal(21,2)", True),
        ("bigint", "decimal(20,2)", False),  # eighteen digits before the point, but a number may have nineteen
        ("int", "double", True),
        ("bigint", "double", False),
        ("decimal(12,2)", "decimal(14,4)", True),
        ("decimal(12,2)", "decimal(12,4)", False),
        ("decimal(12,2)", "double", True),
        ("decimal(18,2)", "double", False),
        ("double", "decimal(38,10)", False),
        ("date", "timestamp", False),
        ("timestamp", "string", True),
    ],
)
def test_a_type_is_wider_only_if_it_holds_every_value(was: str, becomes: str, *, holds: bool) -> None:
    assert is_lossless(was, becomes) == holds


def test_what_history_hangs_on_cannot_change_and_values_are_read_otherwise_from_now_on() -> None:
    timed = [*(ID, NOTE, COUNT), column("at", type="date"), column("gone", type="string")]
    old = contract(*timed, version="1.0.0", position="at", operation={"column": "gone", "delete": ["D"]})
    new = contract(*timed, operation={"column": "gone", "delete": ["X"]})
    found = {one.where: one for one in differences(old, new)}
    assert {name: one.effect for name, one in found.items()} == {"position": "impossible", "operation": "impossible"}
    new = contract(ID | {"normalise": ["trim", "upper"]}, NOTE | {"normalise": ["upper"]}, COUNT)
    found = {one.where: one for one in differences(OLD, new)}
    assert {name: one.effect for name, one in found.items()} == {"id.normalise": "impossible", "note.normalise": "nothing"}
    assert "from now on" in found["note.normalise"].text
    renamed = [*timed[:3], timed[3] | {"name": "seen_at", "renamed_from": ["at"]}, timed[4]]
    new = contract(*renamed, position="seen_at", operation={"column": "gone", "delete": ["D"]})
    assert [(one.where, one.effect) for one in differences(old, new)] == [("seen_at", "rewrite")]


def test_a_column_no_layout_lacks_is_told_where_files_have_headers() -> None:
    old = of_text("csv", "id", "note")
    new = of_text("csv", columns=[ID | {"required": False}, NOTE, column("mail", added="1.1.0")], version="1.1.0")
    told = {one.where: one.text for one in differences(old, new)}
    assert "landed files cannot be read again" in told["mail.layouts"]
