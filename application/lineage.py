"""Trace values of a library: the packages that hold them, who supplied them, who lost, and where in which landed file each one said it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import reduce
from pathlib import PurePosixPath
from typing import Any, Literal

from pyspark.sql import DataFrame, Row, SparkSession
from pyspark.sql import functions as F

from lakehouse.city.calendar import end_of_day
from lakehouse.city.departments import load_departments
from lakehouse.city.regions import load_regions
from lakehouse.config import Instance
from lakehouse.contracts.laid_out import laid_out
from lakehouse.contracts.loader import load_sound_contracts
from lakehouse.contracts.model import Contract
from lakehouse.declarations.authority import Candidate, EntityAuthority, FieldAuthority, load_authority, place_columns, supplied
from lakehouse.errors import ConfigError, DeliveryError, Problem, QualityError, nearest_first
from lakehouse.ingest.landing import landed_path
from lakehouse.ingest.places import cell_places, row_place
from lakehouse.naming import LOCALITY_COLUMNS, bronze, package_prefix, quality, silver
from lakehouse.objects import open_area
from lakehouse.ops import batches, connect, days, facts
from lakehouse.returns.addressees import addressees
from lakehouse.returns.model import load_sound_returns
from spark_jobs.lake.session import open_session
from spark_jobs.lake.storage import read
from spark_jobs.transforms.invariants import known_at
from spark_jobs.transforms.lineage import Wanted, offers
from spark_jobs.transforms.returns import selection

PLACE = (*LOCALITY_COLUMNS, "locality_source", "locality_confidence")
Role = Literal["golden", "lost", "unused"]


@dataclass(frozen=True)
class Origin:
    """Where a source said something about a field.

    Attributes:
        role: golden (kept), lost (in quality.conflict), or unused (it agrees, or only fills in where the others say nothing).
        resource: the resource.
        provider: who delivered it.
        version_id: the version in silver; valid from `valid_from`, recorded on `recorded_on`.
        batch_id: the batch in bronze; it is about `business_date` and was taken in on `taken_on`.
        line: the first line of its record in bronze and in the landed file (in a workbook the row of its sheet).
        place: the same in words: `line 7`, or sheet and row.
        file: path of the landed bytes below the landing root; `source_object` is what the sender called it.
        cells: where in the file: `sheet!B7` in a workbook, else the names of the columns as the sender spells them.
    """

    role: Role
    resource: str
    provider: str
    version_id: str
    valid_from: str
    recorded_on: str
    batch_id: str
    business_date: str
    taken_on: str
    line: int
    place: str
    source_object: str
    file: str
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Lineage:
    """The lineage of a row of a library at the last published day: packages (`{recipient, return_id, path}`), field → its origins."""

    table: str
    key: str
    business_date: date
    issue: int
    packages: tuple[dict[str, str], ...]
    fields: Mapping[str, tuple[Origin, ...]]


@dataclass(frozen=True)
class _Subject:
    """A row of a library at a published day, and what is needed to look behind it."""

    instance: Instance
    spark: SparkSession
    contracts: Mapping[str, Contract]
    name: str
    table: str
    entity: EntityAuthority
    key: str
    day: days.Day
    versions: Mapping[str, int]

    def rows(self, table: str) -> DataFrame:
        return read(self.spark, table, self.versions[table])


def trace(instance: Instance, table: str, key: str, column: str | None = None) -> Lineage:
    """Return the lineage of a row of a library, for one column or for all; it names places and never holds a value of the data.

    Raises:
        ConfigError: the table is no library of an entity, has no such column, or no row has this key.
        DeliveryError: no day is published.
    """
    subject = _subject(instance, table, key)
    found = subject.rows(table).where(F.col(subject.entity.id) == key)
    kept = found.select("_field_sources").collect()
    if not kept:
        fix = f"take a value of {subject.entity.id}."
        raise ConfigError(Problem(table, "no row has this key on the last published day.", "", fix).text())
    wanted = dict(subject.entity.fields) if column is None else _field_of(subject, column, found.columns)
    origins = _origins(subject, wanted, json.loads(kept[0]["_field_sources"]))
    fields = {field: tuple(one for name, one in origins if name == field) for field in sorted({name for name, _ in origins})}
    return Lineage(table, key, subject.day.business_date, subject.day.issue, _packages(subject, found, column), fields)


def _subject(instance: Instance, table: str, key: str) -> _Subject:
    contracts = load_sound_contracts(instance.settings.contracts)[0]
    authority = load_authority(instance.settings.contracts / "authority.yaml", contracts)
    name = authority.entity_in(table)
    if name is None:
        allowed = nearest_first(table, [authority.library_of(one) for one in authority.entities])
        raise ConfigError(Problem(table, "is no library of an entity.", allowed, "name one of these.").text())
    with connect(instance) as connection:
        day = days.last_published(connection)
        built = facts.get(connection, day.business_date, "libraries") if day else None
    if day is None or not built:
        raise DeliveryError(Problem("lineage", "no day is published.", "", "run a day: huiliu run-day DATE.").text())
    versions = {one["table"]: one["version"] for one in built}
    return _Subject(instance, open_session(instance), contracts, name, table, authority.entities[name], key, day, versions)


def _field_of(subject: _Subject, column: str, columns: Iterable[str]) -> dict[str, FieldAuthority]:
    """Return the field behind a column of the library: of the same name, the fact that fills it, or the place."""
    fields = subject.entity.fields
    if column in fields:
        return {column: fields[column]}
    facts_of = {
        golden: name for name, field in fields.items() if field.kind == "fact" for one in field.candidates for golden in one.columns
    }
    place = next((name for name, field in fields.items() if field.kind == "place"), None)
    if column in columns and (column in facts_of or (place and (column in PLACE or column.startswith(f"{place}_")))):
        name = facts_of.get(column) or str(place)
        return {name: fields[name]}
    allowed = nearest_first(column, [*fields, *facts_of])
    raise ConfigError(
        Problem(f"{subject.table}.{column}", "no source supplies this column by itself.", allowed, "name one of these.").text()
    )


def _origins(subject: _Subject, wanted: Mapping[str, FieldAuthority], sources: Mapping[str, str]) -> list[tuple[str, Origin]]:
    conflicts = subject.rows(quality("conflict")).where((F.col("entity") == subject.name) & (F.col("entity_id") == subject.key))
    lost = {(row["field"], row["lost_source"]) for row in conflicts.select("field", "lost_source").collect()}
    offered = _offered(subject, wanted)
    confirmed = _lines(subject, offered)
    with connect(subject.instance) as connection:
        landed = {one.batch_id: one for one in batches.of_ids(connection, {row["_batch_id"] for row in offered})}
    found = []
    for row in offered:
        place, field, resource = (row["resource"], row["_batch_id"], row["_source_line"]), row["field"], row["resource"]
        if place not in confirmed or row["_batch_id"] not in landed:
            where = f"{resource}: batch {row['_batch_id']}, {row_place(subject.contracts[resource], row['_source_line'])}"
            raise QualityError(Problem(where, "a version in silver has no line in bronze or no landed file.").text())
        role: Role = "golden" if sources.get(field) == resource else "lost" if (field, resource) in lost else "unused"
        found.append((field, _origin(subject, role, row, landed[row["_batch_id"]])))
    order = ("golden", "lost", "unused")
    return sorted(found, key=lambda one: (one[0], order.index(one[1].role), one[1].resource))


def _offered(subject: _Subject, wanted: Mapping[str, FieldAuthority]) -> list[Row]:
    """Return the version that each candidate offers for each field; one query over all resources."""
    day, by_resource = subject.day.business_date, dict[str, dict[str, Wanted]]()
    for name, field in wanted.items():
        for candidate in field.candidates:
            if candidate.resource in subject.contracts:
                columns = _columns(name, field, candidate, subject.contracts[candidate.resource])
                by_resource.setdefault(candidate.resource, {}).setdefault(name, Wanted(candidate, columns, field.kind == "fact"))
    end, rows = end_of_day(day, subject.instance.timezone), []
    for resource, fields in by_resource.items():
        versions = read(subject.spark, silver(resource)).where(F.col(subject.entity.id) == subject.key)
        rows.append(offers(known_at(versions, day, end), fields, end).withColumn("resource", F.lit(resource)))
    return reduce(DataFrame.unionByName, rows).collect() if rows else []


def _columns(name: str, field: FieldAuthority, candidate: Candidate, contract: Contract) -> tuple[str, ...]:
    declared = place_columns(candidate, contract) if field.kind == "place" else supplied(name, field, candidate)
    return tuple(dict.fromkeys(column for columns in declared.values() for column in columns))


def _lines(subject: _Subject, offered: Iterable[Row]) -> set[tuple[str, str, int]]:
    """Return which of the versions have their line in bronze."""
    wanted: dict[str, set[tuple[str, int]]] = {}
    for row in offered:
        wanted.setdefault(row["resource"], set()).add((row["_batch_id"], row["_source_line"]))
    rows = []
    for resource, places in wanted.items():
        at = reduce(
            lambda one, other: one | other, ((F.col("_batch_id") == name) & (F.col("_source_line") == line) for name, line in places)
        )
        rows.append(read(subject.spark, bronze(resource)).where(at).select(F.lit(resource).alias("resource"), "_batch_id", "_source_line"))
    return {tuple(row) for row in reduce(DataFrame.unionAll, rows).collect()} if rows else set()


def _origin(subject: _Subject, role: Role, row: Any, landed: batches.Batch) -> Origin:
    return Origin(
        role=role,
        resource=landed.resource,
        provider=landed.provider,
        version_id=row["_version_id"],
        valid_from=row["valid_from"],
        recorded_on=row["_recorded_on"].isoformat(),
        batch_id=landed.batch_id,
        business_date=landed.business_date.isoformat(),
        taken_on=landed.taken_on.isoformat(),
        line=row["_source_line"],
        place=row_place(laid_out(subject.contracts[landed.resource], landed.business_date), row["_source_line"]),
        source_object=landed.source_object,
        file=landed_path(landed),
        cells=_cells(subject, landed, row["columns"], row["_source_line"]),
    )


def _cells(subject: _Subject, landed: batches.Batch, columns: Iterable[str], line: int) -> tuple[str, ...]:
    try:
        places = cell_places(open_area(subject.instance, "landing"), landed, subject.contracts[landed.resource], line)
    except FileNotFoundError:  # the landed bytes are kept no longer: file and line are told all the same
        return ()
    return tuple(places[name] for name in columns if name in places)


def _packages(subject: _Subject, row: DataFrame, column: str | None) -> tuple[dict[str, str], ...]:
    """Return the packages of the day that the row is due to: of returns from this table and, if a column is named, with this column."""
    day, issue = subject.day.business_date, subject.day.issue
    declared = load_sound_returns(subject.instance.settings.contracts / "returns")[0].values()
    returns = [one for one in declared if one.source == subject.table and column in (None, *(c.name for c in one.columns))]
    if not returns:
        return ()
    audiences = [audience for one in returns for audience in one.audiences.values()]
    city = subject.instance.city_folder
    regions = load_regions(city).at(day)
    whom = [(one.place, one.recipient_id) for one in addressees(audiences, regions, load_departments(city), day)]
    roster = subject.spark.createDataFrame(whom, "place string, recipient_id string")
    due = (
        selection({one.id: row for one in returns}, returns, roster, regions.levels)
        .select("recipient_id", "return_id")
        .distinct()
        .collect()
    )
    return tuple(
        {"recipient": recipient, "return_id": return_id, "path": str(PurePosixPath(package_prefix(recipient, day, issue)))}
        for recipient, return_id in sorted(map(tuple, due))
    )
