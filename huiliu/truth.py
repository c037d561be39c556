"""Returns how near gate, locality and authority come to the hidden truth of the sample city; nothing where there is none."""

from __future__ import annotations

from collections.abc import Iterable
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
IDENTITY = ("person_name", "gender_code", "birth_date", "ethnicity_code", "household_no")
PERSON = library("person")
Row = tuple[str, str, int | str]


def truth_scores(instance: Instance, day: date, libraries: list[dict[str, Any]]) -> dict[str, Any]:
    """Returns `{"truth": …}` for a day whose libraries are built, else nothing."""
    sample = instance.home / "sample"
    version = next((one["version"] for one in libraries if one["table"] == PERSON), None)
    if version is None or not (sample / "truth").is_dir():
        return {}
    spark = open_session(instance)
    people = {row["id_no"]: row for row in truth.persons(sample, instance.city_folder, day).to_pylist()}
    names = ["id_no", *IDENTITY, "community_code", "grid_code"]
    golden = [row.asDict() for row in read(spark, PERSON, version).select(*names).collect()]
    return {"truth": {"gate": _gate(spark, instance, day), "locality": _locality(people, golden), "authority": _authority(people, golden)}}


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


def _locality(people: dict[str, dict[str, Any]], golden: list[dict[str, Any]]) -> dict[str, float]:
    """Returns the share of living residents whose place is the true one, by community (accuracy) and by grid."""
    placed = {row["id_no"]: row for row in golden}
    living = [person for person in people.values() if person["died_on"] is None and person["left_on"] is None]
    right = {
        name: sum(placed.get(person["id_no"], {}).get(name) == person[name] for person in living)
        for name in ("community_code", "grid_code")
    }
    return {
        "accuracy": _share(right["community_code"], len(living)),
        "grid": _share(right["grid_code"], len(living)),
        "persons": len(living),
    }


def _authority(people: dict[str, dict[str, Any]], golden: list[dict[str, Any]]) -> dict[str, float]:
    """Returns the share of golden identity values that are true, where there is a value."""
    pairs = [
        (row[name], people[row["id_no"]][name]) for row in golden if row["id_no"] in people for name in IDENTITY if row[name] is not None
    ]
    return {"accuracy": _share(sum(value == true for value, true in pairs), len(pairs)), "values": len(pairs)}


def _share(part: int, whole: int) -> float:
    return round(part / whole, 6) if whole else 1.0
