"""The law of every delivery, however it was changed: accepted as others read it, or rejected or refused by name, never silently wrong.

* The reader ends in time and memory; it raises nothing but the refusal of the delivery.
* Every record has texts or a declared reject, lines go up, and the second counter finds as many.
* A row is accepted only with the texts that an independent reader finds on its line; no row that one reads is missing among the records.
* What changed in cells costs the rows of those cells at most: the file is not refused, and every other row is accepted as it was.
* Where lines are read many at once, the records and the refusal are those of reading them one by one.
* What PostgreSQL wrote for us is believed: where its bytes were damaged afterwards, the number of rows tells; no texts are compared.
* No message, log or warning holds a value of the delivery.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise, zip_longest
from typing import get_args

from lakehouse.errors import SourceError
from lakehouse.ingest.readers import Reader, reader_of
from lakehouse.ingest.readers.blocks import records_of
from lakehouse.ingest.readers.records import Record, Reject
from tests.fuzz.bounds import OutOfTimeError, hearing, in_time
from tests.fuzz.leaks import leaked
from tests.fuzz.mutants import CELLS, Mutant
from tests.fuzz.seeds import seeds
from tests.oracle.landed import independent_readings
from tests.oracle.resources import RESOURCES

WHERE = "delivery"
STATED = ("api", "postgres")  # sources that state the number of their rows themselves
REJECTS = frozenset(get_args(Reject))
MOST_SHOWN = 300
LONGEST_REFUSAL = 6_000  # characters that people can still read


@dataclass
class Verdict:
    """What became of a mutant, and how that breaks the law.

    Attributes:
        outcome: `refused`, `read` (every record accepted), `in part` (some rejected) or `nothing` (no row accepted).
        records: what the reader found.
        refusal: why it refused the delivery, empty where it did not.
        faults: the name of each broken law → the detail.
    """

    outcome: str
    records: list[Record] = field(default_factory=list)
    refusal: str = ""
    faults: dict[str, str] = field(default_factory=dict)


def judged(mutant: Mutant, reader: Reader | None = None) -> Verdict:
    """Read a mutant and judge what the reader made of it; `reader`: another one than that of its kind."""
    used, said = reader or reader_of(mutant.seed.contract), []
    verdict, counted = Verdict("crashed"), 0
    try:
        with hearing(said), in_time(len(mutant.content)):
            counted = _read(mutant, used, verdict)
            verdict.faults |= dict(_of_blocks(mutant, used, verdict))
    except OutOfTimeError:
        verdict.faults["hang"] = "the reader does not end"
    except MemoryError:
        verdict.faults["memory"] = "the reader needs too much memory"
    except Exception as error:
        verdict.faults["crash"] = f"{type(error).__name__}: {error}"[:MOST_SHOWN]
    if verdict.outcome != "crashed":
        verdict.faults |= dict(_broken(mutant, verdict, counted))
    if len(verdict.refusal) > LONGEST_REFUSAL:
        verdict.faults["long refusal"] = f"{len(verdict.refusal)} characters"
    if found := leaked(mutant.seed, [*said, verdict.refusal]):
        verdict.faults["leak"] = found
    return verdict


def _read(mutant: Mutant, reader: Reader, verdict: Verdict) -> int:
    """Read and count a mutant as the stage of ingest does; return the number of the second counter, or of the source.

    What the stage would refuse as a surprise is a crash here.
    """
    contract = mutant.seed.contract
    try:
        counted = reader.tally(io.BytesIO(mutant.content), contract)
    except SourceError:  # the reader refuses the file too, and says why
        counted = 0
    try:
        verdict.records = list(reader.parse(io.BytesIO(mutant.content), contract, WHERE))
    except SourceError as error:
        verdict.outcome, verdict.refusal = "refused", str(error)
        return counted
    if contract.source.kind in STATED:
        counted = len(mutant.seed.rows)
        if counted != len(verdict.records):  # `staging` says so
            verdict.outcome = "refused"
            return counted
    accepted = sum(record.texts is not None for record in verdict.records)
    verdict.outcome = "nothing" if not accepted else "read" if accepted == len(verdict.records) else "in part"
    return counted


def _of_blocks(mutant: Mutant, reader: Reader, verdict: Verdict) -> Iterator[tuple[str, str]]:
    """Compare what is read many at once, in the whole file and in parts of some lines, with what was read one by one."""
    for at_once in (len(mutant.content) + 1, len(mutant.content) // 5 + 1) if reader.parse_many else ():
        found, refusal = list[Record](), ""
        try:
            blocks = reader.parse_many(io.BytesIO(mutant.content), mutant.seed.contract, WHERE, at_once)
            found = [record for block in blocks for record in records_of(block)]
        except SourceError as error:
            refusal = str(error)
        if (found, refusal) != (verdict.records, verdict.refusal):
            lines = [(one or other).line for one, other in zip_longest(found, verdict.records) if one != other]
            yield "blocks", f"lines {lines[:5]} are another thing when many are read at once {refusal}"[:MOST_SHOWN]


def _broken(mutant: Mutant, verdict: Verdict, counted: int) -> Iterator[tuple[str, str]]:
    if verdict.outcome == "refused":
        if mutant.level == CELLS:
            yield "refused for a cell", verdict.refusal[:MOST_SHOWN]
        return
    yield from _malformed(verdict.records, len(mutant.seed.contract.kept_columns))
    if counted != len(verdict.records):
        yield "count", f"the reader found {len(verdict.records)} records, the second counter {counted}"
    if mutant.seed.kind != "postgres" or mutant.level == CELLS:
        yield from _misread(mutant, verdict.records)
    if mutant.level == CELLS and (lost := lost_rows(mutant, verdict.records)):
        yield "cost other rows", f"rows {lost} of {len(mutant.seed.rows)} were not changed and are not accepted as they were"


def _malformed(records: list[Record], width: int) -> Iterator[tuple[str, str]]:
    lines = [record.line for record in records]
    if any(second <= first for first, second in pairwise(lines)):
        yield "lines", f"lines do not go up: {lines}"[:MOST_SHOWN]
    for record in records:
        if (record.texts is None) != (record.reject in REJECTS):
            yield "reject", f"line {record.line}: reject {record.reject}"
        if record.texts is not None and (len(record.texts) != width or not all(_is_text(text) for text in record.texts)):
            yield "texts", f"line {record.line} has something that is no text"


def _is_text(text: str | None) -> bool:
    """Return whether a text can be stored everywhere: something, without zeros and half characters."""
    if text is None:
        return True
    try:
        return bool(text.encode()) and "\0" not in text
    except UnicodeEncodeError:
        return False


def _misread(mutant: Mutant, records: list[Record]) -> Iterator[tuple[str, str]]:
    """Compare with the independent readers: a row that one of them reads in the same way is right."""
    accepted = {record.line: record.texts for record in records if record.texts is not None}
    left, missing = dict(accepted), None
    views: list[str] = []
    for reading in independent_readings(mutant.seed.contract.code):
        try:
            with redirect_stdout(io.StringIO()), in_time(len(mutant.content)):
                rows, _ = reading(mutant.content)
        except (Exception, OutOfTimeError) as error:
            views.append(f"{type(error).__name__}: {error}"[:80])
            continue
        names = list(RESOURCES[mutant.seed.contract.code].columns)
        theirs = {row["_line"]: tuple(row[name] for name in names) for row in rows}
        absent = theirs.keys() - {record.line for record in records}
        missing = absent if missing is None else missing & absent
        left = {line: texts for line, texts in left.items() if theirs.get(line) != texts}
        views.append(_shown(left, theirs))
        if not left and not missing:
            return
    if left:
        yield "misread", f"lines {sorted(left)[:5]}: {' | '.join(views)}"
    if missing:
        yield "missing", f"lines {sorted(missing)[:5]} are read by others and are no record of ours"


def _shown(left: dict[int, tuple[str | None, ...]], theirs: dict[int, tuple[str | None, ...]]) -> str:
    if not left:
        return ""
    line = min(left)
    if line not in theirs:
        return f"line {line} is no row"
    return str([(ours, other) for ours, other in zip(left[line], theirs[line], strict=True) if ours != other])[:MOST_SHOWN]


def lost_rows(mutant: Mutant, records: list[Record]) -> list[int]:
    """Return the places of the rows that were not changed and are not accepted, in their order, as in the valid delivery."""
    accepted = iter([record.texts for record in records if record.texts is not None])
    kept = [(place, texts) for place, texts in enumerate(_texts(str(mutant.seed))) if place not in mutant.touched]
    return [place for place, texts in kept if not any(found == texts for found in accepted)]


@cache
def _texts(resource: str) -> tuple[tuple[str | None, ...], ...]:
    """Return the texts of a valid delivery by row, as an independent reader reads them."""
    rows, _ = independent_readings(resource)[0](next(seed for seed in seeds() if str(seed) == resource).content)
    return tuple(tuple(row[name] for name in RESOURCES[resource].columns) for row in rows)
