"""Hand out the physical lines of a text, one by one to a splitter or many at once: each line only once, in their order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from lakehouse.ingest.readers.lines import Line, whole_endings

AT_ONCE = 4 * 1024 * 1024  # bytes, about as many as fit into a processor's cache
NEWLINE, RETURN = 10, 13
Places = npt.NDArray[np.int64]


class Span(NamedTuple):
    """Whole lines: their bytes, where each of them ends, and the number of the first."""

    content: bytes
    ends: Places
    first: int

    def line(self, place: int) -> bytes:
        """Return the line at a place, with its end."""
        return self.content[self.ends[place - 1] if place else 0 : self.ends[place]]


def line_ends(codes: npt.NDArray[np.integer]) -> Places:
    r"""Return behind which bytes (or code units of a text) a line ends: `\n`, `\r\n`, `\r`, and the end of the text."""
    is_end = codes == NEWLINE
    returns = np.flatnonzero(codes == RETURN)
    if len(returns):
        followed = np.append(codes, 0)[returns + 1] == NEWLINE
        is_end[returns[~followed]] = True
    ends = np.flatnonzero(is_end).astype(np.int64) + 1
    return ends if not len(codes) or (len(ends) and ends[-1] == len(codes)) else np.append(ends, len(codes))


class Feed(Iterator[Line]):
    """The lines of a text, of which a line that is too long is cut off as `lines.universal_lines` does.

    Attributes:
        span: the lines that were read last.
        at: the place in it of the next line to hand out.
    """

    def __init__(self, parts: Iterator[bytes], longest: int, at_once: int = AT_ONCE) -> None:
        self._texts, self._longest = _whole_lines(whole_endings(parts), longest, at_once), longest
        self.span, self.at = Span(b"", np.empty(0, np.int64), 1), 0

    def __next__(self) -> Line:
        if not self.has_lines():
            raise StopIteration
        content, number = self.span.line(self.at), self.span.first + self.at
        self.at += 1
        return Line(number, content[: self._longest], len(content) > self._longest)

    def has_lines(self) -> bool:
        """Return whether there are more lines; the next ones are read where all of the span are handed out."""
        if self.at < len(self.span.ends):
            return True
        content = next(self._texts, b"")
        ends = line_ends(np.frombuffer(content, np.uint8))
        self.span, self.at = Span(content, ends, self.span.first + len(self.span.ends)), 0
        return bool(content)


def _whole_lines(parts: Iterator[bytes], longest: int, at_once: int) -> Iterator[bytes]:
    """Yield the same bytes in larger parts that end where a line does; what makes a line too long is left out but for one byte."""
    waiting, size = list[bytes](), 0
    for part in parts:
        end = max(part.rfind(b"\n"), part.rfind(b"\r")) + 1
        is_full = end > 0 and size + end >= at_once
        if is_full:
            yield b"".join((*waiting, part[:end]))
            waiting, size = [], 0
        if size <= at_once + longest:
            waiting.append(part[end:] if is_full else part)
            size += len(waiting[-1])
    if size:
        yield b"".join(waiting)
