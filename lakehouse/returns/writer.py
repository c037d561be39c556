"""Write the payloads of recipients and return their facts. This is the work of one Spark task on the recipients assigned to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa

from lakehouse.naming import content_path
from lakehouse.objects import Area
from lakehouse.returns.addressees import Addressee
from lakehouse.returns.changes import changes, count, told_changes
from lakehouse.returns.compiler import Plan
from lakehouse.returns.cover import Listed, cover, todo
from lakehouse.returns.disclosure import recipient_key
from lakehouse.returns.earlier import Earlier, Part, StoredFile, load_earlier
from lakehouse.returns.former import Former, Limits, former_returns
from lakehouse.returns.payloads import (
    SUFFIXES,
    File,
    Form,
    content_sha256,
    cover_sha256,
    payload,
    sheet_name,
)
from lakehouse.returns.slices import by_recipient, content
from lakehouse.returns.tasks import ByReturn, Holder, Otherwise, restated
from lakehouse.returns.wording import Reading, delivered, described, media_type
from lakehouse.returns.workbook.file import MEDIA_TYPE
from lakehouse.returns.workbook.pages import Cover

COVER = "cover"
# One row per recipient, return and form, and one row for the cover of a workbook (with an empty `return_id`). `created` is true when the
# payload was written now; `former` is what the manifest says of a return left out, whose former rows are referred to (`former.Former`).
# `shown_by_tasks` counts the rows that show more by open tasks; `by_tasks_alone` is true when nothing else changed in the rows.
FORM_FACTS = pa.schema(
    [
        ("recipient_id", pa.string()),
        ("audience", pa.string()),
        ("level", pa.string()),
        ("region_code", pa.string()),
        ("return_id", pa.string()),
        ("pending_locality", pa.int64()),
        ("form", pa.string()),
        ("media_type", pa.string()),
        ("path", pa.string()),
        ("sheet", pa.string()),
        ("sha256", pa.string()),
        ("content_sha256", pa.string()),
        ("bytes", pa.int64()),
        ("rows", pa.int64()),
        ("inserted", pa.int64()),
        ("updated", pa.int64()),
        ("deleted", pa.int64()),
        ("created", pa.bool_()),
        ("former", pa.string()),
        ("shown_by_tasks", pa.int64()),
        ("by_tasks_alone", pa.bool_()),
    ]
)


@dataclass(frozen=True)
class Assignment:
    """What a task needs to know: recipients, plans, where packages are stored, the key's file (never the key), the earlier packages.

    `limits` decide what is referred to of returns left out; None where none is. `tasks` are the open ones of each grid (by recipient id and
    return), `tasks_before` those of the packages before.
    """

    business_date: date
    exchange_url: str
    key_file: str
    addressees: Mapping[str, Addressee]
    plans: tuple[Plan, ...]
    sender: str
    reading: Reading
    before: tuple[date, int] | None = None
    manifests_before: Mapping[str, str] = field(default_factory=dict)
    is_check: bool = False  # compute everything, write nothing
    limits: Limits | None = None
    tasks: Mapping[str, ByReturn] = field(default_factory=dict)
    tasks_before: Mapping[str, ByReturn] = field(default_factory=dict)

    def holder(self, recipient_id: str, return_id: str, secret: bytes) -> Holder:
        """Return who gets the rows of one return, with the tasks about them."""
        opened = (whole.get(recipient_id, {}).get(return_id, {}) for whole in (self.tasks, self.tasks_before))
        return Holder(recipient_id, secret, *opened)


def write_packages(batches: Iterable[pa.RecordBatch], assignment: Assignment) -> Iterator[pa.RecordBatch]:
    """Write the payloads of the recipients of these due rows and yield the facts of their forms (`FORM_FACTS`).

    A payload is stored under its hash. When that file exists already, the package refers to it; so a repeated task writes nothing.
    """
    area = Area(assignment.exchange_url)
    secret = bytes.fromhex(Path(assignment.key_file).read_text("utf-8").strip())
    for recipient_id, rows in by_recipient(batches):
        recipient = assignment.addressees[recipient_id]
        earlier = load_earlier(area, recipient_id, assignment.before, assignment.manifests_before)
        plans = [one for one in assignment.plans if (one.audience.name, one.level) == (recipient.audience, recipient.level)]
        lists = [_listed(rows, plan, (recipient_id, secret, earlier), assignment) for plan in plans]
        if earlier is not None and assignment.limits is not None:
            key = recipient_key(secret, recipient_id)
            lists += [_as_before(former, key) for former in former_returns(earlier, recipient, assignment.limits)]
        if lists:
            yield _write_package(area, recipient, sorted(lists, key=lambda one: one[0].plan.return_id), earlier, assignment)


def _listed(rows: pa.Table, plan: Plan, whose: tuple[str, bytes, Earlier | None], assignment: Assignment) -> tuple[Listed, dict[str, str]]:
    """Return a recipient's rows and changes of one return, and the content hash of each of these forms."""
    recipient_id, secret, earlier = whose
    found = content(rows, plan, assignment.holder(recipient_id, plan.return_id, secret), assignment.business_date)
    now = delivered(found.rows, plan, assignment.reading)
    is_list = media_type(plan.audience) == MEDIA_TYPE
    told = {} if is_list else described(now, plan, assignment.reading)
    rows = Form(plan, "rows", now, recipient_key(secret, recipient_id), told)
    hashes = {"rows": content_sha256(rows)}
    changed, by_tasks_alone = _changed(rows, hashes["rows"], earlier, found.otherwise)
    if changed is not None and changed.table.num_rows:
        hashes["changes"] = content_sha256(changed)
    forms = (rows,) if changed is None else (rows, changed)
    by_tasks = (found.shown_by_tasks, by_tasks_alone)
    return Listed(plan, forms, found.pending, todo(found.rows, plan), by_tasks=by_tasks), hashes


