"""Write the reference tables (`ref.*`) and the recipients from contracts and city; only differences are written."""

from __future__ import annotations

from dataclasses import dataclass

from pyspark.sql import SparkSession

from lakehouse.city.reference import Rows, all_recipients, reference_rows
from lakehouse.city.regions import load_regions
from lakehouse.config import Instance
from lakehouse.jobs import Answer, JobRequest
from lakehouse.ops import connect, recipients
from spark_jobs.lake import storage
from spark_jobs.lake.session import open_session
from spark_jobs.lake.tables import REFERENCE, ReferenceTable


@dataclass(frozen=True, kw_only=True)
class ReferenceAnswer(Answer):
    """For each reference table its number of rows and of changed rows (`{rows, changes}`), and the number of recipients."""

    tables: dict[str, dict[str, int]]
    recipients: int


def run(instance: Instance, request: JobRequest) -> ReferenceAnswer:
    """Make every reference table and the list of recipients equal to what contracts and city declare."""
    tree = load_regions(instance.city_folder)
    spark = open_session(instance)
    written = {name: _write(spark, instance, REFERENCE[name], rows) for name, rows in reference_rows(instance, tree, request.business_date)}
    known = list(all_recipients(tree))
    with connect(instance) as connection:
        recipients.put(connection, known)
    return ReferenceAnswer(tables=written, recipients=len(known))


def _write(spark: SparkSession, instance: Instance, table: ReferenceTable, rows: Rows) -> dict[str, int]:
    if not storage.exists(spark, table.shape.name):
        storage.ensure_table(spark, instance, table.shape)
    if {tuple(row) for row in storage.read(spark, table.shape.name).collect()} == set(rows):
        return {"rows": len(rows), "changes": 0}
    schema = ", ".join(f"`{name}` {type_}" for name, type_ in table.shape.columns)
    target = storage.Target(table.shape.name, table.key, delete_where="true")
    return {"rows": len(rows), "changes": storage.write_differences(spark, target, spark.createDataFrame(rows, schema)).total}
