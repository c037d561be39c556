"""Returns the facts of every payload while writing it: what a task does with the recipients it was given."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa

from lakehouse.errors import DeliveryError, Problem
from lakehouse.naming import content_path, package_prefix
from lakehouse.objects import Area
from lakehouse.returns.changes import changes, count
from lakehouse.returns.compiler import LevelPlan
from lakehouse.returns.payloads import SUFFIXES, Form, Payload, delivered, media_type, payloads, read_rows, sheet_name
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
    whole = [Form(one.plan, "rows", delivered(one.rows, one.plan)) for one in contents]
    made = payloads(recipient.level, [form for form in whole if form.table.num_rows])
    earlier = _manifest_before(area, recipient, assignment)
    changed = [] if earlier is None else _changes(area, recipient, whole, made, earlier)
    if changed:
        made = payloads(recipient.level, [form for form in _in_order(whole, changed) if form.table.num_rows])
    facts: list[dict[str, Any]] = []
    for payload in made:
        facts.extend(_put(area, recipient, payload, is_check=assignment.is_check))
    present = {(fact["return_id"], fact["form"]) for fact in facts}
    for one in contents:
        facts.extend(_empty(one.plan, form) for form in ("rows", "changes") if (one.plan.return_id, form) not in present)
    pending = {one.plan.return_id: one.pending for one in contents}
    whose = {"recipient_id": recipient.recipient_id, "level": recipient.level, "region_code": recipient.region_code}
    facts.sort(key=lambda fact: (fact["return_id"], fact["form"] != "rows"))
    return pa.RecordBatch.from_pylist([fact | whose | {"pending_locality": pending[fact["return_id"]]} for fact in facts], FORM_FACTS)


def _manifest_before(area: Area, recipient: Recipient, assignment: Assignment) -> dict[str, Any] | None:
    due = assignment.manifests_before.get(recipient.recipient_id)
    if assignment.before is None or due is None:
        return None
    path = f"{package_prefix(recipient.level, recipient.recipient_id, *assignment.before)}/manifest.json"
    try:
        found = area.get(path)
    except FileNotFoundError:
        found = b""
    if hashlib.sha256(found).hexdigest() != due:
        problem = Problem(path, "the manifest is missing or is not the one that was published.", "", "restore it from a copy of the store.")
        raise DeliveryError(problem.text())
    manifest: dict[str, Any] = json.loads(found)
    return manifest


def _changes(area: Area, recipient: Recipient, whole: list[Form], made: list[Payload], earlier: dict[str, Any]) -> list[Form]:
    """Returns the `changes` forms against the earlier package; none is computed where the bytes are the same."""
    known = {payload.sha256 for payload in made}
    returns = {one["return_id"]: one for one in earlier["returns"]}
    found = []
    for form in whole:
        declared = returns.get(form.plan.return_id)
        if declared is None:
            continue
        stood = next(one for one in declared["forms"] if one["form"] == "rows")
        if stood["sha256"] in known and _names(declared) == form.table.column_names:
            continue
        before = form.table.slice(0, 0)
        if stood["path"] is not None:
            prefix = content_path(recipient.level, recipient.recipient_id, stood["sha256"], SUFFIXES[stood["media_type"]])
            before = read_rows(area.get(prefix), stood["sheet"], _names(declared))
        found.append(Form(form.plan, "changes", changes(form.table, before)))
    return found


def _names(declared: dict[str, Any]) -> list[str]:
    return [column["name"] for column in declared["columns"]]


def _in_order(whole: list[Form], changed: list[Form]) -> list[Form]:
    by_return = {form.plan.return_id: form for form in changed}
    return [one for form in whole for one in (form, by_return.get(form.plan.return_id)) if one is not None]


def _put(area: Area, recipient: Recipient, payload: Payload, *, is_check: bool) -> Iterator[dict[str, Any]]:
    suffix = SUFFIXES[payload.media_type]
    where = content_path(recipient.level, recipient.recipient_id, payload.sha256, suffix)
    created = False if is_check else area.put_new(where, payload.content)
    for form in payload.forms:
        operations = {"inserted": "I", "updated": "U", "deleted": "D"} if form.name == "changes" else {}
        yield {
            "return_id": form.plan.return_id,
            "form": form.name,
            "media_type": payload.media_type,
            "path": f"content/{payload.sha256}.{suffix}",
            "sheet": sheet_name(form.plan, form.name) if suffix == "xlsx" else None,
            "sha256": payload.sha256,
            "bytes": len(payload.content),
            "rows": form.table.num_rows,
            "created": created,
            **{name: count(form.table, letter) for name, letter in operations.items()},
        }


def _empty(plan: LevelPlan, form: str) -> dict[str, Any]:
    return {"return_id": plan.return_id, "form": form, "media_type": media_type(plan.level), "bytes": 0, "rows": 0, "created": False}
