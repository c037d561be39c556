"""Make a failing mutant smaller while it fails in the same way: fewer changes, then fewer lines and bytes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tests.fuzz.law import Verdict, judged
from tests.fuzz.mutants import BYTES, Mutant, made

MOST_TRIES = 400


def shrunk(mutant: Mutant, judge: Callable[[Mutant], Verdict] = judged) -> Mutant:
    """Return a smaller mutant that breaks one of the same laws."""
    wrong = judge(mutant).faults.keys()

    def fails(one: Mutant) -> bool:
        return bool(judge(one).faults.keys() & wrong)

    for step in mutant.steps:
        fewer = made(mutant.name, mutant.seed, mutant.level, [one for one in mutant.steps if one != step])
        if len(mutant.steps) > 1 and fails(fewer):
            mutant = fewer
    if mutant.level != BYTES or mutant.seed.kind == "xlsx":
        return mutant
    lines = mutant.content.splitlines(keepends=True)
    kept = _fewest(lines, lambda some: fails(replace(mutant, content=b"".join(some))))
    return replace(mutant, content=b"".join(kept))


def _fewest(lines: list[bytes], fails: Callable[[list[bytes]], bool]) -> list[bytes]:
    """Return as few of the lines as still fail, left out in blocks that get smaller."""
    size, tries = max(1, len(lines) // 2), 0
    while size and tries < MOST_TRIES:
        at = 0
        while at < len(lines):
            some = lines[:at] + lines[at + size :]
            tries += 1
            if some and fails(some):
                lines = some
            else:
                at += size
        size //= 2
    return lines
