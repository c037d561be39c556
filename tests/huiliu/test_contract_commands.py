"""The steward's commands: begin a contract from a file, check it with all declarations, compare it with existing tables."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from huiliu.main import app
from lakehouse.config import PROJECT
from lakehouse.contracts.loader import load_contracts

pytestmark = pytest.mark.fast
LIST = "resources/street/s_elderly_service_list.odcs.yaml"


@pytest.fixture
def contracts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a copy of the contracts folder that the test may change."""
    folder = Path(shutil.copytree(PROJECT / "contracts", tmp_path / "contracts"))
    shutil.copytree(PROJECT / "cities" / "tiny", tmp_path / "cities" / "tiny")
    monkeypatch.setenv("HUILIU_CONTRACTS", str(folder))
    monkeypatch.setenv("HUILIU_CITIES", str(tmp_path / "cities"))
    monkeypatch.setenv("HUILIU_CITY", "tiny")
    monkeypatch.setenv("HUILIU_HOME", str(tmp_path / "home"))
    return folder


def run(*arguments: str) -> tuple[int, str]:
    """Run a command; return exit code and output."""
    result = CliRunner().invoke(app, list(arguments))
    return result.exit_code, result.stdout


def test_a_contract_begun_from_a_file_is_well_formed(contracts: Path, tmp_path: Path) -> None:
    sample = tmp_path / "sample.csv"
    sample.write_bytes("编号,姓名,remark\n1,王,x\n".encode("gb18030"))
    code, _ = run("contracts", "new", "district/d_library_card", str(sample), "--provider", "11449900MB2C000130", "--encoding", "gb18030")
    assert code == 0
    columns = load_contracts(contracts)["d_library_card"].columns
    assert [(column.name, column.source_name, column.key) for column in columns] == [
        ("column_1", "编号", True),
        ("column_2", "姓名", False),
        ("remark", "remark", False),
    ]
    code, output = run("contracts", "check", "--json")
    assert (code, json.loads(output)["ok"]) == (0, True)


def test_check_tells_the_problems_of_all_files(contracts: Path) -> None:
    (contracts / "codes" / "gender.csv").write_text("code\n1\n", "utf-8")
    path = contracts / LIST
    path.write_text(path.read_text("utf-8").replace("version: 1.0.0", "version: one"), "utf-8")
    code, output = run("contracts", "check", "--json")
    problems = "\n".join(json.loads(output)["problems"])
    assert code == 1
    assert "is no version." in problems
    assert "gender.csv:1" in problems


def test_check_finds_a_return_that_calls_a_column_less_than_its_library_does(contracts: Path) -> None:
    path = contracts / "returns" / "resident_list.yaml"
    path.write_text(path.read_text("utf-8").replace("class: name,", "class: plain,"), "utf-8")
    (contracts / "authority.yaml").write_text("version: 2", "utf-8")  # another wrong file hides nothing
    code, output = run("contracts", "check", "--json")
    problems = "\n".join(json.loads(output)["problems"])
    assert code == 1
    assert "person_name:\n  class is plain, which hides less than name, its class in base.person." in problems
    assert "authority.yaml:1: version" in problems


DECLARATIONS = ("contracts/policies.yaml", "contracts/authority.yaml", "contracts/returns/resident_list.yaml", "cities/tiny/city.yaml")


def added(path: Path, *lines: str) -> list[str]:
    """Append lines to a declaration and return what `contracts check` finds."""
    path.write_text("\n".join([path.read_text("utf-8").rstrip(), *lines, ""]), "utf-8")
    code, output = run("contracts", "check", "--json")
    assert code == 1
    return json.loads(output)["problems"]


@pytest.mark.parametrize("name", DECLARATIONS)
def test_a_key_written_twice_or_unknown_is_refused_by_file_and_line(contracts: Path, name: str) -> None:
    path = contracts.parent / name
    text = path.read_text("utf-8").rstrip()
    key, last = re.findall(r"^[a-z]\w+", text, re.MULTILINE)[0], len(text.splitlines())
    [unknown] = added(path, f"{key}x: 1")
    assert f"{path.name}:{last + 1}" in unknown
    assert f"{key}x" in unknown
    assert key in unknown.replace(f"{key}x", "")  # the nearest that is allowed
    path.write_text(text, "utf-8")
    [twice] = added(path, f"{key}: 1")
    assert f"{path.name}:{last + 1}" in twice
    assert key in twice


def test_all_problems_of_all_declarations_are_told_once(contracts: Path) -> None:
    for name in DECLARATIONS[1:]:
        path = contracts.parent / name
        path.write_text(path.read_text("utf-8") + "\nunheard: 1\n", "utf-8")
    problems = "\n".join(added(contracts.parent / DECLARATIONS[0], "unheard: 1", "unheard_too: 1"))
    assert problems.count("the key 'unheard' is unknown") == len(DECLARATIONS)
    assert problems.count("the key 'unheard_too' is unknown") == 1


@pytest.mark.parametrize(
    ("old", "new", "additive"),
    [
        ("version: 1.0.0", "version: 1.0.1", True),
        ("value: [trim, half_width, upper", "value: [half_width, trim, upper", False),  # the contract changed, but not its version
        ("version: 1.0.0\n", "version: 2.0.0\n", True),
        ("physicalType: decimal(18,2)", "physicalType: double", False),
        ("        primaryKey: true\n        primaryKeyPosition: 3\n", "", False),
    ],
)
def test_diff_says_whether_tables_can_take_it(contracts: Path, old: str, new: str, additive: bool) -> None:
    path = contracts / LIST
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")
    code, output = run("contracts", "diff", str(PROJECT / "contracts"), "--json")
    assert (code == 0, json.loads(output)["additive"]) == (additive, additive)
