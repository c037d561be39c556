"""The sample city's labels and the shipped contracts agree on three days: a row breaks exactly the rules its label names.

This tests the gate's recall and precision without a lake: unless both are 1 here, they cannot be 1 on a lake.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from expectations.rules.check import Ground
from expectations.rules.registry import broken
from lakehouse.city.profile import load_profile
from lakehouse.city.providers import load_offices
from lakehouse.config import PROJECT
from lakehouse.contracts.loader import load_contracts
from lakehouse.declarations.codes import load_code_tables
from sample_city.feed.sample import Sample
from sample_city.sources.labels import read_labels, row_sha256
from sample_city.world.people import FIRST_DAY
from tests.oracle import landed

pytestmark = pytest.mark.fast
DAYS = tuple(FIRST_DAY + timedelta(days=n) for n in range(3))
CONTRACTS = load_contracts(PROJECT / "contracts")
TABLES = {"household_registration": "c_household_registration", "enterprise_registration": "c_enterprise_registration",
          "api_residence_permit": "c_residence_permit", "api_disability_certificate": "p_disability_certificate"}  # fmt: skip
Delivery = tuple[
    str, date, dict[tuple[str, int | str], dict[str, Any]]
]  # resource, business date, rows by the hash or line that labels use


@pytest.fixture(scope="module", params=["tiny", "municipality"])
def sample(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Sample:
    folder = tmp_path_factory.mktemp("sample")
    found = Sample(folder / "sample", folder / "inbox", "", PROJECT / "cities" / request.param, 500, 7)
    found.put_down_first()
    for day in DAYS:
        found.put_down(day)
    return found


def test_labelled_rows_break_rules_and_no_others_do(sample: Sample) -> None:
    offices = load_offices(sample.city, load_profile(sample.city))
    ground = Ground(load_code_tables(PROJECT / "contracts"), offices.regions, offices.profile.timezone, offices.departments)
    labels = {
        (label.resource, *((label.source, label.line) if label.source and label.line else ("", label.row_sha256))): label.outcome
        for label in read_labels(sample.folder, DAYS[-1])
    }
    severities = {"quarantined": "error", "warning": "warning", "batch_warning": "warning"}
    expected = {name: severities[outcome] for name, outcome in labels.items() if outcome in severities}
    found = {}
    for resource, day, rows in (*_tables(sample), *_files(sample)):
        contract = CONTRACTS[resource]
        error = {rule.id for rule in contract.rules_of("error")}
        source = next(iter(rows), ("", ""))[0]
        sender = offices.senders(contract, Path(source).parts[1] if source else "", day)[0]
        technical = {"_business_date": day, "_batch_id": "b", "_provider": sender}
        verdicts = broken(contract, ground, [{**row, **technical} for row in rows.values()])
        found |= {
            (resource, *name): ("error" if error & set(verdict) else "warning", verdict)
            for name, verdict in zip(rows, verdicts, strict=True)
            if verdict
        }
    unlabelled = {name: verdict for name, verdict in found.items() if name not in expected and labels.get(name) != "rejected"}
    assert unlabelled == {}
    assert {name: found.get(name, ("", []))[0] for name in expected} == expected
    assert {name[0] for name in expected} == set(CONTRACTS)


def _tables(sample: Sample) -> Iterator[Delivery]:
    for table in sample.tables:
        resource = TABLES[table.table.name]
        columns = [column.name for column in CONTRACTS[resource].columns]
        for day in DAYS:
            rows = [*(table.first_load() if day == FIRST_DAY else ()), *(change.row for change in table.changes(day))]
            texts = ({name: row[name] or None for name in columns} for row in rows)
            yield resource, day, {("", row_sha256(list(row.values()))): row for row in texts}


def _files(sample: Sample) -> Iterator[Delivery]:
    seen = set()
    for path in sorted(path for path in sample.inbox.rglob("*") if path.is_file()):
        if path.read_bytes() in seen:
            continue  # the same bytes again are the same batch
        seen.add(path.read_bytes())
        source = path.relative_to(sample.inbox).as_posix()
        rows, _ = landed.read(source.split("/")[0], path.read_bytes())
        if rows:
            yield source.split("/")[0], date.fromisoformat(path.name[:10]), {(source, row["_line"]): row for row in rows}
