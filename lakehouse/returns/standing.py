"""Check that a published day is still sound: every package is signed, complete, named by the day entry and traceable to its batches."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from functools import partial

from huiliu_verify.findings import Verification
from huiliu_verify.signing import PublicKey, load_public_key
from huiliu_verify.verifier import FILES, verify_documents
from lakehouse.config import Instance
from lakehouse.naming import day_entry_path, package_prefix, recipient_folder, recipient_prefix
from lakehouse.objects import Area, open_area
from lakehouse.ops import batches, connect
from lakehouse.returns.day_entries import Leaves, entry, final_issue, inputs, leaves
from lakehouse.returns.expiry import expired_levels
from lakehouse.returns.inputs import stored
from lakehouse.returns.manifest import sha256
from lakehouse.returns.tasks import frozen

PARALLEL_READS = 8


def unsound_packages(instance: Instance, day: date) -> tuple[int, list[str]]:
    """Return the number of packages of the day's final issue that are kept, and a text (`recipient: reason`) for each fault found."""
    area, key = open_area(instance, "exchange"), load_public_key(instance.key_path("signing.pub"))
    issue = final_issue(area, day)
    if issue == 0:
        return 0, [f"business day {day} is not published"]
    below, gone = leaves(area, day, issue), expired_levels(area, day)
    kept = [recipient for recipient in below.manifests if recipient_folder(recipient) not in gone]
    wrong = list(_untraceable(instance, area, day, issue))
    if not key.accepts(area.get(day_entry_path(day, issue)), area.get(day_entry_path(day, issue, "sig"))):
        wrong.append("the day entry is not signed with the instance's key")
    check = partial(_reasons, area, key, below, (day, issue))
    with ThreadPoolExecutor(PARALLEL_READS) as pool:
        wrong.extend(reason for found in pool.map(check, kept) for reason in found)
    return len(kept), wrong


def _untraceable(instance: Instance, area: Area, day: date, issue: int) -> Iterator[str]:
    told, published = stored(inputs(area, day, issue)), entry(area, day, issue)
    named = {batch_id for _, batch_id in (*told.added, *told.withdrawn)}
    with connect(instance) as connection:
        lost = named - {one.batch_id for one in batches.of_ids(connection, named)}
    if lost:
        yield f"{len(lost)} batches of the day are not in the operational database"
    if told.sha256 != published["inputs_sha256"]:
        yield "the list of batches is not the one in the day entry"
    if frozen(area, day, issue).sha256 != published.get("feedback_sha256"):
        yield "the open tasks of the day are not those in the day entry"
    before = published["previous"]
    previous = entry(area, date.fromisoformat(before["business_date"]), before["issue"])["inputs_sha256"] if before else None
    if told.previous_sha256 != previous:
        yield "the list of batches does not follow the one of the day before"


def _reasons(area: Area, key: PublicKey, below: Leaves, when: tuple[date, int], recipient: str) -> list[str]:
    prefix = package_prefix(recipient, *when)
    try:
        texts = {name: area.get(f"{prefix}/{name}") for name in FILES}
    except FileNotFoundError:
        return [f"{recipient}: the package is not complete"]
    found = Verification()
    verify_documents(texts, key, found)
    reasons = [f"{refusal.where} {refusal.reason}" for refusal in found.refusals]
    if sha256(texts["manifest.json"]) != below.manifests[recipient]:
        reasons.append("the manifest is not the one that was published")
    if texts["day.json"] != area.get(day_entry_path(*when)):
        reasons.append("the day entry is not the one that was published")
    missing = sum(not area.exists(f"{recipient_prefix(recipient)}/{path}") for path in below.payloads[recipient])
    if missing:
        reasons.append(f"{missing} payloads are missing")
    return [f"{recipient}: {reason}" for reason in reasons]
