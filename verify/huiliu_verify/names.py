"""Names of files for people: valid on Windows and Linux, so that a file can be saved under its name on either."""

from __future__ import annotations

import re
import unicodedata

FORBIDDEN = re.compile(r'[<>:"/\\|?*]')
DEVICES = re.compile(r"(?i)(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?")
MOST_BYTES = 255
PART_BYTES = 100


def part(text: str) -> str:
    """Return a text as a part of a file name: what no file name may hold becomes `_`, at most 100 bytes are kept."""
    composed = unicodedata.normalize("NFC", text)
    visible = "".join(one if unicodedata.category(one)[0] != "C" else "_" for one in composed)
    short = FORBIDDEN.sub("_", visible).strip(" .").encode()[:PART_BYTES].decode(errors="ignore")
    return short.rstrip(" .") or "_"


def is_file_name(name: str) -> bool:
    """Return whether a file can be saved under this name on Windows and Linux, in the folder it is meant for and nowhere else."""
    hidden = any(unicodedata.category(one)[0] == "C" for one in name)
    ends = name != name.strip(" .") or name.startswith(".")
    return not (not name or hidden or ends or FORBIDDEN.search(name) or DEVICES.fullmatch(name) or len(name.encode()) > MOST_BYTES)


def apart(names: list[str]) -> list[str]:
    """Return the names in their order; one that differs from an earlier one by case at most has a number before its ending."""
    taken: set[str] = set()
    found = []
    for name in names:
        stem, dot, ending = name.rpartition(".")
        number, wanted = 1, name
        while wanted.casefold() in taken:
            number += 1
            wanted = f"{stem}_{number}{dot}{ending}"
        taken.add(wanted.casefold())
        found.append(wanted)
    return found
