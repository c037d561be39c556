"""Libraries say of every column what it holds and where it comes from; whoever says less than the source is refused, all at once."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from lakehouse.config import PROJECT
from lakehouse.contracts.loader import load_contracts
from lakehouse.declarations.authority import Authority, load_authority
from lakehouse.declarations.policies import load_policies
from lakehouse.declarations.provenance import Known, is_as_strict, load_libraries, load_sound_libraries, strictest
from lakehouse.errors import ContractError
from spark_jobs.returns.invariants import believed

pytestmark = pytest.mark.fast
CONTRACTS, DBT_PROJECT = PROJECT / "contracts", PROJECT / "dbt_project"
SOUND = load_contracts(CONTRACTS)
POLICIES = load_policies(CONTRACTS / "policies.yaml")
AUTHORITY = load_authority(CONTRACTS / "authority.yaml", SOUND)
ID_NO = "class: id_no, grade: 3, as: raw, from: [golden.person.id_no]"
NAME = "class: name, grade: 3, as: raw, from: [golden.person.person_name]"
LOCAL = "class: plain, gradeAfter: 2, as: flag, from: [golden.person.hukou_region_code]"
SHARED = "&person_place {meta: {class: plain"
ASSISTED = "class: health, grade: 4, as: raw, from: [thematic.social_assistance.assistance_type]"
PLAIN = NAME.replace("class: name", "class: plain")
BASE, SPECIAL = "base/schema.yml", "special/schema.yml"


def known() -> Known:
    return Known(SOUND, AUTHORITY, POLICIES)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a copy of the dbt project's models that may be spoiled."""
    shutil.copytree(DBT_PROJECT / "models", tmp_path / "dbt_project" / "models")
    return tmp_path / "dbt_project"


def edit(project: Path, name: str, old: str, new: str) -> None:
    path = project / "models" / name
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


def refusal(project: Path) -> str:
    with pytest.raises(ContractError) as refused:
        load_libraries(known(), project)
    return str(refused.value)


def test_the_libraries_stand_before_contracts_authority_and_policies() -> None:
    libraries = load_libraries(known(), DBT_PROJECT)
    assert len(libraries) == 19
    assert libraries["thematic.address"].columns["full_text"].class_ == "address"  # the table of a model with an alias
    listed = libraries["special.safety_net"].columns
    assert [(listed[name].class_, listed[name].grade) for name in ("assistance_types", "monthly_amount_yuan")] == [
        ("health", 4),
        ("money", 4),
    ]


def test_what_a_library_works_out_is_not_taken_for_a_copy() -> None:
    """Invariant I7 compares copies with their sources: all value fields of the libraries but these."""
    libraries = load_libraries(known(), DBT_PROJECT)
    fields = {name: {field for field, one in entity.fields.items() if one.kind == "value"} for name, entity in AUTHORITY.entities.items()}
    worked_out = {name: fields[name] & libraries[AUTHORITY.library_of(name)].worked_out for name in fields}
    assert worked_out == {"person": set(), "entity": set(), "address": {"lon", "lat", "community_code", "grid_code"}}
    copies = {AUTHORITY.library_of(name): fields[name] - worked_out[name] for name in fields}
    judged = believed(copies, AUTHORITY, SOUND)
    assert {one.library: set(one.fields) for one in judged if one.resource == AUTHORITY.entities["address"].defined_by[0].resource} == {
        "base.address": copies["base.address"]
    }


