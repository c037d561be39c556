"""Returns how near gate, locality and authority come to the hidden truth of the sample city; nothing where there is none."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from pyspark.sql import SparkSession

from lakehouse.config import Instance
from lakehouse.contracts.loader import load_sound_contracts
from lakehouse.naming import bronze, library
from lakehouse.readers.window import is_fetched
from sample_city import truth
from sample_city.labels import Label
from spark_jobs.session import open_session
from spark_jobs.storage import read

SEEN_BY_THE_GATE = frozenset({"rejected", "quarantined", "warning", "batch_warning"})
PERSON_FIELDS = ("person_name", "gender_code", "birth_date", "ethnicity_code", "household_no")
ENTITY_FIELDS = ("entity_name", "status_code", "establish_date", "cancel_date", "legal_rep_id_no")
PLACES = ("community_code", "grid_code")
Row = tuple[str, str, int | str]
Things = dict[str, dict[str, Any]]  # people by identity number, entities by credit code


@dataclass(frozen=True)
class Subject:
    """What a library says of its people or entities (`golden`), and what is true (`true`)."""

    golden: Things
    true: Things
    fields: tuple[str, ...]
    living: frozenset[str]


def truth_scores(instance: Instance, day: date, libraries: list[dict[str, Any]]) -> dict[str, Any]:
    """Returns `{"truth": …}` for a day whose libraries are built, else nothing."""
    sample = instance.home / "sample"
    versions = {one["table"]: one["version"] for one in libraries}
    if library("person") not in versions or not (sample / "truth").is_dir():
        return {}
    spark = open_session(instance)
    persons = _persons(spark, instance, day, versions)
    place, field = _locality(persons), _authority(persons)
    locality = {"accuracy": place["community_code"], "grid": place["grid_code"], "persons": len(persons.living)}
    authority = {"accuracy": field[0], "values": field[1]}
    if library("legal_entity") in versions and (sample / "truth" / "entities").is_dir():
        entities = _entities(spark, instance, day, versions)
        place, field = _locality(entities), _authority(entities)
        locality |= {"entities": place["community_code"], "entities_grid": place["grid_code"], "entity_count": len(entities.living)}
        authority |= {"entities": field[0], "entity_values": field[1]}
    return {"truth": {"gate": _gate(spark, instance, day), "locality": locality, "authority": authority}}


def _persons(spark: SparkSession, instance: Instance, day: date, versions: dict[str, int]) -> Subject:
    true = {row["id_no"]: row for row in truth.persons(instance.home / "sample", instance.city_folder, day).to_pylist()}
    living = frozenset(name for name, row in true.items() if row["died_on"] is None and row["left_on"] is None)
    return Subject(_golden(spark, library("person"), versions, ("id_no", *PERSON_FIELDS)), true, PERSON_FIELDS, living)


def _entities(spark: SparkSession, instance: Instance, day: date, versions: dict[str, int]) -> Subject:
    true = {row["uscc"]: row for row in truth.entities(instance.home / "sample", instance.city_folder, day).to_pylist()}
    living = frozenset(name for name, row in true.items() if row["cancel_date"] is None)
    return Subject(_golden(spark, library("legal_entity"), versions, ("uscc", *ENTITY_FIELDS)), true, ENTITY_FIELDS, living)


def _golden(spark: SparkSession, table: str, versions: dict[str, int], names: tuple[str, ...]) -> Things:
    rows = read(spark, table, versions[table]).select(*names, *PLACES).collect()
    return {row[names[0]]: row.asDict() for row in rows}


def _gate(spark: SparkSession, instance: Instance, day: date) -> dict[str, float]:
    """Returns recall and precision of what the gate finds: rejected, quarantined and warned rows against their labels."""
    labels = {_of_label(label): label for label in truth.labels(instance.home / "sample", day) if label.outcome in SEEN_BY_THE_GATE}
    found: dict[Row, set[str]] = {}
    for contract in load_sound_contracts(instance.settings.contracts)[0].values():
        errors = {rule.id for rule in contract.rules_of("error")}
        rows = read(spark, bronze(contract.code)).where(f"_taken_on <= date'{day}' and (_reject is not null or size(_verdict) > 0)")
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
    """Returns the share of the living whose place is the true one, by community and by grid."""
    return {
        name: _share(sum(subject.golden.get(one, {}).get(name) == subject.true[one][name] for one in subject.living), len(subject.living))
        for name in PLACES
    }


def _authority(subject: Subject) -> tuple[float, int]:
    """Returns the share of golden values that are true, where there is a value, and how many there are."""
    known = [(row, subject.true[one]) for one, row in subject.golden.items() if one in subject.true]
    right = [row[name] == true[name] for row, true in known for name in subject.fields if row[name] is not None]
    return _share(sum(right), len(right)), len(right)


def _share(part: int, whole: int) -> float:
    return round(part / whole, 6) if whole else 1.0
