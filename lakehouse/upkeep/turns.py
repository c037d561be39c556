"""Whose turn it is in the lake: whoever writes tables shares it with the others who do; upkeep needs it for itself, one piece at a time.

Two commits that touch the same files collide, and it may be the step of a day that loses. So upkeep takes no turn while anybody writes,
and a step that begins meanwhile waits until the piece is done.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

from lakehouse.config import Instance

LOCK = "lake.lock"


@contextmanager
def writing(instance: Instance) -> Iterator[None]:
    """Write in the lake beside others who write; wait while a piece of upkeep is under way."""
    with (instance.folder("run") / LOCK).open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_SH)
        yield


@contextmanager
def alone(instance: Instance) -> Iterator[bool]:
    """Yield whether nobody else writes in the lake; nobody begins to until this has ended."""
    with (instance.folder("run") / LOCK).open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
