"""Find the versions of a resource that offer values for an entity's fields: those golden values and conflicts were made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import reduce
from typing import NamedTuple

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lakehouse.declarations.authority import Candidate
from spark_jobs.transforms.invariants import conditions, oldest_allowed


class Wanted(NamedTuple):
    """A field's candidate and the columns that supply it; those of a fact may be empty (`is_fact`)."""

    candidate: Candidate
    columns: Sequence[str]
    is_fact: bool


def offers(known: DataFrame, wanted: Mapping[str, Wanted], end: datetime) -> DataFrame:
    """Return the newest version that offers something for each field, without fields whose newest version takes its value back.

    Rows: one per field. Columns: `field`, those of the version (`valid_from, _delivery_no, _source_line, _batch_id, _version_id,
    _recorded_on`; the first as text in UTC) and `columns`, the names of its columns that hold something for the field.

    Args:
        known: the versions of one entity in the silver table of a resource, known at a business date (`invariants.known_at`).
        wanted: the fields for which the resource is a candidate.
        end: the first instant after the business date, UTC.
    """
    newest = known.agg(*(_newest(one, end).alias(field) for field, one in wanted.items()))
    by_field = F.array(*(F.struct(F.lit(field).alias("field"), F.col(field).alias("said")) for field in wanted))
    rows = newest.select(F.explode(by_field).alias("one")).select("one.field", "one.said.*")
    said = rows.where("_version_id IS NOT NULL AND NOT is_withdrawn").drop("is_withdrawn")
    return said.withColumn("valid_from", F.date_format("valid_from", "yyyy-MM-dd'T'HH:mm:ss'Z'"))


def _newest(wanted: Wanted, end: datetime) -> Column:
    candidate, columns, is_fact = wanted
    filled = F.array_compact(F.array(*(F.when(F.col(name).isNotNull(), F.lit(name)) for name in columns)).cast("array<string>"))
    withdrawn = _takes_back(candidate)
    counts = (conditions(candidate) & (F.lit(is_fact) | (F.size(filled) > 0))) | withdrawn
    if candidate.max_age_days is not None:
        counts &= F.col("valid_from") >= F.lit(oldest_allowed(end, candidate.max_age_days))
    order = ("valid_from", "_delivery_no", "_source_line")
    said = F.struct(*order, "_batch_id", "_version_id", "_recorded_on", filled.alias("columns"), withdrawn.alias("is_withdrawn"))
    return F.max_by(said, F.when(counts, F.struct(*order)))


def _takes_back(candidate: Candidate) -> Column:
    if not candidate.withdrawn:
        return F.lit(False)
    held = (F.col(name).cast("string").isin(list(values)) for name, values in candidate.withdrawn.items())
    return F.coalesce(reduce(Column.__and__, held), F.lit(False))
