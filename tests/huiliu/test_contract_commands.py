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
from lakehouse.contracts.model import CsvSource

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
    sample.write_bytes("证号;姓名;remark;积分\nA1;王;x;1\nA2;李;y;2\n".encode("gb18030"))
    begun = ("contracts", "new", str(sample), "--resource", "district/d_library_card", "--provider", "public_security")
    code, output = run(*begun, "--json")
    told = json.loads(output)
    assert (code, told["columns"], told["rows"], told["rejected"]) == (0, ["证号", "姓名", "remark", "积分"], 2, {})
    of = load_contracts(contracts)["d_library_card"]
    assert (contracts / "resources" / "district" / "d_library_card.odcs.yaml").stat().st_mode & 0o777 == 0o644
    path = "d_library_card/{date}_{n}.csv"
    assert of.source == CsvSource(kind="csv", path=path, encoding="gb18030", delimiter=";")
    assert [(column.name, column.source_name, column.key, column.class_) for column in of.columns] == [
        ("column_1", "证号", True, "free_text"),
        ("person_name", "姓名", False, "name"),
        ("remark", "remark", False, "free_text"),
        ("column_4", "积分", False, "free_text"),
    ]
    assert any(remark.startswith("证号, 积分: nobody knows yet") for remark in told["remarks"])
    code, output = run("contracts", "check", "--json")
    assert (code, json.loads(output)["ok"]) == (0, True)
    code, output = run("contracts", "new", str(sample))
    assert code == 0
    assert "decide: who delivers is not known" in output
    assert "c_sample.odcs.yaml: 4 columns, key column_1; 2 rows of the file are read." in output


@pytest.mark.parametrize(
    ("options", "found"),
    [
        (("--resource", "town/t_x"), "'town' is not a level."),
        (("--resource", "city/T-X"), "'T-X' is no code."),
        (("--resource", "street/s_elderly_service_list"), "there is a contract of s_elderly_service_list already."),
        (("--encoding", "latin-1"), "'latin-1' is not read."),
    ],
)
def test_what_cannot_be_begun_is_refused_and_leaves_no_file(contracts: Path, tmp_path: Path, options: tuple[str, ...], found: str) -> None:
    sample = tmp_path / "sample.csv"
    sample.write_text("证号,姓名\nA1,王\n", "utf-8")
    before = sorted(contracts.rglob("*.yaml"))
    result = CliRunner().invoke(app, ["contracts", "new", str(sample), *options])
    assert result.exit_code == 1
    assert found in str(result.exception)
    assert sorted(contracts.rglob("*.yaml")) == before


HEADER = "姓名,身份证号,年龄,服务类型,补贴标准,发放月份,开户银行账号,联系电话,社区,备注"
VALUES = ",".join(["王某"] * 10)


def diff_header(tmp_path: Path, text: str, *options: str, encoding: str = "gb18030", name: str = "sent.csv") -> tuple[int, dict]:
    """Compare a file with the contract of the list; return exit code and facts."""
    path = tmp_path / name
    path.write_bytes(text.encode(encoding))
    code, output = run("contracts", "diff", "s_elderly_service_list", "--header", str(path), *options, "--json")
    assert "王某" not in output
    return code, json.loads(output)


@pytest.mark.usefixtures("contracts")
def test_a_header_is_compared_column_by_column(tmp_path: Path) -> None:
    code, found = diff_header(tmp_path, f"{HEADER}\n{VALUES}\n")
    assert (code, found["is_right"], found["to_write"]) == (0, True, "")
    changed = HEADER.replace("联系电话", "手机号").replace(",备注", ",电子邮箱").replace("社区", "社区,社区")
    code, found = diff_header(tmp_path, f"{changed}\n{VALUES},王某\n")
    told = {one["found"] or one["declared"]: (one["place"], one["declared"], one["verdict"]) for one in found["columns"]}
    assert code == 1
    assert told["手机号"] == (8, "联系电话", "renamed")
    assert told["社区"] == (10, "社区", "twice")
    assert (told["电子邮箱"][2], told["备注"]) == ("not declared", (None, "备注", "missing"))  # they say different things
    assert told["姓名"] == (1, "姓名", "right")
    assert found["to_write"] == ""  # a column that stands twice must be sent again


