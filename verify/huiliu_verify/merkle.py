"""Merkle trees as in RFC 9162: compute the root and the proof paths over a day's manifests, and check a proof path."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

HASH = "SHA-256"


def leaf(content: bytes) -> bytes:
    """Return the hash of a leaf."""
    return hashlib.sha256(b"\x00" + content).digest()


def node(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node with these two children."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Tree:
    """A Merkle tree over leaves in their order; a node without a right neighbour moves up one level unchanged."""

    def __init__(self, leaves: Sequence[bytes]) -> None:
        self._levels = [list(leaves)]
        while len(below := self._levels[-1]) > 1:
            paired = [node(below[i], below[i + 1]) for i in range(0, len(below) - 1, 2)]
            self._levels.append(paired + ([below[-1]] if len(below) % 2 else []))

    @property
    def root(self) -> bytes:
        """Return the root; without leaves, the hash of the empty text."""
        return self._levels[-1][0] if self._levels[-1] else hashlib.sha256().digest()

    def path(self, index: int) -> list[bytes]:
        """Return the proof path of a leaf: the hashes of its neighbours on the way to the root."""
        found = []
        for level in self._levels[:-1]:
            if index ^ 1 < len(level):
                found.append(level[index ^ 1])
            index //= 2
        return found


def root_from(start: bytes, index: int, count: int, path: Sequence[bytes]) -> bytes | None:
    """Return the root computed from leaf hash `start`, its index among `count` leaves, and its proof path.

    None when the index is not below `count` or the path has the wrong length.
    """
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
