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
LEVELS = """levels:
  province: {legalBasis: Art24, purpose: 省级统计与决策}
  city: {legalBasis: Art24, purpose: 市级统计与决策}
"""
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
    code, _ = run("contracts", "new", "district/d_library_card", str(sample), "--provider", "public_security", "--encoding", "gb18030")
    assert code == 0
    columns = load_contracts(contracts)["d_library_card"].columns
    assert (contracts / "resources" / "district" / "d_library_card.odcs.yaml").stat().st_mode & 0o777 == 0o644
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


def test_check_lists_keys_whose_effect_comes_later(contracts: Path) -> None:
    code, output = run("contracts", "check", "--json")
    found = json.loads(output)
    assert (code, found["problems"]) == (0, [])
    told = [(Path(one.split(": ")[0]).name, one.split(": ")[1]) for one in found["without_effect"]]
    policies = [place for file, place in told if file == "policies.yaml"]
    assert policies
    assert policies == [one.removesuffix(":") for one in written_conditions(contracts / "policies.yaml", "open_task")]
    for path in (contracts / "returns").glob("*.yaml"):
        assert [key for file, key in told if file == path.name] == ["cycle", "receiptRequired"]
    path = contracts / "returns" / "grid_event.yaml"
    path.write_text(path.read_text("utf-8").replace("receiptRequired: true\n", ""), "utf-8")
    code, output = run("contracts", "check")
    assert code == 0
    assert "grid_event.yaml: receiptRequired" not in output
    assert "without effect yet: " in output


def written_conditions(path: Path, condition: str) -> list[str]:
    """Return the places (`classes.<class>.<level>`) of a policy file that name a condition, read line by line."""
    found, name = [], ""
    for line in path.read_text("utf-8").split("\nclasses:\n")[1].splitlines():
        key = re.match(r"( +)([a-z_]+):", line)
        if key and len(key[1]) == 2:
            name = key[2]
        if key and len(key[1]) == 4 and f"when: {condition}" in line:
            found.append(f"classes.{name}.{key[2]}")
    return found


def test_check_finds_a_return_that_calls_a_column_less_than_its_library_does(contracts: Path) -> None:
    path = contracts / "returns" / "resident_list.yaml"
    path.write_text(path.read_text("utf-8").replace("class: name,", "class: plain,"), "utf-8")
    (contracts / "authority.yaml").write_text("version: 2", "utf-8")  # another wrong file hides nothing
    code, output = run("contracts", "check", "--json")
    problems = "\n".join(json.loads(output)["problems"])
    assert code == 1
    assert "person_name:\n  class is plain, which hides less than name, its class in base.person." in problems
    assert "authority.yaml:1: version" in problems


RESIDENTS, SUMMARY = "returns/resident_list.yaml", "returns/region_summary.yaml"
# What the build of a day's payloads would refuse, or fail on: file, text, what takes its place, what is found.
AT_THE_BUILD: dict[str, tuple[str, str, str, str]] = {
    "code table": (RESIDENTS, "codes: gender", "codes: sex", "there is no code table sex."),
    "column": (RESIDENTS, "name: hukou_address", "name: address", "address is no column of base.person."),
    "source": (RESIDENTS, "source: base.person", "source: base.people", "there is no table base.people."),
    "token": (RESIDENTS, "class: address, grade: 3}", "class: address, grade: 3, policy: {street: token}}",
              "token cannot be applied to class address."),
    "token by policy": ("policies.yaml", "grid: raw}\n  birth_date", "grid: token}\n  birth_date", "token cannot be done to a column"),
    "year of a text": (RESIDENTS, "class: address, grade: 3}", "class: birth_date, grade: 3}",
                       "year cannot be applied to a string.\n  Allowed: date"),
    "sheet": (RESIDENTS, "name: 居民清单", "name: 居民/清单", "is no name of a sheet in a workbook."),
    "long sheet": (RESIDENTS, "name: 居民清单", f"name: {'居民' * 15}", "is no name of a sheet in a workbook."),
    "sheet twice": (RESIDENTS, "name: 居民清单", "name: 法人清单", "a sheet of that name is in the same workbook"),
    "cover": (RESIDENTS, "name: 居民清单", "name: 首页", "a sheet of that name is in the same workbook"),
    "small cells": (SUMMARY, "column: value", "column: measure", "measure is a string as raw.\n  Allowed: an integer"),
    "nobody": (SUMMARY, LEVELS, "levels: {}\n", "nobody receives this return."),
    "no handler": ("returns/safety_net.yaml", "kind: civil_affairs", "kind: charity", "0 departments of kind charity exist on 2026-06-01"),
}  # fmt: skip


@pytest.mark.parametrize("mistake", AT_THE_BUILD)
def test_check_finds_what_would_stop_the_build_of_payloads(contracts: Path, mistake: str) -> None:
    name, old, new, found = AT_THE_BUILD[mistake]
    text = (contracts / name).read_text("utf-8")
    assert old in text
    (contracts / name).write_text(text.replace(old, new, 1), "utf-8")
    code, output = run("contracts", "check", "--json")
    assert code == 1
    assert found in "\n".join(json.loads(output)["problems"])


def test_check_notices_missing_returns_and_a_handler_that_ends_one_day(contracts: Path) -> None:
    departments = contracts.parent / "cities" / "tiny" / "departments.csv"
    bureau = next(line for line in departments.read_text("utf-8").splitlines() if ",civil_affairs,district," in line)
    closed = bureau.removesuffix(",") + ",2026-07-01"
    departments.write_text(departments.read_text("utf-8").replace(bureau, closed), "utf-8")
    assert "exist on 2026-07-01, but a return needs one" in "\n".join(json.loads(run("contracts", "check", "--json")[1])["problems"])
    shutil.rmtree(contracts / "returns")
    assert "no return is declared." in "\n".join(json.loads(run("contracts", "check", "--json")[1])["problems"])


DECLARATIONS = (
    "contracts/policies.yaml", "contracts/authority.yaml", "contracts/clocks.yaml", "contracts/returns/resident_list.yaml",
    "cities/tiny/city.yaml",
)  # fmt: skip


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
