"""Returns what has arrived for a resource: from the inbox, from files handed over, or from a source system."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from sqlalchemy import Connection

from lakehouse.config import Instance
from lakehouse.connections import connection_url
from lakehouse.contracts.model import Contract, PostgresSource
from lakehouse.departments import load_departments, providers
from lakehouse.errors import ConfigError, Problem, SourceError
from lakehouse.ops import batches
from lakehouse.readers import inbox, postgres
from lakehouse.readers.delivery import Delivery, Unusable

Found = tuple[list[Delivery], list[Unusable]]


@dataclass(frozen=True)
class Search:
    """What a step looks for: about which date, in files handed over (or None: what the source has), and whether to ask again."""

    contract: Contract
    business_date: date
    files: Sequence[str] | None = None
    provider: str | None = None
    refetch: bool = False


@contextmanager
def arrived(instance: Instance, connection: Connection, search: Search) -> Iterator[Found]:
    """Returns the deliveries of a step and what is in their way; a snapshot's bytes exist until the block ends."""
    contract = search.contract
    if search.files is not None:
        yield _handed_over(instance, search), []
    elif isinstance(contract.source, PostgresSource):
        with tempfile.TemporaryDirectory(dir=instance.folder("run"), prefix="fetch-") as folder:
            yield _snapshot(instance, connection, search, Path(folder) / "rows.csv")
    else:
        by_region = {} if isinstance(contract.provider, str) else _by_region(instance, search)
        yield inbox.find(instance.folder("inbox"), contract, by_region, search.business_date)


def _by_region(instance: Instance, search: Search) -> dict[str, str]:
    departments = load_departments(instance.city_folder)
    return {region: uscc for uscc, region in providers(search.contract, departments, search.business_date)}


def _handed_over(instance: Instance, search: Search) -> list[Delivery]:
    declared = search.contract.provider
    provider = search.provider or (declared if isinstance(declared, str) else None)
    if provider is None:
        allowed = f"one of the {len(_by_region(instance, search))} providers of {search.contract.code}"
        raise ConfigError(Problem("--provider", "every region delivers by itself, so the provider must be named.", allowed).text())
    missing = [file for file in search.files or () if not Path(file).is_file()]
    if missing:
        raise ConfigError(Problem(", ".join(missing), "there is no such file.").text())
    return [Delivery(provider, search.business_date, Path(file).name, Path(file)) for file in search.files or ()]


def _snapshot(instance: Instance, connection: Connection, search: Search, target: Path) -> Found:
    contract, source = search.contract, search.contract.source
    assert isinstance(source, PostgresSource)
    landed = [batch.business_date for batch in batches.of_resource(connection, contract.code) if batch.gate != "refused"]
    if search.business_date in landed and not search.refetch:
        return [], []
    last = max((day for day in landed if day < search.business_date), default=None)
    asked = postgres.Window(postgres.first_date(contract, last), search.business_date, instance.city.timezone)
    try:
        return [postgres.fetch(connection_url(instance, source.connection), contract, asked, target)], []
    except SourceError as error:
        return [], [Unusable(f"{source.connection}/{source.table}", str(error))]
