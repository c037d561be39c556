"""Deal out labelled kinds over the rows of a delivery."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Deal:
    """`each` rows of every kind, spread evenly and in turn over `rows` rows, the first at row `start`."""

    kinds: tuple[str, ...]
    each: int
    rows: int
    start: int = 0

    def kind(self, row: int) -> str:
        """Return the kind of a row (counted from 0); empty for most rows."""
        wanted = self.each * len(self.kinds)
        turn, rest = divmod(row - self.start, self._gap)
        return self.kinds[turn % len(self.kinds)] if rest == 0 and 0 <= turn < wanted else ""

    def number(self, row: int) -> int:
        """Return the number of a row within its kind, counted from 0."""
        return (row - self.start) // self._gap // len(self.kinds)

    def row(self, kind: str, number: int) -> int:
        """Return the n-th row of a kind."""
        return self.start + (number * len(self.kinds) + self.kinds.index(kind)) * self._gap

    @property
    def _gap(self) -> int:
        return max(1, self.rows // (self.each * len(self.kinds)))
