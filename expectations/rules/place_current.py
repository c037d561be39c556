"""Judges `place_current` in plain Python."""

from __future__ import annotations

from expectations.rules.check import Check, Row, day


def breaks(check: Check, row: Row) -> bool:
    """Returns whether the code as it was sent names a region that does not exist at the business date."""
    code = check.sent(row)
    places = check.places(code) if code is not None else ()
    return bool(places) and not any(place.covers(day(row)) for place in places)
