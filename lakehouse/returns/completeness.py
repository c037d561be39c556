"""Check that every recipient received all its rows: compare counts of the source with what was written. Shares no code with the writer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise

from lakehouse.city.regions import RegionState
from lakehouse.naming import LEVELS
from lakehouse.returns.model import Return

# Pairs of a place and the number of eligible source rows there. A place maps each level to a region code, null where it is not known.
Places = Sequence[tuple[Mapping[str, str | None], int]]
# Audience and region code → rows and pending locality.
Written = Mapping[tuple[str, str], tuple[int, int]]
NOTHING = (-1, -1)


def incomplete(declared: Return, places: Places, written: Written, regions: RegionState) -> Iterator[str]:
    """Yield a text for each region whose numbers do not add up: rows of the source, rows written, rows of its children, pending locality.

    Args:
        declared: the return.
        places: the number of eligible rows of its table by place.
        written: audience and region code → rows and pending locality as written.
        regions: the tree at the business date.
    """
    levels = [level for level in LEVELS if level in declared.levels and level in regions.levels]
    for level, below in zip(levels, [*levels[1:], None], strict=True):
        waiting = _count(((place, rows) for place, rows in places if below and place[below] is None), level)
        yield from _missing(level, level, (_count(places, level), waiting), written, regions)
    for level, below in pairwise(levels):
        yield from _unbalanced(level, below, written, regions)
    for one in declared.handlers:
        yield from _missing(one.kind, one.level, (_count(places, one.level), Counter()), written, regions)


def _missing(audience: str, level: str, due: tuple[Counter[str], Counter[str]], written: Written, regions: RegionState) -> Iterator[str]:
    """Yield a text for each region whose recipient of this audience did not receive exactly the rows the source has for it."""
    rows_due, waiting = due
    codes = [region.code for region in regions.of_level(level)]
    for code in sorted(set(rows_due) - set(codes)):
        yield f"{audience} {code} has rows but is not a region on this date"
    for code in codes:
        rows, pending = written.get((audience, code), NOTHING)
        if rows < 0:
            yield f"{audience} {code} has no package"
        elif rows != rows_due[code]:
            yield f"{audience} {code} received {rows} of {rows_due[code]} rows"
        elif pending != waiting[code]:
            yield f"{audience} {code} reports {pending} rows of pending locality instead of {waiting[code]}"


def _unbalanced(level: str, below: str, written: Written, regions: RegionState) -> Iterator[str]:
    sums: Counter[str] = Counter()
    for child in regions.of_level(below):
        sums[regions.ancestors(child.code).get(level, "")] += written.get((below, child.code), (0, 0))[0]
    for region in regions.of_level(level):
        rows, pending = written.get((level, region.code), (0, 0))
        if rows != sums[region.code] + pending:
            yield f"{level} {region.code}: {rows} rows, but {sums[region.code]} in its children and {pending} pending"


def _count(places: Iterable[tuple[Mapping[str, str | None], int]], level: str) -> Counter[str]:
    counted: Counter[str] = Counter()
    for place, rows in places:
        code = place[level]
        if code is not None:
            counted[code] += rows
    return counted
