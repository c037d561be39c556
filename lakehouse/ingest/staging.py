"""Stage the records of a step's batches as one Parquet file in the lake, from which Spark reads them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import pyarrow as pa
import pyarrow.parquet as pq

from lakehouse.contracts.laid_out import laid_out
from lakehouse.contracts.model import Contract
from lakehouse.errors import ConfigError, Problem, SourceError
from lakehouse.ingest.ahead import ahead
from lakehouse.ingest.landing import open_landed
from lakehouse.ingest.readers import read_delivery, reader_of
from lakehouse.ingest.readers.blocks import Block
from lakehouse.ingest.readers.guarded import telling_surprises
from lakehouse.ingest.row_hash import added_places, row_hashes, without
from lakehouse.naming import staging_path
from lakehouse.objects import Area
from lakehouse.ops.batches import Landed

FACTS = {"_batch_id": pa.string(), "_provider": pa.string(), "_business_date": pa.date32(), "_taken_on": pa.date32()} | {
    "_delivery_no": pa.int32(),
    "_source_object": pa.string(),
}
FOUND = {"_source_line": pa.int64(), "_row_hash": pa.string(), "_reject": pa.string(), "_raw": pa.binary()}

WRITTEN = {"compression": "lz4", "use_dictionary": list(FACTS), "write_statistics": False}  # written and read once: what takes least time


@dataclass
class Staged:
    """The path of the staged file and, by batch id: the number of rows, why a delivery cannot be read at all, remarks for people."""

    path: str
    rows: Counter[str] = field(default_factory=Counter)
    refused: dict[str, str] = field(default_factory=dict)
    remarks: dict[str, list[str]] = field(default_factory=dict)


def stage(areas: tuple[Area, Area], contract: Contract, batches: Sequence[Landed], business_date: date) -> Staged:
    """Write the rows of landed batches to one Parquet file (`areas`: landing, lake); what an earlier attempt left is removed.

    A batch is refused when it cannot be read at all, or when the reader and the second counter find different numbers of records; the
    others of the step are staged all the same.

    Raises:
        ConfigError: the landed bytes of a batch are not there.
    """
    landing, lake = areas
    folder = staging_path(contract.code, business_date)
    lake.delete_below(folder)
    staged = Staged(f"{folder}/rows.parquet")
    if not batches:
        return staged
    schema = pa.schema({column.name: pa.string() for column in contract.kept_columns} | FACTS | FOUND)
    with lake.create(staged.path) as file, pq.ParquetWriter(file, schema, **WRITTEN) as writer:
        for batch in batches:
            undeclared = Counter[str]()
            try:
                for table in ahead(_tables(landing, contract, batch, (schema, undeclared))):
                    writer.write_table(table)
                    staged.rows[batch.batch_id] += table.num_rows
                _check_count(batch, staged.rows[batch.batch_id])
                if found := [*_remarks(landing, contract, batch), *_told(contract, undeclared)]:
                    staged.remarks[batch.batch_id] = found
            except SourceError as error:
                staged.refused[batch.batch_id] = str(error)
                staged.rows.pop(batch.batch_id, None)
            except FileNotFoundError:
                raise ConfigError(_gone(batch).text()) from None
    return staged


def _gone(batch: Landed) -> Problem:
    found = "its landed bytes are no longer kept (`upkeep.landing_days` of city.yaml), or were lost."
    return Problem(f"batch {batch.batch_id} of {batch.resource}", found, "", "bring landing, or the lake, back from a copy of the store.")


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
        for block in ahead(read_delivery(stream, contract, batch.source_object, batch.business_date)):
            into[1].update(block.undeclared)
            with telling_surprises(batch.source_object):
                table = _table(block, batch, into[0], added)
            yield table


def _table(block: Block, batch: Landed, schema: pa.Schema, added: Mapping[int, str]) -> pa.Table:
    line, reject, raw = (block.found.field(name) for name in ("line", "reject", "raw"))
    hashes = without(row_hashes(block.columns, added), reject.is_valid())
    facts = [pa.repeat(pa.scalar(getattr(batch, name[1:]), kind), block.size) for name, kind in FACTS.items()]
    return pa.Table.from_arrays([*block.columns, *facts, line, hashes, reject, raw], schema=schema)


def _check_count(batch: Landed, rows: int) -> None:
    if rows != batch.received:
        found = f"the reader found {rows} records, the second counter {batch.received}."
        raise SourceError(Problem(batch.source_object, found, "the same number", "report the file: its structure is ambiguous.").text())
