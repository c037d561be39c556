"""Ask a source again when it fails for a reason that passes, within the limits of its contract; one way for all kinds of sources.

Each attempt that fails is logged, and the error at the end says how many there were over how many seconds; neither holds a value or
a secret.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt, stop_before_delay

from lakehouse.contracts.terms import Retry
from lakehouse.ingest.readers.records import refusal

LOG = logging.getLogger("huiliu.sources")
Said = TypeVar("Said")


class PassingError(Exception):
    """A failure that may pass: what was found and how to mend it, in our words, and the seconds to wait where the source names them."""

    def __init__(self, found: str, fix: str, wait: float | None = None) -> None:
        super().__init__(found)
        self.found, self.fix, self.wait = found, fix, wait


@dataclass(frozen=True)
class Pace:
    """How long to wait before an attempt: at first so many seconds, then twice as long each time up to the longest; and how to wait."""

    first_seconds: float = 1.0
    longest_seconds: float = 60.0
    sleep: Callable[[float], None] = time.sleep

    def wait(self, state: RetryCallState) -> float:
        """Return the seconds to wait after a failed attempt: those the source names, if it does."""
        error = _failure(state)
        if error.wait is not None:
            return error.wait
        return float(min(self.first_seconds * 2.0 ** (state.attempt_number - 1), self.longest_seconds))


def persistently(where: str, limits: Retry, ask: Callable[[], Said], pace: Pace | None = None) -> Said:
    """Return what a source says; as long as the contract's limits allow, it is asked again after a failure that may pass.

    Args:
        where: the source, as messages call it.
        limits: how many attempts, over how many seconds.
        ask: asks once; it raises a PassingError where asking again makes sense.
        pace: how long to wait between attempts.

    Raises:
        SourceError: the limits are reached; the message says how many attempts there were over how many seconds.
    """
    pace = pace or Pace()

    def tell(state: RetryCallState) -> None:
        wait = state.next_action.sleep if state.next_action else 0.0
        told = (where, state.attempt_number, limits.attempts, _failure(state).found, wait)
        LOG.warning("%s: attempt %s of %s failed: %s Next one in %.1f s.", *told)

    stop = stop_after_attempt(limits.attempts) | stop_before_delay(limits.total_seconds)
    kinds = retry_if_exception_type(PassingError)
    asking = Retrying(retry=kinds, stop=stop, wait=pace.wait, sleep=pace.sleep, before_sleep=tell, reraise=True)
    began = time.monotonic()
    try:
        return asking(ask)
    except PassingError as error:
        made = asking.statistics["attempt_number"]
        LOG.warning("%s: attempt %s of %s failed: %s No further one.", where, made, limits.attempts, error.found)
        found = f"{error.found} ({made} attempt{'s' if made > 1 else ''} over {time.monotonic() - began:.0f} s)"
        allowed = f"an answer within {limits.attempts} attempts and {limits.total_seconds} s (source.retry of the contract)"
        raise refusal(where, found, allowed, error.fix) from None


def _failure(state: RetryCallState) -> PassingError:
    error = state.outcome.exception() if state.outcome else None
    assert isinstance(error, PassingError)
    return error
