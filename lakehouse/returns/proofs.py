"""The proofs a day needs before it is published: packages are complete (I3), free of leaks (I4) and within the caps (I5)."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pyarrow as pa

from lakehouse.declarations.policies import Policies
from lakehouse.errors import DeliveryError, EntitlementError, Problem, QualityError
from lakehouse.naming import proof_record_path
from lakehouse.returns.build_record import BuildRecord
from lakehouse.returns.day_entries import final_issue, leaves
from lakehouse.returns.edition import Edition
from lakehouse.returns.inspection import due_transform
from lakehouse.returns.manifest import Document, canonical
from lakehouse.returns.model import Return

Broken = Mapping[str, list[str]]
MEANINGS = {
    "I3": "every recipient's rows lie in its region; parent = children + pending locality, for every return and parent",
    "I4": "no forbidden column, no raw value where a transform is due, no identity number in a community or grid payload",
    "I5": "the grade of every column is within its level's cap",
}
FIRST = 5


def unproved(edition: Edition, record: BuildRecord) -> pa.Table:
    """Return the forms whose payload is not yet proved: no published package contains it under the same rules."""
    earlier = edition.facts.predecessor
    issues = [(edition.date, final_issue(edition.exchange, edition.date))]
    if earlier is not None:
        issues.append((earlier.business_date, earlier.issue))
    proved: set[tuple[str, str]] = set()
    for day, issue in issues:
        below = leaves(edition.exchange, day, issue)
        if below.rules_sha256 == edition.facts.rules_sha256:
            proved |= {(recipient, path) for recipient, paths in below.payloads.items() for path in paths}
    forms = record.forms
    pairs = zip(forms["recipient_id"].to_pylist(), forms["path"].to_pylist(), strict=True)
    return forms.filter(pa.array([path is not None and (recipient, path) not in proved for recipient, path in pairs]))


def above_cap(returns: tuple[Return, ...], policies: Policies) -> list[str]:
    """Return the columns whose grade after their transform exceeds the cap of an audience."""
    found = []
    for declared in returns:
        whom = [(level, level, None) for level in declared.levels]
        for name, level, handles in [*whom, *((one.kind, one.level, "statutory_handler") for one in declared.handlers)]:
            cap = policies.caps[level].statutory_handler if handles else policies.caps[level].grade
            for column in declared.columns:
                transform = due_transform(column, name, level, handles, policies)
                grade = (column.grade or 4) if transform == "raw" else policies.grade_after.get(transform)
                if grade is not None and grade > (cap or 0):
                    found.append(f"{declared.id}.{column.name} at {name}")
    return found


def written(record: BuildRecord, declared: Return) -> dict[tuple[str, str], tuple[int, int]]:
    """Return audience and region code → number of rows and of rows of pending locality of a return, from the build record."""
    rows = [form for form in record.forms.to_pylist() if form["return_id"] == declared.id and form["form"] == "rows"]
    return {(form["audience"], form["region_code"]): (form["rows"], form["pending_locality"]) for form in rows}


def keep_proofs(edition: Edition, record: BuildRecord, broken: Broken) -> list[Document]:
    """Write the proofs to the store, beside the build record they belong to, and return them in the form the report shows."""
    proofs = [_proof(name, wrong) for name, wrong in broken.items()]
    path, content = proof_record_path(edition.date), canonical({"build_sha256": record.sha256, "proofs": proofs})
    if not edition.exchange.exists(path) or edition.exchange.get(path) != content:
        edition.exchange.put(path, content)
    return proofs


def require_proofs(edition: Edition, record: BuildRecord) -> None:
    """Raise an error unless the build record is proved.

    Raises:
        DeliveryError: there is no proof of this record, or a proof failed.
    """
    try:
        found = json.loads(edition.exchange.get(proof_record_path(edition.date)))
    except FileNotFoundError:
        found = {}
    proved = found.get("build_sha256") == record.sha256 and all(proof["ok"] for proof in found["proofs"])
    if not proved:
        problem = Problem(f"business day {edition.date}", "its packages are not proved.", "", "run returns_prove.")
        raise DeliveryError(problem.text())


def require_whole(edition: Edition, broken: Broken) -> None:
    """Raise an error when a proof is broken.

    Raises:
        EntitlementError: a recipient would see something it is not entitled to.
        QualityError: a recipient did not receive all its rows.
    """
    where = f"returns of {edition.date}"
    for name, kind in (("I4", EntitlementError), ("I5", EntitlementError), ("I3", QualityError)):
        if broken[name]:
            found = f"{name} does not hold, nothing was published: {'; '.join(broken[name][:FIRST])}."
            raise kind(Problem(where, found, MEANINGS[name], "correct the cause and run returns_build again.").text())


def _proof(name: str, wrong: list[str]) -> Document:
    detail = MEANINGS[name]
    if wrong:
        detail += f"; broken by {len(wrong)}: {', '.join(wrong[:FIRST])}"
    return {"id": name, "ok": not wrong, "detail": detail}
