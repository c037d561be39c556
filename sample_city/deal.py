"""Returns how labelled kinds are dealt out over the rows of a delivery."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Deal:
    """So many of each kind, spread evenly over `rows` rows in turn, the first of them at `start`."""

    kinds: tuple[str, ...]
    each: int
    rows: int
    start: int = 0

    def kind(self, row: int) -> str:
        """Returns the kind of a row (counted from 0); empty for most."""
        wanted = self.each * len(self.kinds)
        turn, rest = divmod(row - self.start, max(1, self.rows // wanted))
        return self.kinds[turn % len(self.kinds)] if rest == 0 and 0 <= turn < wanted else ""
