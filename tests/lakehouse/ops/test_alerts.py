"""Alerts on record: the same thing is the same alert, what is gone is closed, and what is not known stays."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from lakehouse.config import Instance
from lakehouse.ops import alerts, connect
from lakehouse.ops.alerts import Fact

pytestmark = pytest.mark.spark

NOW = datetime(2026, 6, 2, 1, 0, tzinfo=UTC)
LATER = NOW + timedelta(minutes=1)
FULL = Fact("disk", "disk", "critical", "platform")
FAILED = Fact("task", "close_day.close_day|2026-06-01", "critical", "platform")


def test_the_life_of_an_alert(module_instance: Instance) -> None:
    with connect(module_instance) as connection:
        alerts.observe(connection, [FULL, FAILED], NOW)
        alerts.observe(connection, [FULL, Fact("task", FAILED.subject, "error", "platform", detail={"task": "close_day"})], LATER)
        first, second = alerts.find(connection, only_open=True)
        assert (first.first_seen_at, first.last_seen_at, first.closed_at) == (NOW, LATER, None)
        assert (second.severity, second.detail) == ("error", {"task": "close_day"})
        alerts.observe(connection, [], LATER, unknown=frozenset({"task"}))
        assert [one.alert_id for one in alerts.find(connection, only_open=True)] == [second.alert_id]
        alerts.observe(connection, [FULL], LATER)
        again = alerts.find(connection, only_open=True)
        assert [(one.kind, one.alert_id > second.alert_id) for one in again] == [("disk", True)]
        assert len(alerts.find(connection, only_open=False)) == 3


def test_what_was_told_is_counted_by_route(module_instance: Instance) -> None:
    with connect(module_instance) as connection:
        alerts.observe(connection, [FULL], NOW)
        (one,) = alerts.find(connection, only_open=True)
        key = (one.alert_id, "duty")
        alerts.record_failure(connection, "duty", [one.alert_id], NOW, "down")
        alerts.record_failure(connection, "duty", [one.alert_id], LATER, "still down")
        failing = alerts.notices(connection, [one.alert_id])[key]
        assert (failing.times_sent, failing.failures, failing.failed_at, failing.failure) == (0, 2, LATER, "still down")
        alerts.record_sent(connection, "duty", [one.alert_id], [], NOW)
        alerts.record_sent(connection, "duty", [one.alert_id], [], LATER)
        sent = alerts.notices(connection, [one.alert_id])[key]
        assert (sent.times_sent, sent.sent_at, sent.failures, sent.failure) == (2, LATER, 0, None)
        alerts.observe(connection, [], LATER)
        assert [ended.alert_id for ended in alerts.ended_untold(connection)] == [one.alert_id]
        alerts.record_sent(connection, "duty", [], [one.alert_id], LATER)
        assert alerts.ended_untold(connection) == []


def test_who_has_seen_it_first_stays(module_instance: Instance) -> None:
    with connect(module_instance) as connection:
        alerts.observe(connection, [FULL], NOW)
        (one,) = alerts.find(connection, only_open=True)
        alerts.see(connection, one.alert_id, "chen", NOW)
        alerts.see(connection, one.alert_id, "liu", LATER)
        (seen,) = alerts.find(connection, only_open=True)
        assert (seen.seen_by, seen.seen_at) == ("chen", NOW)