def test_what_is_to_be_written_lets_the_contract_read_both(contracts: Path, tmp_path: Path) -> None:
    """The lines the comparison gives are put into the contract: the file is right from its date on, and the old one before."""
    new = HEADER.replace("联系电话", "手机号").replace("社区", "电子邮箱,社区").removesuffix(",备注")
    code, found = diff_header(tmp_path, f"{new}\n{VALUES}\n", "--date", "2026-07-01", encoding="utf-8")
    assert (code, found["settings"]) == (1, {"encoding": ["gb18030", "utf-8"]})
    column, _, layouts = found["to_write"].partition("# Below customProperties")
    assert "电子邮箱" in column
    path = contracts / LIST
    text = path.read_text("utf-8").replace("version: 1.0.0", "version: 1.1.0")
    text = text.replace("schema:\n", "\n".join(layouts.splitlines()[1:]) + "\nschema:\n", 1)
    path.write_text(text.rstrip() + "\n" + "\n".join(column.splitlines()[1:]) + "\n", "utf-8")
    of = load_contracts(contracts)["s_elderly_service_list"]
    assert [layout.name for layout in of.layouts] == ["before", "since 2026-07-01"]
    assert diff_header(tmp_path, f"{new}\n{VALUES}\n", "--date", "2026-07-01", encoding="utf-8")[0] == 0
    code, found = diff_header(tmp_path, f"{new}\n{VALUES}\n", "--date", "2026-06-30", encoding="utf-8")
    assert code == 1
    assert "these are the names of the layout since 2026-07-01" in found["remedy"]
    assert diff_header(tmp_path, f"{HEADER}\n{VALUES}\n", "--date", "2026-06-30")[0] == 0
    assert run("contracts", "diff", str(PROJECT / "contracts"), "--json")[0] == 0


@pytest.mark.usefixtures("contracts")
def test_a_header_below_a_title_or_of_another_kind_is_found(tmp_path: Path) -> None:
    code, found = diff_header(tmp_path, f"养老服务名册\n{HEADER}\n{VALUES}\n".replace(",", "\t"))
    assert (code, found["settings"]) == (1, {"delimiter": [",", "\t"], "headerFrom": [1, 2]})
    assert 'delimiter: "\\t", headerFrom: 2' in found["to_write"]
    code, found = diff_header(tmp_path, '{"姓名": "王某", "身份证号": "王某", "邮箱": "王某"}', name="sent.jsonl", encoding="utf-8")
    assert (code, found["settings"]) == (1, {"kind": ["csv", "jsonl"]})
    assert "# A layout cannot make jsonl of csv" in found["to_write"]


@pytest.mark.usefixtures("contracts")
def test_a_file_without_its_header_is_told_from_one_with_another(tmp_path: Path) -> None:
    code, found = diff_header(tmp_path, f"{VALUES}\n{VALUES}\n")
    assert (code, found["to_write"]) == (1, "")
    assert "this line looks like data" in found["remedy"]
    assert {one["found"] for one in found["columns"]} == {None}


def test_a_file_declared_without_header_is_compared_by_its_width(contracts: Path, tmp_path: Path) -> None:
    path = contracts / LIST
    path.write_text(path.read_text("utf-8").replace("encoding: gb18030}", "encoding: gb18030, headerRows: 0}"), "utf-8")
    assert diff_header(tmp_path, f"{VALUES}\n")[0] == 0
    code, found = diff_header(tmp_path, f"{VALUES},王某\n")
    assert (code, [one["verdict"] for one in found["columns"]]) == (1, ["right"] * 10 + ["not declared"])


