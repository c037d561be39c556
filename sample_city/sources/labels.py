"""Labels of delivered rows: what is wrong or odd about a row and what must happen to it. Writes and reads them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from sample_city.world.whole_files import delivered

Outcome = Literal["quarantined", "rejected", "warning", "superseded", "duplicate", "recut", "batch_warning", "accepted"]


class Label(BaseModel):
    """The label of one row. A row of a file is found by `source` and `line`, a row of a table by `row_sha256`.

    `business_date` is the date of the delivery the row first comes with. A row of a table can come again with the overlap of a later day.
    """

    model_config = ConfigDict(frozen=True)

    resource: str
    business_date: str
    kind: str
    outcome: Outcome
    rule: str | None = None  # the kind of rule that must find it
    source: str | None = None  # path below the inbox
    line: int | None = None  # first physical line, counted from 1 (a header is line 1)
    row_sha256: str | None = None  # null if the line cannot be read


def row_sha256(texts: Sequence[str | None]) -> str:
    """Return the hash that identifies a row: SHA-256 of the compact JSON array of its kept columns' texts, null for empty."""
    canonical = json.dumps([text or None for text in texts], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def write_labels(path: Path, labels: Iterable[Label]) -> None:
    """Write labels to a JSON Lines file."""
    with delivered(path) as file:
        for label in labels:
            file.write(label.model_dump_json(exclude_none=True).encode() + b"\n")


def read_labels(sample: Path, day: date) -> Iterator[Label]:
    """Yield the labels of everything delivered up to a business date."""
    for path in sorted((sample / "labels").glob("*.jsonl")):
        if path.stem == "init" or path.stem <= day.isoformat():
            with path.open(encoding="utf-8") as lines:
                yield from (Label.model_validate_json(line) for line in lines)
