"""Build a day's packages on Spark workers: select the due rows, sort them by recipient, and give each recipient's rows to the writer."""

from __future__ import annotations

from functools import partial

import pyarrow as pa
from pyspark.sql import SparkSession

from lakehouse.config import Instance
from lakehouse.returns.build_record import BuildRecord, make_record
from lakehouse.returns.day_entries import leaves
from lakehouse.returns.edition import Edition
from lakehouse.returns.tasks import by_grid, frozen, in_force
from lakehouse.returns.writer import FORM_FACTS, Assignment, write_packages
from spark_jobs.lake.session import open_session
from spark_jobs.lake.storage import read
from spark_jobs.transforms.returns import due_rows

FORM_FACTS_DDL = ", ".join(
    f"{field.name} {({pa.string(): 'string', pa.int64(): 'bigint', pa.bool_(): 'boolean'})[field.type]}" for field in FORM_FACTS
)


def build_packages(instance: Instance, edition: Edition, of: dict[str, int], *, is_check: bool = False) -> tuple[pa.Table, BuildRecord]:
    """Build all packages from the given table versions (`of`); return the facts of all forms (`FORM_FACTS`) and the build record.

    With `is_check` everything is computed and nothing is written.
    """
    spark = open_session(instance, tables={declared.source for declared in edition.returns})
    assignment = _assignment(instance, edition, is_check=is_check)
    sources = {declared.id: read(spark, declared.source, of.get(declared.source)) for declared in edition.returns}
    roster = [(one.place, one.recipient_id) for one in edition.addressees]
    whom = spark.createDataFrame(roster, "place string, recipient_id string")
    rows = due_rows(sources, edition.returns, whom, edition.regions.levels, tasks(spark))
    facts = rows.mapInArrow(partial(write_packages, assignment=assignment), FORM_FACTS_DDL).toArrow()
    return facts, make_record(edition, facts, of)


def _assignment(instance: Instance, edition: Edition, *, is_check: bool) -> Assignment:
    earlier = edition.facts.predecessor
    return Assignment(
        edition.date,
        instance.root("exchange"),
        str(instance.key_path("hmac.key")),
        {one.recipient_id: one for one in edition.addressees},
        edition.plans,
        edition.sender,
        edition.reading,
        (earlier.business_date, earlier.issue) if earlier else None,
        leaves(edition.exchange, earlier.business_date, earlier.issue).manifests if earlier else {},
        is_check,
        edition.limits,
        by_grid(in_force(edition.tasks, edition.returns, edition.regions)),
        by_grid(frozen(edition.exchange, earlier.business_date, earlier.issue).tasks) if earlier else {},
    )


def tasks(spark: SparkSession) -> int:
    """Return the number of tasks: it depends on the size of the Spark application, not on the number of recipients."""
    return int(spark.conf.get("spark.sql.shuffle.partitions") or 4)
