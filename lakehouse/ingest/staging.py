"""Stage the records of a step's batches as one Parquet file in the lake, from which Spark reads them."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import islice

import pyarrow as pa
import pyarrow.parquet as pq

from lakehouse.contracts.laid_out import laid_out
from lakehouse.contracts.model import Contract
from lakehouse.errors import Problem, SourceError
from lakehouse.ingest.landing import open_landed
from lakehouse.ingest.readers import read_delivery, reader_of
from lakehouse.ingest.readers.guarded import telling_surprises
from lakehouse.ingest.readers.records import Record
from lakehouse.naming import staging_path
from lakehouse.objects import Area
from lakehouse.ops.batches import Landed

ROWS_AT_ONCE = 50_000
FACTS = {"_batch_id": pa.string(), "_provider": pa.string(), "_business_date": pa.date32(), "_taken_on": pa.date32()} | {
    "_delivery_no": pa.int32(),
    "_source_object": pa.string(),
}
FOUND = {"_source_line": pa.int64(), "_row_hash": pa.string(), "_reject": pa.string(), "_raw": pa.binary()}
compact_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


@dataclass
class Staged:
    """The path of the staged file and, by batch id: the number of rows, why a delivery cannot be read at all, remarks for people."""

    path: str
    rows: Counter[str] = field(default_factory=Counter)
    refused: dict[str, str] = field(default_factory=dict)
    remarks: dict[str, list[str]] = field(default_factory=dict)


def row_hash(texts: Sequence[str | None], added: Mapping[int, str] | None = None) -> str:
    """Return the SHA-256 of the kept columns' texts in contract order.

    Columns that were `added` later (place → name) stand behind the others, by name, and only where they have a text: a row that has none
    of them has the hash it had before they came.
    """
    said: list[object] = [text for place, text in enumerate(texts) if place not in added] if added else list(texts)
    if late := {name: texts[place] for place, name in sorted((added or {}).items(), key=lambda one: one[1]) if texts[place]}:
        said.append(late)
    return hashlib.sha256(compact_json(said).encode()).hexdigest()


def added_places(contract: Contract) -> dict[int, str]:
    """Return the places, among the kept columns, of those that were added later, each with the name that hashes know it by."""
    return {place: column.first_name for place, column in enumerate(contract.kept_columns) if column.added is not None}


def stage(areas: tuple[Area, Area], contract: Contract, batches: Sequence[Landed], business_date: date) -> Staged:
    """Write the rows of landed batches to one Parquet file (`areas`: landing, lake); what an earlier attempt left is removed.

    A batch is refused when it cannot be read at all, or when the reader and the second counter find different numbers of records; the
    others of the step are staged all the same.
    """
    landing, lake = areas
    folder = staging_path(contract.code, business_date)
    lake.delete_below(folder)
    staged = Staged(f"{folder}/rows.parquet")
    if not batches:
        return staged
    schema = pa.schema({column.name: pa.string() for column in contract.kept_columns} | FACTS | FOUND)
    with lake.create(staged.path) as file, pq.ParquetWriter(file, schema, compression="zstd") as writer:
        for batch in batches:
            undeclared = Counter[str]()
            try:
                for table in _tables(landing, contract, batch, (schema, undeclared)):
                    writer.write_table(table)
                    staged.rows[batch.batch_id] += table.num_rows
                _check_count(batch, staged.rows[batch.batch_id])
                if found := [*_remarks(landing, contract, batch), *_told(contract, undeclared)]:
                    staged.remarks[batch.batch_id] = found
            except SourceError as error:
                staged.refused[batch.batch_id] = str(error)
                staged.rows.pop(batch.batch_id, None)
    return staged


def clear(lake: Area, contract: Contract, business_date: date) -> None:
    """Remove what was staged for a step."""
    lake.delete_below(staging_path(contract.code, business_date))


def _remarks(landing: Area, contract: Contract, batch: Landed) -> list[str]:
    with open_landed(landing, batch) as stream:
        return reader_of(contract).remarks(stream, laid_out(contract, batch.business_date), batch.source_object)


def _told(contract: Contract, undeclared: Counter[str]) -> Iterator[str]:
    """Yield the names of columns that nobody declared and that made records unreadable, and what can be done."""
    if undeclared:
        names = ", ".join(f"{name} ({lines})" for name, lines in sorted(undeclared.items()))
        see = f"`huiliu contracts diff {contract.code} --header FILE`"
        zh = f"未声明的列（行数）：{names}；请去掉后重新报送，或修订合同：{see}"
        yield f"{zh} / columns nobody declared (lines): {names}; leave them out and send again, or raise the contract: {see}"


def _tables(landing: Area, contract: Contract, batch: Landed, into: tuple[pa.Schema, Counter[str]]) -> Iterator[pa.Table]:
    """Yield the rows of a batch; columns that nobody declared are counted (`into`: the schema, the counter)."""
    added = added_places(contract)
    with open_landed(landing, batch) as stream:
        records = read_delivery(stream, contract, batch.source_object, batch.business_date)
        while some := list(islice(records, ROWS_AT_ONCE)):
            into[1].update(name for record in some for name in record.undeclared)
            with telling_surprises(batch.source_object):
                table = _table(some, batch, into[0], added)
            yield table


def _table(records: list[Record], batch: Landed, schema: pa.Schema, added: Mapping[int, str]) -> pa.Table:
    width = len(schema) - len(FACTS) - len(FOUND)
    nothing = (None,) * width
    columns = list(zip(*(record.texts or nothing for record in records), strict=True))
    facts = [pa.repeat(pa.scalar(getattr(batch, name[1:]), kind), len(records)) for name, kind in FACTS.items()]
    found = [
        [record.line for record in records],
        [None if record.texts is None else row_hash(record.texts, added) for record in records],
        [record.reject for record in records],
        [record.raw for record in records],
    ]
    arrays = [pa.array(values, field.type) for values, field in zip(columns, schema, strict=False)]
    arrays += facts + [pa.array(values, kind) for values, kind in zip(found, FOUND.values(), strict=True)]
    return pa.Table.from_arrays(arrays, schema=schema)


def _check_count(batch: Landed, rows: int) -> None:
    if rows != batch.received:
        found = f"the reader found {rows} records, the second counter {batch.received}."
        raise SourceError(Problem(batch.source_object, found, "the same number", "report the file: its structure is ambiguous.").text())
