"""Find the deliveries in the inbox: files whose path states the date and, where there are many providers, the region."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

from lakehouse.contracts.model import Contract, CsvSource, JsonLinesSource, XlsxSource
from lakehouse.errors import Problem
from lakehouse.ingest.readers.delivery import Delivery, Unusable
from lakehouse.naming import TAKEN

ProviderOf = Callable[[str, date], str | None]
UNFINISHED = (".part", ".tmp", ".filepart", ".crdownload")
PLACEHOLDERS = {"{date}": r"(?P<date>\d{4}-\d{2}-\d{2})", "{region}": r"(?P<region>\d+)", "{n}": r"\d+", "*": r"[^/]*"}


def find(inbox: Path, contract: Contract, provider_of: ProviderOf, until: date) -> tuple[list[Delivery], list[Unusable]]:
    """Return the deliveries about dates up to `until`, and the files whose path states no date or no region with a provider.

    `provider_of` says which department delivers for a region at a date; asked only where the contract names no single provider.
    """
    pattern = path_pattern(contract)
    deliveries, unusable = [], []
    for path in files_below(inbox, folder_of(contract)):
        name = path.relative_to(inbox).as_posix()
        found = pattern.fullmatch(name)
        day = _date(found["date"]) if found else None
        provider = _provider(contract, found, day, provider_of) if found and day else None
        if day is None or provider is None:
            unusable.append(Unusable(name, _problem(contract, name, day is not None)))
        elif day <= until:
            deliveries.append(Delivery(provider, day, name, path))
    return deliveries, unusable


def path_pattern(contract: Contract) -> re.Pattern[str]:
    """Return the contract's path below the inbox as a pattern with the groups `date` and `region`."""
    parts = re.split(r"(\{date\}|\{region\}|\{n\}|\*)", _path(contract))
    return re.compile("".join(PLACEHOLDERS.get(part, re.escape(part)) for part in parts))


def folder_of(contract: Contract) -> str:
    """Return the folder below the inbox in which all files of a contract lie; empty where it is the inbox itself."""
    return re.split(r"[{*]", _path(contract), maxsplit=1)[0].rpartition("/")[0]


def files_below(inbox: Path, folder: str = "") -> Iterator[Path]:
    """Yield the files below a folder of the inbox, by path, without those taken in, hidden ones and those still being written."""
    for place, folders, names in os.walk(inbox / folder):
        folders[:] = sorted(name for name in folders if Path(place, name) != inbox / TAKEN)
        for name in sorted(names):
            path = Path(place, name)
            if path.is_file() and not name.startswith(".") and not name.endswith(UNFINISHED):
                yield path


def _path(contract: Contract) -> str:
    assert isinstance(contract.source, CsvSource | JsonLinesSource | XlsxSource)
    return contract.source.path


def _provider(contract: Contract, found: re.Match[str], day: date, provider_of: ProviderOf) -> str | None:
    return contract.provider if isinstance(contract.provider, str) else provider_of(found["region"], day)


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _problem(contract: Contract, name: str, region_unknown: bool) -> str:
    if region_unknown:
        found, allowed = "no department delivers for the region in this path.", "a region of departments.csv at that date"
    else:
        found, allowed = "the path states no business date in the declared way.", _path(contract)
    return Problem(f"inbox/{name}", found, allowed, "rename or move the file; it is taken by the next run.").text()
