"""Compare a whole source with bronze and silver, and tell what is missing on either side."""

from __future__ import annotations

from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.city.clocks import load_clocks
from lakehouse.config import Instance
from lakehouse.contracts.model import Contract
from lakehouse.errors import SourceError
from lakehouse.ingest import reconciliation
from lakehouse.ingest.reconciliation import MOST_KEYS, Compared, Desk, Listing, Missing
from lakehouse.naming import bronze, silver
from lakehouse.objects import open_area
from lakehouse.ops import connect
from spark_jobs.ingest.scope import rule_scope
from spark_jobs.ingest.silver import OPEN
from spark_jobs.lake import storage
from spark_jobs.lake.session import open_session
from spark_jobs.transforms import reconciliation as transforms


def compare_when_due(instance: Instance, contract: Contract, on: date, *, asked: bool) -> Compared | None:
    """Compare the source of a resource if its contract asks for that on this date, or (`asked`) in any case; None when it was not done."""
    if not reconciliation.can_be_compared(contract):
        return None
    with connect(instance) as connection:
        is_due = asked or reconciliation.is_due(connection, contract, on)
    return compare(instance, contract, on) if is_due else None


def compare(instance: Instance, contract: Contract, on: date) -> Compared | None:
    """List a whole source, compare it with what has arrived, record and tell the result; None when the source could not be listed."""
    lake, provider = open_area(instance, "lake"), reconciliation.provider_of(instance, contract, on)
    try:
        listing = reconciliation.list_source(instance, lake, contract, on)
        found = _compared(instance, contract, on, listing)
    except SourceError as error:
        with connect(instance) as connection:
            Desk(connection, contract, load_clocks(instance), provider, on).not_listed(str(error))
        return None
    finally:
        reconciliation.clear(lake, contract, on)
    with connect(instance) as connection:
        Desk(connection, contract, load_clocks(instance), provider, on).tell(found)
    return found


def _compared(instance: Instance, contract: Contract, on: date, listing: Listing) -> Compared:
    spark = open_session(instance, listing.rows, [silver(contract.code)])
    storage.ensure_tables(spark, instance, contract)
    with connect(instance) as connection:
        coming = reconciliation.days_of_windows(connection, contract, on)
    staged = storage.read_staged(spark, instance, listing.path)
    columns = reconciliation.compared_columns(contract)
    rows = transforms.listed(staged, contract, columns, rule_scope(spark, instance)).localCheckpoint()
    here = transforms.missing_here(rows, storage.read(spark, bronze(contract.code)), contract, coming)
    there = transforms.missing_there(rows, storage.read(spark, silver(contract.code)).where(OPEN), contract)
    return Compared(listing.rows, _missing(here), _missing(there.withColumn("_day", F.lit(None).cast("date"))))


def _missing(rows: DataFrame) -> Missing:
    rows = rows.select("_key", "_day").localCheckpoint()
    [counted] = rows.agg(F.count(F.lit(1)), F.min("_day")).collect()
    if not counted[0]:
        return Missing()
    keys = rows.select("_key").distinct().orderBy("_key").limit(MOST_KEYS).collect()
    return Missing(counted[0], tuple(row._key for row in keys), counted[1])
