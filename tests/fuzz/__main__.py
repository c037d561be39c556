"""Try mutants of valid deliveries on the readers and print what became of them: `python -m tests.fuzz --count 50000`."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import chain, count, islice
from pathlib import Path

from tests.fuzz.bounds import in_memory
from tests.fuzz.law import judged
from tests.fuzz.mutants import mutant, seed_of
from tests.fuzz.shrinking import shrunk

AT_ONCE = 500
OUTCOMES = ("read", "in part", "nothing", "refused", "crashed")

Figures = tuple[Counter[tuple[str, str]], Counter[str], list[tuple[int, dict[str, str]]]]


def tried(generator: int, numbers: Sequence[int]) -> Figures:
    """Return how many mutants had which outcome by form, how many rows which reject, and the faults by number."""
    outcomes, rejects, faults = Counter[tuple[str, str]](), Counter[str](), list[tuple[int, dict[str, str]]]()
    with in_memory():
        for number in numbers:
            one = mutant(generator, number)
            verdict = judged(one)
            outcomes[one.seed.form, verdict.outcome] += 1
            rejects.update(record.reject or "accepted" for record in verdict.records)
            if verdict.faults:
                faults.append((number, {f"{one.seed} {one.level}: {law}": detail for law, detail in verdict.faults.items()}))
    return outcomes, rejects, faults


def replayed(generator: int, number: int, target: Path | None) -> int:
    """Print what a mutant breaks, shrunk as far as it is simple; write its bytes to a file if one is given."""
    one = mutant(generator, number)
    with in_memory():
        verdict = judged(one)
        smaller = shrunk(one) if verdict.faults else one
        print(f"{one.name}: {one.seed}, {one.level}, steps {smaller.steps}: {verdict.outcome}", verdict.refusal)  # noqa: T201
        for law, detail in judged(smaller).faults.items():
            print(f"  {law}: {detail}")  # noqa: T201
    if target:
        target.write_bytes(smaller.content)
    elif smaller.seed.kind != "xlsx":
        print(smaller.content[:4_000])  # noqa: T201
    return 1 if verdict.faults else 0


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="of the generator")
    parser.add_argument("--start", type=int, default=0, help="the first number")
    parser.add_argument("--count", type=int, default=1_000, help="how many mutants")
    parser.add_argument("--kind", action="append", help="only mutants of this kind of source (several: once for each)")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--replay", type=int, metavar="NUMBER", help="show one mutant, shrunk if it breaks the law")
    parser.add_argument("--write", type=Path, metavar="FILE", help="where its bytes go")
    asked = parser.parse_args()
    if asked.replay is not None:
        return replayed(asked.seed, asked.replay, asked.write)
    began = time.monotonic()
    numbers = list(islice((one for one in count(asked.start) if not asked.kind or seed_of(one).kind in asked.kind), asked.count))
    blocks = [numbers[first : first + AT_ONCE] for first in range(0, len(numbers), AT_ONCE)]
    with ProcessPoolExecutor(asked.processes) as pool:
        found = list(pool.map(tried, [asked.seed] * len(blocks), blocks))
    _print(asked.seed, found)
    print(f"{asked.count} mutants, {time.monotonic() - began:.0f} s, {sum(len(faults) for *_, faults in found)} broke the law")  # noqa: T201
    return 1 if any(faults for *_, faults in found) else 0


def _print(generator: int, found: list[Figures]) -> None:
    outcomes = sum((one for one, _, _ in found), Counter[tuple[str, str]]())
    rejects = sum((one for _, one, _ in found), Counter[str]())
    print(f"{'':14}" + "".join(f"{outcome:>9}" for outcome in OUTCOMES))  # noqa: T201
    for form in sorted({form for form, _ in outcomes}):
        print(f"{form:14}" + "".join(f"{outcomes[form, outcome]:>9}" for outcome in OUTCOMES))  # noqa: T201
    print("rows:", ", ".join(f"{name} {number}" for name, number in rejects.most_common()))  # noqa: T201
    for number, faults in chain.from_iterable(faults for *_, faults in found):
        for law, detail in faults.items():
            print(f"--seed {generator} --replay {number}  {law}: {detail}")  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