def _changed(rows: Form, content: str, earlier: Earlier | None, otherwise: Otherwise) -> tuple[Form | None, bool]:
    """Return the changes since the package before, None at first; and whether rows differ only because tasks began or ended.

    `content` is the hash of the rows.
    """
    plan, now = rows.plan, rows.table
    if earlier is None or not earlier.has(plan.return_id):
        return None, False
    is_same = earlier.is_same(plan.return_id, content)
    now = now.slice(0, 0) if is_same else now
    before = now if is_same else earlier.rows(plan.return_id)
    as_now = restated(before, now, otherwise)
    is_list = media_type(plan.audience) == MEDIA_TYPE
    told = told_changes(now, as_now, plan, earlier.comparable(plan)) if is_list else changes(now, as_now)
    return Form(plan, "changes", told, described=rows.described), as_now is not before and not told.num_rows


def _as_before(former: Former, key: bytes) -> tuple[Listed, dict[str, str]]:
    """Return the former rows of a return left out; nothing has changed since the package before."""
    rows = Form(former.plan, "rows", former.rows, key)
    return Listed(former.plan, (rows,), former.pending, (), former), {"rows": former.content_sha256}


def _write_package(
    area: Area, recipient: Addressee, lists: Sequence[tuple[Listed, dict[str, str]]], earlier: Earlier | None, assignment: Assignment
) -> pa.RecordBatch:
    facts = {(one.plan.return_id, name): _empty(one, name, hashes) for one, hashes in lists for name in ("rows", "changes")}
    for file in _files(recipient, [one for one, _ in lists], assignment):
        parts: list[Part] = [
            (form.plan.return_id, form.name, facts[form.plan.return_id, form.name]["content_sha256"]) for form in file.forms
        ]
        if file.cover is not None:
            parts.insert(0, (None, COVER, cover_sha256(file.cover)))
        stored = earlier.file(parts) if earlier else None
        stored = stored or _store(area, recipient, file, is_check=assignment.is_check)
        for form in file.forms:
            facts[form.plan.return_id, form.name] |= {**asdict(stored), **_counted(form)}
        if file.cover is not None:
            facts["", COVER] = _cover_fact(file.cover, stored, parts[0][2])
    whom = {name: getattr(recipient, name) for name in ("recipient_id", "audience", "level", "region_code")}
    return pa.RecordBatch.from_pylist([{**fact, **whom} for fact in facts.values()], FORM_FACTS)


def _files(recipient: Addressee, lists: Sequence[Listed], assignment: Assignment) -> list[File]:
    """Return the files of a recipient: one Parquet file per form, or one workbook with a sheet per form. An empty form is in no file."""
    filled = tuple(form for one in lists for form in one.forms if form.table.num_rows)
    if not filled:
        return []
    if media_type(filled[0].plan.audience) != MEDIA_TYPE:
        return [File((form,)) for form in filled]
    first_page = replace(cover(recipient, lists, assignment.sender, assignment.reading), since=assignment.business_date)
    return [File(filled, first_page, recipient.title)]


def _store(area: Area, recipient: Addressee, file: File, *, is_check: bool) -> StoredFile:
    made = payload(file)
    suffix = SUFFIXES[made.media_type]
    where = content_path(recipient.recipient_id, made.sha256, suffix)
    created = False if is_check else area.put_new(where, made.content)
    return StoredFile(f"content/{made.sha256}.{suffix}", made.sha256, len(made.content), created)


def _empty(one: Listed, form: str, hashes: Mapping[str, str]) -> dict[str, Any]:
    return {
        "return_id": one.plan.return_id,
        "form": form,
        "pending_locality": one.pending,
        "media_type": media_type(one.plan.audience),
        "content_sha256": hashes.get(form),
        "bytes": 0,
        "rows": 0,
        "created": False,
        "former": one.former.document if one.former else None,
        "shown_by_tasks": one.by_tasks[0],
        "by_tasks_alone": one.by_tasks[1],
    }


def _counted(form: Form) -> dict[str, Any]:
    operations = {"inserted": "I", "updated": "U", "deleted": "D"} if form.name == "changes" else {}
    sheet = sheet_name(form.plan, form.name) if media_type(form.plan.audience) == MEDIA_TYPE else None
    counted = {name: count(form.table, letter) for name, letter in operations.items()}
    return {"rows": form.table.num_rows, "sheet": sheet, **counted}


def _cover_fact(page: Cover, stored: StoredFile, content: str) -> dict[str, Any]:
    facts = {"return_id": "", "form": COVER, "pending_locality": 0, "media_type": MEDIA_TYPE, "sheet": page.name}
    return {**facts, **asdict(stored), "content_sha256": content, "rows": len(page.lines)}
