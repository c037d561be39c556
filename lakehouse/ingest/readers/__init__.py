"""The reader of each source kind: how landed bytes are read, and how their records are counted a second time.

Bytes never end a step, whatever they are: what a reader did not foresee refuses its batch (`guarded`). A store that fails is no fault of
the bytes and does end the step, so that it is repeated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import BinaryIO

from lakehouse.contracts.laid_out import laid_out
from lakehouse.contracts.model import Contract
from lakehouse.errors import SourceError
from lakehouse.ingest.readers import csv, jsonl, postgres, xlsx
from lakehouse.ingest.readers.guarded import telling_surprises
from lakehouse.ingest.readers.records import Record


@dataclass(frozen=True)
class Reader:
    """Functions over landed bytes: read the records, count them independently, and (some kinds) list remarks for people."""

    parse: Callable[[BinaryIO, Contract, str], Iterator[Record]]
    tally: Callable[[BinaryIO, Contract], int]
    notice: Callable[[BinaryIO, Contract], list[str]] = lambda stream, contract: []  # noqa: ARG005 - most kinds have no remarks

    def read(self, stream: BinaryIO, contract: Contract, where: str) -> Iterator[Record]:
        """Return the records.

        Raises:
            SourceError: the bytes cannot be read as declared; the whole delivery is refused.
        """
        with telling_surprises(where):
            yield from self.parse(stream, contract, where)

    def count(self, stream: BinaryIO, contract: Contract) -> int:
        """Return how many records there are, counted without `read`; 0 where that is not possible, and then `read` says why."""
        try:
            with telling_surprises(""):
                return self.tally(stream, contract)
        except SourceError:
            return 0

    def remarks(self, stream: BinaryIO, contract: Contract, where: str) -> list[str]:
        """Return remarks for people about bytes that can be read."""
        with telling_surprises(where):
            return self.notice(stream, contract)


READERS = {
    "api": Reader(jsonl.read_fetched, jsonl.count),
    "csv": Reader(csv.read, csv.count),
    "jsonl": Reader(jsonl.read, jsonl.count),
    "postgres": Reader(postgres.read, postgres.count),
    "xlsx": Reader(xlsx.read, xlsx.count, xlsx.remarks),
}


def reader_of(contract: Contract) -> Reader:
    """Return the reader of a contract's source."""
    return READERS[contract.source.kind]


def read_delivery(stream: BinaryIO, contract: Contract, where: str, on: date) -> Iterator[Record]:
    """Return the records of a delivery about a business date: read in the layout of that date, texts in the order of the contract.

    A column that this layout does not have is empty.

    Raises:
        SourceError: the delivery is not laid out as declared; it is refused as a whole.
    """
    laid = laid_out(contract, on)
    records = reader_of(laid).read(stream, laid, where)
    if laid is contract:
        return records
    there = {column.name: place for place, column in enumerate(laid.kept_columns)}
    places = [there.get(column.name) for column in contract.kept_columns]
    return (_in_order(record, places) for record in records)


def _in_order(record: Record, places: Sequence[int | None]) -> Record:
    texts = record.texts
    return record if texts is None else record._replace(texts=tuple(None if place is None else texts[place] for place in places))
