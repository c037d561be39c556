"""Find the rows that break an invariant of history (I2) or authority (I7); an empty result means the invariant holds."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lakehouse.declarations.authority import Candidate
from spark_jobs.transforms.history import overlaps


def known_at(versions: DataFrame, business_date: date, end: datetime) -> DataFrame:
    """Return the versions known at a business date and valid at its end.

    Args:
        versions: a silver table.
        business_date: the date.
        end: the first instant after the business date, UTC.
    """
    recorded = (F.col("_recorded_on") <= business_date) & (F.col("_replaced_on").isNull() | (F.col("_replaced_on") > business_date))
    still_valid = F.col("valid_to").isNull() | (F.col("_closed_on") > business_date) | (F.col("valid_to") >= F.lit(end))
    return versions.where(recorded & (F.col("valid_from") < F.lit(end)) & still_valid & ~F.col("_deleted"))


def history_breaks(versions: DataFrame) -> DataFrame:
    """Return the keys of a silver table whose present versions overlap or that have more than one open version.

    Rows: one per offending version. Columns: `_key`.
    """
    return versions.where("_replaced_on IS NULL").withColumn("_broken", overlaps()).where("_broken").select("_key")


def authority_breaks(golden: DataFrame, known: DataFrame, identity: str, believed: Mapping[str, Candidate], end: datetime) -> DataFrame:
    """Return the golden values that are neither the newest value of the authority nor a logged fallback for it.

    Rows: one per offending entity and field. Columns: `entity_id, field`.

    Args:
        golden: the library.
        known: the versions (see `known_at`) of the one resource that is the authority for all these fields.
        identity: the column that identifies an entity in both tables.
        believed: the fields, each with the candidate that declares this resource its authority.
        end: the first instant after the business date, UTC.
    """
    newest = known.where(F.col(identity).isNotNull()).groupBy(F.col(identity).alias("entity_id"))
    said = newest.agg(*(_newest(field, candidate, end).alias(f"said_{field}") for field, candidate in believed.items()))
    kept = golden.withColumn("entity_id", F.col(identity)).join(said, "entity_id", "left")
    wrong = F.array_compact(F.array(*(F.when(_is_wrong(field, one.resource), F.lit(field)) for field, one in believed.items())))
    return kept.select("entity_id", F.explode(wrong).alias("field"))


def _newest(field: str, candidate: Candidate, end: datetime) -> Column:
    value = F.coalesce(*(F.col(name).cast("string") for name in candidate.columns.get(field, (field,))))
    counts = conditions(candidate) & value.isNotNull()
    if candidate.max_age_days is not None:
        counts &= F.col("valid_from") >= F.lit(oldest_allowed(end, candidate.max_age_days))
    return F.max_by(value, F.when(counts, F.struct("valid_from", "_delivery_no", "_source_line")))


def _is_wrong(field: str, resource: str) -> Column:
    kept, said = F.col(field).cast("string"), F.col(f"said_{field}")
    source = F.get_json_object("_field_sources", f"$.{field}")
    by_authority = kept.eqNullSafe(said) & (source == resource)
    by_fallback = kept.isNull() == source.isNull()
    wrong = F.when(said.isNotNull(), ~by_authority).otherwise(~by_fallback | F.coalesce(source == resource, F.lit(False)))
    return F.coalesce(wrong, F.lit(True))


def oldest_allowed(end: datetime, max_age_days: int) -> datetime:
    """Return the instant before which a row is too old to supply a value."""
    return end - timedelta(days=max_age_days + 1)


def conditions(candidate: Candidate) -> Column:
    """Return the condition that a row supplies a candidate's value (`when`, `unless`), whatever its age."""
    condition = F.lit(True)
    for name, values in candidate.when.items():
        condition &= F.col(name).cast("string").isin(list(values))
    if candidate.unless:
        condition &= ~F.coalesce(F.arrays_overlap("_flags", F.array(*map(F.lit, candidate.unless))), F.lit(False))
    return condition
