"""Returns the deliveries that lie in the inbox: files whose path says date and, for many providers, region."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path

from lakehouse.contracts.model import Contract
from lakehouse.errors import Problem
from lakehouse.readers.delivery import Delivery, Unusable

UNFINISHED = (".part", ".tmp", ".filepart", ".crdownload")
PLACEHOLDERS = {"{date}": r"(?P<date>\d{4}-\d{2}-\d{2})", "{region}": r"(?P<region>\d+)", "{n}": r"\d+", "*": r"[^/]*"}


def find(inbox: Path, contract: Contract, providers: Mapping[str, str], until: date) -> tuple[list[Delivery], list[Unusable]]:
    """Returns the deliveries about dates up to `until`, and the files nobody can understand.

    `providers` maps a region code to the department that delivers for it; empty where the contract names one provider.
    """
    pattern = path_pattern(contract)
    deliveries, unusable = [], []
    for path in _files(inbox, contract):
        name = path.relative_to(inbox).as_posix()
        found = pattern.fullmatch(name)
        day = _date(found["date"]) if found else None
        provider = _provider(contract, found.groupdict().get("region"), providers) if found else None
        if day is None or provider is None:
            unusable.append(Unusable(name, _problem(contract, name, found is not None and day is not None)))
        elif day <= until:
            deliveries.append(Delivery(provider, day, name, path))
    return deliveries, unusable


def path_pattern(contract: Contract) -> re.Pattern[str]:
    """Returns the contract's path as a pattern with the groups `date` and `region`."""
    parts = re.split(r"(\{date\}|\{region\}|\{n\}|\*)", _path(contract))
    return re.compile("".join(PLACEHOLDERS.get(part, re.escape(part)) for part in parts))


def _files(inbox: Path, contract: Contract) -> Iterator[Path]:
    """Files that are hidden or still being written are left alone until they bear their name."""
    fixed = re.split(r"[{*]", _path(contract), maxsplit=1)[0]
    folder = inbox / fixed[: fixed.rfind("/") + 1]
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.name.startswith(".") and not path.name.endswith(UNFINISHED):
            yield path


def _path(contract: Contract) -> str:
    path: str = getattr(contract.source, "path")  # noqa: B009 - a source of files has one; checked where the kind is chosen
    return path.removeprefix("inbox/")


def _provider(contract: Contract, region: str | None, providers: Mapping[str, str]) -> str | None:
    if isinstance(contract.provider, str):
        return contract.provider
    return providers.get(region or "")


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _problem(contract: Contract, name: str, region_unknown: bool) -> str:
    if region_unknown:
        found, allowed = "no department delivers for the region in this path.", "a region of departments.csv at that date"
    else:
        found, allowed = "the name says no business date.", _path(contract)
    return Problem(f"inbox/{name}", found, allowed, "rename or move the file; it is taken by the next run.").text()
