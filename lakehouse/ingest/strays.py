"""Tell about files nobody will ever take in: they lie in a folder of the inbox that no contract names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path

from sqlalchemy import Connection

from lakehouse.city.clocks import Clocks
from lakehouse.config import Instance
from lakehouse.contracts.loader import load_sound_contracts, unread_codes
from lakehouse.contracts.model import Contract
from lakehouse.errors import Problem
from lakehouse.ingest.readers import inbox
from lakehouse.ingest.readers.window import is_fetched
from lakehouse.ops import tickets

STRAY = "stray"


def tell_strays(connection: Connection, instance: Instance, clocks: Clocks, on: date) -> int:
    """Open a ticket for each folder with files no contract names, close those of the others; return the number of such folders."""
    folder = instance.settings.contracts
    contracts = load_sound_contracts(folder)[0]
    found = strays(instance.folder("inbox"), contracts.values(), unread_codes(folder, contracts))
    subjects = {f"inbox/{name}".rstrip("/"): files for name, files in found.items()}
    for subject, files in subjects.items():
        due_on = clocks.due_on(STRAY, on)
        new = tickets.NewTicket(STRAY, subject, on, _message(subject, files), due_on=due_on, detail={"files": files})
        tickets.open_ticket(connection, new)
    tickets.close_open(connection, STRAY, tickets.Closing("gone_or_named", on), but=subjects)
    return len(subjects)


def strays(place: Path, contracts: Iterable[Contract], broken: Iterable[str]) -> Mapping[str, int]:
    """Return folder below the inbox → number of its files, for files that lie in the folder of no contract.

    Where a resource with a broken contract delivers cannot be read from it; a folder of its name is taken for its own.
    """
    named = {inbox.folder_of(one) for one in contracts if not is_fetched(one)} | set(broken)
    found = Counter(inbox.printable(path.parent.relative_to(place)) for path in inbox.files_below(place))
    ours = {folder: files for folder, files in found.items() if not any(_is_in(folder, name) for name in named)}
    return {folder.removeprefix("."): files for folder, files in sorted(ours.items())}


def _is_in(folder: str, name: str) -> bool:
    return name in ("", folder) or folder.startswith(f"{name}/")


def _message(subject: str, files: int) -> str:
    found = f"{files} files lie in a folder that no contract names; nobody takes them in."
    return Problem(subject, found, "the folders that `path` of the contracts names", "move the files there, or remove them.").text()