MISTAKES: dict[str, tuple[str, str, str, str]] = {
    "silent": (BASE, f", config: {{meta: {{{ID_NO}}}}}", "", "models.person.columns.id_no:\n  has neither class nor grade"),
    "no class": (BASE, ID_NO, ID_NO.removeprefix("class: id_no, "), "columns.id_no.config.meta.class:\n  class is missing."),
    "unknown class": (BASE, ID_NO, ID_NO.replace("id_no,", "idno,", 1), "'idno' is not allowed.\n  Allowed: id_no"),
    "no grade": (BASE, ID_NO, ID_NO.replace("grade: 3, ", ""), "columns.id_no.config.meta:\n  is a column as raw, and grade is missing."),
    "unknown key": (BASE, ID_NO, ID_NO + ", form: raw", "the key 'form' is unknown.\n  Allowed: from"),
    "of nothing": (BASE, ID_NO, ID_NO.replace("golden.person.id_no", ""), "config.meta.from:\n  is a column as raw of nothing."),
    "plain name": (BASE, NAME, PLAIN, "meta.class:\n  is plain, but name is what it comes from as raw."),
    "alike, but another": (BASE, NAME, NAME.replace("class: name", "class: address"), "is address, but name is what it comes from"),
    "low grade": (BASE, NAME, NAME.replace("grade: 3", "grade: 2"), "meta.grade:\n  is 2, but 3 where it comes from.\n  Allowed: 3"),
    "code of a class": (BASE, NAME, PLAIN.replace("raw", "code"), "is plain, but name is what it comes from as code"),
    "no such field": (BASE, ID_NO, ID_NO.replace("person.id_no", "person.id_number"), "'golden.person.id_number'.\n  Allowed: id_no"),
    "no such resource": (BASE, ID_NO, ID_NO.replace("golden.person", "c_register"), "there is no column 'c_register.id_no'."),
    "no such column": (BASE, ID_NO, ID_NO.replace("golden.person.id_no", "c_residence_permit.idno"), "Allowed: id_no"),
    "no such library": (BASE, ID_NO, ID_NO.replace("golden.person", "base.people"), "there is no column 'base.people.id_no'."),
    "no reason": (BASE, f'{LOCAL}, reason: "local or not, not from where"', LOCAL, "is a column as flag, and reason is missing."),
    "no grade after": (BASE, LOCAL, LOCAL.replace("gradeAfter: 2, ", ""), "is a column as flag, and gradeAfter is missing."),
    "grade of a flag": (BASE, LOCAL, LOCAL.replace("gradeAfter", "grade"), "meta.grade:\n  is said of a column as flag."),
    "too low a flag": (BASE, LOCAL, LOCAL.replace("gradeAfter: 2", "gradeAfter: 1"), "is 1, but a flag of grade 2 keeps 2"),
    "a circle": (BASE, ID_NO, ID_NO.replace("golden.", "base."), "base.person.id_no:\n  comes from itself."),
    "weaker than another library": (SPECIAL, ASSISTED, ASSISTED.replace("health, grade: 4", "published, grade: 3"),
                                    "models.safety_net.columns.assistance_types.config.meta.class:\n  is published, but health is what"),
    "described twice": (BASE, "  - name: person\n", "  - {name: conflict, columns: []}\n  - name: person\n",
                        "describes this model already.\n  Fix: describe it once."),
    "a library nobody describes": (SPECIAL, "name: safety_net", "name: safetynet", "safety_net.sql:\n  the library is not declared"),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_refused_with_its_place(project: Path, mistake: str) -> None:
    name, old, new, message = MISTAKES[mistake]
    edit(project, name, old, new)
    assert message in refusal(project)


def test_problems_of_all_files_are_told_together_and_each_once(project: Path) -> None:
    edit(project, BASE, ID_NO, ID_NO.replace("grade: 3", "grade: 2"))
    edit(project, BASE, SHARED, SHARED.replace("plain", "plane"))  # six columns share it
    edit(project, SPECIAL, "class: money, grade: 4", "class: published, grade: 4")
    (project / "models" / "mart" / "schema.yml").write_text("models: [", "utf-8")
    sound, wrong = load_sound_libraries(known(), project)
    told = "\n".join(wrong)
    assert told.count("is 2, but 3 where it comes from.") == 1
    assert told.count("'plane' is not allowed.") == 1
    assert told.count("is published, but money") == 1
    assert told.count("the file is no YAML") == 1
    assert {"base.person", "special.safety_net", "mart.region_summary"}.isdisjoint(sound)
    assert "base.address" in sound


def test_a_file_that_cannot_be_read_is_told_alone(project: Path) -> None:
    (project / "models" / BASE).write_text("models: [", "utf-8")  # most other libraries come from these
    sound, wrong = load_sound_libraries(known(), project)
    assert ["the file is no YAML" in one for one in wrong] == [True]
    assert {"special.safety_net", "thematic.social_assistance"} < set(sound)


def test_a_new_candidate_of_a_stricter_class_is_not_taken_in_silence() -> None:
    declared = yaml.safe_load((CONTRACTS / "authority.yaml").read_text("utf-8"))
    name = declared["entities"]["entity"]["fields"]["entity_name"]
    declared["entities"]["entity"]["fields"]["entity_name"] = {"candidates": [*name["candidates"], {"resource": "p_disability_certificate",
                                                               "columns": {"entity_name": "guardian_name"}}]}  # fmt: skip
    _, wrong = load_sound_libraries(Known(SOUND, Authority.model_validate(declared), POLICIES), DBT_PROJECT)
    assert "columns.entity_name.config.meta.class:\n  is entity_public, but name is what it comes from as raw." in "\n".join(wrong)


def test_what_a_wrong_contract_would_say_is_not_held_against_a_library(project: Path) -> None:
    edit(project, BASE, ID_NO, ID_NO.replace("golden.person.id_no", "c_residence_permit.id_no"))
    few = {code: contract for code, contract in SOUND.items() if code != "c_residence_permit"}
    assert load_sound_libraries(Known(few, AUTHORITY, POLICIES, {"c_residence_permit"}), project)[1] == []
    assert "there is no column 'c_residence_permit.id_no'" in load_sound_libraries(Known(few, AUTHORITY, POLICIES), project)[1][0]


def test_a_stricter_class_hides_no_less_at_any_level() -> None:
    assert is_as_strict("free_text", "health", POLICIES)
    assert not is_as_strict("relationship", "id_no", POLICIES)  # stricter for a community, but a street would see whole numbers
    assert not is_as_strict("plain", "address", POLICIES)  # both are shown today: a policy for addresses would not reach a plain one
    assert strictest(["plain", "published", "health"], POLICIES) == "health"
    assert strictest(["plain", "entity_public", "address"], POLICIES) == "address"
