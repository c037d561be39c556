"""Returns the package a recipient was published before: its rows, to compare with, and its files, to refer to."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow as pa

from lakehouse.errors import DeliveryError, Problem
from lakehouse.manifest import sha256
from lakehouse.naming import package_prefix, recipient_prefix
from lakehouse.objects import Area
from lakehouse.returns.compiler import ROW_KEY, ROW_KEY_COLUMN, LevelPlan
from lakehouse.returns.payloads import Form, read_rows, sheet_name
from lakehouse.returns.slices import Recipient


@dataclass(frozen=True)
class StoredFile:
    """A payload in the recipient's prefix; `created` when it was not there before."""

    path: str
    sha256: str
    bytes: int
    created: bool = False


@dataclass(frozen=True)
class Earlier:
    """A published package of a recipient."""

    recipient: Recipient
    manifest: dict[str, Any]

    def rows(self, area: Area, plan: LevelPlan) -> pa.Table | None:
        """Returns the rows the return held, as text; none when the package did not have it.

        Raises:
            DeliveryError: the payload is missing or altered.
        """
        declared = self._return(plan.return_id)
        if declared is None:
            return None
        names = [column["name"] for column in declared["columns"]]
        form = next(one for one in declared["forms"] if one["form"] == "rows")
        if form["path"] is None:
            return pa.table({name: pa.array([], pa.string()) for name in names})
        path = f"{recipient_prefix(self.recipient.level, self.recipient.recipient_id)}/{form['path']}"
        return read_rows(_sound(area, path, form["sha256"]), form["sheet"], names)

    def file(self, forms: tuple[Form, ...], unchanged: set[str]) -> StoredFile | None:
        """Returns the stored file that holds exactly these forms with this content; none when there is no such file."""
        if any(form.name != "rows" or form.plan.return_id not in unchanged or not self._looks_like(form) for form in forms):
            return None
        wanted = [(form.plan.return_id, "rows") for form in forms]
        stored = {one["path"]: one for declared in self.manifest["returns"] for one in declared["forms"]}
        for path, one in stored.items():
            holds = [
                (declared["return_id"], other["form"])
                for declared in self.manifest["returns"]
                for other in declared["forms"]
                if other["path"] == path
            ]
            if path is not None and holds == wanted:
                return StoredFile(path, one["sha256"], one["bytes"])
        return None

    def _looks_like(self, form: Form) -> bool:
        """Returns whether the return had the same columns under the same labels on a sheet of the same name."""
        declared = self._return(form.plan.return_id)
        if declared is None:
            return False
        had = [(column["name"], column["label"], column["type"]) for column in declared["columns"]]
        has = [(column.name, column.label, column.payload_type) for column in (ROW_KEY_COLUMN, *form.plan.columns)]
        sheet = next(one["sheet"] for one in declared["forms"] if one["form"] == "rows")
        return had == has and sheet in (None, sheet_name(form.plan, "rows")) and form.table.column_names[0] == ROW_KEY

    def _return(self, return_id: str) -> dict[str, Any] | None:
        return next((one for one in self.manifest["returns"] if one["return_id"] == return_id), None)


def load_earlier(area: Area, recipient: Recipient, when: tuple[date, int] | None, manifests: Mapping[str, str]) -> Earlier | None:
    """Returns the recipient's package of that date and issue; none when it had none.

    Raises:
        DeliveryError: its manifest is not the one that was published.
    """
    due = manifests.get(recipient.recipient_id)
    if when is None or due is None:
        return None
    path = f"{package_prefix(recipient.level, recipient.recipient_id, *when)}/manifest.json"
    return Earlier(recipient, json.loads(_sound(area, path, due)))


def _sound(area: Area, path: str, due: str) -> bytes:
    try:
        content = area.get(path)
    except FileNotFoundError:
        content = b""
    if sha256(content) != due:
        problem = Problem(path, "the object is missing or is not the one that was published.", "", "restore it from a copy of the store.")
        raise DeliveryError(problem.text())
    return content
