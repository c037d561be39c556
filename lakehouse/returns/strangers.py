"""Find rows of another region in a decoded payload. Shares no code with the writer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from lakehouse.city.regions import RegionState
from lakehouse.naming import LEVELS
from lakehouse.returns.decoding import ROW_KEY, Columns

PENDING = "待定"
Path = tuple[str | None, ...]


@dataclass(frozen=True)
class Places:
    """The regions of a day: code → code of the parent (None at the top), name, and level."""

    parents: Mapping[str, str | None]
    names: Mapping[str, str]
    levels: Mapping[str, str]
    _paths: dict[tuple[str, tuple[str, ...]], frozenset[Path]] = field(default_factory=dict, compare=False)

    def lies_in(self, code: str, region: str) -> bool:
        """Return whether a code is a region or lies in it."""
        return region in self._upwards(code)

    def paths(self, region: str, levels: tuple[str, ...]) -> frozenset[Path]:
        """Return how a list writes places in a region, by their names at these levels; each is known down to some level."""
        if (region, levels) not in self._paths:
            self._paths[region, levels] = frozenset(self._path(code, region, levels) for code in self.names if self.lies_in(code, region))
        return self._paths[region, levels]

    def _path(self, code: str, region: str, levels: tuple[str, ...]) -> Path:
        named = {self.levels[one]: self.names[one] for one in self._upwards(code)}
        below = LEVELS[LEVELS.index(self.levels[region]) + 1 :]
        return tuple(named.get(level, PENDING if level in below else None) for level in levels)

    def _upwards(self, code: str | None) -> Iterator[str]:
        while code is not None and code in self.names:
            yield code
            code = self.parents.get(code)


def places_of(regions: RegionState) -> Places:
    """Return the regions of a day as the inspection needs them."""
    known = regions.by_code
    return Places(
        {code: region.parent_code for code, region in known.items()},
        {code: region.name for code, region in known.items()},
        {code: region.level for code, region in known.items()},
    )


def strangers(columns: Columns, whose: tuple[str, str], places: Places, *, is_list: bool) -> int:
    """Return the number of rows with a place outside the recipient's level and region (`whose`).

    Lists for people name places by their names alone, so the whole path counts; lists made before they did so, and tables, hold codes.
    """
    level, region = whose
    if is_list and not _holds_codes(columns, places):
        levels = tuple(name for name in LEVELS if f"{name}_code" in columns)
        rows = zip(*(columns[f"{name}_code"] for name in levels), strict=True)
        return sum(path not in places.paths(region, levels) for path in rows) if levels else 0
    names = [f"{name}_code" for name in LEVELS[LEVELS.index(level) :]] + ["region_code"]
    below = {name: [code.split(" ")[0] if code else None for code in columns[name]] for name in names if name in columns}
    foreign = {code for found in below.values() for code in found if code is not None and not places.lies_in(code, region)}
    return sum(any(found[place] in foreign for found in below.values()) for place in range(len(columns[ROW_KEY]))) if foreign else 0


def _holds_codes(columns: Columns, places: Places) -> bool:
    shown = [text for name in LEVELS for text in columns.get(f"{name}_code", []) if text is not None]
    return bool(shown) and all(text.split(" ")[0] in places.names for text in shown)
