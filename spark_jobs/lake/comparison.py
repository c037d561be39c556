"""Compare a table that was built again with the one that stands, in every column, and mend the latter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from lakehouse.errors import Problem, QualityError
from spark_jobs.lake import storage


@dataclass(frozen=True)
class Compared:
    """The comparison of a table that was built again with the one that stands.

    Attributes:
        table: the table that stands.
        rows: the rows that were built.
        lacking: those of them that the table did not hold, or held with another value in any column.
        surplus: the rows of the table that were not built.
        written: the rows of the table that were changed to what was built; 0 for a check.
        obstacles: why it cannot be built again, or not for certain; then nothing is written.
        remarks: what could be told of its rows, but not known.
    """

    table: str
    rows: int = 0
    lacking: int = 0
    surplus: int = 0
    written: int = 0
    obstacles: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()

    @property
    def differs(self) -> bool:
        """Return whether the table held anything else than what was built."""
        return bool(self.lacking or self.surplus)

    @property
    def is_mended(self) -> bool:
        """Return whether the table now holds what was built."""
        return bool(self.written) or not self.differs


def differences(built: DataFrame, stood: DataFrame) -> tuple[int, int]:
    """Return how many rows were built that do not stand, and how many stand that were not built; columns are compared by name."""
    ours = built.select(*stood.columns)
    return ours.exceptAll(stood).count(), stood.exceptAll(ours).count()


def mend(spark: SparkSession, table: str, key: Sequence[str], built: DataFrame) -> int:
    """Let a table hold these rows and no others; return how many rows were written.

    Raises:
        QualityError: a fresh read still finds other rows.
    """
    stood = storage.read(spark, table)
    doubled = stood.groupBy(*key).count().where("count > 1").select(*key)  # a MERGE cannot tell them apart, so all of them go first
    gone = stood.join(doubled, list(key), "semi").dropDuplicates(list(key)).withColumn("_change", F.lit("deleted"))
    written = storage.merge(spark, table, gone, key).total
    rows = built.select(*stood.columns).localCheckpoint()
    written += storage.write_differences(spark, storage.Target(table, tuple(key), delete_where="true"), rows).total
    if any(differences(rows, storage.read(spark, table))):
        raise QualityError(Problem(table, "it still holds other rows than were built again.", "", "run the command again.").text())
    return written
