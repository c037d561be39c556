"""The reader of each source kind: how landed bytes are read, and how their records are counted a second time.

Bytes never end a step, whatever they are: what a reader did not foresee refuses its batch (`guarded`). A store that fails is no fault of
the bytes and does end the step, so that it is repeated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import BinaryIO

import pyarrow as pa

from lakehouse.contracts.laid_out import laid_out
from lakehouse.contracts.model import Contract
from lakehouse.errors import SourceError
from lakehouse.ingest.readers import csv, jsonl, postgres, xlsx
from lakehouse.ingest.readers.blocks import Block, blocks_of
from lakehouse.ingest.readers.guarded import telling_surprises
from lakehouse.ingest.readers.records import Record


@dataclass(frozen=True)
class Reader:
    """Functions over landed bytes: read the records, count them independently, and (some kinds) list remarks or read many at once."""

    parse: Callable[[BinaryIO, Contract, str], Iterator[Record]]
    tally: Callable[[BinaryIO, Contract], int]
    notice: Callable[[BinaryIO, Contract], list[str]] = lambda stream, contract: []  # noqa: ARG005 - most kinds have no remarks
    parse_many: Callable[..., Iterator[Block]] | None = None

    def read(self, stream: BinaryIO, contract: Contract, where: str) -> Iterator[Record]:
        """Return the records.

        Raises:
            SourceError: the bytes cannot be read as declared; the whole delivery is refused.
        """
        with telling_surprises(where):
            yield from self.parse(stream, contract, where)

    def blocks(self, stream: BinaryIO, contract: Contract, where: str) -> Iterator[Block]:
        """Return the same records as blocks.

        Raises:
            SourceError: as `read`.
        """
        with telling_surprises(where):
            if self.parse_many:
                yield from self.parse_many(stream, contract, where)
            else:
                yield from blocks_of(self.parse(stream, contract, where), len(contract.kept_columns))

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
    "csv": Reader(csv.read, csv.count, parse_many=csv.read_blocks),
    "jsonl": Reader(jsonl.read, jsonl.count),
    "postgres": Reader(postgres.read, postgres.count, parse_many=postgres.read_blocks),
    "xlsx": Reader(xlsx.read, xlsx.count, xlsx.remarks),
}


def reader_of(contract: Contract) -> Reader:
    """Return the reader of a contract's source."""
    return READERS[contract.source.kind]


def read_delivery(stream: BinaryIO, contract: Contract, where: str, on: date) -> Iterator[Block]:
    """Return the records of a delivery about a business date: read in the layout of that date, columns in the order of the contract.

    A column that this layout does not have is empty.

    Raises:
        SourceError: the delivery is not laid out as declared; it is refused as a whole.
    """
    laid = laid_out(contract, on)
    blocks = reader_of(laid).blocks(stream, laid, where)
    if laid is contract:
        return blocks
    there = {column.name: place for place, column in enumerate(laid.kept_columns)}
    places = [there.get(column.name) for column in contract.kept_columns]
    return (_in_order(block, places) for block in blocks)


def _in_order(block: Block, places: Sequence[int | None]) -> Block:
    nothing = pa.nulls(block.size, pa.string())
    return block._replace(columns=tuple(nothing if place is None else block.columns[place] for place in places))
