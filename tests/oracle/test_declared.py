"""A resource is one page: a new page is found by its file and used, and every contract has a page."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from tests.oracle import landed
from tests.oracle.days import known_on
from tests.oracle.resources import RESOURCES, declared
from tests.oracle.rules import World

pytestmark = pytest.mark.fast
PROJECT = Path(__file__).resolve().parents[2]
DAY = date(2026, 6, 1)
PAGE = """
from tests.oracle import columns as read
from tests.oracle import vocabulary as ask
from tests.oracle.files import Csv
from tests.oracle.shape import Page, warn

PAGE = Page(
    file=Csv(),
    key=("card_no",),
    columns={
        "card_no": read.upper(ask.required, header="证号"),
        "gender_code": read.plain(ask.required, ask.domain("gender"), header="性别"),
        "books": read.whole(warn(ask.at_most(20), name="many"), header="册数"),
    },
)
"""
FILE = "证号,性别,册数\na001,1,3\nA002,,3\nA003,2,21\nA004,7,three\nA005\n"


@pytest.fixture
def card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the code of a new resource whose page is in a folder of its own."""
    (tmp_path / "d_library_card.py").write_text(PAGE, "utf-8")
    (found,) = declared(tmp_path).items()
    monkeypatch.setitem(RESOURCES, *found)
    return found[0]


def test_further_page_is_read_judged_and_known(card: str) -> None:
    rows, rejects = landed.read(card, FILE.encode())
    batch = {"resource": card, "business_date": str(DAY), "taken_on": str(DAY), "provider": "p", "batch_id": "b", "delivery_no": 1}
    world = World(PROJECT / "contracts" / "codes", PROJECT / "cities" / "tiny")
    (told,), known = known_on(world, [batch | {"rows": rows, "rejects": rejects}], DAY)
    assert told["broken"] == {"gender_code.required": 1, "gender_code.domain": 1, "books.many": 1, "books.format": 1}
    assert told["lines"] == {2: "accepted", 3: "quarantined", 4: "accepted", 5: "quarantined", 6: "rejected"}
    assert [row["card_no"] for row in known[card]] == ["A001", "A003"]


def test_every_contract_has_a_page_and_every_page_a_contract() -> None:
    assert {path.name.split(".")[0] for path in (PROJECT / "contracts" / "resources").rglob("*.odcs.yaml")} == RESOURCES.keys()
