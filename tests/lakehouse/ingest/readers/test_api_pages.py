"""Pages whose rows move while they are read: an API that names a snapshot or follows its keys, and one that does neither."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from lakehouse.contracts.model import Contract
from lakehouse.errors import SourceError
from lakehouse.ingest.readers import api
from tests.lakehouse.ingest.readers.apis import FIRST, PATH, QUICK, answering, of_api

pytestmark = pytest.mark.fast

Row = dict[str, str]
SIZE = 2


@dataclass
class Register:
    """Rows in the order of their last change, as most APIs answer; `moves` happen one by one, each before an answer is given."""

    rows: list[Row]
    moves: list[Callable[[list[Row]], None]] = field(default_factory=list)
    asked: list[Mapping[str, str]] = field(default_factory=list)
    snapshots: dict[str, list[Row]] = field(default_factory=dict)

    def answer(self, asked: Mapping[str, str]) -> dict[str, Any]:
        """Answer like an API without snapshots: the page of the rows as they are now."""
        if self.asked and self.moves:
            self.moves.pop(0)(self.rows)
        self.asked.append(asked)
        return self.page(self.rows, asked)

    @staticmethod
    def page(rows: Sequence[Row], asked: Mapping[str, str]) -> dict[str, Any]:
        number, size = int(asked["page"]), int(asked["page_size"])
        return {"total": len(rows), "page": number, "page_size": size, "records": list(rows[(number - 1) * size : number * size])}


class OfSnapshots(Register):
    """An API that keeps the rows of the first page for the pages that name its snapshot."""

    def answer(self, asked: Mapping[str, str]) -> dict[str, Any]:
        if self.asked and self.moves:
            self.moves.pop(0)(self.rows)
        self.asked.append(asked)
        name = asked.get("snapshot", f"at {len(self.asked)}")
        return {**self.page(self.snapshots.setdefault(name, list(self.rows)), asked), "snapshot": name}


class OfKeys(Register):
    """An API that answers in the order of keys, after the key it is asked for."""

    def answer(self, asked: Mapping[str, str]) -> dict[str, Any]:
        if self.asked and self.moves:
            self.moves.pop(0)(self.rows)
        self.asked.append(asked)
        left = sorted((row for row in self.rows if row["a"] > asked.get("after", "")), key=lambda row: row["a"])
        return {"total": len(left), "records": left[: int(asked["page_size"])]}


def read(register: Any, folder: Path, of: Contract) -> list[str]:
    """Fetch the window and return the keys and contents that were landed, in order."""
    with answering(register.answer) as endpoint:
        found = api.fetch(endpoint, of, FIRST, folder / "rows", QUICK)
    rows = [json.loads(line) for line in found.path.read_bytes().splitlines()]
    assert found.received == len(rows)
    return [f"{row['a']}{row['b']}" for row in rows]


def refused(register: Any, folder: Path, of: Contract) -> str:
    with pytest.raises(SourceError) as told:
        read(register, folder, of)
    assert re.match(rf"city_api: {PATH}:\n  ", str(told.value))
    return str(told.value).split("\n")[1].strip()


def rows(*names: str) -> list[Row]:
    return [{"a": name[0], "b": name[1:]} for name in names]


def changed(name: str, to: str) -> Callable[[list[Row]], None]:
    """Return the move of a row that is changed: it goes to the end."""

    def move(register: list[Row]) -> None:
        register.remove(next(row for row in register if row["a"] == name))
        register.append({"a": name, "b": to})

    return move


def replaced(name: str, by: str) -> Callable[[list[Row]], None]:
    """Return the move in which one row is deleted and another one is added."""

    def move(register: list[Row]) -> None:
        register.remove(next(row for row in register if row["a"] == name))
        register.append({"a": by, "b": "0"})

    return move


def nothing(_: list[Row]) -> None:
    """Leave all rows where they are."""


FIVE = ("A0", "B0", "C0", "D0", "E0")


def test_a_row_that_moves_behind_those_being_read_is_read_again(tmp_path: Path) -> None:
    register = Register(rows(*FIVE), [changed("A", "1")])
    assert read(register, tmp_path, of_api()) == ["B0", "C0", "D0", "E0", "A1"]
    assert [asked["page"] for asked in register.asked] == ["1", "2", "3"] * 3  # the first pass found a key twice


def test_a_row_deleted_and_one_added_between_two_pages_is_seen_although_no_key_comes_twice(tmp_path: Path) -> None:
    register = Register(rows(*FIVE), [replaced("A", "F")])
    assert read(register, tmp_path, of_api()) == ["B0", "C0", "D0", "E0", "F0"]
    assert len(register.asked) == 9


def test_a_change_of_content_alone_is_seen(tmp_path: Path) -> None:
    def corrected(register: list[Row]) -> None:
        register[0]["b"] = "1"

    register = Register(rows(*FIVE), [nothing, nothing, corrected])
    assert read(register, tmp_path, of_api())[0] == "A1"


def test_rows_in_another_order_are_the_same_rows(tmp_path: Path) -> None:
    register = Register(rows(*FIVE), [nothing, nothing, list.reverse])
    assert sorted(read(register, tmp_path, of_api())) == list(FIVE)
    assert len(register.asked) == 6


@pytest.mark.parametrize(
    ("moves", "found"),
    [
        ([changed(name, str(turn)) for turn in range(9) for name in "ABCDE"], "one key stands on page 1 and on page "),
        (
            [replaced(name, by) for name, by in zip("ABCDEFGHIJKLMNO", "FGHIJKLMNOPQRST", strict=True)],
            "two passes over the pages do not agree.",
        ),
    ],
)
def test_rows_that_never_rest_refuse_the_delivery_by_name(tmp_path: Path, moves: list[Any], found: str) -> None:
    told = refused(Register(rows(*FIVE), moves), tmp_path, of_api())
    assert told.startswith(found)
    assert told.endswith("(4 passes)")


def test_several_rows_of_one_key_are_taken_where_the_contract_says_so(tmp_path: Path) -> None:
    history = ("A0", "B0", "C0", "A1", "B1")
    assert refused(Register(rows(*history)), tmp_path, of_api()) == "one key stands on page 1 and on page 2. (4 passes)"
    assert read(Register(rows(*history)), tmp_path, of_api(repeatedKeys=True)) == list(history)
    assert read(Register(rows("A0", "A1")), tmp_path, of_api()) == ["A0", "A1"]  # of one page, so of one moment


def test_records_that_are_no_rows_are_left_to_the_reader(tmp_path: Path) -> None:
    class Odd(Register):
        def answer(self, asked: Mapping[str, str]) -> dict[str, Any]:
            number = int(asked["page"])
            return {"total": 4, "page": number, "page_size": SIZE, "records": [[number], {"b": "no key"}] if number == 1 else [7, None]}

    with answering(Odd([]).answer) as endpoint:
        found = api.fetch(endpoint, of_api(), FIRST, tmp_path / "rows", QUICK)
    assert found.path.read_bytes() == b'[1]\n{"b": "no key"}\n7\nnull\n'


def test_pages_of_a_snapshot_are_read_once(tmp_path: Path) -> None:
    register = OfSnapshots(rows(*FIVE), [changed("A", "1"), replaced("B", "F")])
    assert read(register, tmp_path, of_api(paging="snapshot")) == list(FIVE)
    assert [asked.get("snapshot") for asked in register.asked] == [None, "at 1", "at 1"]


def test_an_api_that_forgets_its_snapshot_is_refused(tmp_path: Path) -> None:
    told = refused(Register(rows(*FIVE)), tmp_path, of_api(paging="snapshot"))
    assert told == "page 1 names no snapshot, although the contract says that the API does."

    class Forgetful(OfSnapshots):
        def answer(self, asked: Mapping[str, str]) -> dict[str, Any]:
            return super().answer({**asked, "snapshot": f"of page {asked['page']}"})

    assert refused(Forgetful(rows(*FIVE)), tmp_path, of_api(paging="snapshot")) == "page 2 is of another snapshot than page 1."


def test_pages_in_the_order_of_keys_lose_no_row_that_stays(tmp_path: Path) -> None:
    register = OfKeys(rows(*FIVE), [changed("A", "1"), replaced("B", "F"), nothing])
    assert read(register, tmp_path, of_api(paging="key")) == ["A0", "B0", "C0", "D0", "E0", "F0"]
    assert [asked.get("after") for asked in register.asked] == [None, "B", "D"]
    assert read(OfKeys([]), tmp_path, of_api(paging="key")) == []


@pytest.mark.parametrize(
    ("records", "total", "found"),
    [
        ([{"a": "B"}, {"a": "A"}], 2, "a record of page 1 does not follow the one before it in the order of keys."),
        ([{"a": "A"}, {"a": "A"}], 2, "a record of page 1 does not follow the one before it in the order of keys."),
        ([{"a": 1}], 1, "a record of page 1 has no text as its key."),
        ([{"b": "x"}], 1, "a record of page 1 has no text as its key."),
        ([{"a": "A"}], 3, "page 1 holds 1 records, 2 were left."),
        ([], -1, "the total is -1;"),
    ],
)
def test_pages_beside_the_order_of_keys_are_refused_by_name(tmp_path: Path, records: list[Any], total: int, found: str) -> None:
    class Odd(Register):
        def answer(self, asked: Mapping[str, str]) -> dict[str, Any]:
            return {"total": total, "records": records if "after" not in asked else []}

    assert refused(Odd([]), tmp_path, of_api(paging="key")).startswith(found)


def test_a_pass_has_the_whole_limit_of_bytes(tmp_path: Path) -> None:
    register = Register(rows(*(f"{chr(65 + place)}{'x' * 100}" for place in range(6))))
    with answering(register.answer) as endpoint:
        once = sum(
            len(json.dumps({"code": 0, "data": register.page(register.rows, {"page": str(page), "page_size": "2"})})) for page in (1, 2, 3)
        )
        limits = type(QUICK)(**{**QUICK.__dict__, "total_bytes": once + 100})
        assert api.fetch(endpoint, of_api(), FIRST, tmp_path / "rows", limits).received == 6
