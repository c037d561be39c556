"""A source is asked again only for what may pass, only as often and as long as its contract says."""

from __future__ import annotations

import pytest

from lakehouse.contracts.terms import Retry
from lakehouse.errors import SourceError
from lakehouse.ingest.readers.persistence import Pace, PassingError, persistently

pytestmark = pytest.mark.fast


class Source:
    """Fails for a passing reason so many times, then answers; it remembers how long it was waited for."""

    def __init__(self, failures: int, wait: float | None = None) -> None:
        self.failures, self.wait, self.asked, self.waited = failures, wait, 0, list[float]()

    def ask(self) -> str:
        self.asked += 1
        if self.asked <= self.failures:
            raise PassingError("nobody answers.", "start it.", self.wait)
        return "rows"

    @property
    def pace(self) -> Pace:
        return Pace(1.0, 3.0, self.waited.append)


def test_waits_double_up_to_the_longest() -> None:
    source = Source(4)
    assert persistently("a source", Retry(attempts=5, totalSeconds=300), source.ask, source.pace) == "rows"
    assert source.waited == [1.0, 2.0, 3.0, 3.0]


def test_the_wait_a_source_names_is_kept() -> None:
    source = Source(1, wait=2.5)
    assert persistently("a source", Retry(), source.ask, source.pace) == "rows"
    assert source.waited == [2.5]


@pytest.mark.parametrize(
    ("limits", "wait", "asked", "told"),
    [
        (Retry(attempts=3), None, 3, "(3 attempts over 0 s)"),
        (Retry(attempts=1), None, 1, "(1 attempt over 0 s)"),
        (Retry(attempts=20, totalSeconds=10), 11.0, 1, "(1 attempt over 0 s)"),  # the next attempt would begin too late
    ],
)
def test_limits_end_it_with_how_many_attempts_there_were(limits: Retry, wait: float | None, asked: int, told: str) -> None:
    source = Source(99, wait)
    with pytest.raises(SourceError) as error:
        persistently("a source", limits, source.ask, source.pace)
    assert str(error.value).startswith(f"a source:\n  nobody answers. {told}\n  Allowed: an answer within {limits.attempts} attempts")
    assert str(error.value).endswith("Fix: start it.")
    assert source.asked == asked


def test_what_does_not_pass_is_asked_once() -> None:
    asked = []

    def ask() -> str:
        asked.append(1)
        raise SourceError("no such table")

    with pytest.raises(SourceError, match="no such table"):
        persistently("a source", Retry(), ask)
    assert len(asked) == 1
