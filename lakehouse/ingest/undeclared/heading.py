"""Find the header of a table nobody has declared: in which row it begins, and how many rows it has."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from lakehouse.contracts.guess.meanings import meaning_of
from lakehouse.contracts.guess.nature import cleaned, nature_of

Row = Sequence[str | None]
Joined = Callable[[int, int], list[str]]  # first row and number of rows of a header → the names of its columns
FIRST_ROWS, MOST_ROWS, LONGEST = 10, 3, 64
DATA = re.compile(r"[0-9.,:/ +-]+|.*[0-9]{6}.*|.*@.*", re.DOTALL)
NEARLY_WHOLE = 0.8


def find_header(rows: Sequence[Row], joined: Joined, most: int = MOST_ROWS) -> tuple[int, int] | None:
    """Return the first row (from 0) and the number of rows of the header; None where the first rows are data.

    A header names nearly every column once, and its names look like names.
    """
    width = Counter(len(row) for row in rows if any(row)).most_common(1)[0][0] if any(any(row) for row in rows) else 0
    for first in range(min(FIRST_ROWS, len(rows))):
        for depth in range(1, most + 1):
            names = joined(first, depth) if first + depth <= len(rows) else []
            if _are_names(names, width) and not _is_data(names, rows, first):
                return first, depth
    return None


def joined_texts(rows: Sequence[Row]) -> Joined:
    """Return the function that joins the texts of header rows where no cells are merged."""

    def names(first: int, depth: int) -> list[str]:
        width = max(len(row) for row in rows[first : first + depth])
        return without_end(["/".join(filter(None, (_text(row, place) for row in rows[first : first + depth]))) for place in range(width)])

    return names


def without_end(names: list[str]) -> list[str]:
    """Return the names up to the last one that is not empty."""
    return names[: max((place for place, name in enumerate(names, 1) if name), default=0)]


def _text(row: Row, place: int) -> str:
    return (row[place] or "") if place < len(row) else ""


def _are_names(names: Sequence[str], width: int) -> bool:
    """Return whether names can be those of the columns of a table so wide: each once, none missing, all like names."""
    if not names or len(names) < NEARLY_WHOLE * width or len(set(names)) < len(names):
        return False
    return all(cleaned(name) and len(name) <= LONGEST and not DATA.fullmatch(cleaned(name)) for name in names)


def _is_data(names: Sequence[str], rows: Sequence[Row], first: int) -> bool:
    """Return whether names that look like names are values all the same: their columns hold them again, or nothing but such texts."""
    if sum(meaning_of(name) is not None for name in names) * 2 >= len(names):
        return False
    below = list(_columns(rows[first + 1 :], len(names)))
    again = sum(name in column for name, column in zip(names, below, strict=True))
    return again * 2 > len(names) or (
        again > 0 and not any(nature_of(column).kind or nature_of(column).type != "string" for column in below)
    )


def _columns(rows: Sequence[Row], width: int) -> Iterator[list[str | None]]:
    for place in range(width):
        yield [_text(row, place) or None for row in rows]
