"""A new resource: one contract and one code table are added to a folder, and everything else is derived from them."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator

import pytest
import yaml

from lakehouse.config import PROJECT, Instance
from lakehouse.naming import bronze, silver
from spark_jobs.lake.session import open_session
from spark_jobs.lake.storage import read
from tests.plugin.servers import at, changed, fresh_home

pytestmark = pytest.mark.e2e
CODE = "d_library_card"
CONTRACT = """\
apiVersion: v3.1.0
kind: DataContract
id: d_library_card
name: 图书馆读者证
version: 1.0.0
status: active
description: {purpose: 区图书馆发放的读者证。}
customProperties:
  - {property: nameEn, value: Library cards}
  - {property: level, value: district}
  - {property: provider, value: {kind: civil_affairs}}
  - {property: source, value: {kind: csv, path: "d_library_card/{date}_{n}.csv", encoding: utf-8}}
  - {property: cycle, value: {every: week, dueHours: 24}}
  - {property: delivery, value: increment}
  - {property: sharing, value: {attribute: 2, grade: 2, openType: closed}}
  - {property: locality, value: {}}
schema:
  - name: d_library_card
    logicalType: object
    properties:
      - name: card_no
        physicalName: 证号
        businessName: 证号
        description: card number
        logicalType: string
        primaryKey: true
        primaryKeyPosition: 1
        required: true
        customProperties: [{property: class, value: plain}, {property: grade, value: 1}]
      - name: card_type
        physicalName: 类型
        businessName: 类型
        description: kind of card
        logicalType: string
        required: true
        quality:
          - {type: custom, engine: huiliu, implementation: {rule: domain, severity: error, codes: library_card_type}}
        customProperties: [{property: class, value: plain}, {property: grade, value: 1}]
      - name: issue_date
        physicalName: 发证日期
        businessName: 发证日期
        description: date of issue
        logicalType: date
        customProperties: [{property: class, value: plain}, {property: grade, value: 1}]
"""
CODES = "code,label_zh,label_en,valid_from,valid_to,successor_code\n1,普通,ordinary,,,\n2,少儿,children,,,\n"
FILE = "证号,类型,发证日期\nA001,1,2026-05-30\nA002,9,2026-05-30\nA003,2,\n"


@pytest.fixture(scope="module")
def widened(servers: Instance, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    """Return a home whose contracts are a copy of the project's with one resource added."""
    folder = tmp_path_factory.mktemp("eleventh")
    contracts = folder / "contracts"
    shutil.copytree(servers.settings.contracts, contracts)
    (contracts / "resources" / "district").mkdir(exist_ok=True)
    (contracts / "resources" / "district" / f"{CODE}.odcs.yaml").write_text(CONTRACT, "utf-8")
    (contracts / "codes" / "library_card_type.csv").write_text(CODES, "utf-8")
    with fresh_home(servers, folder / "home") as home:
        widened = changed(home, contracts=contracts)
        with at(widened):
            yield widened


@pytest.fixture(scope="module")
def ingested(widened: Instance, tmp_path_factory: pytest.TempPathFactory) -> dict:
    """Return the output of `huiliu ingest` for three rows, one with a code that is not in its table."""
    file = tmp_path_factory.mktemp("delivery") / "2026-06-01_1.csv"
    file.write_text(FILE, "utf-8")
    command = [sys.executable, "-m", "huiliu.main", "ingest", CODE, str(file), "--date", "2026-06-01", "--json"]
    run_reference(widened)
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def run_reference(instance: Instance) -> None:
    """Write the reference tables of the home."""
    from datetime import date

    from lakehouse.jobs import JobRequest, run_job

    run_job("reference", JobRequest(date(2026, 6, 1)), instance)


def test_its_rows_reach_silver_and_the_bad_one_is_quarantined(widened: Instance, ingested: dict) -> None:
    (batch,) = ingested["batches"]
    assert (batch["received"], batch["quarantined"], batch["accepted"]) == (3, 1, 2)
    spark = open_session(widened)
    assert sorted(row["card_no"] for row in read(spark, silver(CODE)).select("card_no").collect()) == ["A001", "A003"]
    (bad,) = read(spark, bronze(CODE)).where("size(_verdict) > 0").collect()
    assert (bad["card_no"], bad["_verdict"]) == ("A002", ["card_type.domain"])


@pytest.mark.usefixtures("ingested")
def test_its_suite_its_dbt_source_and_its_dag_appear(widened: Instance) -> None:
    from lakehouse.contracts.loader import load_contracts
    from lakehouse.declarations.authority import load_authority
    from lakehouse.declarations.policies import load_policies
    from lakehouse.derive import dbt

    folder = widened.settings.contracts
    contracts = load_contracts(folder)
    authority, policies = load_authority(folder / "authority.yaml", contracts), load_policies(folder / "policies.yaml")
    sources = yaml.safe_load(dbt.generated(dbt.Declared(contracts, authority, policies))["models/generated/sources.yml"])
    assert CODE in [table["name"] for table in sources["sources"][0]["tables"]]
    suites = [path.name for path in (widened.home / "derived" / "gx").rglob("*.json") if CODE in path.name]
    assert suites
    listed = subprocess.run(
        [sys.executable, "-c", "import dags.ingest as found; print([n for n in vars(found) if n.startswith('ingest__')])"],
        cwd=PROJECT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert f"ingest__{CODE}" in listed.stdout
