"""The fuzzer: its mutants keep the law, a number gives the same mutant again, and a reader that breaks the law is found."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from lakehouse.contracts.model import Contract
from lakehouse.ingest.readers import Reader, reader_of
from lakehouse.ingest.readers.blocks import Block
from lakehouse.ingest.readers.records import Record, refusal
from tests.fuzz.bounds import OutOfTimeError, in_memory, in_time
from tests.fuzz.law import STATED, WHERE, judged
from tests.fuzz.mutants import BYTES, CELLS, Mutant, made, mutant
from tests.fuzz.seeds import Seed, seeds
from tests.fuzz.shrinking import shrunk
from tests.oracle.landed import independent_readings

pytestmark = pytest.mark.fast
GENERATOR, COUNT = 2026, 700


def unchanged(seed: Seed) -> Mutant:
    return Mutant("none", seed, CELLS, (), seed.content)


def with_records(change: Callable[[list[Record]], list[Record]]) -> Callable[[Reader], Reader]:
    """Return what makes a worse reader of a reader, by changing its records."""

    def worse(reader: Reader) -> Reader:
        def parse(stream: Any, contract: Contract, where: str) -> Iterator[Record]:
            return iter(change(list(reader.parse(stream, contract, where))))

        return replace(reader, parse=parse, parse_many=None)

    return worse


def logs_a_value(records: list[Record]) -> list[Record]:
    logging.getLogger("reader").debug("odd row: %s", records[0].texts)
    return records


def raises_a_value(records: list[Record]) -> list[Record]:
    raise refusal(WHERE, f"odd row: {records[0].texts}", "", "")


def crashes(records: list[Record]) -> list[Record]:
    return [records[len(records)]]


WORSE: dict[str, Callable[[Reader], Reader]] = {
    "misread": with_records(lambda found: [found[0]._replace(texts=("x", *(found[0].texts or ())[1:])), *found[1:]]),
    "missing": with_records(lambda found: found[1:]),
    "cost other rows": with_records(lambda found: [found[0]._replace(texts=None, reject="malformed_json"), *found[1:]]),
    "refused for a cell": with_records(raises_a_value),
    "crash": with_records(crashes),
    "lines": with_records(lambda found: [*found, found[-1]]),
    "reject": with_records(lambda found: [found[0]._replace(texts=None, reject=None), *found[1:]]),
    "texts": with_records(lambda found: [found[0]._replace(texts=("\ud83d", *(found[0].texts or ())[1:])), *found[1:]]),
    "leak": with_records(logs_a_value),
}


@pytest.mark.parametrize("seed", seeds(), ids=str)
def test_a_valid_delivery_is_read_whole_as_the_independent_readers_read_it(seed: Seed) -> None:
    verdict = judged(unchanged(seed))
    assert (verdict.outcome, verdict.faults) == ("read", {})
    assert len(verdict.records) == len(seed.rows) > 3
    for reading in independent_readings(str(seed)):
        rows, rejects = reading(seed.content)
        assert (len(rows), rejects) == (len(seed.rows), [])


def test_changed_deliveries_are_accepted_as_others_read_them_or_rejected_or_refused_by_name() -> None:
    broken, outcomes = {}, set()
    with in_memory():
        for number in range(COUNT):
            one = mutant(GENERATOR, number)
            verdict = judged(one)
            outcomes.add((one.seed.kind, verdict.outcome))
            if verdict.faults:
                broken[f"python -m tests.fuzz --seed {GENERATOR} --replay {number}"] = verdict.faults
    assert not broken
    assert {kind for kind, _ in outcomes} == {"api", "csv", "jsonl", "postgres", "xlsx"}
    assert {outcome for _, outcome in outcomes} == {"read", "in part", "nothing", "refused"}


def test_a_number_gives_the_same_mutant_again() -> None:
    numbers = range(60)
    assert [mutant(1, number) for number in numbers] == [mutant(1, number) for number in numbers]
    assert len({mutant(generator, number).content for generator in (1, 2) for number in numbers}) > 100


@pytest.mark.parametrize("law", WORSE)
def test_a_reader_that_breaks_the_law_is_found(law: str) -> None:
    for seed in (seed for seed in seeds() if seed.kind not in STATED):
        assert law in judged(unchanged(seed), WORSE[law](reader_of(seed.contract))).faults, seed


@pytest.mark.parametrize("kind", ["csv", "jsonl", "xlsx"])
def test_a_counter_that_differs_is_found(kind: str) -> None:
    seed = next(seed for seed in seeds() if seed.kind == kind)
    reader = reader_of(seed.contract)
    assert "count" in judged(unchanged(seed), replace(reader, tally=lambda stream, of: reader.tally(stream, of) + 1)).faults


@pytest.mark.parametrize("kind", ["csv", "postgres"])
def test_rows_that_are_another_thing_when_many_are_read_at_once_are_found(kind: str) -> None:
    seed = next(seed for seed in seeds() if seed.kind == kind)
    reader = reader_of(seed.contract)
    assert reader.parse_many

    def without_first_column(stream: Any, contract: Contract, where: str, at_once: int) -> Iterator[Block]:
        for block in reader.parse_many(stream, contract, where, at_once):
            yield block._replace(columns=(block.columns[1], *block.columns[1:]))

    assert "blocks" in judged(unchanged(seed), replace(reader, parse_many=without_first_column)).faults


def test_a_rejected_row_that_others_read_is_no_fault_where_its_cell_was_changed() -> None:
    seed = next(seed for seed in seeds() if seed.kind == "csv")
    reader = WORSE["cost other rows"](reader_of(seed.contract))
    assert not judged(replace(unchanged(seed), touched=frozenset({0})), reader).faults


def test_what_does_not_end_is_ended() -> None:
    with pytest.raises(OutOfTimeError), in_time(seconds=0.05):
        next(number for number in iter(int, 1) if number)


def test_a_failing_mutant_shrinks_to_the_lines_that_fail() -> None:
    """A reader that gives two codes to rows about 坏 fails on a file with three of them; the header and one of them are left."""
    seed = next(seed for seed in seeds() if seed.kind == "csv" and seed.encoding == "utf-8")
    worse = with_records(lambda found: [one._replace(reject="blank_line") if "坏" in str(one.texts) else one for one in found])
    header, *rows = seed.content.splitlines(keepends=True)
    content = b"".join((header, *rows[:3], *(row.replace("区".encode(), "坏".encode()) for row in rows[3:])))
    smaller = shrunk(Mutant("some", seed, BYTES, (0,), content), lambda one: judged(one, worse(reader_of(seed.contract))))
    assert smaller.content.splitlines(keepends=True)[0] == header
    assert len(smaller.content.splitlines()) == 2


def test_steps_can_be_left_out_one_by_one() -> None:
    one = next(found for found in (mutant(1, number) for number in range(200)) if found.level == CELLS and len(found.touched) == 3)
    assert made(one.name, one.seed, one.level, one.steps).content == one.content
    assert len(made(one.name, one.seed, one.level, one.steps[:1]).touched) == 1
