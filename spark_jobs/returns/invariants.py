"""Check the invariants of a published day, I1 to I7, and list what breaks them."""

from __future__ import annotations

from collections.abc import Mapping, Set
from datetime import date, datetime
from functools import reduce
from typing import Any, NamedTuple

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from lakehouse.city.calendar import end_of_day
from lakehouse.config import Instance
from lakehouse.contracts.loader import load_sound_contracts
from lakehouse.contracts.model import Contract
from lakehouse.declarations.authority import Authority, Candidate, load_authority
from lakehouse.declarations.libraries import read_libraries
from lakehouse.naming import silver
from lakehouse.ops import batches, connect, facts
from lakehouse.returns.standing import unsound_packages
from spark_jobs.lake.session import open_session
from spark_jobs.lake.storage import read
from spark_jobs.transforms.invariants import authority_breaks, history_breaks, known_at

Invariant = dict[str, Any]


class Believed(NamedTuple):
    """The fields of a library for which one resource is the authority."""

    library: str
    identity: str
    resource: str
    fields: dict[str, Candidate]


def invariants(instance: Instance, day: date) -> list[Invariant]:
    """Return `{id, ok, detail}` of every invariant, in order; history (I2) and authority (I7) are checked on the present tables."""
    found = [_rows_balance(instance, day), *_in_spark(instance, day), *_proved(instance, day), _packages_sound(instance, day)]
    return sorted(found, key=lambda one: str(one["id"]))


def _rows_balance(instance: Instance, day: date) -> Invariant:
    with connect(instance) as connection:
        taken = batches.taken_on(connection, day)
    settled = [batch for batch in taken if batch.silver_on or batch.gate in ("blocked", "refused")]  # one that waits for silver is a gap
    wrong = [batch.batch_id for batch in settled if batch.counts.total != batch.received]
    return _invariant(
        "I1", wrong, f"received = rejected + quarantined + duplicate + superseded + accepted (or held) in {len(settled)} batches"
    )


def _in_spark(instance: Instance, day: date) -> list[Invariant]:
    contracts, _ = load_sound_contracts(instance.settings.contracts)
    spark = open_session(instance, tables=map(silver, contracts))
    authority = load_authority(instance.settings.contracts / "authority.yaml", contracts)
    histories = [history_breaks(read(spark, silver(code))).select(F.lit("I2").alias("id"), F.lit(code).alias("what")) for code in contracts]
    worked_out = {table: one.worked_out for table, one in read_libraries(instance.settings.dbt_project)[0].items()}
    columns = {
        table: set(read(spark, table).columns) - worked_out.get(table, set()) for table in map(authority.library_of, authority.entities)
    }
    judged = believed(columns, authority, contracts)
    end = end_of_day(day, instance.timezone)
    values = [_authority_breaks(spark, known_at(read(spark, silver(one.resource)), day, end), one, end) for one in judged]
    union = reduce(DataFrame.unionAll, [*histories, *values])
    counted = union.groupBy("id", "what").count().collect()
    wrong = {name: [f"{row['what']} {row['count']}" for row in counted if row["id"] == name] for name in ("I2", "I7")}
    fields = sum(len(one.fields) for one in judged)
    return [
        _invariant("I2", wrong["I2"], f"at most one open version per key and no overlap in {len(histories)} silver tables"),
        _invariant(
            "I7",
            wrong["I7"],
            f"golden value = newest value of the authority or its logged fallback in {fields} fields",
        ),
    ]


def believed(columns: Mapping[str, Set[str]], authority: Authority, contracts: Mapping[str, Contract]) -> list[Believed]:
    """Return the value fields of every library, grouped by their authority: the first candidate with a contract in this instance.

    `columns` are, by library, those that hold a value as its source has it.
    """
    found = []
    for name, entity in authority.entities.items():
        table = authority.library_of(name)
        by_resource: dict[str, dict[str, Candidate]] = {}
        for field, declared in entity.fields.items():
            candidates = [candidate for candidate in declared.candidates if candidate.resource in contracts]
            if declared.kind == "value" and candidates and field in columns[table]:
                by_resource.setdefault(candidates[0].resource, {})[field] = candidates[0]
        found += [Believed(table, entity.id, resource, fields) for resource, fields in by_resource.items()]
    return found


def _authority_breaks(spark: SparkSession, known: DataFrame, one: Believed, end: datetime) -> DataFrame:
    breaks = authority_breaks(read(spark, one.library), known, one.identity, one.fields, end)
    return breaks.select(F.lit("I7").alias("id"), F.concat(F.lit(f"{one.library}."), "field").alias("what"))


def _proved(instance: Instance, day: date) -> list[Invariant]:
    with connect(instance) as connection:
        proofs: list[Invariant] = facts.get(connection, day, "proofs") or []
    missing = [name for name in ("I3", "I4", "I5") if name not in {proof["id"] for proof in proofs}]
    return proofs + [_invariant(name, ["not proved"], "returns_prove has not recorded it") for name in missing]


def _packages_sound(instance: Instance, day: date) -> Invariant:
    checked, wrong = unsound_packages(instance, day)
    return _invariant("I6", wrong, f"{checked} packages are signed, named by the day and traceable to its batches")


def _invariant(name: str, wrong: list[str], meaning: str) -> Invariant:
    detail = meaning if not wrong else f"{meaning}; broken by {len(wrong)}: {', '.join(wrong[:5])}"
    return {"id": name, "ok": not wrong, "detail": detail}
