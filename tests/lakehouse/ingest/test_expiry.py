"""Landed bytes go only where their rows stand in silver and their term has ended; what is known of them stays."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import pytest

from lakehouse.city.profile import Upkeep
from lakehouse.ingest.expiry import expired
from lakehouse.ingest.landing import SIDECAR, landed_path
from lakehouse.objects import Area
from lakehouse.ops.batches import Batch

pytestmark = pytest.mark.fast
OLD, BEFORE = date(2026, 6, 1), date(2027, 6, 2)


def batch(name: str, gate: str | None = "passed", taken_on: date = OLD, **more: object) -> Batch:
    facts = {"gate": gate, "silver_on": OLD, "closings_held": None, "bronze_recorded_at": datetime(2026, 6, 1)} | more  # noqa: DTZ001
    return Batch(name, "t_thing", "p", OLD, "sha", 1, taken_on, f"{name}.csv", 4, 1, **facts)  # type: ignore[arg-type]


def test_only_settled_bytes_of_their_term_go_and_the_sidecar_stays(tmp_path: Path) -> None:
    area = Area(tmp_path.as_uri())
    known = [batch("passed"), batch("warned", "warned"), batch("released", "released", closings_held=False)]
    kept = [
        batch("blocked", "blocked"),
        batch("refused", "refused"),
        batch("waiting", silver_on=None),
        batch("unjudged", None),
        batch("held", closings_held=True),
        batch("young", taken_on=BEFORE),
    ]
    for one in (*known, *kept):
        area.put(landed_path(one), b"told")
        area.put(landed_path(one).rpartition("/")[0] + f"/{SIDECAR}", b"{}")
    found = expired(area, [*known, *kept], BEFORE)
    assert sorted(one.path for one in found) == sorted(map(landed_path, known))
    area.delete(one.path for one in found)
    assert expired(area, known, BEFORE) == []


def test_a_term_of_less_than_a_year_is_refused() -> None:
    assert Upkeep().landing_days is None
    with pytest.raises(ValueError, match="greater than or equal to 365"):
        Upkeep(landing_days=364)
