"""Read the package that was last published for a recipient: its rows to compare with, and its files to refer to."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pyarrow as pa
from python_calamine import CalamineWorkbook

from lakehouse.errors import DeliveryError, Problem
from lakehouse.naming import package_prefix, recipient_prefix
from lakehouse.objects import Area
from lakehouse.returns.compiler import Plan
from lakehouse.returns.manifest import Document, column_document, sha256
from lakehouse.returns.payloads import read_rows
from lakehouse.returns.workbook.file import open_workbook
from lakehouse.returns.workbook.pages import Kind
from lakehouse.returns.workbook.values import kind_of

# One form inside a file: (return id, form, content hash). A cover has the return id None and the form "cover".
Part = tuple[str | None, str, str]


@dataclass(frozen=True)
class StoredFile:
    """A payload file below the recipient's prefix; `created` is true when this run wrote it."""

    path: str
    sha256: str
    bytes: int
    created: bool = False


@dataclass(frozen=True)
class Earlier:
    """A published package of a recipient; each workbook is opened only once."""

    area: Area
    recipient_id: str
    manifest: dict[str, Any]
    _books: dict[str, CalamineWorkbook] = field(default_factory=dict)

    def is_same(self, return_id: str, content_sha256: str) -> bool:
        """Return whether the rows of a return in this package have this content hash, so that nothing has changed."""
        return bool(self._form(return_id, "rows")["content_sha256"] == content_sha256)

    def rows(self, return_id: str) -> pa.Table:
        """Return the rows of a return in this package, as text.

        Raises:
            DeliveryError: the payload is missing or was altered.
        """
        declared = self._return(return_id) or {"columns": []}
        kinds = kinds_of(declared["columns"])
        form = self._form(return_id, "rows")
        if form["path"] is None:
            return pa.table({name: pa.array([], pa.string()) for name in kinds})
        if form["sheet"] is None:
            return read_rows(self._content(form["path"], form["sha256"]), None, kinds)
        if form["path"] not in self._books:
            self._books[form["path"]] = open_workbook(self._content(form["path"], form["sha256"]))
        return read_rows(self._books[form["path"]], form["sheet"], kinds)

    def comparable(self, plan: Plan) -> set[str]:
        """Return the columns that this package shows exactly as today's does, so that their values can be compared and told."""
        declared = self._return(plan.return_id) or {"columns": []}
        then = {column["name"]: column for column in declared["columns"]}
        return {column.name for column in plan.columns if then.get(column.name) == column_document(column)}

    def has(self, return_id: str) -> bool:
        """Return whether the package contains the return."""
        return self._return(return_id) is not None

    def file(self, parts: Sequence[Part]) -> StoredFile | None:
        """Return the stored file that holds exactly these parts in this order, None when there is no such file.

        Raises:
            DeliveryError: the file is missing or was altered, so no package may refer to it.
        """
        held: dict[str, list[Part]] = {}
        facts: dict[str, StoredFile] = {}
        cover = self.manifest.get("cover")
        stored = [(None, "cover", cover)] if cover else []
        stored += [(one["return_id"], form["form"], form) for one in self.manifest["returns"] for form in one["forms"]]
        for return_id, name, one in stored:
            if one["path"] is not None:
                held.setdefault(one["path"], []).append((return_id, name, one["content_sha256"]))
                facts[one["path"]] = StoredFile(one["path"], one["sha256"], one["bytes"])
        same = next((facts[path] for path, found in held.items() if found == list(parts)), None)
        if same is not None:
            self._content(same.path, same.sha256)
        return same

    def _content(self, path: str, due: str) -> bytes:
        return _sound(self.area, f"{recipient_prefix(self.recipient_id)}/{path}", due)

    def _form(self, return_id: str, name: str) -> dict[str, Any]:
        declared = self._return(return_id)
        forms = declared["forms"] if declared else []
        return next((one for one in forms if one["form"] == name), {"path": None, "content_sha256": None})

    def _return(self, return_id: str) -> dict[str, Any] | None:
        return next((one for one in self.manifest["returns"] if one["return_id"] == return_id), None)


def kinds_of(columns: Sequence[Document]) -> dict[str, tuple[str, Kind]]:
    """Return name → label and kind of the cells of each column, as a manifest describes them."""
    return {column["name"]: (column["label"], kind_of(column["type"], has_labels="labels" in column)) for column in columns}


def load_earlier(area: Area, recipient_id: str, when: tuple[date, int] | None, manifests: Mapping[str, str]) -> Earlier | None:
    """Return the recipient's package of that date and issue, None when it had none.

    Raises:
        DeliveryError: the stored manifest is not the one that was published.
    """
    due = manifests.get(recipient_id)
    if when is None or due is None:
        return None
    return Earlier(area, recipient_id, json.loads(_sound(area, f"{package_prefix(recipient_id, *when)}/manifest.json", due)))


def _sound(area: Area, path: str, due: str) -> bytes:
    try:
        content = area.get(path)
    except FileNotFoundError:
        content = b""
    if sha256(content) != due:
        problem = Problem(path, "the object is missing or is not the one that was published.", "", "restore it from a copy of the store.")
        raise DeliveryError(problem.text())
    return content
