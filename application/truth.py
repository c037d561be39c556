"""Score the gate, the locality and the golden values of a day against the hidden truth of the sample city, if there is one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from pyspark.sql import SparkSession

from lakehouse.config import Instance
from lakehouse.contracts.loader import load_sound_contracts
from lakehouse.ingest.readers.window import is_fetched
from lakehouse.naming import library, special
from sample_city.feed.situations import situations
from sample_city.sources.labels import Label, read_labels
from sample_city.world import truth
from spark_jobs.ingest.known_rows import known_rows
from spark_jobs.lake.session import open_session
from spark_jobs.lake.storage import read

SEEN_BY_THE_GATE = frozenset({"rejected", "quarantined", "warning", "batch_warning"})
PERSON_FIELDS = ("person_name", "gender_code", "birth_date", "ethnicity_code", "household_no")
ENTITY_FIELDS = ("entity_name", "status_code", "establish_date", "cancel_date", "legal_rep_id_no")
ADDRESS = "premises_address_id"
PLACES = ("community_code", "grid_code")
Row = tuple[str, str, int | str]
Things = dict[str, dict[str, Any]]  # people by identity number, entities by credit code


@dataclass(frozen=True)
class Subject:
    """People or entities as a library has them (`golden`) and as they really are (`true`)."""

    golden: Things
    true: Things
    fields: tuple[str, ...]
    living: frozenset[str]


def truth_scores(instance: Instance, day: date, libraries: list[dict[str, Any]]) -> dict[str, dict[str, float]] | None:
    """Score a day against the hidden truth once its libraries are built; None without a sample city or before there is a library."""
    versions = {one["table"]: one["version"] for one in libraries}
    known = instance.home / "sample" / "truth"
    if library("person") not in versions or not known.is_dir():
        return None
    spark = open_session(instance, tables=versions)
    found = {"gate": _gate(spark, instance, day)} | _subjects(spark, instance, day, versions)
    if special("safety_net") in versions and (known / "situations.parquet").is_file():
        found["situations"] = _situations(spark, instance, day, versions)
    return found


def _subjects(spark: SparkSession, instance: Instance, day: date, versions: dict[str, int]) -> dict[str, dict[str, float]]:
    """Return the accuracy of places and golden values, for people and, if there are any, for entities."""
    persons = _persons(spark, instance, day, versions)
    place, (share, values) = _locality(persons), _authority(persons)
    locality = {"accuracy": place["community_code"], "grid": place["grid_code"], "persons": len(persons.living)}
    authority = {"accuracy": share, "values": values}
    if library("legal_entity") in versions and (instance.home / "sample" / "truth" / "entities").is_dir():
        entities = _entities(spark, instance, day, versions)
        place, (share, values) = _locality(entities), _authority(entities)
        locality |= {"entities": place["community_code"], "entities_grid": place["grid_code"], "entity_count": len(entities.living)}
        authority |= {"entities": share, "entity_values": values}
        return {"locality": locality, "authority": authority, "addresses": _addresses(entities)}
    return {"locality": locality, "authority": authority}


def _situations(spark: SparkSession, instance: Instance, day: date, versions: dict[str, int]) -> dict[str, float]:
    """Return the share of certain situations that the safety net found: in total (recall) and by flag."""
    table, wanted = special("safety_net"), situations(instance.home / "sample", day).to_pylist()
    flags = sorted({one["flag"] for one in wanted})
    rows = read(spark, table, versions[table]).where(f"month = '{day:%Y-%m}'").select("id_no", *flags).collect()
    seen = {(row["id_no"], flag) for row in rows for flag in flags if row[flag]}
    found = {flag: [(one["id_no"], flag) in seen for one in wanted if one["flag"] == flag] for flag in flags}
    by_flag = {flag: _share(sum(hits), len(hits)) for flag, hits in found.items()}
    return {"recall": _share(sum(map(sum, found.values())), len(wanted)), "labelled": len(wanted)} | by_flag


def _persons(spark: SparkSession, instance: Instance, day: date, versions: dict[str, int]) -> Subject:
    true = {row["id_no"]: row for row in truth.persons(instance.home / "sample", instance.city_folder, day).to_pylist()}
    living = frozenset(name for name, row in true.items() if row["died_on"] is None and row["left_on"] is None)
    return Subject(_golden(spark, library("person"), versions, ("id_no", *PERSON_FIELDS)), true, PERSON_FIELDS, living)


def _entities(spark: SparkSession, instance: Instance, day: date, versions: dict[str, int]) -> Subject:
    true = {row["uscc"]: row for row in truth.entities(instance.home / "sample", instance.city_folder, day).to_pylist()}
    living = frozenset(name for name, row in true.items() if row["cancel_date"] is None)
    names = ("uscc", *ENTITY_FIELDS, ADDRESS)
    return Subject(_golden(spark, library("legal_entity"), versions, names), true, ENTITY_FIELDS, living)


def _golden(spark: SparkSession, table: str, versions: dict[str, int], names: tuple[str, ...]) -> Things:
    rows = read(spark, table, versions[table]).select(*names, *PLACES).collect()
    return {row[names[0]]: row.asDict() for row in rows}


def _gate(spark: SparkSession, instance: Instance, day: date) -> dict[str, float]:
    """Return recall and precision of the gate: rejected, quarantined and warned rows compared with their labels."""
    labels = {_of_label(label): label for label in read_labels(instance.home / "sample", day) if label.outcome in SEEN_BY_THE_GATE}
    found: dict[Row, set[str]] = {}
    for contract in load_sound_contracts(instance.settings.contracts)[0].values():
        errors = {rule.id for rule in contract.rules_of("error")}
        rows = known_rows(spark, contract.code, day).where(f"_taken_on <= date'{day}' and (_reject is not null or size(_verdict) > 0)")
        by_line = not is_fetched(contract)
        for row in rows.select("_source_object", "_source_line", "_row_hash", "_reject", "_verdict").collect():
            name = (contract.code, row["_source_object"], row["_source_line"]) if by_line else (contract.code, "", row["_row_hash"])
            found.setdefault(name, set()).update(_outcomes(row["_reject"], row["_verdict"] or [], errors))
    right = sum(labels[name].outcome in found.get(name, set()) for name in labels)
    return {
        "recall": _share(right, len(labels)),
        "precision": _share(len(found.keys() & labels.keys()), len(found)),
        "labelled": len(labels),
    }


def _outcomes(reject: str | None, verdict: Iterable[str], errors: set[str]) -> set[str]:
    if reject is not None:
        return {"rejected"}
    broken = set(verdict)
    return {"quarantined"} if broken & errors else {"warning", "batch_warning"}


def _of_label(label: Label) -> Row:
    return (label.resource, label.source, label.line) if label.source and label.line else (label.resource, "", label.row_sha256 or "")


def _locality(subject: Subject) -> dict[str, float]:
    """Return the share of living people whose place is the true one, by community and by grid."""
    return {
        name: _share(sum(subject.golden.get(one, {}).get(name) == subject.true[one][name] for one in subject.living), len(subject.living))
        for name in PLACES
    }


def _addresses(entities: Subject) -> dict[str, float]:
    """Return how many address texts of premises were matched to one standard address, and the share of right matches."""
    found = {one: entities.golden.get(one, {}).get(ADDRESS) for one in entities.living}
    matched = {one: address for one, address in found.items() if address is not None}
    right = sum(address == entities.true[one]["address_id"] for one, address in matched.items())
    return {"accuracy": _share(right, len(matched)), "matched": _share(len(matched), len(found)), "texts": len(found)}


def _authority(subject: Subject) -> tuple[float, int]:
    """Return the share of non-null golden values that are true, and the number of non-null golden values."""
    known = [(row, subject.true[one]) for one, row in subject.golden.items() if one in subject.true]
    right = [row[name] == true[name] for row, true in known for name in subject.fields if row[name] is not None]
    return _share(sum(right), len(right)), len(right)


def _share(part: int, whole: int) -> float:
    return round(part / whole, 6) if whole else 1.0
