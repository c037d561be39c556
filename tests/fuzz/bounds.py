"""Hold a reader to its bounds: processor time and memory; and hear whatever it says meanwhile."""

from __future__ import annotations

import io
import logging
import resource
import signal
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

SECONDS = 5.0  # of processor time for one file of some kilobytes, read and counted; most need a hundredth of one
SECONDS_PER_BYTE = 20e-6  # beyond: a mutant may have a million bytes, and each two of them may be a row
MORE_MEMORY = 1 << 30


class OutOfTimeError(BaseException):
    """A reader took too long; no reader may catch this."""


@contextmanager
def in_time(size: int = 0, seconds: float = SECONDS) -> Iterator[None]:
    """End what takes more processor time than a file of so many bytes may.

    Raises:
        OutOfTimeError: the time has passed.
    """

    def stop(_signal: int, _frame: Any) -> None:
        raise OutOfTimeError

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds + size * SECONDS_PER_BYTE)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


@contextmanager
def in_memory() -> Iterator[None]:
    """Let this process grow only so much; what needs more ends in a MemoryError. Without /proc nothing is held."""
    size = Path("/proc/self/statm")
    if not size.is_file():
        yield
        return
    before = resource.getrlimit(resource.RLIMIT_AS)
    now = int(size.read_text("ascii").split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (now + MORE_MEMORY, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


@contextmanager
def hearing(said: list[str]) -> Iterator[None]:
    """Collect what is logged, printed and warned of."""
    log, printed = _Log(said), io.StringIO()
    root, level = logging.getLogger(), logging.getLogger().level
    root.addHandler(log)
    root.setLevel(logging.DEBUG)
    try:
        with ExitStack() as stack:
            warned = stack.enter_context(warnings.catch_warnings(record=True))
            warnings.simplefilter("always")
            stack.enter_context(redirect_stdout(printed))
            stack.enter_context(redirect_stderr(printed))
            yield
    finally:
        root.removeHandler(log)
        root.setLevel(level)
        said += [str(warning.message) for warning in warned] + ([printed.getvalue()] if printed.getvalue() else [])


class _Log(logging.Handler):
    """Collects records as text, with what they say about errors."""

    def __init__(self, said: list[str]) -> None:
        super().__init__()
        self._said = said
        self.setFormatter(logging.Formatter())

    def emit(self, record: logging.LogRecord) -> None:
        """Collect a record."""
        self._said.append(self.format(record))
