"""Make a mutant of a valid delivery from a seed and a number: the same one every time, on every machine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from tests.fuzz import of_bytes, of_cells, of_workbooks
from tests.fuzz.seeds import Seed, seeds

CELLS, BYTES, PARTS = "cells", "bytes", "parts"


@dataclass(frozen=True)
class Mutant:
    """A delivery with changes.

    Attributes:
        name: seed and number of the generator, by which it is made again.
        seed: the valid delivery it was made from.
        level: `cells` (a well-written file with other cells), `bytes`, or `parts` (the XML parts of a workbook).
        steps: the numbers of its changes, each drawn by itself.
        content: its bytes.
        touched: at the level of cells the places of the rows that were changed.
    """

    name: str
    seed: Seed
    level: str
    steps: tuple[int, ...]
    content: bytes
    touched: frozenset[int] = frozenset()


def mutant(generator: int, number: int) -> Mutant:
    """Return the mutant of a number."""
    name = f"{generator}:{number}"
    chance = Random(name)
    seed = seed_of(number)
    levels = (CELLS, PARTS, PARTS, BYTES) if seed.kind == "xlsx" else (CELLS, BYTES)
    level = chance.choice(levels)
    return made(name, seed, level, range(chance.choice((1, 1, 1, 2, 3))))


def seed_of(number: int) -> Seed:
    """Return the delivery that the mutant of a number is made from."""
    all_seeds = [*seeds(), *(seed for seed in seeds() if seed.kind == "xlsx")]  # twice: there is most to change in a workbook
    return all_seeds[number % len(all_seeds)]


def made(name: str, seed: Seed, level: str, steps: Sequence[int]) -> Mutant:
    """Return a mutant with some of its steps only; each step draws its own chances, so leaving one out changes no other."""
    chances = [Random(f"{name} {step}") for step in steps]
    last = Random(f"{name} last")
    if level == BYTES:
        changes = of_bytes.ON_ANY if seed.kind == "xlsx" else of_bytes.ON_TEXT
        content = seed.content
        for chance in chances:
            content = chance.choice(changes)(content, seed, chance)
        return Mutant(name, seed, level, tuple(steps), content)
    if seed.kind != "xlsx":
        cells = [of_cells.choose(seed, chance) for chance in chances]
        content = of_cells.written(seed, cells, last)
        return Mutant(name, seed, level, tuple(steps), content, frozenset(place for place, _, _ in cells))
    parts = of_workbooks.opened(seed)
    touched: set[int] = set()
    for chance in chances:
        if level == CELLS:
            touched |= of_workbooks.change_cell(parts, seed, chance)
        else:
            of_workbooks.change_parts(parts, seed, chance)
    content = of_workbooks.packed(parts) if level == CELLS else of_workbooks.pack(parts, last)
    return Mutant(name, seed, level, tuple(steps), content, frozenset(row - of_workbooks.first_row(seed) for row in touched))
