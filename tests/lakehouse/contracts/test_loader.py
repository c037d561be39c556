"""Loading contracts: all problems of a file are reported together, and valid contracts load fast and completely."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from lakehouse.config import PROJECT
from lakehouse.contracts.loader import contract_paths, load_contract, load_contracts, load_sound_contracts
from lakehouse.contracts.model import CsvSource, EachProvider
from lakehouse.contracts.terms import ClosingsHeldAt
from lakehouse.declarations.codes import load_code_tables
from lakehouse.derive import docs
from lakehouse.errors import ContractError

pytestmark = pytest.mark.fast
GOLDEN = Path(__file__).parent / "golden"
LIST = "street/s_elderly_service_list"
REGISTER = "city/c_household_registration"
PERMIT, CASES, LEDGER = "city/c_residence_permit", "district/d_assistance_approval", "community/v_resident_ledger"
FIRMS = "city/c_enterprise_registration"
LEDGER = "community/v_resident_ledger"
MONTH_PATTERN = 'regex: "^[0-9]{4}-(0[1-9]|1[0-2])$"'
KEY = "        primaryKey: true\n        required: true\n"
ADDRESSES = "city/c_standard_address"
MUCH = "  - {property: closingsHeldAt, value: {most: 50}}"
HOLDING = "  - {property: delivery, value: increment}\n  - {property: closingsHeldAt, value: {keys: 100}}\n"
PHONE_CLASS = "          - {property: class, value: phone}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a copy of the contracts that may be spoiled."""
    return Path(shutil.copytree(PROJECT / "contracts", tmp_path / "contracts"))


@pytest.fixture
def few_codes(folder: Path) -> Path:
    """Return the copy with only the code tables that the spoiled contract needs, because a message lists all code tables."""
    for path in (folder / "codes").glob("*.csv"):
        if path.stem not in ("elderly_service_type", "gender"):
            path.unlink()
    return folder


def spoil(folder: Path, contract: str, *edits: tuple[str, str]) -> str:
    """Edit a contract and return the loader's message."""
    path = folder / "resources" / f"{contract}.odcs.yaml"
    text = path.read_text("utf-8")
    for old, new in edits:
        assert old in text
        text = text.replace(old, new, 1)
    path.write_text(text, "utf-8")
    with pytest.raises(ContractError) as told:
        load_contract(path)
    return str(told.value)


def test_three_mistakes_are_told_at_once(few_codes: Path) -> None:
    found = spoil(
        few_codes,
        LIST,
        ("encoding: gb18030", "encodng: gb18030"),
        ("codes: elderly_service_type", "codes: elderly_services"),
        (PHONE_CLASS, ""),
    )
    assert found + "\n" == (GOLDEN / "three_mistakes.txt").read_text("utf-8")


