"""Returns the facts of every payload while writing it: what a task does with the recipients it was given."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa

from lakehouse.naming import content_path
from lakehouse.objects import Area
from lakehouse.returns.changes import changes, count
from lakehouse.returns.compiler import LevelPlan
from lakehouse.returns.earlier import StoredFile, load_earlier
from lakehouse.returns.payloads import SUFFIXES, Form, delivered, files, media_type, payload, sheet_name
from lakehouse.returns.slices import Content, Recipient, by_recipient, content

# One row per recipient, return and form; `created` says that the payload was not there before.
FORM_FACTS = pa.schema(
    [
        ("recipient_id", pa.string()),
        ("level", pa.string()),
        ("region_code", pa.string()),
        ("return_id", pa.string()),
        ("pending_locality", pa.int64()),
        ("form", pa.string()),
        ("media_type", pa.string()),
        ("path", pa.string()),
        ("sheet", pa.string()),
        ("sha256", pa.string()),
        ("bytes", pa.int64()),
        ("rows", pa.int64()),
        ("inserted", pa.int64()),
        ("updated", pa.int64()),
        ("deleted", pa.int64()),
        ("created", pa.bool_()),
    ]
)


@dataclass(frozen=True)
class Assignment:
    """What a task has to know: the plans, where packages live, the key's file (never the key), the packages before these."""

    business_date: date
    exchange_url: str
    key_file: str
    plans: tuple[LevelPlan, ...]
    before: tuple[date, int] | None = None
    manifests_before: dict[str, str] = field(default_factory=dict)
    is_check: bool = False  # compute everything, write nothing


def write_packages(batches: Iterable[pa.RecordBatch], assignment: Assignment) -> Iterator[pa.RecordBatch]:
    """Writes the payloads of the recipients whose due rows these are and returns their facts (`FORM_FACTS`).

    A payload is created under its hash; one that is there already is only referred to. So a repeated task writes nothing.
    """
    area = Area(assignment.exchange_url)
    secret = bytes.fromhex(Path(assignment.key_file).read_text("utf-8").strip())
    for recipient, rows in by_recipient(batches):
        plans = [plan for plan in assignment.plans if plan.level == recipient.level]
        contents = [content(rows, plan, recipient, assignment.business_date, secret) for plan in plans]
        yield _write_package(area, recipient, contents, assignment)


def _write_package(area: Area, recipient: Recipient, contents: list[Content], assignment: Assignment) -> pa.RecordBatch:
    earlier = load_earlier(area, recipient, assignment.before, assignment.manifests_before)
    forms: list[Form] = []
    unchanged: set[str] = set()
    for one in contents:
        rows = Form(one.plan, "rows", delivered(one.rows, one.plan))
        before = earlier.rows(area, one.plan) if earlier else None
        changed = None if before is None else Form(one.plan, "changes", changes(rows.table, before))
        if changed is not None and not changed.table.num_rows:
            unchanged.add(one.plan.return_id)
        forms.extend([rows] if changed is None else [rows, changed])
    facts = [_empty(one.plan, form) for one in contents for form in ("rows", "changes")]
    for file in files(recipient.level, forms):
        stored = earlier.file(file, unchanged) if earlier else None
        stored = stored or _store(area, recipient, file, is_check=assignment.is_check)
        facts.extend(_fact(form, stored) for form in file)
    return _batch(recipient, contents, facts)


def _store(area: Area, recipient: Recipient, file: tuple[Form, ...], *, is_check: bool) -> StoredFile:
    made = payload(file)
    suffix = SUFFIXES[made.media_type]
    where = content_path(recipient.level, recipient.recipient_id, made.sha256, suffix)
    created = False if is_check else area.put_new(where, made.content)
    return StoredFile(f"content/{made.sha256}.{suffix}", made.sha256, len(made.content), created)


def _fact(form: Form, stored: StoredFile) -> dict[str, Any]:
    operations = {"inserted": "I", "updated": "U", "deleted": "D"} if form.name == "changes" else {}
    media = media_type(form.plan.level)
    return {
        **_empty(form.plan, form.name),
        **asdict(stored),
        "sheet": sheet_name(form.plan, form.name) if SUFFIXES[media] == "xlsx" else None,
        "rows": form.table.num_rows,
        **{name: count(form.table, letter) for name, letter in operations.items()},
    }


def _empty(plan: LevelPlan, form: str) -> dict[str, Any]:
    return {"return_id": plan.return_id, "form": form, "media_type": media_type(plan.level), "bytes": 0, "rows": 0, "created": False}


def _batch(recipient: Recipient, contents: list[Content], facts: list[dict[str, Any]]) -> pa.RecordBatch:
    """Returns the facts as a batch; of a form that has a file the later fact counts."""
    pending = {one.plan.return_id: one.pending for one in contents}
    final = {(fact["return_id"], fact["form"]): fact for fact in facts}
    rows = [{**fact, **asdict(recipient), "pending_locality": pending[fact["return_id"]]} for fact in final.values()]
    return pa.RecordBatch.from_pylist(rows, FORM_FACTS)
