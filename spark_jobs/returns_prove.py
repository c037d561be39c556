"""The job that proves a day's payloads complete and free of leaks before they are published. Shares no code with what wrote them."""

from __future__ import annotations

from functools import partial
from typing import Any

import pyarrow as pa
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from lakehouse.config import Instance
from lakehouse.errors import EntitlementError, Problem, QualityError
from lakehouse.jobs import JobRequest
from lakehouse.manifest import Document, canonical
from lakehouse.naming import LOCALITY_COLUMNS, proof_record_path
from lakehouse.ops import connect, facts
from lakehouse.policies import Policies
from lakehouse.returns.completeness import Places, incomplete
from lakehouse.returns.edition import Edition, load_edition
from lakehouse.returns.inspection import Inspection, inspect_payloads
from lakehouse.returns.model import Return
from lakehouse.returns.publications import final_issue, leaves
from lakehouse.returns.record import BuildRecord, load_record
from spark_jobs.session import open_session
from spark_jobs.storage import read

FACT = "proofs"
FINDINGS_DDL = "invariant string, where string, kind string, count bigint"
MEANINGS = {
    "I3": "every recipient's rows lie in its region; parent = children + pending locality, for every return and parent",
    "I4": "no forbidden column, no raw value where a transform is due, no identity number in a community or grid payload",
    "I5": "the grade of every column is within its level's cap",
}
FIRST = 5


def run(instance: Instance, request: JobRequest) -> dict[str, Any]:
    """Returns what was proved; payloads proved under the same rules before are not decoded again.

    Raises:
        QualityError: somebody did not receive everything.
        EntitlementError: somebody would see what is not for them.
    """
    edition = load_edition(instance, request.business_date)
    if edition.is_final:
        return {"outcome": "final"}
    record = load_record(edition)
    spark = open_session(instance)
    fresh = _unproved(edition, record)
    broken: dict[str, list[str]] = {"I3": [], "I4": [], "I5": list(_above_cap(edition.returns, edition.policies))}
    for declared in edition.returns:
        written = _written(record, declared)
        broken["I3"] += incomplete(declared, _places(spark, declared, record), written, edition.regions)
    for finding in _inspected(spark, instance, edition, fresh):
        broken[finding["invariant"]].append(f"{finding['where']}: {finding['count']} {finding['kind']}")
    proofs = [_proof(name, wrong) for name, wrong in broken.items()]
    _keep(edition, canonical({"build_sha256": record.sha256, "proofs": proofs}))
    with connect(instance) as connection:
        facts.record(connection, edition.date, FACT, proofs)
    _raise(edition, broken)
    return {"outcome": "proved", "forms": record.forms.num_rows, "decoded": fresh.num_rows}


def _unproved(edition: Edition, record: BuildRecord) -> pa.Table:
    """Returns the forms with a payload no published package had under the same rules."""
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


def _above_cap(returns: tuple[Return, ...], policies: Policies) -> list[str]:
    found = []
    for declared in returns:
        for level in declared.levels:
            for column in declared.columns:
                own = column.policy.get(level)
                transform = own.transform if own else policies.classes[column.class_ or "free_text"][level].transform
                grade = (column.grade or 4) if transform == "raw" else policies.grade_after.get(transform)
                if grade is not None and grade > policies.caps[level].grade:
                    found.append(f"{declared.id}.{column.name} at {level}")
    return found


def _places(spark: SparkSession, declared: Return, record: BuildRecord) -> Places:
    source = read(spark, declared.source, record.versions.get(declared.source))
    for name, value in declared.filter.items():
        source = source.where(F.col(name) == F.lit(value))
    counted = source.groupBy(*LOCALITY_COLUMNS).count().collect()
    return [({name.removesuffix("_code"): row[name] for name in LOCALITY_COLUMNS}, row["count"]) for row in counted]


def _written(record: BuildRecord, declared: Return) -> dict[str, tuple[int, int]]:
    rows = [form for form in record.forms.to_pylist() if form["return_id"] == declared.id and form["form"] == "rows"]
    return {form["region_code"]: (form["rows"], form["pending_locality"]) for form in rows}


def _inspected(spark: SparkSession, instance: Instance, edition: Edition, fresh: pa.Table) -> list[dict[str, Any]]:
    if not fresh.num_rows:
        return []
    parents = {region.code: region.parent_code for region in edition.regions.by_code.values() if region.parent_code}
    inspection = Inspection(edition.date, instance.root("exchange"), edition.policies, edition.returns, parents)
    tasks = int(spark.conf.get("spark.sql.shuffle.partitions") or 4)
    forms = spark.createDataFrame(fresh).repartition(tasks, "path")
    found: list[dict[str, Any]] = forms.mapInArrow(partial(inspect_payloads, inspection=inspection), FINDINGS_DDL).toArrow().to_pylist()
    return found


def _keep(edition: Edition, content: bytes) -> None:
    path = proof_record_path(edition.date)
    if not edition.exchange.exists(path) or edition.exchange.get(path) != content:
        edition.exchange.put(path, content)


def _proof(name: str, wrong: list[str]) -> Document:
    detail = MEANINGS[name]
    if wrong:
        detail += f"; broken by {len(wrong)}: {', '.join(wrong[:FIRST])}"
    return {"id": name, "ok": not wrong, "detail": detail}


def _raise(edition: Edition, broken: dict[str, list[str]]) -> None:
    where = f"returns of {edition.date}"
    for name, kind in (("I4", EntitlementError), ("I5", EntitlementError), ("I3", QualityError)):
        if broken[name]:
            found = f"{name} does not hold, nothing was published: {'; '.join(broken[name][:FIRST])}."
            raise kind(Problem(where, found, MEANINGS[name], "correct the cause and run returns_build again.").text())
