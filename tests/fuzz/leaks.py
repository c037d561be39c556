"""Find values of a delivery in what is said about it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from lakehouse.contracts.model import Contract
from tests.fuzz.seeds import Seed, seeds

ASCII_PIECE, OTHER_PIECE = 6, 3  # characters that no message says by chance


def leaked(seed: Seed, said: Iterable[str]) -> str:
    """Return a piece of a value that one of the texts holds, empty where none does."""
    values = _pieces(str(seed))
    for text in said:
        for size in (ASCII_PIECE, OTHER_PIECE):
            found = next((text[at : at + size] for at in range(len(text) - size + 1) if text[at : at + size] in values), "")
            if found:
                return f"{found!r} in: {text[:300]}"
    return ""


@cache
def _pieces(code: str) -> frozenset[str]:
    """Return the pieces of a delivery's values by which they are known again; none that its contract says too."""
    seed = next(seed for seed in seeds() if str(seed) == code)
    public = _public(seed.contract)
    return frozenset(piece for row in seed.rows for value in row.values() for piece in _of(str(value or "")) if piece not in public)


def _of(value: str) -> Iterable[str]:
    for size in (ASCII_PIECE, OTHER_PIECE):
        pieces = (value[at : at + size] for at in range(len(value) - size + 1))
        yield from (piece for piece in pieces if size == ASCII_PIECE or all(letter > "\x7f" for letter in piece))


def _public(contract: Contract) -> str:
    return " ".join((contract.code, str(contract.source), *(column.source_name for column in contract.columns)))
