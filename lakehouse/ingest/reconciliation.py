"""Compare a whole source with what has arrived: say when, list its keys and positions, and tell what one side has and the other has not.

A window takes what changed; a row that was written without a new watermark, or was deleted, is in none. So from time to time
(`reconcile` in the contract) the keys and positions of the whole source are listed. What is missing here is fetched with the next
`--refetch --since`; what is missing there is told and never closed: a source that lists less than before is no proof of a deletion.
"""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import Connection

from lakehouse.city.calendar import last_due, next_due
from lakehouse.city.clocks import Clocks
from lakehouse.city.providers import load_offices
from lakehouse.config import Instance
from lakehouse.connections import api_endpoint, connection_url
from lakehouse.contracts.laid_out import laid_out
from lakehouse.contracts.model import ApiSource, Column, Contract, PostgresSource
from lakehouse.errors import Problem
from lakehouse.ingest.readers import api, jsonl, postgres
from lakehouse.ingest.readers.window import FetchedSource, Window, first_after, is_fetched
from lakehouse.naming import listing_path
from lakehouse.objects import Area
from lakehouse.ops import batches, reconciliation, tickets
from lakehouse.ops.reconciliation import Reconciliation
from lakehouse.ops.tickets import Closing, NewTicket

ROWS_AT_ONCE = 50_000
MOST_KEYS = 100  # that a ticket names; it always says how many there are
HERE, THERE, UNLISTED = "missing_here", "missing_there", "unlisted"
SETTLES = {HERE: "all_here", THERE: "all_there", UNLISTED: "listed"}


@dataclass(frozen=True)
class Listing:
    """The compared columns of all rows of a source, as Parquet below the lake root."""

    path: str
    rows: int


@dataclass(frozen=True)
class Missing:
    """What one side lacks: the number of rows, some of their `_key` hashes, and the first day on which one of them changed."""

    rows: int = 0
    keys: tuple[str, ...] = ()
    since: date | None = None


@dataclass(frozen=True)
class Compared:
    """A comparison of the `listed` rows of a source with what has arrived."""

    listed: int
    here: Missing = field(default_factory=Missing)
    there: Missing = field(default_factory=Missing)


def is_due(connection: Connection, contract: Contract, on: date) -> bool:
    """Return whether the whole source has to be compared on a date: the comparison of the cycle has not been made yet.

    The first delivery holds the whole source, so nothing is due before the cycle after it; an earlier day that is run again asks nothing.
    """
    source = contract.source
    assert isinstance(source, FetchedSource)
    landed = batches.landed_between(connection, contract.code)
    if source.reconcile is None or landed is None:
        return False
    due_on, (first, last) = last_due(source.reconcile, on), landed
    done = reconciliation.last(connection, contract.code)
    return first < due_on and last <= on and (done is None or done.business_date < due_on)


def compared_columns(contract: Contract) -> tuple[Column, ...]:
    """Return the columns that are compared: the key, the position, and the watermark, which says what the windows take anyway."""
    source = contract.source
    assert isinstance(source, FetchedSource)
    named = {contract.position, *(column.name for column in contract.key_columns)}
    return tuple(column for column in contract.kept_columns if column.name in named or column.source_name == source.watermark)


def days_of_windows(connection: Connection, contract: Contract, on: date) -> tuple[date, date]:
    """Return the first and the last day of the window that comes next: what changed then need not be here yet."""
    landed = batches.landed_between(connection, contract.code)
    last = min(landed[1], on) if landed else date.min
    return (first_after(contract, last) if landed else date.min), next_due(contract.cycle, on)


def list_source(instance: Instance, lake: Area, contract: Contract, on: date) -> Listing:
    """List the compared columns of all rows of a source, and leave them where Spark reads them.

    Raises:
        SourceError: the source does not answer as agreed.
    """
    contract = laid_out(contract, on)
    columns, folder = compared_columns(contract), listing_path(contract.code, on)
    lake.delete_below(folder)
    schema = pa.schema([*((column.name, pa.string()) for column in columns), ("_business_date", pa.date32())])
    with tempfile.TemporaryDirectory(dir=instance.folder("run"), prefix="list-") as place:
        rows, total = _rows(instance, contract, columns, Path(place) / "rows"), 0
        with lake.create(f"{folder}/rows.parquet") as file, pq.ParquetWriter(file, schema, compression="zstd") as writer:
            while some := list(islice(rows, ROWS_AT_ONCE)):
                arrays = [pa.array(values, pa.string()) for values in zip(*some, strict=True)]
                writer.write_table(pa.Table.from_arrays([*arrays, pa.repeat(pa.scalar(on, pa.date32()), len(some))], schema=schema))
                total += len(some)
    return Listing(f"{folder}/rows.parquet", total)


