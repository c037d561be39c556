"""Run the benchmarks and write what they found, in words, with the machine and the versions (`make bench`).

python -m benchmarks                       all, in hours; writes benchmarks/results.md
python -m benchmarks --only gate,upsert    only these; what the file says of the others stays
python -m benchmarks --quick               tiny sizes: only whether they run and are right
"""

from __future__ import annotations

import os
import platform
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Annotated

import psutil
import typer

from benchmarks import encodings, extract_csv, further_day, gate, homes, replay, statements, upsert
from lakehouse.config import Instance
from lakehouse.errors import ConfigError, Problem, nearest_first

RESULTS = Path(__file__).with_name("results.md")
VERSIONS = ("pyspark", "delta-spark", "great-expectations", "dbt-core", "duckdb", "pyarrow")
TITLE = """\
# What the benchmarks found

Written by `make bench`. Ratios count, not seconds: each compares things in one run, which checks that they are right.
"""
PEOPLE, SIZES = 2_000, (20_000, 200_000)


@dataclass(frozen=True)
class Bench:
    """A benchmark.

    Attributes:
        name: how it is asked for.
        command: what runs it alone.
        find: returns sentences about what it found, given a resting instance, an empty folder and whether it is only tried.
        is_quick: whether it can be tried in seconds; the others live through days of a city.
    """

    name: str
    command: str
    find: Callable[[Instance, Path, bool], list[str]]
    is_quick: bool = True


def _gate(instance: Instance, _: Path, quick: bool) -> list[str]:
    found = [gate.compare(instance, 3_000 if quick else 2_000_000) for _ in range(1 if quick else 3)]
    times = _spread([one.gate_seconds / max(one.native_seconds, 0.1) for one in found])
    sizes = f"{found[0].rows:,} rows, {found[0].rules} rules"
    return [f"{sizes}: the gate, with a verdict on each row, takes {times} as long as the native suite, which only counts."]


def _upsert(instance: Instance, _: Path, quick: bool) -> list[str]:
    found = upsert.compare(instance, 2_000 if quick else 500_000)
    seconds = f"{found.without_seconds} against {found.with_seconds} s, medians of {upsert.PAIRS}"
    return [
        f"Upserts of 1 % of {found.rows:,} rows: without deletion vectors one takes {found.ratio} times as long as with them ({seconds})."
    ]


def _statements(instance: Instance, _: Path, quick: bool) -> list[str]:
    return said_of_statements(statements.compare(instance, 1 if quick else 20, statements.spark_of(instance)))


def said_of_statements(found: statements.Result) -> list[str]:
    """Return how the ways to do a thing compare, each way (`thing, way`) with the cheapest one of its thing."""
    things: dict[str, list[tuple[float, str, str]]] = {}
    for name, (some, least, most) in found.milliseconds.items():
        thing, way = name.split(", ", 1)
        things.setdefault(thing, []).append((some, way, f"{some:g} ({least:g}–{most:g})"))
    sentences = []
    for thing, ways in things.items():
        (least, best, told), *others = sorted(ways)
        sentences += [
            f"{thing}: {way} takes {some / max(least, 1):.2f} times as long as {best}: {theirs} and {told} processor milliseconds."
            for some, way, theirs in others
        ]
    return sentences


def _extract_csv(_: Instance, folder: Path, quick: bool) -> list[str]:
    found = extract_csv.compare(folder, 2_000 if quick else 1_000_000, 1 if quick else 3)
    seconds = "; ".join(f"{name} {some} ({least}–{most})" for name, (some, least, most) in found.seconds.items())
    ours = f"takes {found.times_duckdb} times as long as DuckDB's CSV → Parquet"
    theirs = f"record by record takes {found.times_faster} times as long as ours"
    what = f"A CSV file of {found.rows:,} rows × 19"
    return [f"{what}: counting, reading, hashing and staging it {ours}; {theirs}. Processor seconds: {seconds}."]


def _encodings(_: Instance, _folder: Path, quick: bool) -> list[str]:
    found = encodings.measure(*((6_000, 1_500, 40) if quick else (100_000, 10_000, 2_000)))
    least = min((*found.found.values(), *found.files.values()))
    mistakes = found.false_alarms + found.files_refused_by_mistake
    return [f"Texts and files in a foreign encoding: at least {least:.2%} of each kind are found, {mistakes} honest ones are refused."]


def _replay(_: Instance, _folder: Path, _quick: bool) -> list[str]:
    found = replay.measure("zhuhai", PEOPLE)
    return [f"{PEOPLE:,} people: the first run of a day takes {found.ratio} times as long as the same day again, which changes nothing."]


