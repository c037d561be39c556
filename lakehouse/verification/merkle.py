"""Returns Merkle trees as in RFC 9162: root and proof paths over a day's manifests, and the root a path leads to."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

HASH = "SHA-256"


def leaf(content: bytes) -> bytes:
    """Return the hash of a leaf."""
    return hashlib.sha256(b"\x00" + content).digest()


def node(left: bytes, right: bytes) -> bytes:
    """Return the hash of two neighbours."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Tree:
    """The tree over leaves in their order; a node without a right neighbour moves up as it is."""

    def __init__(self, leaves: Sequence[bytes]) -> None:
        self._levels = [list(leaves)]
        while len(below := self._levels[-1]) > 1:
            paired = [node(below[i], below[i + 1]) for i in range(0, len(below) - 1, 2)]
            self._levels.append(paired + ([below[-1]] if len(below) % 2 else []))

    @property
    def root(self) -> bytes:
        """Return the root; of no leaves the hash of nothing."""
        return self._levels[-1][0] if self._levels[-1] else hashlib.sha256().digest()

    def path(self, index: int) -> list[bytes]:
        """Return the neighbours that lead from a leaf to the root."""
        found = []
        for level in self._levels[:-1]:
            if index ^ 1 < len(level):
                found.append(level[index ^ 1])
            index //= 2
        return found


def root_from(start: bytes, index: int, count: int, path: Sequence[bytes]) -> bytes | None:
    """Return the root a path leads to from the leaf of that index among so many; None when the path has the wrong length."""
    if not 0 <= index < count:
        return None
    steps = iter(path)
    found = start
    while count > 1:
        if index ^ 1 < count:
            neighbour = next(steps, None)
            if neighbour is None:
                return None
            found = node(neighbour, found) if index % 2 else node(found, neighbour)
        index, count = index // 2, (count + 1) // 2
    return found if next(steps, None) is None else None
