"""Compare what it costs to count, read, hash and stage a delivered CSV file with DuckDB's CSV → Parquet of the same file.

    python -m benchmarks.extract_csv --rows 1000000

The file is also read and hashed record by record, as the strict reader does alone. All must find the same texts; they take turns.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import date
from itertools import islice
from pathlib import Path
from random import Random
from statistics import median
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import duckdb
import typer

from benchmarks.chinese import texts
from lakehouse.contracts.layouts import Encoding
from lakehouse.contracts.model import Column, Contract, CsvSource, Cycle, OneProvider, Sharing
from lakehouse.contracts.terms import Locality
from lakehouse.errors import QualityError
from lakehouse.ingest.landing import landed_path, open_landed
from lakehouse.ingest.readers import csv, reader_of
from lakehouse.ingest.row_hash import row_hash
from lakehouse.ingest.staging import Staged, stage
from lakehouse.objects import Area
from lakehouse.ops.batches import Landed

DAY, RESOURCE, FILE = date(2026, 6, 1), "benchmark", "rows.csv"
COLUMNS = tuple(f"c{number}" for number in range(19))
SAMPLED = 997  # one row in so many has its hash computed again
Seconds = dict[str, list[float]]


@dataclass(frozen=True)
class Result:
    """Processor seconds for a file: the median of the runs, and the least and the most.

    `times_duckdb` is how many times as long counting and staging take as DuckDB's CSV → Parquet, `times_faster` how many times as long
    reading and hashing record by record take.
    """

    rows: int
    megabytes: float
    runs: int
    seconds: dict[str, tuple[float, float, float]]
    rows_a_second: int
    times_duckdb: float
    times_faster: float


def contract(encoding: Encoding = "utf-8") -> Contract:
    """Return a contract of nineteen columns of text."""
    columns = tuple(
        Column(name=name, source_name=name, label_zh=name, label_en=name, type="string", class_="plain", grade=1, key=name == "c0")
        for name in COLUMNS
    )
    given = {"name_zh": "基准", "name_en": "Benchmark", "description": "generated", "version": "1.0.0", "file": "benchmarks/extract_csv.py"}
    source = CsvSource(kind="csv", path="x", encoding=encoding)
    shared = {"source": source, "cycle": Cycle(every="day", due_hours=1), "delivery": "snapshot", "position": None}
    placed = {"code": RESOURCE, "level": "city", "provider": OneProvider(kind="x"), "locality": Locality()}
    sharing = Sharing(attribute=2, grade=2, open_type="closed")
    return Contract(**given, **shared, **placed, sharing=sharing, columns=columns, rules=())


def write(path: Path, rows: int, encoding: Encoding = "utf-8") -> None:
    """Write a file of people and addresses: one cell in six is empty, one row in fifty has a quoted cell."""
    with path.open("w", encoding=encoding, newline="") as file:
        file.write(",".join(COLUMNS) + "\n")
        file.writelines(islice(_lines(Random(1)), rows))  # noqa: S311 - nothing secret


def _lines(rng: Random) -> Iterator[str]:
    pool, number = list(islice(texts(1), 20_000)), 0
    while True:
        number += 1
        name, home, work, other = (rng.choice(pool) for _ in range(4))
        cells = [
            f"44990119{number:010}",
            name,
            str(rng.randint(1, 2)),
            f"19{rng.randint(30, 99)}-0{rng.randint(1, 9)}-1{rng.randint(0, 9)}",
        ]
        cells += ["440402001", f"4404020010{rng.randint(10, 99)}", home, work, f"138{rng.randrange(10**8):08}", "", "01", "汉族"]
        cells += [f"{rng.randrange(10**6) / 100:.2f}", f"2026-06-01 10:20:{rng.randint(10, 59)}", "", "11440400MB2D000008"]
        cells += [str(rng.randint(0, 100)), "在业", f'"{other}，{home},{number}"' if number % 50 == 0 else ("", other)[number % 2]]
        yield ",".join(cells) + "\n"


def compare(folder: Path, rows: int, runs: int = 3) -> Result:
    """Measure each way so often, by turns.

    Raises:
        QualityError: the ways do not find the same texts, or a hash is wrong.
    """
    path, of = folder / FILE, contract()
    write(path, rows)
    landing, lake = Area((folder / "landing").as_uri()), Area((folder / "lake").as_uri())
    landed = Landed("0" * 32, RESOURCE, "x", DAY, "", 1, DAY, FILE, path.stat().st_size, -1)
    landing.put_new(landed_path(landed), path)
    theirs = folder / "theirs.parquet"
    ways: dict[str, Callable[[], Any]] = {
        "extract": lambda: _extract((landing, lake), of, landed),
        "duckdb": lambda: _duckdb(path, theirs),
        "record by record": lambda: _one_by_one(path, of),
    }
    spent: Seconds = {name: [] for name in ways}
    for _ in range(runs):
        found = {name: _timed(way, spent[name]) for name, way in ways.items()}
    staged: Staged = found["extract"]
    check(folder / "lake" / staged.path, theirs, (rows, found["record by record"]))
    of_each = {name: (round(median(some), 2), round(min(some), 2), round(max(some), 2)) for name, some in spent.items()}
    ours = median(spent["extract"])
    ratios = ours / median(spent["duckdb"]), median(spent["record by record"]) / ours
    return Result(rows, round(path.stat().st_size / 1e6, 1), runs, of_each, round(rows / ours), *(round(one, 1) for one in ratios))


def _extract(areas: tuple[Area, Area], of: Contract, landed: Landed) -> Staged:
    with open_landed(areas[0], landed) as stream:
        counted = reader_of(of).count(stream, of)
    return stage(areas, of, [replace(landed, received=counted)], DAY)


def _one_by_one(path: Path, of: Contract) -> int:
    """Read and hash record by record; neither counted a second time nor written."""
    with path.open("rb") as stream:
        return sum(len(row_hash(record.texts)) > 0 for record in csv.read(stream, of, FILE) if record.texts)


def _duckdb(path: Path, target: Path) -> None:
    types = "{" + ", ".join(f"'{name}': 'VARCHAR'" for name in COLUMNS) + "}"
    _ask(f"COPY (SELECT * FROM read_csv('{path}', header = true, columns = {types})) TO '{target}' (FORMAT parquet)")  # noqa: S608


def check(ours: Path, theirs: Path, expected: tuple[int, int]) -> None:
    """Check that both files hold the same texts, and the hashes of some rows; `expected`: rows written, rows the strict reader accepts.

    Raises:
        QualityError: they do not.
    """
    asked = f"count(*), bit_xor(hash({', '.join(COLUMNS)}))"
    said = [_ask(f"SELECT {asked} FROM '{path}'")[0] for path in (ours, theirs)]  # noqa: S608
    if said[0] != said[1] or {said[0][0], *expected} != {expected[0]}:
        raise QualityError(f"the ways find different texts: {said}, {expected}")
    sample = f"SELECT _row_hash, {', '.join(COLUMNS)} FROM '{ours}' WHERE _source_line % {SAMPLED} = 2"  # noqa: S608
    wrong = sum(found != row_hash(row) for found, *row in _ask(sample))
    if wrong:
        raise QualityError(f"{wrong} hashes are not those of their rows")


def _ask(query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect() as connection:
        return connection.execute(query).fetchall()


def _timed(way: Callable[[], Any], spent: list[float]) -> Any:
    started = time.process_time()
    found = way()
    spent.append(time.process_time() - started)
    return found


def main(
    rows: Annotated[int, typer.Option(min=1, help="Rows to generate.")] = 1_000_000,
    runs: Annotated[int, typer.Option(min=1, help="How often each way is measured.")] = 3,
) -> None:
    """Compare the processor seconds of counting and staging a CSV file with DuckDB's CSV → Parquet, and with reading record by record."""
    with TemporaryDirectory(prefix="huiliu-benchmark-") as folder:
        typer.echo(json.dumps(asdict(compare(Path(folder), rows, runs))))


if __name__ == "__main__":
    typer.run(main)
