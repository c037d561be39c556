"""The reader of each source kind: how landed bytes are read, and how their records are counted a second time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from lakehouse.contracts.model import Contract
from lakehouse.ingest.readers import csv, jsonl, postgres, xlsx
from lakehouse.ingest.readers.records import Record


@dataclass(frozen=True)
class Reader:
    """Functions over landed bytes: read the records, count them independently of `read`, and (some kinds) list remarks for people."""

    read: Callable[[BinaryIO, Contract, str], Iterator[Record]]
    count: Callable[[BinaryIO, Contract], int]
    remarks: Callable[[BinaryIO, Contract], list[str]] | None = None


READERS = {
    "api": Reader(jsonl.read, jsonl.count),
    "csv": Reader(csv.read, csv.count),
    "jsonl": Reader(jsonl.read, jsonl.count),
    "postgres": Reader(postgres.read, postgres.count),
    "xlsx": Reader(xlsx.read, xlsx.count, xlsx.remarks),
}


def reader_of(contract: Contract) -> Reader:
    """Return the reader of a contract's source."""
    return READERS[contract.source.kind]
