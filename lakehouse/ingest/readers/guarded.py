"""Let no bytes end a step: whatever they do to a reader refuses their delivery, with a reason in words."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePath

from lakehouse.config import PROJECT
from lakehouse.errors import LakehouseError
from lakehouse.ingest.readers.records import refusal


@contextmanager
def telling_surprises(where: str) -> Iterator[None]:
    """Turn an error that bytes caused, and no reader expected, into the refusal of their delivery.

    The error's own text is left out, because it may quote a row; the place in the reader helps whoever mends it. Errors of the store and
    of the machine pass through: they say nothing about the bytes, and the step is to be repeated.

    Raises:
        SourceError: the block ended in an error that the bytes caused.
    """
    try:
        yield
    except (LakehouseError, OSError, MemoryError):
        raise
    except Exception as error:
        found = f"the reader does not know what to do with these bytes ({_place(error)})."
        fix = "send the file again as declared; if it is, report this place to whoever runs the lakehouse."
        raise refusal(where, found, "a file as the contract declares it", fix) from None


def _place(error: Exception) -> str:
    """Return the last line of ours that ran, not one of a library."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if PROJECT in PurePath(frame.filename).parents and "site-packages" not in frame.filename]
    last = (ours or frames)[-1]
    return f"{PurePath(last.filename).name}, line {last.lineno}"