@pytest.mark.parametrize(
    ("contract", "edit", "where", "found"),
    [
        (LIST, ("        required: true", "        requierd: true"), "schema.person_name.requierd", "the key 'requierd' is unknown."),
        (LIST, ("status: active", "status: active\nstatus: draft"), ":7", "the key 'status' is written twice"),
        (LIST, ("status: active", "status: [active"), ":7", "the file is no YAML"),
        (LIST, ("schema:\n", "schemas:\n"), "schema", "must hold exactly one table."),
        (LIST, ("id: s_elderly_service_list", "id: s_elderly"), "id", "is 's_elderly', but the file is"),
        (LIST, ("version: 1.0.0", "version: first"), "version", "is no version."),
        (LIST, ("value: street}", "value: community}"), "customProperties.level.value", "the file lies in street/."),
        (LIST, ("  - {property: delivery, value: increment}\n", ""), "customProperties", "the property delivery is missing."),
        (REGISTER, ("delivery, value: increment", "delivery, value: snapshot"), "customProperties.position", "have its business date"),
        (LIST, ("{every: month,", "{every: moth,"), "customProperties.cycle.value.every", "'moth' is not allowed."),
        (LIST, ("{every: month,", "{every: hour,"), "customProperties.cycle.value.every", "is hour, but no kind of source delivers"),
        (LIST, ("{every: month,", "{every: quarter_hour,"), "customProperties.cycle.value.every", "is quarter_hour, but no kind"),
        (LIST, ("kind: csv,", "kind: cvs,"), "customProperties.source.value", "'cvs' is not allowed."),
        (LIST, ("{date}_{n}.csv", "{day}.csv"), "customProperties.source.value.path", "the placeholder {day} is unknown."),
        (LIST, ("/{region}/", "/"), "customProperties.source.value.path", "must hold {region} or {office} once"),
        (LIST, ("{date}_{n}.csv", "{date}_{n}_{n}.csv"), "customProperties.source.value.path", "holds {n} more than once"),
        (LIST, ("  - {property: delivery, value: increment}\n", HOLDING), "customProperties.closingsHeldAt", "only snapshots close keys."),
        (ADDRESSES, ("{property: delivery, value: snapshot}", f"{{property: delivery, value: snapshot}}\n{MUCH}"),
         "customProperties.closingsHeldAt.value.most", "should be less than or equal to 1"),
        (LIST, ("Name: community_name}", "Name: comunity}"), "customProperties.locality.value.communityName", "no column 'comunity'."),
        (LIST, ("Name: community_name}", "Name: bank_account}"), "customProperties.locality", "'bank_account' is dropped at landing."),
        (LIST, ("grade: 4, open", "grade: 3, open"), "customProperties.sharing.value.grade", "is 3, but a column is of grade 4."),
        (LIST, ("{attribute: 2,", "{attribute: 3,"), "customProperties.sharing.value.attribute", "legalBasis names no law and article"),
        (LIST, ("{attribute: 2,", "{attribute: 3, legalBasis: 内部规定,"), "customProperties.sharing.value.attribute", "names no law"),
        (LIST, ("name: person_name", "name: Name"), "schema.Name.name", "is no column name."),
        (LIST, ("name: remark", "name: phone"), "schema.phone", "the column 'phone' stands twice."),
        (LIST, ("physicalName: 备注", "physicalName: 社区"), "schema.remark", "has the physicalName of community_name."),
        (LIST, ("logicalType: integer", "logicalType: object"), "schema.age_reported.logicalType", "'object' is not supported."),
        (LIST, ("schema:\n", "  - {property: wordsForNothing, value: ['无 ']}\nschema:\n"), "wordsForNothing.value[0]", "should match"),
        (REGISTER, ("[trim, half_width]", "[trim, half_width, round]"), "schema.gender_code", "has no decimals to round to."),
        (LIST, ("decimal(18,2)", "money"), "schema.amount_yuan", "physicalType does not say how the number is stored."),
        (REGISTER, ('format: "yyyy-MM-dd"', 'format: "dd.MM.yyyy"'), "schema.birth_date.logicalTypeOptions.format", "is not supported."),
        (REGISTER, ("[update_time]", "[person_name]"), "customProperties.position.value", "the column 'person_name' is a string."),
        (REGISTER, ("watermark: update_time", "watermark: changed_at"), "customProperties.source.value.watermark", "'changed_at'."),
        (PERMIT, ("watermark: update_time", "watermark: changed_at"), "customProperties.source.value.watermark", "'changed_at'."),
        (PERMIT, ("path: /residence-permits", "path: residence-permits"), "customProperties.source.value.path", "is no path of an API."),
        (PERMIT, ("path: /residence-permits", "path: /a?page=1"), "customProperties.source.value.path", "is no path of an API."),
        (PERMIT, ("overlapDays: 3,", "overlapDays: 3, paging: pages,"), "customProperties.source.value.paging", "'pages' is not allowed."),
        (PERMIT, ("overlapDays: 3,", "overlapDays: 3, retry: {attempts: 0},"), "source.value.retry.attempts", "greater than or equal to 1"),
        (REGISTER, ("overlapDays: 3,", "overlapDays: 3, retry: {totalSeconds: 9999},"), "source.value.retry.totalSeconds", "7200"),
        (PERMIT, ("{every: month}}", "{every: hour}}"), "customProperties.source.value.reconcile", "is hour, but a day is run once."),
        (REGISTER, ("{every: month}}", "{every: moon}}"), "customProperties.source.value.reconcile.every", "'moon' is not allowed."),
        (PERMIT, ("connection: city_api", "connection: City-API"), "customProperties.source.value.connection", "no name of a connection."),
        (PERMIT, ("{kind: public_security}", "{each: district}"),
         "customProperties.source.value.kind", "is api, but an API is delivered by one provider, not by each district."),
        (LEDGER, ("{n}.xlsx", "{n}.xls"), "customProperties.source.value.path", "is not the path of a workbook."),
        (LEDGER, ("sheet: 居民台账", "sheet: 居民/台账"), "customProperties.source.value.sheet", "is a name no sheet can have."),
        (LEDGER, ("v_resident_ledger/{region}", "../{region}"), "customProperties.source.value.path", "is a path outside of the inbox."),
        (LEDGER, ("formulas: reject", "formulas: accept"), "customProperties.source.value.formulas", "'accept' is not allowed."),
        (CASES, ("kind: civil_affairs", "kind: 民政局"), "customProperties.provider.value.kind", "is no kind of department."),
        (REGISTER, ("{kind: public_security}", "11449900MB2C000130"), "customProperties.provider.value", "valid dictionary or instance"),
        (REGISTER, ("{kind: public_security}", "{kind: public_security, of: country}"),
         "customProperties.provider.value.of", "'country' is not allowed."),
        (REGISTER, ("{kind: public_security}", "{kind: 公安局}"), "customProperties.provider.value.kind", "is no kind of department."),
        (REGISTER, ("        primaryKey: true\n", ""), "schema", "no column is a primary key."),
        (REGISTER, (KEY, "        primaryKey: true\n"), "schema.id_no", "is a key but not required."),
        (REGISTER, ("value: [trim, half_width, upper, resident_id_18]", "value: [trim]"), "schema.id_no", "gives an identity but"),
        (REGISTER, ("value: id_no}\n          - {property: grade, value: 3}", "value: id_no}\n          - {property: grade, value: 1}"),
         "schema.id_no", "is an identity number of grade 1."),
        (LIST, ("engine: huiliu", "engine: soda"), "schema.id_no.quality[0]", "is not run by any engine."),
        (LIST, ("rule: range, severity: error, min: 0", "rule: rnage, severity: err"), "implementation.severity", "'err' is not allowed."),
        (LIST, ("min: 0", "minimum: 0"), "schema.amount_yuan.quality[0].implementation", "the key 'minimum' is unknown."),
        (LIST, (", min: 0", ""), "schema.amount_yuan.quality[0].implementation", "min or max is missing."),
        (LIST, ("min: 0", "min: business_date"), "schema.amount_yuan.quality[0].implementation", "cannot be compared with a number."),
        (LIST, (MONTH_PATTERN, 'regex: "^\\\\d{6}$"'), "implementation.regex", "that Python and Java read differently"),
        (LIST, ("id: id_no, part: age", "id: id_number, part: age"), "implementation.id", "there is no column 'id_number'."),
        (LIST, ("rule: resident_id_15", "rule: resident_id"), "schema.id_no.quality[1]", "there are two rules 'id_no.resident_id'."),
        (LIST, ("rule: resident_id_15,", "rule: not_after,"), "schema.id_no", "cannot judge a string."),
        (LIST, ("to: person", "to: parson"), "schema.id_no.quality[2].implementation.to", "no entity 'parson'.\n  Allowed: person"),
        (REGISTER, ("[trim, half_width, upper, resident_id_18]", "[trim, half_width, upper, resident_id_18, open_ended]"),
         "schema.id_no", "is a string and cannot be open-ended."),
        (FIRMS, ("to: term_from", "to: update_time"), "schema.term_to.quality[0].implementation.to", "update_time is a timestamp, term_to"),
        (FIRMS, ('"91"', '"9I"'), "schema.uscc.quality[0].implementation.categories", "String should match pattern"),
        (LEDGER, ("region: provider", "region: ours"), "schema.community_code.quality[2].implementation", "String should match pattern"),
    ],
)  # fmt: skip
def test_a_mistake_is_found_and_named(folder: Path, contract: str, edit: tuple[str, str], where: str, found: str) -> None:
    message = spoil(folder, contract, edit)
    assert f"contracts/resources/{contract}.odcs.yaml:" in message
    assert where in message
    assert found in message