@pytest.mark.usefixtures("contracts")
def test_a_comparison_is_shown_as_a_table(tmp_path: Path) -> None:
    path = tmp_path / "sent.csv"
    path.write_bytes(f"{HEADER},电子邮箱\n".encode("gb18030"))
    code, output = run("contracts", "diff", "s_elderly_service_list", "--header", str(path))
    assert code == 1
    assert "not declared" in output
    assert "To raise the contract, write:" in output
    result = CliRunner().invoke(app, ["contracts", "diff", "s_elderly_service_list"])
    assert "add --header FILE" in str(result.exception)


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
    for path in (contracts / "returns").glob("*.yaml"):
        assert [key for file, key in told if file == path.name] == ["cycle", "receiptRequired"]
    path = contracts / "returns" / "grid_event.yaml"
    path.write_text(path.read_text("utf-8").replace("receiptRequired: true\n", ""), "utf-8")
    code, output = run("contracts", "check")
    assert code == 0
    assert "grid_event.yaml: receiptRequired" not in output
    assert "without effect yet: " in output


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
    "token": (RESIDENTS, "class: address, grade: 3, correctable: true}", "class: address, grade: 3, policy: {street: token}}",
              "token cannot be applied to class address."),
    "token by policy": ("policies.yaml", "grid: raw}\n  birth_date", "grid: token}\n  birth_date", "token cannot be done to a column"),
    "year of a text": (RESIDENTS, "class: address, grade: 3, correctable", "class: birth_date, grade: 3, correctable",
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


def test_check_reads_the_routes_of_alerts(contracts: Path) -> None:
    routes = contracts.parent / "cities" / "tiny" / "alerts.yaml"
    routes.write_text("routes:\n  - {name: duty, owners: [platform], channel: robot}\n", "utf-8")
    code, output = run("contracts", "check", "--json")
    assert code == 1
    [problem] = json.loads(output)["problems"]
    assert "routes.duty.channel:\n  there is no channel 'robot'." in problem


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


REGISTER = "resources/city/c_household_registration.odcs.yaml"


def raised(folder: Path, old: str, new: str) -> None:
    """Change the register of a contracts folder."""
    text = (folder / REGISTER).read_text("utf-8")
    assert old in text
    (folder / REGISTER).write_text(text.replace(old, new, 1), "utf-8")


def test_diff_of_two_folders_tells_what_happens_and_what_it_reaches(contracts: Path, tmp_path: Path) -> None:
    wanted = Path(shutil.copytree(contracts, tmp_path / "wanted" / "contracts"))
    raised(wanted, "version: 1.0.0", "version: 1.1.0")
    column = "- name: relation_to_head_code\n        businessName: 与户主关系\n"
    raised(wanted, column, column.replace("关系", "的关系"))
    code, output = run("contracts", "diff", str(contracts), str(wanted))
    assert code == 0
    assert "relation_to_head_code.label_zh: 与户主关系 → 与户主的关系" in output
    assert "golden:" not in output  # what people call it changes no value
    raised(wanted, "severity: error, codes: relation_to_head", "severity: warning, codes: relation_to_head")
    code, output = run("contracts", "diff", str(contracts), str(wanted))
    assert code == 0
    for told in (
        "rules: relation_to_head_code.",
        "golden: person.relation_to_head_code",
        "base.person.relation_to_head_code",
        "returns: resident_list",
        "audiences: community, district, grid, street",
        "golden values are not counted: the services of the instance do not run.",
    ):
        assert told in output
    raised(wanted, "- name: relation_to_head_code\n", "- name: relation_code\n        physicalName: relation_to_head_code\n")
    code, output = run("contracts", "diff", str(contracts), str(wanted), "--json")
    told = json.loads(output)
    assert (code, told["additive"], told["affected"]) == (1, False, {})
    assert {one["where"] for one in told["differences"]["c_household_registration"] if one["effect"] == "impossible"} == {
        "relation_code",
        "relation_to_head_code",
    }
    assert "what it reaches is not told" in told["counted"]["untold"][0]
