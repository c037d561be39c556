"""The build record: the facts of every payload of a day and what they were computed from. It is kept in the store for the later steps."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from lakehouse.errors import DeliveryError, Problem
from lakehouse.naming import build_record_path
from lakehouse.returns.edition import Edition
from lakehouse.returns.manifest import Document, canonical, sha256

ORIGIN = b"huiliu.origin"
ORDER = [("recipient_id", "ascending"), ("return_id", "ascending"), ("form", "descending")]


@dataclass(frozen=True)
class BuildRecord:
    """The facts of a build: `forms` has one row per recipient, return and form.

    `versions` are the versions of the tables that were read. They are provenance and never stand in a manifest.
    """

    forms: pa.Table
    versions: dict[str, int]
    content: bytes

    @property
    def sha256(self) -> str:
        """Return the SHA-256 hash of the record."""
        return sha256(self.content)

    def by_recipient(self) -> Iterator[tuple[str, list[Document]]]:
        """Return each recipient's forms, by recipient id; `rows` before `changes`."""
        for recipient, forms in groupby(self.forms.to_pylist(), key=lambda form: form["recipient_id"]):
            yield recipient, list(forms)

    def former(self) -> Iterator[Document]:
        """Yield the forms of returns left out, each with the entry of the manifest it comes with (`returned`)."""
        for form in self.forms.filter(pc.is_valid(self.forms["former"])).to_pylist():
            yield {**form, "returned": json.loads(form["former"])["returned"]}


def make_record(edition: Edition, facts: pa.Table, versions: dict[str, int]) -> BuildRecord:
    """Return the record of a build. The same build gives the same bytes, whether its payloads were written now or existed already."""
    forms = facts.drop_columns(["created"]).sort_by(ORDER).combine_chunks()
    origin = canonical({**_origin(edition), "versions": versions})
    buffer = io.BytesIO()
    pq.write_table(forms.replace_schema_metadata({ORIGIN: origin}), buffer, compression="zstd")
    return BuildRecord(forms, versions, buffer.getvalue())


def keep_record(edition: Edition, record: BuildRecord) -> None:
    """Write the record to the store for the steps that follow; write nothing when the same record is stored already."""
    path = build_record_path(edition.date)
    if not edition.exchange.exists(path) or edition.exchange.get(path) != record.content:
        edition.exchange.put(path, record.content)


def load_record(edition: Edition) -> BuildRecord:
    """Return the record of the edition's build.

    Raises:
        DeliveryError: there is no record, or declarations, regions, batches or the day before have changed since the build.
    """
    path = build_record_path(edition.date)
    try:
        content = edition.exchange.get(path)
    except FileNotFoundError:
        raise DeliveryError(Problem(path, "the packages of this day are not built.", "", "run returns_build.").text()) from None
    forms = pq.read_table(io.BytesIO(content))
    origin: dict[str, Any] = json.loads((forms.schema.metadata or {})[ORIGIN])
    versions = origin.pop("versions")
    if origin != _origin(edition):
        found = "declarations, regions, batches or the day before have changed since the packages were built."
        raise DeliveryError(Problem(path, found, "", "run returns_build again.").text())
    return BuildRecord(forms, versions, content)


def _origin(edition: Edition) -> Document:
    earlier = edition.facts.predecessor
    return {
        "business_date": edition.date.isoformat(),
        "rules_sha256": edition.facts.rules_sha256,
        **edition.facts.frozen,
        "predecessor_sha256": earlier.entry_sha256 if earlier else None,
    }