@pytest.mark.parametrize(
    ("missing", "found"),
    [
        ("class", "grade is 1 but class is missing, so no policy can be found for it.\n  Allowed: id_no, name,"),
        ("grade", "grade is missing, so no cap can hold it back.\n  Allowed: 1, 2, 3, 4\n"),
        ("class grade", "class is missing, so no policy can be found for it.\n  Allowed: id_no, name,"),
    ],
)
def test_a_column_of_any_grade_without_class_or_grade_is_refused(folder: Path, missing: str, found: str) -> None:
    lines = {"class": "          - {property: class, value: plain}\n", "grade": "          - {property: grade, value: 1}\n"}
    both = "".join(lines.values())
    message = spoil(folder, LIST, (both, "".join(line for name, line in lines.items() if name not in missing)))
    assert f"contracts/resources/{LIST}.odcs.yaml:" in message
    assert f"schema.pay_month:\n  {found}" in message
    assert message.count("Fix:") == len(missing.split())


def test_problems_of_two_files_are_told_together(folder: Path) -> None:
    for contract in (LIST, REGISTER):
        path = folder / "resources" / f"{contract}.odcs.yaml"
        path.write_text(path.read_text("utf-8").replace("version: 1.0.0", "version: x"), "utf-8")
    with pytest.raises(ContractError) as told:
        load_contracts(folder)
    assert str(told.value).count("is no version.") == 2
    sound, wrong = load_sound_contracts(folder)
    told_of = {"s_elderly_service_list", "c_household_registration"}
    assert (set(sound), len(wrong)) == (set(load_contracts(PROJECT / "contracts")) - told_of, 2)


