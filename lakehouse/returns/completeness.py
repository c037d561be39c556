"""Returns whether everybody received everything: counts of the source against what was written. Shares no code with what writes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from lakehouse.naming import LEVELS
from lakehouse.regions import RegionState
from lakehouse.returns.model import Return

# How many eligible rows of the source stand at these places: level → code, as far as it is known.
Places = Sequence[tuple[Mapping[str, str | None], int]]
Written = Mapping[str, tuple[int, int]]


def incomplete(declared: Return, places: Places, written: Written, regions: RegionState) -> Iterator[str]:
    """Returns what does not add up, by region code: rows of the source, rows written, children and pending locality.

    Args:
        declared: the return.
        places: the eligible rows of its table, counted by place.
        written: region code → rows and pending locality as written.
        regions: the tree at the business date.
    """
    levels = [level for level in LEVELS if level in declared.levels]
    for level in levels:
        due = _count(places, level)
        below = LEVELS[LEVELS.index(level) + 1 :][:1]
        waiting = _count(((place, rows) for place, rows in places if below and place[below[0]] is None), level)
        codes = [region.code for region in regions.of_level(level)]
        for code in sorted(set(due) - set(codes)):
            yield f"{level} {code} has rows but is no region of the day"
        for code in codes:
            rows, pending = written.get(code, (-1, -1))
            if rows < 0:
                yield f"{level} {code} has no package"
            elif rows != due[code]:
                yield f"{level} {code} received {rows} of {due[code]} rows"
            elif pending != waiting[code]:
                yield f"{level} {code} says {pending} pending instead of {waiting[code]}"
    for level in levels[:-1]:
        yield from _unbalanced(level, written, regions)


def _unbalanced(level: str, written: Written, regions: RegionState) -> Iterator[str]:
    for region in regions.of_level(level):
        rows, pending = written.get(region.code, (0, 0))
        children = sum(written[child.code][0] for child in regions.children(region.code) if child.code in written)
        if rows != children + pending:
            yield f"{level} {region.code}: {rows} rows, but {children} in its children and {pending} pending"


def _count(places: Iterable[tuple[Mapping[str, str | None], int]], level: str) -> Counter[str]:
    counted: Counter[str] = Counter()
    for place, rows in places:
        code = place[level]
        if code is not None:
            counted[code] += rows
    return counted
