"""A mark in one row of every area is seen by the recipients entitled to it only, and in no log, Data Doc, dbt artefact or report."""

from __future__ import annotations

from datetime import date

import pytest
from typer.testing import CliRunner

from application import docs
from huiliu.main import app
from lakehouse.ops import connect, days
from tests.e2e.reading import rows_of
from tests.oracle import canaries, entitlement
from tests.oracle.entitlement import Today
from tests.plugin.lived import DAYS, SECOND, THIRD, Lived

pytestmark = pytest.mark.e2e
SPOKEN = ("derived/gx", "derived/dbt", "derived/report", "derived/docs")  # what must be there to be looked through


@pytest.mark.parametrize("day", [SECOND, THIRD])
def test_every_payload_holds_exactly_the_marks_due(lived: Lived, day: date) -> None:
    marks = [mark for one in lived.planted for mark in one.marks]
    tables = {return_id: rows_of(lived, table, day) for return_id, table in entitlement.SOURCES.items()}
    today = Today(day, entitlement.labels(lived.instance.settings.contracts, lived.instance.city_folder, day))
    exchange = lived.instance.home / "store" / "exchange"
    assert canaries.misplaced(exchange, 1, tables, marks, today) == {}
    due = canaries.expected(tables, canaries.recipients(exchange, day, 1), marks, today)
    read = {letter: {mark for mark, readers in due.items() if any(one.startswith(f"{letter}-") for one in readers)} for letter in "pcdsvgm"}
    tokens = {one.token for one in lived.planted}
    assert (read["p"], read["c"]) == (set(), set())
    assert read["g"] < read["v"] <= read["s"] <= read["d"]
    assert len(read["g"] & tokens) > 10
    assert read["d"] - tokens
    assert not (read["s"] | read["v"] | read["g"]) - tokens  # full numbers are due to district and civil affairs bureau only


def test_no_mark_is_written_where_people_and_programs_talk(lived: Lived) -> None:
    docs.write_all(lived.instance)
    codes = [CliRunner().invoke(app, ["report", day.isoformat(), "--html"], catch_exceptions=False).exit_code for day in DAYS]
    with connect(lived.instance) as connection:
        newest = [days.newest_issue(connection, day) for day in DAYS]
    assert codes == [3 if one and one.gaps else 0 for one in newest]
    assert 3 in codes
    folders = [lived.instance.home / name for name in ("logs", "derived")]
    assert all(any((lived.instance.home / name).rglob("*")) for name in SPOKEN)
    assert canaries.leaks(folders, [mark for one in lived.planted for mark in one.marks]) == {}