def test_one_resource_in_two_folders_is_refused(folder: Path) -> None:
    path = folder / "resources" / f"{LIST}.odcs.yaml"
    copy = folder / "resources" / "district" / path.name
    copy.write_text(path.read_text("utf-8").replace("property: level, value: street", "property: level, value: district"), "utf-8")
    with pytest.raises(ContractError, match="describes the same resource"):
        load_contracts(folder)


def test_types_and_required_derive_rules_of_their_own() -> None:
    contract = load_contracts(PROJECT / "contracts")["s_elderly_service_list"]
    derived = {rule.id: rule.severity for rule in contract.rules if rule.kind in ("required", "format")}
    assert derived == {
        "person_name.required": "error",
        "id_no.required": "error",
        "age_reported.format": "error",
        "service_type.required": "error",
        "amount_yuan.required": "error",
        "amount_yuan.format": "error",
        "pay_month.required": "error",
    }
    assert contract.provider == EachProvider(each="street")
    assert contract.source == CsvSource(kind="csv", path="s_elderly_service_list/{region}/{date}_{n}.csv", encoding="gb18030")
    assert [column.name for column in contract.columns if column.dropped] == ["bank_account"]
    assert all(rule.message_zh and rule.message_en for rule in contract.rules)


def test_dates_and_free_texts_derive_rules_that_a_column_may_replace(folder: Path) -> None:
    permits = load_contracts(folder)["c_residence_permit"]
    params = {rule.id: (rule.severity, rule.params) for rule in permits.rules if rule.id.endswith(".calendar")}
    in_use = ("error", {"min": "1900-01-01", "max": "2199-12-31"})
    assert params == {
        "birth_date.calendar": ("error", {"min": "1900-01-01", "max": "business_date"}),
        **{f"{name}.calendar": in_use for name in ("arrive_date", "issue_date", "endorse_due_date", "update_time")},
    }
    legible = {rule.id: rule.severity for rule in permits.rules if rule.kind == "legible"}
    assert legible == dict.fromkeys(["person_name.legible", "residence_address.legible", "landlord_name.legible"], "warning")
    path = folder / "resources" / f"{PERMIT}.odcs.yaml"
    own = "{rule: range, ruleId: arrive_date.calendar, severity: error, min: 0800-01-01}"
    text = path.read_text("utf-8").replace('{rule: compare, severity: warning, operator: "<=", to: issue_date}', own)
    path.write_text(text, "utf-8")
    replaced = [rule.params for rule in load_contract(path).rules if rule.id == "arrive_date.calendar"]
    assert replaced == [{"min": "0800-01-01"}]


