"""Alerts and messages for tests."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from lakehouse.alerts.letter import Item, Letter, News, ordered
from lakehouse.ops.alerts import Alert

NOW = datetime(2026, 6, 2, 1, 0, tzinfo=UTC)  # a Tuesday, nine o'clock in the city
DAY = date(2026, 6, 1)


def alert(number: int, kind: str = "blocked", **given: Any) -> Alert:
    """Return an open alert that nobody has seen."""
    facts = {
        "severity": "error",
        "owner": "platform",
        "resource": "t_thing",
        "business_date": DAY,
        "detail": {"ticket": number},
        "first_seen_at": NOW,
        "last_seen_at": NOW,
        "seen_by": None,
        "seen_at": None,
        "closed_at": None,
    }
    return Alert(number, kind, f"t_thing|{number}", **{**facts, **given})


def letter(*alerts: Alert, news: News = "new", is_trial: bool = False) -> Letter:
    """Return a message to the city's operators."""
    items = ordered([Item(one, news, "某清单", "some list") for one in alerts])
    return Letter(("tiny", "示范市", "Tiny"), "duty", "platform", "", NOW, items, is_trial)
