"""Select the rows due to each recipient. Values are not transformed yet; the writer of packages does that, recipient by recipient."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lakehouse.returns.model import Audience, Return, ReturnColumn

# The columns of a due row besides its recipient, null in the row that only names a recipient.
OF_A_ROW = {
    "return_id": "string", "row_id": "string", "born": "string", "id_no": "string", "is_pending": "boolean", "values": "array<string>",
}  # fmt: skip


def due_rows(
    sources: Mapping[str, DataFrame], returns: Sequence[Return], roster: DataFrame, levels: Collection[str], tasks: int
) -> DataFrame:
    """Return the due rows of all returns in `tasks` partitions, with the rows of each recipient adjacent.

    Rows: one per return, eligible row, and audience at whose level the row's region is known; and one per recipient (`return_id` null), so
    that recipients without rows appear too. A row whose place is not in the roster goes to nobody: the proof of completeness finds it.
    Columns: `slices.DUE_ROWS`; `values` holds the return's columns as text, in order.

    Args:
        sources: the table of each return, by return id.
        returns: the returns.
        roster: `place, recipient_id` of all recipients; a place is an audience and a region.
        levels: the levels the city has.
        tasks: the number of partitions; it does not depend on the number of recipients.
    """
    whole = roster.select("recipient_id", *(F.lit(None).cast(kind).alias(name) for name, kind in OF_A_ROW.items()))
    if returns:
        whole = selection(sources, returns, roster, levels).select("recipient_id", *OF_A_ROW).unionByName(whole)
    return whole.repartition(tasks, "recipient_id").sortWithinPartitions("recipient_id")


def selection(sources: Mapping[str, DataFrame], returns: Sequence[Return], roster: DataFrame, levels: Collection[str]) -> DataFrame:
    """Return the due rows of all returns with `recipient_id`, one per row and recipient."""
    due = reduce(DataFrame.unionByName, [_due(sources[one.id], one, levels) for one in returns])
    return due.join(F.broadcast(roster), "place")


def eligible(source: DataFrame, declared: Return) -> DataFrame:
    """Return the rows of the source table that fulfil the return's filter."""
    conditions = [F.col(name).eqNullSafe(F.lit(value)) for name, value in declared.filter.items()]
    return source.where(reduce(Column.__and__, conditions, F.lit(True)))


def _due(source: DataFrame, declared: Return, levels: Collection[str]) -> DataFrame:
    minors = declared.minors
    born = F.col(minors.birth_date).cast("string") if minors else F.lit(None).cast("string")
    id_no = F.col(minors.id_no) if minors and minors.id_no else F.lit(None).cast("string")
    places = F.array_compact(F.array(*(_place(audience) for audience in declared.audiences_at(levels).values())))
    rows = eligible(source, declared).select(
        F.explode(places).alias("place"),
        F.lit(declared.id).alias("return_id"),
        F.col(declared.key).alias("row_id"),
        born.alias("born"),
        id_no.alias("id_no"),
        F.array(*(_text(column) for column in declared.columns)).alias("values"),
    )
    return rows.select("place.place", "place.is_pending", "return_id", "row_id", "born", "id_no", "values")


def _place(audience: Audience) -> Column:
    """Return the place of a row for an audience and whether it is pending there (the region below is not known).

    Nulls: null where the row's region at the level of the audience is not known.
    """
    code = F.col(f"{audience.level}_code")
    waits = F.col(f"{audience.below}_code").isNull() if audience.below else F.lit(False)
    found = F.struct(F.concat(F.lit(f"{audience.name}-"), code).alias("place"), waits.alias("is_pending"))
    return F.when(code.isNotNull(), found)


def _text(column: ReturnColumn) -> Column:
    """Return the value as text; a timestamp in UTC, the time zone of the session."""
    if column.type == "timestamp":
        return F.date_format(column.name, "yyyy-MM-dd'T'HH:mm:ss'Z'")
    return F.col(column.name).cast("string")
