"""Every labelled row is wrong in exactly the way its label says, every other row is clean, and no defect stops a batch."""

from __future__ import annotations

from collections import Counter

import pytest

from sample_city.feed.sample import Sample
from sample_city.sources.inventory import SOURCES
from sample_city.sources.labels import Label
from sample_city.world.oddities import ODD, quota
from tests.oracle.days import dispose
from tests.oracle.resources import ADDRESS, CHECK, EVENT, HOUSEHOLD, PERMIT
from tests.oracle.rules import World
from tests.sample_city.batches import CITIES, CODES, DAYS, Named, judge

pytestmark = pytest.mark.fast
OUTCOMES = {source.code: {kind: (one.outcome, one.rule) for kind, one in source.defects.items()} for source in SOURCES}
REFERENCE = CITIES.parent / "docs" / "reference" / "sample-city.md"
BY_CHANCE = {*ODD, "burst", "hidden_sheet", "late_state", "crlf_file"}  # kinds whose number depends on the people listed or on events
FOUND_BY_RULES = {"rejected", "quarantined", "warning", "batch_warning"}


def named(label: Label) -> Named:
    return (label.resource, label.source, label.line) if label.source and label.line else (label.resource, "", label.row_sha256 or "")


def test_every_kind_is_there_often_enough(labels: list[Label]) -> None:
    assert quota(20_000) >= 36
    counts = Counter((label.resource, label.kind) for label in labels)
    few = {
        (resource, kind): counts[resource, kind]
        for resource, outcomes in OUTCOMES.items()
        for kind in outcomes
        if kind not in BY_CHANCE and counts[resource, kind] < 2
    }
    assert few == {}
    assert {kind for resource, kind in counts if resource == HOUSEHOLD} >= set(ODD)
    assert counts[CHECK, "burst"] > 100
    assert counts[EVENT, "late_state"] > 2
    assert len(counts) - sum(resource == HOUSEHOLD for resource, _ in counts) > 80


def test_rows_are_wrong_exactly_as_labelled(sample: Sample, labels: list[Label], batches: list[dict]) -> None:
    world = World(CODES, sample.city)
    found: dict[Named, tuple[str, set[str]]] = {}
    blocked = set()
    for batch in batches:
        judged, many = judge(world, batch)
        found |= judged
        blocked |= many
    assert blocked == set()
    said = {named(label): label for label in labels}
    assert len(said) == len(labels)
    assert {name: outcome for name, (outcome, _) in found.items()} == {
        name: label.outcome for name, label in said.items() if label.outcome in FOUND_BY_RULES
    }
    assert {name: label.rule for name, label in said.items() if label.rule and label.rule not in found[name][1]} == {}


def test_labels_name_the_rows_they_mean(labels: list[Label], batches: list[dict]) -> None:
    lines = {(batch["resource"], batch["source"], row["_line"]): row["_row_hash"] for batch in batches for row in batch["rows"]}
    hashes = {(batch["resource"], row["_row_hash"]) for batch in batches if not batch["source"] for row in batch["rows"]}
    for label in labels:
        if label.source and label.line and label.row_sha256:
            assert lines[label.resource, label.source, label.line] == label.row_sha256, label.kind
        elif not label.source:
            assert (label.resource, label.row_sha256) in hashes, label.kind


@pytest.mark.parametrize("resource", [ADDRESS, EVENT])
def test_repeated_rows_lose_as_labelled(sample: Sample, labels: list[Label], batches: list[dict], resource: str) -> None:
    settled, _ = dispose(World(CODES, sample.city), [batch for batch in batches if batch["resource"] == resource])
    lost = {
        (batch["source"], line): outcome
        for batch in settled
        for line, outcome in batch["lines"].items()
        if outcome in ("duplicate", "superseded")
    }
    assert lost == {
        (label.source, label.line): label.outcome
        for label in labels
        if label.resource == resource and label.outcome in ("duplicate", "superseded")
    }


def test_late_file_tells_older_news_of_known_events(labels: list[Label], batches: list[dict]) -> None:
    told = [(batch["source"], row) for batch in batches if batch["resource"] == EVENT for row in batch["rows"]]
    newest: dict[str, str] = {}
    for source, row in told:
        if source[13:23] == DAYS[1].isoformat():
            newest[row["event_no"]] = row["update_time"]
    late = [row for source, row in told if source.endswith("2026-06-01_4.jsonl")]
    assert all(row["update_time"] < newest[row["event_no"]] for row in late)
    assert {row["_row_hash"] for row in late} == {label.row_sha256 for label in labels if label.kind == "late_state"}


def test_reference_names_every_kind_with_its_outcome() -> None:
    written: dict[str, dict[str, tuple[str, str | None]]] = {}
    resource = ""
    for line in REFERENCE.read_text("utf-8").split("## Labelled rows")[1].splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 5 and cells[1].startswith("`"):
            resource = cells[0].strip("`") or resource
            written.setdefault(resource, {})[cells[1].strip("`")] = (cells[3], cells[4].strip("`") or None)
    assert written == {
        code: {kind: said for kind, said in outcomes.items() if kind not in ODD or code == PERMIT} for code, outcomes in OUTCOMES.items()
    }
