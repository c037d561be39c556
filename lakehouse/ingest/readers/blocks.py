"""Many records of a delivery at once, as Arrow columns: the form in which they are staged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from lakehouse.ingest.readers.records import Record

RECORDS_AT_ONCE = 50_000


class Block(NamedTuple):
    """Records in the order of their lines.

    `columns` are the texts of the kept columns in contract order (null where a record is rejected); `found` has a row a record: line,
    reject (null: accepted) and raw bytes of a rejected one. `undeclared` are the names in rejected records that nobody declared, once for
    each record.
    """

    columns: tuple[pa.Array, ...]
    found: pa.StructArray
    undeclared: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """Return the number of records."""
        return len(self.found)


FOUND = pa.struct({"line": pa.int64(), "reject": pa.string(), "raw": pa.binary()})


def blocks_of(records: Iterator[Record], width: int) -> Iterator[Block]:
    """Yield records as blocks; each has the texts of so many columns (`width`)."""
    while some := list(islice(records, RECORDS_AT_ONCE)):
        yield block_of(some, width)


def block_of(records: Sequence[Record], width: int) -> Block:
    """Return records as one block."""
    nothing = (None,) * width
    texts = list(zip(*(record.texts or nothing for record in records), strict=True)) if records else [()] * width
    fields = ([record.line for record in records], [record.reject for record in records], [record.raw for record in records])
    arrays = [pa.array(values, field.type) for values, field in zip(fields, FOUND, strict=True)]
    names = tuple(name for record in records for name in record.undeclared)
    return Block(tuple(pa.array(values, pa.string()) for values in texts), pa.StructArray.from_arrays(arrays, fields=list(FOUND)), names)


def accepted(columns: Sequence[pa.Array], lines: pa.Array) -> Block:
    """Return a block of records that are all accepted."""
    nothing = [pa.nulls(len(lines), pa.string()), pa.nulls(len(lines), pa.binary())]
    return Block(tuple(columns), pa.StructArray.from_arrays([lines, *nothing], fields=list(FOUND)))


def merged(one: Block, other: Block) -> Block:
    """Return the records of two blocks in the order of their lines."""
    if not other.size:
        return one
    found = pa.concat_arrays([one.found, other.found])
    order = pc.sort_indices(found.field("line"))
    columns = (pa.concat_arrays(parts).take(order) for parts in zip(one.columns, other.columns, strict=True))
    return Block(tuple(columns), found.take(order), (*one.undeclared, *other.undeclared))


def records_of(block: Block) -> Iterator[Record]:
    """Yield the records of a block; whose names `undeclared` are is not told."""
    texts = zip(*(column.to_pylist() for column in block.columns), strict=True) if block.columns else iter([()] * block.size)
    for found, row in zip(block.found.to_pylist(), texts, strict=True):
        yield Record(found["line"], None if found["reject"] else row, found["reject"], found["raw"])
