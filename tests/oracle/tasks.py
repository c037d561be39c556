"""Compute from the landed documents of tasks which residents a grid may see by name, with row keys computed here once more."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import NamedTuple

Row = dict[str, object]


class Shown(NamedTuple):
    """A row of a return that a grid sees by name: the return, the grid, the resident number of the person."""

    return_id: str
    grid: str
    id_no: str


def shown(landing: Path, secret: bytes, residents: Iterable[Row], day: date) -> frozenset[Shown]:
    """Return the rows of the list of residents that tasks are about on a day of a city whose days were closed once each.

    What is opened or closed when a day is the newest closed one is known from the next day on.

    Args:
        landing: the folder of the landed bytes.
        secret: the key of all row keys.
        residents: the persons of the day, with `person_id`, `id_no`, `grid_code`.
        day: the business date.
    """
    people, found = list(residents), set()
    for folder in (landing / "_tasks").glob("*"):
        task = json.loads((folder / "opened.json").read_bytes())
        closing = folder / "closed.json"
        until = [task["last_day"], *([json.loads(closing.read_bytes())["closed_on"]] if closing.exists() else [])]
        if task["return_id"] == "resident_list" and task["opened_on"] < day.isoformat() <= min(until):
            own = hmac.new(secret, b"recipient|" + task["recipient_id"].encode(), hashlib.sha256).digest()
            keys = {_key(own, str(person["person_id"])): person for person in people if person["grid_code"] == task["grid_code"]}
            if task["row_key"] in keys:
                found.add(Shown(task["return_id"], task["grid_code"], str(keys[task["row_key"]]["id_no"])))
    return frozenset(found)


def _key(own: bytes, person: str) -> str:
    digest = hmac.new(own, person.encode(), hashlib.sha256).digest()
    return base64.b32encode(digest[:16]).decode().strip("=")
