"""Find the deliveries in the inbox: files whose path states the date and, where there are many providers, the region.

Files that programs at work and systems leave beside deliveries are left alone: unfinished ones, locks of open workbooks, thumbnails.
"""

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

SendersOf = Callable[[str, date], tuple[str, ...]]
UNFINISHED = (".part", ".partial", ".tmp", ".filepart", ".crdownload", ".download")
OF_PROGRAMS = (".", "~$")  # hidden files, among them `.~lock.…#` and `.DS_Store`; the lock of a workbook that somebody has open
OF_SYSTEMS = {"thumbs.db", "ehthumbs.db", "desktop.ini"}
FOLDERS_OF_SYSTEMS = {"__macosx", "@eadir", "$recycle.bin", "#recycle", "system volume information", "lost+found"}
UNOPENED = "文件打不开：有程序占用，或本账号无权读取 / the file cannot be opened: a program holds it, or this account may not read it."
OPEN_IT = "关闭文件或授予读取权限，下次运行即收 / close it, or let this account read it; it is taken by the next run."
CONTROLS = re.compile(r"[\x00-\x1f\x7f]")
PLACEHOLDERS = {
    "{date}": r"(?P<date>\d{4}-\d{2}-\d{2})",
    "{region}": r"(?P<place>\d+)",
    "{office}": r"(?P<place>[0-9A-Z]{18})",
    "{n}": r"(?P<n>\d+)",
    "*": r"[^/]*",
}


def find(inbox: Path, contract: Contract, senders_of: SendersOf, until: date) -> tuple[list[Delivery], list[Unusable]]:
    """Return the deliveries about dates up to `until`, and the files whose path states no date or not exactly one provider.

    `senders_of` says which departments may have sent a file at a date, given the region or office in its path (empty where there is none).
    """
    pattern = path_pattern(contract)
    deliveries, unusable = [], []
    for path in files_below(inbox, folder_of(contract)):
        name = printable(path.relative_to(inbox))
        found = pattern.fullmatch(name)
        day = _date(found["date"]) if found else None
        senders = senders_of(found.groupdict().get("place") or "", day) if found and day else ()
        if day is None or len(senders) != 1:
            unusable.append(Unusable(name, _problem(contract, name, None if day is None else len(senders))))
        elif day <= until and found and (modified := _modified(path)) is not None:
            if problem := _unopened(path, name):
                unusable.append(Unusable(name, problem))
                continue
            number = int(found.groupdict().get("n") or 0)
            deliveries.append(Delivery(senders[0], day, name, path, number=number, modified=modified))
    return deliveries, unusable


def path_pattern(contract: Contract) -> re.Pattern[str]:
    """Return the contract's path below the inbox as a pattern with the groups `date`, `n` if it has one, and `place` of many providers."""
    parts = re.split(r"(\{date\}|\{region\}|\{office\}|\{n\}|\*)", _path(contract))
    return re.compile("".join(PLACEHOLDERS.get(part, re.escape(part)) for part in parts))


def folder_of(contract: Contract) -> str:
    """Return the folder below the inbox in which all files of a contract lie; empty where it is the inbox itself."""
    return re.split(r"[{*]", _path(contract), maxsplit=1)[0].rpartition("/")[0]


def files_below(inbox: Path, folder: str = "") -> Iterator[Path]:
    """Yield the files below a folder of the inbox that somebody has put there, by path, without those taken in."""
    for place, folders, names in os.walk(inbox / folder):
        folders[:] = sorted(name for name in folders if Path(place, name) != inbox / TAKEN and not _is_system_folder(name))
        for name in sorted(names):
            path = Path(place, name)
            if not is_left_alone(name) and path.is_file():
                yield path


def is_left_alone(name: str) -> bool:
    """Return whether a file is none that somebody sends: unfinished, hidden, a lock of an open workbook, or of the operating system."""
    known = name.lower()
    return known.startswith(OF_PROGRAMS) or known.endswith(UNFINISHED) or known in OF_SYSTEMS


def printable(path: Path) -> str:
    r"""Return a path as text that can be stored and shown: bytes that are no UTF-8 and control characters are written as `\\xd5`."""
    text = os.fsencode(path.as_posix()).decode("utf-8", "backslashreplace")
    return CONTROLS.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def _is_system_folder(name: str) -> bool:
    return name.startswith(".") or name.lower() in FOLDERS_OF_SYSTEMS


def _path(contract: Contract) -> str:
    assert isinstance(contract.source, CsvSource | JsonLinesSource | XlsxSource)
    return contract.source.path


def _modified(path: Path) -> int | None:
    """Return when a file was last changed; None when it is gone, because another run has just put it away."""
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return None


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _unopened(path: Path, name: str) -> str | None:
    """Return why a file cannot be opened now; None where it can, or has gone."""
    try:
        with path.open("rb") as file:
            file.read(1)
    except FileNotFoundError:
        return None
    except OSError:
        return Problem(f"inbox/{name}", UNOPENED, "", OPEN_IT).text()
    return None


def _problem(contract: Contract, name: str, senders: int | None) -> str:
    """Return why a file cannot be used: its path states no date (`senders` is None), or not exactly one department may have sent it."""
    fix = "rename or move the file; it is taken by the next run."
    if senders is None:
        found, allowed = "the path states no business date in the declared way.", _path(contract)
    elif senders == 0:
        found, allowed = "no department delivers this, or none for the region or office in its path.", "one of departments.csv at that date"
    else:
        found, allowed = f"{senders} departments deliver for the region in this path.", "exactly one"
        fix = "let the contract's path hold {office} instead of {region}, and move the file."
    return Problem(f"inbox/{name}", found, allowed, fix).text()
