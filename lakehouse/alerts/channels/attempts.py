"""How often a channel is tried for one message: a few times within seconds; later attempts are the watcher's."""

from __future__ import annotations

from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential

from lakehouse.errors import DeliveryError

ATTEMPTS = 3
FIRST_WAIT_SECONDS = 0.5


class PassingError(DeliveryError):
    """A failure that may pass: the message is sent again."""


def attempts() -> Retrying:
    """Return what calls a function again while its failure may pass."""
    passing, wait = retry_if_exception_type(PassingError), wait_exponential(FIRST_WAIT_SECONDS)
    return Retrying(retry=passing, stop=stop_after_attempt(ATTEMPTS), wait=wait, reraise=True)
