"""Rows that are judged again: which verdict of a row is known, and what changes where the rules of today judge it."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lakehouse.contracts.model import Contract
from spark_jobs.transforms.rules.scope import RuleScope
from spark_jobs.transforms.verdicts import KEY_UNREADABLE, POSITION_UNREADABLE, add_verdicts, blocking_rules

ROW = ("_batch_id", "_source_object", "_source_line")
FACTS = (KEY_UNREADABLE, POSITION_UNREADABLE)


def newest(verdicts: DataFrame) -> DataFrame:
    """Return the last verdict that was given again on each row.

    Rows: in, one per row and rejudging; out, one per row. Columns: the place of the row and `_verdict`.
    """
    return verdicts.groupBy(*ROW).agg(F.max_by("_verdict", "_rejudging").alias("_verdict"))


def with_verdicts(rows: DataFrame, again: DataFrame) -> DataFrame:
    """Return bronze rows, those in `again` (`newest`) with the verdict that stands there.

    Rows and columns: unchanged.
    """
    news = again.select(*ROW, F.col("_verdict").alias("_again"))
    verdict = F.coalesce("_again", "_verdict").alias("_verdict")
    return rows.join(news, list(ROW), "left").select(*(verdict if name == "_verdict" else f"`{name}`" for name in rows.columns))


def judged_again(rows: DataFrame, contract: Contract, scope: RuleScope) -> DataFrame:
    """Judge whole batches by the rules of today and return the rows that break, or broke, any.

    Whether key and position can be read is a fact of bronze, which holds them, and not judged again.

    Rows: in, bronze rows with their known verdict; out, one per row with a rule in one of its two verdicts.
    Columns: the place of the row, `_provider`, `_key`, `_was` (its known verdict) and `_verdict` (of today).
    """
    facts = F.array(*map(F.lit, FACTS))
    was = F.coalesce(F.col("_verdict"), F.array().cast("array<string>"))
    known = rows.withColumns({"_was": was, "_known_key": F.col("_key")})
    again = F.array_union(F.array_except("_verdict", facts), F.array_intersect("_was", facts))
    judged = add_verdicts(known, contract, scope).withColumns({"_verdict": F.array_sort(again), "_key": F.col("_known_key")})
    found = judged.where((F.size("_was") > 0) | (F.size("_verdict") > 0))
    return found.select(*ROW, "_provider", "_key", "_was", "_verdict")


def keys_reached(rows: DataFrame, judged: DataFrame, contract: Contract) -> DataFrame:
    """Return the keys whose history may be another one because rows of theirs are judged otherwise.

    A row of a snapshot whose key is doubtful may mean any key of its provider: then all of these.

    Rows: in, those of bronze and those judged otherwise; out, one per key. Columns: `_key`.
    """
    if contract.delivery == "snapshot":
        judged = rows.join(judged.select("_provider").distinct(), "_provider", "semi")
    return judged.where("_key IS NOT NULL").select("_key").distinct()


def differs() -> Column:
    """Return whether the verdict of today is another than the known one."""
    return F.array_sort("_was") != F.col("_verdict")


def is_blocked(verdict: str, contract: Contract) -> Column:
    """Return whether a verdict (the name of its column) keeps a row out of silver."""
    return F.arrays_overlap(verdict, F.array(*map(F.lit, blocking_rules(contract))))


def by_rule(judged: DataFrame) -> DataFrame:
    """Count the rows that break each rule.

    Rows: in, those of `judged_again`; out, one per rule. Columns: `rule`, `before`, `after`, `newly`, `no_longer`.
    """
    each = judged.withColumn("rule", F.explode(F.array_union("_was", "_verdict")))
    was, now = F.array_contains("_was", F.col("rule")), F.array_contains("_verdict", F.col("rule"))
    counts = {"before": was, "after": now, "newly": now & ~was, "no_longer": was & ~now}
    return each.groupBy("rule").agg(*(F.count_if(condition).alias(name) for name, condition in counts.items()))


def by_batch(judged: DataFrame, contract: Contract) -> DataFrame:
    """Count the rows that break each rule of today in each batch.

    Rows: one per batch. Columns: `_batch_id`, `quarantined`, `rules` (rule, rows).
    """
    each = judged.withColumn("rule", F.explode("_verdict")).groupBy("_batch_id", "rule").agg(F.count("*").alias("rows"))
    rules = each.groupBy("_batch_id").agg(F.collect_list(F.struct("rule", "rows")).alias("rules"))
    whole = judged.groupBy("_batch_id").agg(F.count_if(is_blocked("_verdict", contract)).alias("quarantined"))
    return whole.join(rules, "_batch_id", "left")