def _further_day(_: Instance, _folder: Path, _quick: bool) -> list[str]:
    days = [further_day.measure("zhuhai", people) for people in SIZES]
    small, large = days
    stages = "; ".join(f"{one.stage} {one.growth} times" for one in further_day.growth(days))
    what = f"A further day of {large.people:,} people takes {large.seconds / small.seconds:.1f} times as long as one of {small.people:,}"
    return [f"{what} ({large.seconds} and {small.seconds} s): {stages}."]


BENCHES = (
    Bench("gate", "python -m benchmarks.gate --rows 2000000", _gate),
    Bench("upsert", "python -m benchmarks.upsert --rows 500000", _upsert),
    Bench("statements", "python -m benchmarks.statements --runs 20", _statements),
    Bench("extract_csv", "python -m benchmarks.extract_csv --rows 1000000", _extract_csv),
    Bench("encodings", "python -m benchmarks.encodings", _encodings),
    Bench("replay", f"python -m benchmarks.replay --people {PEOPLE}", _replay, is_quick=False),
    Bench("further_day", "python -m benchmarks.further_day --people 20000 --people 200000", _further_day, is_quick=False),
)


def chosen(names: Sequence[str], *, quick: bool) -> list[Bench]:
    """Return the benchmarks of these names (none: all that can be run so).

    Raises:
        ConfigError: there is no such benchmark.
    """
    known = {one.name: one for one in BENCHES}
    for name in names:
        if name not in known:
            allowed = ", ".join(nearest_first(name, list(known)))
            raise ConfigError(Problem("benchmarks --only", f"{name!r} is no benchmark.", allowed, "name one of them.").text())
    return [one for one in BENCHES if (one.name in names if names else one.is_quick or not quick)]


def run(benches: Iterable[Bench], instance: Instance, *, quick: bool) -> Iterator[tuple[Bench, list[str]]]:
    """Run benchmarks on a resting instance and yield what each found, in sentences.

    Raises:
        QualityError: a benchmark found that something it compares is wrong.
    """
    for bench in benches:
        with tempfile.TemporaryDirectory(prefix="huiliu-benchmark-") as folder:
            yield bench, bench.find(instance, Path(folder), quick)


def merged(before: str, found: Iterable[tuple[Bench, list[str]]]) -> str:
    """Return the text of the results, with the sections of these benchmarks replaced and all others as they were."""
    sections = {part.partition("\n")[0]: part.partition("\n")[2].strip() for part in before.split("\n## ")[1:]}
    for bench, sentences in found:
        lines = "\n".join(f"* {one}" for one in sentences)
        sections[bench.name] = f"`{bench.command}`, {datetime.now(UTC):%Y-%m-%d}, {machine()}\n\n{lines}"
    ordered = [one.name for one in BENCHES if one.name in sections]
    return TITLE + "".join(f"\n## {name}\n{sections[name]}\n" for name in ordered)


def machine() -> str:
    """Return processor, memory and versions in one line."""
    memory = psutil.virtual_memory().total / 2**30
    java = subprocess.run(["java", "-version"], capture_output=True, text=True, check=True).stderr.partition("\n")[0]
    versions = ", ".join(f"{name} {version(name)}" for name in VERSIONS)
    return f"{os.cpu_count()} cores ({platform.machine()}), {memory:.0f} GiB; Python {platform.python_version()}, {java}, {versions}."


def _spread(ratios: Sequence[float]) -> str:
    return f"{median(ratios):.2f} ({min(ratios):.2f}–{max(ratios):.2f}) times"


@contextmanager
def _instance(benches: Iterable[Bench]) -> Iterator[Instance]:
    if any(one.is_quick for one in benches):
        with homes.resting() as instance:
            yield instance
    else:
        yield Instance()


def main(
    quick: Annotated[bool, typer.Option("--quick", help="Tiny sizes: only whether they run and are right; nothing is written.")] = False,
    only: Annotated[str, typer.Option(help="Only these, separated by commas.")] = "",
) -> None:
    """Run the benchmarks and write what they found to benchmarks/results.md."""
    benches = chosen([name.strip() for name in only.split(",") if name.strip()], quick=quick)
    with _instance(benches) as instance:
        for bench, sentences in run(benches, instance, quick=quick):
            typer.echo("\n".join((f"{bench.name}:", *(f"  {one}" for one in sentences))))
            if not quick:
                before = RESULTS.read_text("utf-8") if RESULTS.is_file() else ""
                RESULTS.write_text(merged(before, [(bench, sentences)]), "utf-8")


if __name__ == "__main__":
    typer.run(main)
