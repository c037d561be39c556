"""Bring the deliveries of the cases into a lake, and tell what became of each of their rows."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from lakehouse import steps
from lakehouse.config import Instance
from lakehouse.contracts.loader import load_contract_of
from lakehouse.jobs import JobRequest, run_job
from lakehouse.naming import bronze, silver
from spark_jobs.lake import storage
from spark_jobs.lake.session import open_session
from spark_jobs.transforms.dispositions import errors

DELIVERIES = Path(__file__).parent / "deliveries"


@dataclass(frozen=True)
class Fate:
    """What became of a delivered row.

    Attributes:
        became: `rejected`, `quarantined` or `in silver` (accepted, or equal to a row that was).
        rules: its reject code, or the rules of severity error that it broke.
        flags: the warnings and repairs silver notes for it.
        sent: its text in bronze, by column.
        kept: its typed values in silver, by column; empty when it is not there.
    """

    became: str
    rules: frozenset[str]
    flags: frozenset[str]
    sent: Mapping[str, str | None]
    kept: Mapping[str, Any]


def drop(instance: Instance, case: str, file: str, path: str) -> None:
    """Copy a file of a case to its place below the inbox."""
    target = instance.folder("inbox") / path
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(DELIVERIES / case / file, target)


def bring_in(instance: Instance, resource: str, on: date, **options: Any) -> None:
    """Run the ingest steps of a resource on what has arrived by a date."""
    for step in (*steps.INGEST, steps.INGEST_OUTCOME):
        run_job(step, JobRequest(on, resource, options=options if step == steps.INGEST[0] else {}), instance)


def fates(instance: Instance, resource: str) -> dict[tuple[date, int], Fate]:
    """Return what became of every row of a resource, by the date its delivery is about and its line."""
    spark, contract = open_session(instance), load_contract_of(instance.settings.contracts, resource)
    names = [column.name for column in contract.kept_columns]
    broken = errors(contract).alias("_errors")
    read = storage.read(spark, bronze(resource)).select("_batch_id", "_business_date", "_source_line", "_reject", broken, *names)
    kept = {(row._batch_id, row._source_line): row.asDict() for row in storage.read(spark, silver(resource)).collect()}
    return {
        (row._business_date, row._source_line): _fate(row.asDict(), kept.get((row._batch_id, row._source_line)), names)
        for row in read.collect()
    }


def _fate(row: dict[str, Any], version: dict[str, Any] | None, names: list[str]) -> Fate:
    rules = frozenset([f"reject.{row['_reject']}"] if row["_reject"] else row["_errors"])
    became = "rejected" if row["_reject"] else "quarantined" if rules else "in silver"
    flags = frozenset(version["_flags"] if version else ())
    kept = {name: version[name] for name in names if name in version} if version else {}
    return Fate(became, rules, flags, {name: row[name] for name in names}, kept)
