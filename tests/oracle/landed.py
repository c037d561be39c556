"""Read the landed batches as plain dictionaries: facts, rows with line numbers, and lines that cannot be read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tests.oracle.files import Read, Sheet
from tests.oracle.resources import RESOURCES


def batches(landing: Path) -> list[dict]:
    """Return every landed batch, in order of delivery number, with `rows` and `rejects` (one dictionary a record)."""
    found = []
    for facts_file in sorted(landing.glob("*/*/*/batch.json")):
        facts = json.loads(facts_file.read_text("utf-8"))
        content = (facts_file.parent / Path(facts["source_object"]).name).read_bytes()
        assert hashlib.sha256(content).hexdigest() == facts["content_sha256"]
        rows, rejects = read(facts["resource"], content)
        found.append({**facts, "rows": rows, "rejects": rejects})
    return sorted(found, key=lambda batch: (batch["resource"], batch["delivery_no"]))


def read(resource: str, content: bytes) -> tuple[list[dict], list[dict]]:
    """Return the readable rows and the lines that are not, each with `_line` (first physical line, from 1; of a sheet its row)."""
    page = RESOURCES[resource]
    return page.file.read(content, page)


def independent_readings(resource: str) -> list[Callable[[bytes], Read]]:
    """Return the ways to read a resource's deliveries: a workbook has two, of which either may give up on a damaged file."""
    page = RESOURCES[resource]
    found: list[Callable[[bytes], Read]] = [partial(page.file.read, page=page)]
    return [*found, partial(page.file.read_xml, page=page)] if isinstance(page.file, Sheet) else found
