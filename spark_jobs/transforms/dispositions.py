"""The disposition of each bronze row: rejected, quarantined, duplicate, superseded or accepted; and which rows say something new.

At one key and position rows stand in the order of history: business date, delivery number, line. A row that is equal to the row directly
before it repeats it; one that says again what was said earlier, with something else in between, does not (ADR 0021).
"""

from __future__ import annotations

from collections.abc import Callable

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from lakehouse.contracts.model import Contract
from spark_jobs.transforms.verdicts import blocking_rules

DISPOSITIONS = ("rejected", "quarantined", "duplicate", "superseded", "accepted")
SPOT = ("_key", "_position")
BATCH = ("_business_date", "_delivery_no")
COMPARED = (*SPOT, *BATCH, "_source_line", "_row_hash", "_provider")  # the columns by which an earlier row is compared


def errors(contract: Contract) -> Column:
    """Return the broken rules that quarantine a bronze row (empty: none)."""
    return F.array_intersect("_verdict", F.array(*map(F.lit, blocking_rules(contract))))


def is_valid(contract: Contract) -> Column:
    """Return whether a bronze row is neither rejected nor quarantined."""
    return F.col("_reject").isNull() & (F.size(errors(contract)) == 0)


def with_dispositions(rows: DataFrame, prior: DataFrame | None, contract: Contract) -> DataFrame:
    """Return the rows with `_disposition` and `_is_news`.

    Rows: unchanged; whole batches. A disposition looks only at what was delivered up to the row, so no later delivery changes it.
    Columns: `_is_news` is whether a valid row differs from the row directly before it among all of these rows.

    Args:
        rows: bronze rows of the judged batches, with `_key`.
        prior: valid bronze rows of the known deliveries before them (`COMPARED`), None if there are none; without blocked batches.
        contract: the resource.
    """
    judged = rows.repartition(*SPOT)  # by this one shuffle the join and all windows find their rows together
    judged = judged.withColumns({"_valid": is_valid(contract), "_word": _word(contract)})
    if prior is not None:
        judged = judged.join(_last_words(prior, contract), [*SPOT], "left")
    judged = _with_words_before(judged, has_prior=prior is not None)
    judged = judged.withColumns({"_is_repeat": _repeats(_delivered_before), "_is_news": F.col("_valid") & ~_repeats(_stands_before)})
    new_line = F.when(F.col("_valid") & ~F.col("_is_repeat"), F.col("_source_line"))
    last_line = F.max(new_line).over(Window.partitionBy("_valid", *SPOT, "_delivery_no"))
    disposition = (
        F.when(F.col("_reject").isNotNull(), "rejected")
        .when(~F.col("_valid"), "quarantined")
        .when(F.col("_is_repeat"), "duplicate")
        .when(F.col("_source_line") < last_line, "superseded")
        .otherwise("accepted")
    )
    return judged.withColumn("_disposition", disposition).select(*rows.columns, "_disposition", "_is_news")


def news(rows: DataFrame, contract: Contract) -> DataFrame:
    """Return the rows that say something new; the input is the valid rows of some keys in all known batches."""
    in_order = Window.partitionBy(*SPOT).orderBy(*BATCH, "_source_line")
    said = rows.withColumn("_is_news", ~F.lag(_word(contract)).over(in_order).eqNullSafe(_word(contract)))
    return said.where("_is_news").drop("_is_news")


def _word(contract: Contract) -> Column:
    """Return what a row says, as one text: of a snapshot also who says it, because a key belongs to the provider that named it last."""
    return F.concat_ws("|", "_row_hash", "_provider") if contract.delivery == "snapshot" else F.col("_row_hash")


def _last_words(prior: DataFrame, contract: Contract) -> DataFrame:
    """Return one row per key and position with `_prior`: the last word of each batch there."""
    of_batch = prior.groupBy(*SPOT, *BATCH).agg(F.max_by(_word(contract), "_source_line").alias("_word"))
    return of_batch.groupBy(*SPOT).agg(F.collect_list(F.struct(*BATCH, "_word")).alias("_prior"))


def _with_words_before(judged: DataFrame, *, has_prior: bool) -> DataFrame:
    """Add what else is said at the key and position of each row.

    Columns: `_before` is the word of the line before in the same batch; `_said` the last word of each batch, without those that repeat
    an earlier delivery directly before them: they would tell nothing else, and a list delivered every day would grow with its age.
    """
    spot = Window.partitionBy("_valid", *SPOT)
    in_order = spot.orderBy(*BATCH, "_source_line")
    prev, next_no = F.lag(F.struct(*BATCH, "_word")).over(in_order), F.lead("_delivery_no").over(in_order)
    judged = judged.withColumns({"_prev": prev, "_next_no": next_no})
    repeats = (F.col("_prev._word") == F.col("_word")) & (F.col("_prev._delivery_no") < F.col("_delivery_no"))
    if has_prior:
        repeats &= ~F.exists(F.coalesce("_prior", F.array()), _stands_between)
    is_last = ~F.col("_next_no").eqNullSafe(F.col("_delivery_no"))
    last_word = F.when(F.col("_valid") & is_last & ~F.coalesce(repeats, F.lit(False)), F.struct(*BATCH, "_word"))
    said = F.collect_list(last_word).over(spot)
    if has_prior:
        said = F.concat(F.coalesce("_prior", F.array()), said)
    before = F.when(F.col("_prev._delivery_no") == F.col("_delivery_no"), F.col("_prev._word"))
    return judged.withColumns({"_said": said, "_before": before})


def _stands_between(said: Column) -> Column:
    """Return whether an earlier delivery stands between the row and the judged row before it."""
    return (said["_business_date"] > F.col("_prev._business_date")) & (said["_business_date"] <= F.col("_business_date"))


def _repeats(comes_before: Callable[[Column], Column]) -> Column:
    """Return whether a row equals the one directly before it: the line before in its batch, else the last word of the batch before."""
    of_batch = F.array_max(F.filter("_said", comes_before))
    return F.coalesce("_before", of_batch["_word"]).eqNullSafe(F.col("_word"))


def _delivered_before(said: Column) -> Column:
    """Return whether a batch stands before the row's, and was delivered before it too."""
    return (said["_delivery_no"] < F.col("_delivery_no")) & (said["_business_date"] <= F.col("_business_date"))


def _stands_before(said: Column) -> Column:
    """Return whether a batch stands before the row's."""
    same_date = said["_business_date"] == F.col("_business_date")
    return (said["_business_date"] < F.col("_business_date")) | (same_date & (said["_delivery_no"] < F.col("_delivery_no")))
