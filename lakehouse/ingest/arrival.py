"""Find what has arrived for a resource: files in the inbox, files handed over on the command line, or rows of a source system."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path

from sqlalchemy import Connection

from lakehouse.city.calendar import last_due
from lakehouse.city.clocks import load_clocks
from lakehouse.city.providers import load_offices
from lakehouse.config import Instance
from lakehouse.connections import api_endpoint, connection_url
from lakehouse.contracts.laid_out import laid_out
from lakehouse.contracts.model import ApiSource, Contract, EachProvider, PostgresSource
from lakehouse.errors import ConfigError, Problem, SourceError
from lakehouse.ingest import reach
from lakehouse.ingest.reach import Look
from lakehouse.ingest.readers import api, inbox, postgres
from lakehouse.ingest.readers.delivery import Delivery, Unusable
from lakehouse.ingest.readers.window import is_fetched, next_window
from lakehouse.ops import batches

Found = tuple[list[Delivery], list[Unusable]]


@dataclass(frozen=True)
class Search:
    """What to look for: deliveries up to a business date, in the files handed over or (`files` is None) in the inbox or source system.

    `refetch` asks a source system again even when the delivery of the cycle has come; with `since`, from this day on.
    """

    contract: Contract
    business_date: date
    files: Sequence[str] | None = None
    provider: str | None = None
    refetch: bool = False
    since: date | None = None

    @property
    def is_inbox(self) -> bool:
        """Return whether the inbox is searched."""
        return self.files is None and not is_fetched(self.contract)


@contextmanager
def arrived(instance: Instance, connection: Connection, search: Search) -> Iterator[Found]:
    """Yield the deliveries found, and the files and sources that cannot be used; fetched files exist until the block ends."""
    contract = search.contract
    if search.files is not None:
        yield _handed_over(instance, search), []
    elif is_fetched(contract):
        with tempfile.TemporaryDirectory(dir=instance.folder("run"), prefix="fetch-") as folder:
            yield _fetched(instance, connection, search, Path(folder) / "rows")
    else:
        offices = load_offices(instance.city_folder, instance.city)
        yield inbox.find(instance.folder("inbox"), contract, partial(offices.senders, contract), search.business_date)


def _provider(instance: Instance, search: Search) -> str:
    return load_offices(instance.city_folder, instance.city).provider(search.contract, search.business_date).uscc


def _handed_over(instance: Instance, search: Search) -> list[Delivery]:
    if search.provider is None and isinstance(search.contract.provider, EachProvider):
        allowed = "the USCC of the office that sent these files"
        raise ConfigError(Problem("--provider", "every region delivers by itself, so the provider must be named.", allowed).text())
    missing = [file for file in search.files or () if not Path(file).is_file()]
    if missing:
        raise ConfigError(Problem(", ".join(missing), "there is no such file.").text())
    provider = search.provider or _provider(instance, search)
    files = [Path(file) for file in search.files or ()]
    return [Delivery(provider, search.business_date, file.name, file, number=place) for place, file in enumerate(files)]


def _fetched(instance: Instance, connection: Connection, search: Search, target: Path) -> Found:
    """Fetch the delivery of a source system.

    A source that does not answer is returned as unusable; the window of the next run covers what was missed.
    """
    contract = laid_out(search.contract, search.business_date)
    source = contract.source
    assert isinstance(source, PostgresSource | ApiSource)
    due_on = last_due(contract.cycle, search.business_date)
    landed = batches.landed_dates(connection, contract.code, due_on, search.business_date)
    on = (search.business_date, instance.city.timezone)
    asked = next_window(contract, landed, on, again=search.refetch, since=search.since)
    if asked is None:
        return [], []
    provider = _provider(instance, search)
    try:
        if isinstance(source, PostgresSource):
            found = postgres.fetch(connection_url(instance, source.connection), contract, asked, target)
        else:
            found = api.fetch(api_endpoint(instance, source.connection), contract, asked, target)
    except SourceError as error:
        thing = source.table if isinstance(source, PostgresSource) else source.path.lstrip("/")
        return [], [Unusable(f"{source.connection}/{thing}", str(error))]
    if found.outside is not None:
        reach.tell(connection, contract, Look(asked, found.outside, provider), load_clocks(instance))
    return [Delivery(provider, asked.last, found.source_object, found.path, found.received)], []
