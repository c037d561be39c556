"""The cases that came out right stay right: what a text file states is judged as it stands, and every odd row is told by name."""

from __future__ import annotations

from datetime import date

import pytest

from lakehouse.config import Instance
from tests.cases import lake

pytestmark = pytest.mark.spark
LIST, STREET = "s_elderly_service_list", "449901002"
FLOATS, TRICKS = date(2026, 6, 2), date(2026, 6, 3)


@pytest.fixture(scope="module")
def rows(module_instance: Instance) -> dict[tuple[date, int], lake.Fate]:
    for case, day in (("c11-csv-floats-of-a-data-frame", FLOATS), ("c12-csv-text-tricks-for-excel", TRICKS)):
        lake.drop(module_instance, case, f"{LIST}.csv", f"{LIST}/{STREET}/{day}_1.csv")
    lake.bring_in(module_instance, LIST, TRICKS)
    return lake.fates(module_instance, LIST)


def test_a_text_file_has_no_types(rows: dict[tuple[date, int], lake.Fate]) -> None:
    told = {line: (row.became, row.rules, row.flags) for (day, line), row in rows.items() if day == FLOATS}
    assert told == {
        2: ("quarantined", {"age_reported.format"}, frozenset()),
        3: ("in silver", frozenset(), {"phone.pattern"}),
        4: ("in silver", frozenset(), frozenset()),
    }


def test_tricks_for_a_spreadsheet_are_trimmed_or_named(rows: dict[tuple[date, int], lake.Fate]) -> None:
    told = {line: (row.became, row.rules) for (day, line), row in rows.items() if day == TRICKS}
    assert told == {
        2: ("in silver", frozenset()),
        3: ("quarantined", {"id_no.resident_id"}),
        4: ("quarantined", {"id_no.resident_id"}),
        5: ("in silver", frozenset()),
    }
