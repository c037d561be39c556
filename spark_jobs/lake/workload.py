"""Tell how much a step has to do before it begins, without Spark: from the rows that wait for it and the sizes in Delta's logs."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable

from lakehouse.config import Instance
from lakehouse.naming import table_path
from lakehouse.objects import open_area
from spark_jobs.lake.storage import LOG, versions

# Where there is little to do, most of the time of a statement goes into its plan: compiling it takes seconds, interpreting it only
# microseconds a row, and planning it again after every stage (adaptive execution) takes longer than the stages themselves.
SMALL = {
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.shuffle.partitions": str(os.cpu_count() or 2),
    # To mark rows of a small file as deleted takes longer than to write it again, and leaves two files to read.
    "spark.databricks.delta.merge.deletionVectors.persistent": "false",
}
LARGE = {
    "spark.sql.codegen.wholeStage": "true",
    "spark.sql.codegen.factoryMode": "FALLBACK",
    "spark.sql.adaptive.enabled": "true",
    "spark.sql.shuffle.partitions": str(2 * (os.cpu_count() or 2)),
    "spark.databricks.delta.merge.deletionVectors.persistent": "true",
}
LARGE_ROWS = 250_000
LARGE_BYTES = 64 * 2**20  # about as many rows of a silver table


def settings_for(instance: Instance, rows: int = 0, tables: Iterable[str] = ()) -> dict[str, str]:
    """Return Spark's settings for work on so many new rows and on these tables as a whole."""
    return SMALL if is_small(instance, rows, tables) else LARGE


def is_small(instance: Instance, rows: int = 0, tables: Iterable[str] = ()) -> bool:
    """Return whether so many new rows and these tables as a whole are little to work on."""
    return rows < LARGE_ROWS and sum(sizes(instance, tables).values()) < LARGE_BYTES


def sizes(instance: Instance, tables: Iterable[str]) -> dict[str, int]:
    """Return the bytes of the newest version of each table that exists; one whose log does not tell them counts as large."""
    area = open_area(instance, "lake")
    found = {}
    for table, version in versions(instance, tables).items():
        try:
            found[table] = int(json.loads(area.get(f"{table_path(table)}/{LOG}/{version:020}.crc"))["tableSizeBytes"])
        except FileNotFoundError:
            found[table] = LARGE_BYTES
    return found
