"""The documents of a publication: manifest, day entry and proof, as canonical JSON (RFC 8785): the same facts give the same bytes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import rfc8785

from huiliu_verify import merkle
from lakehouse.naming import DEPARTMENT, recipient_folder
from lakehouse.returns.compiler import ROW_KEY, ROW_KEY_COLUMN, ColumnPlan, Plan
from lakehouse.returns.model import Return

SPEC = "huiliu-package/1"
SHOWN_BY_TASKS = "shown_by_tasks"
Document = dict[str, Any]
Signature = dict[str, str]


@dataclass(frozen=True)
class ReturnFacts:
    """What all packages of a day share about a return: its declaration, its plans by audience, and the versions of its contracts."""

    declared: Return
    plans: Mapping[str, Plan]
    contracts: Mapping[str, str]


@dataclass(frozen=True)
class Predecessor:
    """The final issue of the last published date before this one, the hash of its day entry, and the hash of its inputs."""

    business_date: date
    issue: int
    entry_sha256: str
    inputs_sha256: str


@dataclass(frozen=True)
class DayFacts:
    """What the manifests and the entry of a day share; `left_out` says of each return that may not run why.

    `feedback_sha256` is the hash of what the day froze of open tasks; None where it froze nothing, and then no document mentions it.
    """

    city: str
    business_date: date
    predecessor: Predecessor | None
    policies_sha256: str
    regions_sha256: str
    labels_sha256: str
    inputs_sha256: str
    returns: Mapping[str, ReturnFacts]
    left_out: Mapping[str, str] = field(default_factory=dict)
    feedback_sha256: str | None = None

    @property
    def frozen(self) -> Document:
        """Return the hashes of what decides the packages besides the declarations."""
        return {"inputs_sha256": self.inputs_sha256} | ({"feedback_sha256": self.feedback_sha256} if self.feedback_sha256 else {})

    @property
    def rules_sha256(self) -> str:
        """Return the hash of all declarations that decide what a recipient sees. What was proved under this hash is not proved again."""
        returns = sorted(facts.declared.sha256 for facts in self.returns.values())
        left_out = [sorted([return_id, reason] for return_id, reason in self.left_out.items())] if self.left_out else []
        return sha256(canonical([SPEC, self.policies_sha256, self.regions_sha256, self.labels_sha256, returns, *left_out]))


def canonical(document: Any) -> bytes:
    """Return a document as canonical JSON."""
    return rfc8785.dumps(document)


def sha256(content: bytes) -> str:
    """Return the SHA-256 hash of bytes, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def manifest(day: DayFacts, issue: int, forms: Sequence[Document], before: str | None, signature: Signature) -> Document:
    """Return the manifest of a package.

    Args:
        day: what all packages share.
        issue: the issue of the day.
        forms: the facts of the recipient's forms (`returns.writer.FORM_FACTS`).
        before: the hash of the recipient's manifest in the predecessor, None when it had no package there.
        signature: algorithm and key id.
    """
    first = forms[0]
    mine = [facts for facts in day.returns.values() if _receives(facts, first)]
    former = {form["return_id"]: json.loads(form["former"]) for form in forms if form["former"] is not None}
    expiries = [(day.business_date + timedelta(days=facts.declared.retention_days)).isoformat() for facts in mine]
    returns = [_return(facts, first["audience"], forms) for facts in mine]
    returns += [one["returned"] | _content(return_id, forms) for return_id, one in former.items()]
    earlier = day.predecessor
    return {
        "spec": SPEC,
        "city": day.city,
        "recipient": _recipient(first),
        "business_date": day.business_date.isoformat(),
        "issue": issue,
        "predecessor": None
        if earlier is None or before is None
        else {"business_date": earlier.business_date.isoformat(), "issue": earlier.issue, "manifest_sha256": before},
        "expires_on": min(expiries + [one["expires_on"] for one in former.values()]),
        "policies_sha256": day.policies_sha256,
        "regions_sha256": day.regions_sha256,
        **day.frozen,
        "cover": next((_cover(form) for form in forms if form["form"] == "cover"), None),
        "returns": sorted(returns, key=lambda one: str(one["return_id"])),
        "signature": signature,
    }


