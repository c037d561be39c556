"""The proofs a day needs before it is published: packages are complete (I3), free of leaks (I4) and within the caps (I5)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pyarrow as pa

from lakehouse.declarations.policies import Policies
from lakehouse.errors import DeliveryError, EntitlementError, Problem, QualityError
from lakehouse.naming import package_prefix, proof_record_path
from lakehouse.returns.build_record import BuildRecord
from lakehouse.returns.day_entries import final_issue, leaves
from lakehouse.returns.edition import Edition
from lakehouse.returns.inspection import due_transform
from lakehouse.returns.manifest import Document, canonical
from lakehouse.returns.model import Return
from lakehouse.returns.tasks import frozen

Broken = Mapping[str, list[str]]
MEANINGS = {
    "I3": "every recipient's rows lie in its region; parent = children + pending locality, for every return and parent",
    "I4": "no forbidden column, no raw value where a transform is due, no identity number in a community or grid payload",
    "I5": "the grade of every column is within its level's cap",
}
FIRST = 5
PARALLEL_READS = 8


def unproved(edition: Edition, record: BuildRecord) -> pa.Table:
    """Return the forms whose payload is not yet proved: no published package contains it under the same rules.

    What was proved while tasks about a grid's rows were open is proved again: the tasks may have ended, and the payload be the same.
    """
    earlier = edition.facts.predecessor
    issues = [(edition.date, final_issue(edition.exchange, edition.date))]
    if earlier is not None:
        issues.append((earlier.business_date, earlier.issue))
    proved: set[tuple[str, str]] = set()
    for day, issue in issues:
        below = leaves(edition.exchange, day, issue)
        if below.rules_sha256 == edition.facts.rules_sha256:
            with_tasks = frozen(edition.exchange, day, issue).grids
            stood = {recipient: paths for recipient, paths in below.payloads.items() if recipient not in with_tasks}
            proved |= {(recipient, path) for recipient, paths in stood.items() for path in paths}
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


def former_above_cap(record: BuildRecord, policies: Policies) -> list[str]:
    """Return the columns of former forms whose grade after the transform they were shown with exceeds the cap of an audience today."""
    found = set()
    for form in record.former():
        policy = policies.caps[form["level"]]
        cap = policy.grade if form["audience"] == form["level"] else policy.statutory_handler or policy.grade
        for column in form["returned"]["columns"]:
            grade = column["grade"] if column["transform"] == "raw" else policies.grade_after.get(column["transform"], 4)
            if grade > cap:
                found.add(f"{form['return_id']}.{column['name']} at {form['audience']}, as of {form['returned']['as_of']}")
    return sorted(found)


def unlike_before(edition: Edition, record: BuildRecord) -> list[str]:
    """Return the recipients whose former forms are not exactly what their package of the published day before holds."""
    former = [form for form in record.former() if form["form"] == "rows"]
    with ThreadPoolExecutor(PARALLEL_READS) as pool:
        same = list(pool.map(partial(_is_as_before, edition), former))
    wrong = [form for form, is_same in zip(former, same, strict=True) if not is_same]
    return [f"{form['recipient_id']} {form['return_id']} is unlike the package before" for form in wrong]


def _is_as_before(edition: Edition, form: Document) -> bool:
    earlier = edition.facts.predecessor
    if earlier is None:
        return False
    prefix = package_prefix(form["recipient_id"], earlier.business_date, earlier.issue)
    before = json.loads(edition.exchange.get(f"{prefix}/manifest.json"))
    entry = next((one for one in before["returns"] if one["return_id"] == form["return_id"]), None)
    if entry is None:
        return False
    rows = next(one for one in entry["forms"] if one["form"] == "rows")
    as_of, returned = entry.get("as_of") or before["business_date"], form["returned"]
    stood = (as_of, entry["columns"], entry["legal_basis"], entry["need_id"], entry["rows"], rows["content_sha256"])
    now = (returned["as_of"], returned["columns"], returned["legal_basis"], returned["need_id"], form["rows"], form["content_sha256"])
    return stood == now and entry["pending_locality"] == form["pending_locality"]


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
