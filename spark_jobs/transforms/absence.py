"""Find the keys a snapshot closes: keys that are in none of its readable rows and cannot be meant by an unreadable one.

Unreadable is not absent (ADR 0005). A rejected line in which a key can be recognised (every key column has a `pattern` rule, and the line
contains a text of that pattern) can only mean the keys it contains. Any other rejected line may mean any key, so its snapshot closes
nothing. A quarantined row whose key is missing or breaks a rule may mean every key it could be a misspelling of.
"""

from __future__ import annotations

from functools import reduce
from operator import and_

import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lakehouse.contracts import model
from lakehouse.contracts.laid_out import laid_out
from lakehouse.contracts.layouts import Layout
from lakehouse.ingest.readers.lines import CODECS
from lakehouse.numbers.resident import HALF_WIDTH
from spark_jobs.transforms import types
from spark_jobs.transforms.normalisation import with_normalised
from spark_jobs.transforms.rules.scope import RuleScope, normalised_text
from spark_jobs.transforms.text import REPAIRS, half_width
from spark_jobs.transforms.types import spark_type

NOTHING_WRITTEN = "blank_line"
MISSPELT_SHARE = 10  # a text still counts as a misspelt key when at most one in so many characters differs


def closings(snapshots: DataFrame, timezone: str) -> DataFrame:
    """Return snapshots (`_batch_id, _provider, _business_date, _delivery_no`) with `_position`, their place in source time."""
    return snapshots.withColumn("_position", types.position_text(types.midnight(F.col("_business_date"), timezone)))


def lacking(known: DataFrame, closing: DataFrame, rows: DataFrame) -> DataFrame:
    """Return the keys that no readable row of a snapshot names.

    Rows: in, `known` one per key and provider that named it, with `_from`, the position from which on it did; `closing` the result of
    `closings`; `rows` the bronze rows of these snapshots. Out, one per key and snapshot of its provider (not before `_from`) that lacks it.
    Columns: those of `known` without `_from`, and those of the snapshot.
    """
    pairs = known.join(F.broadcast(closing), "_provider").where("_position >= _from").drop("_from")
    named = rows.where("_key IS NOT NULL").select("_batch_id", "_key")
    return pairs.join(named, ["_batch_id", "_key"], "anti")


def unreadable(rows: DataFrame, contract: model.Contract, scope: RuleScope) -> DataFrame:
    """Return the bronze rows whose key is not certain.

    Columns: `_batch_id`, `_is_reject`, `_is_any` (the row may mean any key), `_text` (text of a rejected line), `_u_<key column>` (key text
    of a quarantined row).
    """
    on_keys = [rule.id for rule in contract.rules_of("error") if contract.column(rule.column).key]
    doubtful = F.col("_key").isNull() | F.arrays_overlap("_verdict", F.array(*map(F.lit, on_keys)).cast("array<string>"))
    left = rows.where(doubtful & ~F.col("_reject").eqNullSafe(NOTHING_WRITTEN))
    columns = [F.col("_batch_id"), F.col("_reject").isNotNull().alias("_is_reject"), _lenient_text(contract).alias("_text")]
    parts = [_comparable_text(normalised_text(column.name)).alias(f"_u_{column.name}") for column in _comparable(contract)]
    found = with_normalised(left, contract, scope, contract.key_columns).select(*columns, *parts)
    return found.withColumn("_is_any", F.when(F.col("_is_reject"), ~_names_a_key(contract)).otherwise(F.lit(False)))


def certain(absent: DataFrame, doubtful: DataFrame, contract: model.Contract) -> DataFrame:
    """Return the absent keys that no unreadable row of their snapshot can mean."""
    pairs = [(_comparable_text(F.col(f"a.`{column.name}`")), F.col(f"u.`_u_{column.name}`")) for column in _comparable(contract)]
    named = reduce(and_, (F.contains("u._text", key) for key, _ in pairs), F.lit(True))
    alike = reduce(and_, (sent.isNull() | (F.levenshtein(key, sent) * MISSPELT_SHARE <= F.length(key)) for key, sent in pairs), F.lit(True))
    means = F.col("u._is_any") | F.when(F.col("u._is_reject"), named).otherwise(alike)
    return absent.alias("a").join(doubtful.alias("u"), (F.col("a._batch_id") == F.col("u._batch_id")) & means, "anti")


def said_of(absent: DataFrame, contract: model.Contract) -> DataFrame:
    """Return absent keys as typed rows with `_absent` true; all columns except the key are null."""
    kept = {column.name for column in contract.key_columns} | set(identities_of_key(contract))
    others = {column.name: F.lit(None).cast(spark_type(column)) for column in contract.kept_columns if column.name not in kept}
    others |= {name: F.lit(None).cast("string") for name in _identities(contract) if name not in kept}
    none: Column = F.array().cast("array<string>")
    return absent.withColumns({**others, "_source_line": F.lit(None).cast("bigint"), "_flags": none, "_absent": F.lit(True)})


def identities_of_key(contract: model.Contract) -> list[str]:
    """Return the person id columns derived from key columns."""
    return [column.identity for column in contract.key_columns if column.identity]


def _identities(contract: model.Contract) -> list[str]:
    return [column.identity for column in contract.identity_columns if column.identity]


def _comparable(contract: model.Contract) -> list[model.Column]:
    """Return the key columns whose text can be searched for as sent; others could have been sent in another form."""
    return [column for column in contract.key_columns if column.type == "string" and not set(REPAIRS) & set(column.normalise)]


def _comparable_text(text: Column) -> Column:
    return F.upper(half_width(text))


def _names_a_key(contract: model.Contract) -> Column:
    patterns = {rule.column: rule.params["regex"] for rule in contract.rules_of("error") if rule.kind == "pattern"}
    if not all(column.name in patterns for column in contract.key_columns):
        return F.lit(False)
    bodies = [patterns[column.name].removeprefix("^").removesuffix("$") for column in contract.key_columns]
    return reduce(and_, (F.col("_text").rlike(f"(?<![0-9A-Z])(?:{body})(?![0-9A-Z])") for body in bodies))


def _lenient_text(contract: model.Contract) -> Column:
    """Return the text of the raw bytes, decoded as the layout of their business date says."""
    text = _decoded(_codec(contract))
    for layout in contract.layouts:
        codec = _codec(laid_out(contract, layout.first))
        text = F.when(_is_of(layout), _decoded(codec)).otherwise(text) if codec != _codec(contract) else text
    return text


def _codec(contract: model.Contract) -> str:
    encoding = contract.source.encoding if isinstance(contract.source, model.CsvSource) else "utf-8"
    return CODECS.get(encoding, encoding)


def _is_of(layout: Layout) -> Column:
    since = F.lit(True) if layout.valid_from is None else F.col("_business_date") >= F.lit(layout.valid_from)
    return since if layout.valid_to is None else since & (F.col("_business_date") < F.lit(layout.valid_to))


def _decoded(codec: str) -> Column:
    """Return the text of the raw bytes, with undecodable bytes replaced, in the same form as `_comparable_text`."""
    table, text_type = HALF_WIDTH, pa.string()

    def texts(raws: pa.Array) -> pa.Array:
        # Uses no name of this module: importing the module would delay the start of a worker by seconds.
        found = [None if raw is None else raw.decode(codec, "replace").translate(table).upper() for raw in raws.to_pylist()]
        return pa.array(found, text_type)

    return F.arrow_udf(texts, "string")(F.col("_raw"))