def day_entry(day: DayFacts, issue: int, replaces: str | None, tree: tuple[int, bytes], closing: tuple[int, Signature]) -> Document:
    """Return the entry that publishes an issue of a day.

    Args:
        day: what all packages share.
        issue: the issue.
        replaces: the hash of the entry of the previous issue of the same date, None for the first issue.
        tree: the number of packages and the Merkle root over their manifests.
        closing: the number of gaps the day was closed with, and the signature's algorithm and key id.
    """
    earlier = day.predecessor
    previous = (
        {"business_date": earlier.business_date.isoformat(), "issue": earlier.issue, "sha256": earlier.entry_sha256} if earlier else None
    )
    return {
        "spec": SPEC,
        "city": day.city,
        "business_date": day.business_date.isoformat(),
        "issue": issue,
        "previous": previous,
        "replaces_sha256": replaces,
        "packages": tree[0],
        "merkle": {"hash": merkle.HASH, "root": tree[1].hex()},
        **day.frozen,
        "left_out": [{"return_id": return_id, "reason": reason} for return_id, reason in sorted(day.left_out.items())],
        "gaps": closing[0],
        "signature": closing[1],
    }


def proof(business_date: date, issue: int, index: int, leaves: Sequence[bytes], tree: merkle.Tree) -> Document:
    """Return the proof of a package: the Merkle path from its manifest to the root in the day entry."""
    return {
        "business_date": business_date.isoformat(),
        "issue": issue,
        "leaf_index": index,
        "leaf_count": len(leaves),
        "leaf_sha256": leaves[index].hex(),
        "path": [step.hex() for step in tree.path(index)],
    }


def _receives(facts: ReturnFacts, form: Document) -> bool:
    plan = facts.plans.get(form["audience"])
    return plan is not None and plan.level == form["level"]


def _recipient(form: Document) -> Document:
    named = {name: form[name] for name in ("level", "region_code")}
    whom = form["recipient_id"]
    return {"id": whom, **named} | ({"department_uscc": whom.split("-", 1)[1]} if recipient_folder(whom) == DEPARTMENT else {})


def _cover(form: Document) -> Document:
    return {name: form[name] for name in ("path", "sheet", "sha256", "content_sha256", "bytes")}


def _return(facts: ReturnFacts, audience: str, forms: Sequence[Document]) -> Document:
    declared, plan = facts.declared, facts.plans[audience]
    basis = plan.audience
    return {
        "return_id": declared.id,
        "version": declared.version,
        "return_sha256": declared.sha256,
        "source_table": declared.source,
        "legal_basis": basis.legal_basis,
        "need_id": basis.need,
        "purpose": basis.purpose,
        "contracts": dict(facts.contracts),
        "row_key": ROW_KEY,
        "columns": [column_document(column) for column in (ROW_KEY_COLUMN, *plan.columns)],
        **_content(declared.id, forms),
    }


def _content(return_id: str, forms: Sequence[Document]) -> Document:
    own = [form for form in forms if form["return_id"] == return_id]
    shown = own[0].get("shown_by_tasks")
    return {
        "rows": next(form["rows"] for form in own if form["form"] == "rows"),
        **({SHOWN_BY_TASKS: shown} if shown else {}),
        "pending_locality": own[0]["pending_locality"],
        "forms": [_form(form) for form in own],
    }


def column_document(column: ColumnPlan) -> Document:
    """Return what a manifest says of a column: what it is, how it was transformed, and what is special about it."""
    described = {
        "name": column.name,
        "label": column.label,
        "type": column.payload_type,
        "class": column.class_,
        "grade": column.grade,
        "transform": column.transform,
        "grade_after": column.grade_after,
    }
    special = {
        "minor_transform": column.minor_transform,
        "labels": column.codes,
        "hidden": column.is_hidden,
        "correctable": column.is_correctable,
    }
    return described | {name: value for name, value in special.items() if value}


def _form(form: Document) -> Document:
    named = {name: form[name] for name in ("form", "media_type", "path", "sheet", "sha256", "content_sha256", "bytes", "rows")}
    return named | {name: form[name] or 0 for name in ("inserted", "updated", "deleted")}
