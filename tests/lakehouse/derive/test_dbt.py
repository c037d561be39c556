"""The rendered dbt project: derived from contracts, files rewritten only when they differ, no model names a resource."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml

from lakehouse.config import PROJECT
from lakehouse.contracts.loader import load_contracts
from lakehouse.contracts.model import Contract
from lakehouse.declarations.authority import load_authority
from lakehouse.declarations.policies import load_policies
from lakehouse.derive import dbt
from lakehouse.derive.dbt import REFERENCE_TABLES, Run

pytestmark = pytest.mark.fast
CONTRACTS = load_contracts(PROJECT / "contracts", standard=False)
AUTHORITY = load_authority(PROJECT / "contracts" / "authority.yaml", CONTRACTS)
POLICIES = load_policies(PROJECT / "contracts" / "policies.yaml")


def render(target: Path, contracts: Mapping[str, Contract] = CONTRACTS) -> None:
    """Render the project's own dbt project for these contracts."""
    dbt.render(PROJECT / "dbt_project", target, dbt.Declared(contracts, AUTHORITY, POLICIES))


def test_sources_follow_the_contracts(tmp_path: Path) -> None:
    render(tmp_path)
    sources = yaml.safe_load((tmp_path / "models/generated/sources.yml").read_text("utf-8"))["sources"]
    assert [table["name"] for table in sources[0]["tables"]] == sorted(CONTRACTS)
    dropped = {column.name for contract in CONTRACTS.values() for column in contract.columns if column.dropped}
    assert dropped
    assert not dropped & {column["name"] for table in sources[0]["tables"] for column in table["columns"]}


def test_each_source_is_read_by_one_model_that_others_refer_to(tmp_path: Path) -> None:
    render(tmp_path)
    assert known_models(tmp_path) == set(CONTRACTS)
    files = [path for folder in ("models", "macros") for path in (tmp_path / folder).rglob("*.sql")]
    reading = {path.name for path in files if "source(" in path.read_text("utf-8")}
    assert reading == {"day.sql", *(f"int_ref__{table}.sql" for table in REFERENCE_TABLES)}
    fewer = {code: contract for code, contract in CONTRACTS.items() if contract.level != "grid"}
    render(tmp_path, fewer)
    assert known_models(tmp_path) == set(fewer) < set(CONTRACTS)


def known_models(project: Path) -> set[str]:
    """Return the resources for which the rendered project has a model with the rows known on the day."""
    return {path.stem.removeprefix("int_known__") for path in (project / "models/intermediate/generated").glob("int_known__*.sql")}


def test_rendering_again_touches_nothing_and_removes_what_is_no_longer_rendered(tmp_path: Path) -> None:
    render(tmp_path)
    (tmp_path / "target").mkdir()
    (tmp_path / "target" / "partial_parse.msgpack").write_bytes(b"kept")
    (tmp_path / "models" / "old.sql").write_text("select 1", "utf-8")
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file() and path.name != "old.sql"}
    render(tmp_path)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()} == before


def test_day_ends_at_local_midnight() -> None:
    day = Run(date(2026, 6, 1), ZoneInfo("Asia/Shanghai"), "4404", "file:///lake/", "sc://127.0.0.1:1")
    assert day.variables()["day_end"] == "2026-06-01T16:00:00Z"
    assert day.variables()["staging"].startswith("file:///lake/_staging/")


def test_no_model_macro_or_module_names_a_resource() -> None:
    folders = ("dbt_project", "lakehouse", "expectations", "spark_jobs", "dags")
    files = [path for folder in folders for suffix in ("py", "sql", "yml") for path in (PROJECT / folder).rglob(f"*.{suffix}")]
    named = [f"{path.relative_to(PROJECT)}: {code}" for path in files for code in CONTRACTS if code in path.read_text("utf-8")]
    assert named == []