def clear(lake: Area, contract: Contract, on: date) -> None:
    """Remove what was listed for a comparison."""
    lake.delete_below(listing_path(contract.code, on))


@dataclass(frozen=True)
class Desk:
    """Opens and closes the tickets of comparisons of a resource on a business date."""

    connection: Connection
    contract: Contract
    clocks: Clocks
    provider: str
    on: date

    def tell(self, found: Compared) -> None:
        """Record a comparison, open the ticket of each side that lacks rows, and close those that no longer do."""
        counts = (found.listed, found.here.rows, found.there.rows)
        reconciliation.record(self.connection, Reconciliation(self.contract.code, self.on, *counts))
        self._close(UNLISTED)
        for kind, missing, message in ((HERE, found.here, self._lack_here), (THERE, found.there, self._lack_there)):
            if missing.rows:
                since = missing.since.isoformat() if missing.since else None
                self._open(kind, message(missing), {"rows": missing.rows, "keys": list(missing.keys), "since": since})
            else:
                self._close(kind)

    def not_listed(self, reason: str) -> None:
        """Open the ticket of a source that could not be listed; it is asked again on every day until it can."""
        self._open(UNLISTED, reason, {})

    def _lack_here(self, missing: Missing) -> str:
        found = f"rows of the source that never arrived here: {missing.rows}."
        if missing.since is None or missing.since > self.on:
            return self._message(found, f"ask the department to correct their {self._source.watermark}: no window reaches it.")
        again = f"huiliu ingest {self.contract.code} --refetch --since {missing.since} --date {self.on}"
        return self._message(found, f"take them in: `{again}`.")

    def _lack_there(self, missing: Missing) -> str:
        found = f"rows held here that the source does not have, or only in an earlier state: {missing.rows}. Nothing is closed for that."
        return self._message(found, "ask the department whether they were deleted; it delivers the deletion, or restores them.")

    def _message(self, found: str, fix: str) -> str:
        return Problem(self._source.place, found, "", fix).text()

    @property
    def _source(self) -> PostgresSource | ApiSource:
        source = self.contract.source
        assert isinstance(source, FetchedSource)
        return source

    def _open(self, kind: str, message: str, detail: Mapping[str, object]) -> None:
        facts = (self.on, message, self.contract.code, self.provider, self.clocks.due_on(kind, self.on), dict(detail))
        tickets.open_ticket(self.connection, NewTicket(kind, self.contract.code, *facts))

    def _close(self, kind: str) -> None:
        tickets.close_open(self.connection, kind, Closing(SETTLES[kind], self.on), resource=self.contract.code)


def provider_of(instance: Instance, contract: Contract, on: date) -> str:
    """Return the office whose source it is."""
    return load_offices(instance.city_folder, instance.city).provider(contract, on).uscc


def can_be_compared(contract: Contract) -> bool:
    """Return whether a resource has a source that lists all its rows, and its contract asks for the comparison."""
    source = contract.source
    return is_fetched(contract) and isinstance(source, FetchedSource) and source.reconcile is not None


def _rows(instance: Instance, contract: Contract, columns: tuple[Column, ...], target: Path) -> Iterator[tuple[str | None, ...]]:
    source, timezone = contract.source, instance.city.timezone
    if isinstance(source, PostgresSource):
        postgres.list_rows(connection_url(instance, source.connection), contract, timezone, columns, target)
        return _of_csv(target)
    assert isinstance(source, ApiSource)
    api.fetch(api_endpoint(instance, source.connection), contract, Window(None, api.LAST_DAY, timezone), target)
    return _of_lines(target, contract, columns)


def _of_csv(target: Path) -> Iterator[tuple[str | None, ...]]:
    """Yield the rows of a CSV file that PostgreSQL wrote for us; its header is ours too."""
    with target.open(encoding="utf-8", newline="") as lines:
        for fields in islice(csv.reader(lines), 1, None):
            yield tuple(field or None for field in fields)


def _of_lines(target: Path, contract: Contract, columns: tuple[Column, ...]) -> Iterator[tuple[str | None, ...]]:
    """Yield the rows of JSON Lines; what cannot be read as a row was rejected when it came, and has no key."""
    places = [contract.kept_columns.index(column) for column in columns]
    with target.open("rb") as stream:
        for record in jsonl.read_fetched(stream, contract, ""):
            if record.texts is not None:
                yield tuple(record.texts[place] for place in places)