def test_numbers_of_typed_sources_are_rounded_and_of_text_files_not() -> None:
    contracts = load_contracts(PROJECT / "contracts")
    rounds = {(code, one.name) for code, found in contracts.items() for one in found.columns if "round" in one.normalise}
    decimals = {(code, one.name) for code, found in contracts.items() for one in found.columns if one.decimals}
    assert rounds == {(code, name) for code, name in decimals if contracts[code].source.kind != "csv"}
    assert {contracts[code].source.kind for code, _ in rounds} == {"postgres", "xlsx", "jsonl"}
    assert {name for code, name in decimals - rounds} == {"amount_yuan", "lon", "lat"}


def test_words_for_nothing_are_the_contracts(folder: Path) -> None:
    path = folder / "resources" / f"{LIST}.odcs.yaml"
    text, words = path.read_text("utf-8"), "  - {property: wordsForNothing, value: [无, 不详]}\nschema:\n"
    path.write_text(text.replace("schema:\n", words, 1), "utf-8")
    assert load_contract(path).words_for_nothing == ("无", "不详")


def test_a_list_may_come_once_a_year(folder: Path) -> None:
    path = folder / "resources" / f"{LIST}.odcs.yaml"
    path.write_text(path.read_text("utf-8").replace("{every: month,", "{every: year,"), "utf-8")
    assert "每年" in docs.render(load_contract(path), load_code_tables(folder))


def test_twenty_five_contracts_load_in_the_time_a_dag_file_may_take(folder: Path) -> None:
    path = folder / "resources" / f"{LIST}.odcs.yaml"
    for number in range(25 - len(contract_paths(folder))):
        code = f"s_list_{number}"
        (path.parent / f"{code}.odcs.yaml").write_text(path.read_text("utf-8").replace("s_elderly_service_list", code), "utf-8")
    program = f"""
import time
from pathlib import Path
from lakehouse.contracts.loader import load_contracts
started = time.process_time()
contracts = load_contracts(Path({str(folder)!r}), standard=False)
print(len(contracts), time.process_time() - started)
"""  # in a process of its own, as a DAG file is parsed: how much this one holds in memory must not count
    done = subprocess.run([sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=True)
    loaded, seconds = done.stdout.split()
    assert int(loaded) == 25
    assert float(seconds) < 0.3


def test_a_snapshot_may_say_how_much_it_may_lack(folder: Path) -> None:
    path = folder / "resources" / f"{ADDRESSES}.odcs.yaml"
    assert load_contract(path).closings_held_at == ClosingsHeldAt(share=0.05, keys=20, most=0.5)
    delivery = "  - {property: delivery, value: snapshot}\n"
    said = "  - {property: closingsHeldAt, value: {share: 0.2, keys: 500}}\n"
    path.write_text(path.read_text("utf-8").replace(delivery, delivery + said), "utf-8")
    assert load_contract(path).closings_held_at == ClosingsHeldAt(share=0.2, keys=500, most=0.5)


def test_a_contract_may_let_its_alerts_wait_over_holidays(folder: Path) -> None:
    path = folder / "resources" / f"{LIST}.odcs.yaml"
    assert load_contract(path).alerts.holidays == "tell"
    before = "  - {property: delivery, value: increment}\n"
    path.write_text(path.read_text("utf-8").replace(before, f"{before}  - {{property: alerts, value: {{holidays: wait}}}}\n", 1), "utf-8")
    assert load_contract(path).alerts.holidays == "wait"
    assert "'never' is not allowed.\n  Allowed: tell, wait" in spoil(folder, LIST, ("holidays: wait", "holidays: never"))
