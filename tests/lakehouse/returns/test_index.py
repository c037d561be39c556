"""The index of a recipient names the files of its packages for people, is written last, and mends itself."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from huiliu_verify.findings import Verification
from huiliu_verify.index import canonical as canonical_there
from huiliu_verify.index import read_index, signed
from huiliu_verify.signing import grouped, load_public_key, load_signer
from lakehouse.naming import index_path, recipient_prefix
from lakehouse.returns.manifest import canonical
from lakehouse.returns.publication import publish
from tests.lakehouse.returns.test_publication import RECIPIENTS, StoppedError, StoppingArea
from tests.lakehouse.returns.town import FIRST, SECOND, THIRD, Resident, Row, Town

pytestmark = pytest.mark.fast

COMMUNITY, DISTRICT = "v-449901001001", "d-449901"
PEOPLE = [Resident("a"), Resident("b", "张三", grid="449901001002001")]
MORE = [*PEOPLE, Resident("c", "李四")]


@pytest.fixture
def town(tmp_path: Path) -> Town:
    return Town(tmp_path)


def index(town: Town, recipient: str = COMMUNITY) -> dict:
    found = Verification()
    document = read_index(town.exchange.get(index_path(recipient)), load_public_key(town.key), found)
    assert found.ok, found.refusals
    return document


def dates(document: dict) -> list[tuple[str, int]]:
    return [(one["business_date"], one["issue"]) for one in document["packages"]]


def names(document: dict) -> list[list[str]]:
    return [[file["name"] for file in one["files"]] for one in document["packages"]]


def test_files_are_named_for_people_and_say_since_when_they_have_their_content(town: Town) -> None:
    town.publish(FIRST, PEOPLE)
    town.publish(FIRST, MORE)
    town.publish(SECOND, MORE)
    found = index(town)
    assert dates(found) == [("2026-06-02", 1), ("2026-06-01", 2)]
    office = "晨光社区居民委员会"
    assert names(found) == [[f"{office}_2026-06-02.xlsx"], [f"{office}_2026-06-01_第2次.xlsx"]]
    assert names(index(town, "g-449901001001001"))[0] == [f"{office}第一网格_2026-06-02.xlsx"]
    contents = [(one["files"][0]["sha256"], one["files"][0]["contents_since"]) for one in found["packages"]]
    assert len({sha256 for sha256, _ in contents}) == 1
    assert {since for _, since in contents} == {"2026-06-01"}
    assert found["packages"][0]["expires_on"] == "2026-08-31"
    town.publish(THIRD, PEOPLE)
    assert index(town)["packages"][0]["files"][0]["contents_since"] == "2026-06-03"


def test_every_return_of_a_district_has_a_file_name_of_its_own(tmp_path: Path) -> None:
    town = Town(tmp_path, ("legal_entity_list", "resident_list"))
    firm = Row("legal_entity_list", "f", {"uscc": "91449901MA00000001", "entity_name": "某某商行"})
    town.publish(FIRST, [*PEOPLE, firm])
    town.publish(SECOND, [*MORE, firm])
    assert names(index(town, DISTRICT))[0] == [
        "示范东区_2026-06-02_法人清单.parquet",
        "示范东区_2026-06-02_居民清单.parquet",
        "示范东区_2026-06-02_居民清单_变更.parquet",
    ]


def test_publishing_again_writes_no_index_and_two_stores_have_the_same_bytes(tmp_path: Path) -> None:
    towns = [Town(tmp_path / name) for name in ("one", "two") if (tmp_path / name).mkdir() is None]
    (towns[1].home / "signing.key").write_bytes((towns[0].home / "signing.key").read_bytes())
    for town in towns:
        town.publish(FIRST, PEOPLE)
    one, two = ({path.relative_to(town.home): path for path in (town.home / "exchange").rglob("*") if path.is_file()} for town in towns)
    assert {name: path.read_bytes() for name, path in one.items()} == {name: path.read_bytes() for name, path in two.items()}
    before = {name: path.stat().st_mtime_ns for name, path in one.items()}
    towns[0].publish(FIRST, PEOPLE)
    assert {name: path.stat().st_mtime_ns for name, path in one.items()} == before


@pytest.mark.parametrize("after", [5 * RECIPIENTS + 5, 6 * RECIPIENTS])
def test_stop_at_any_write_leaves_an_index_of_complete_packages_that_the_next_run_completes(town: Town, after: int) -> None:
    town.publish(FIRST, PEOPLE)
    for recipient in ("v-449901001002", COMMUNITY):  # as from before there were indexes
        town.exchange.delete([index_path(recipient)])
    _, record = town.build(SECOND, MORE)
    stopping = replace(town.edition(SECOND), exchange=StoppingArea((town.home / "exchange").as_uri(), after))
    with pytest.raises(StoppedError):
        publish(stopping, record, town.closing)
    for path in (town.home / "exchange").glob("*/*/index.json"):
        document = json.loads(path.read_bytes())
        for day, issue in dates(document):
            assert len(list((path.parent / day / str(issue)).iterdir())) == 5
    town.publish(SECOND, MORE)
    paths = list((town.home / "exchange").glob("*/*/index.json"))
    assert len(paths) == RECIPIENTS
    assert {tuple(dates(json.loads(path.read_bytes()))) for path in paths} == {(("2026-06-02", 1), ("2026-06-01", 1))}


def test_next_publication_mends_an_index_that_is_lost(town: Town) -> None:
    town.publish(FIRST, PEOPLE)
    behind = town.exchange.get(index_path(COMMUNITY))
    for day in (SECOND, THIRD):
        town.publish(day, MORE)
    whom = (COMMUNITY, "v-449901001002", DISTRICT)
    due = {one: town.exchange.get(index_path(one)) for one in whom}
    town.exchange.put(index_path(COMMUNITY), behind)
    town.exchange.put(index_path(whom[1]), due[whom[1]].replace(b"2026-06-01", b"2026-05-31"))
    town.exchange.delete([index_path(DISTRICT)])
    town.publish(THIRD, MORE)
    assert {one: town.exchange.get(index_path(one)) for one in whom} == due


def test_expired_packages_leave_the_index(town: Town) -> None:
    town.publish(FIRST, PEOPLE)
    for days in (89, 90):
        town.publish(FIRST + timedelta(days=days), PEOPLE)
        assert len(dates(index(town))) == 2
    assert dates(index(town))[-1] == ("2026-08-29", 1)
    assert index(town)["packages"][0]["files"][0]["contents_since"] == "2026-06-01"


def test_key_lies_beside_the_index_with_its_fingerprint_in_both_languages(town: Town) -> None:
    town.publish(FIRST, PEOPLE)
    key, keys = load_public_key(town.key), town.home / "exchange" / recipient_prefix(COMMUNITY) / "keys"
    assert {path.name for path in keys.iterdir()} == {f"{key.key_id}.pub", f"{key.key_id}.txt"}
    assert (keys / f"{key.key_id}.pub").read_bytes() == town.key.read_bytes()
    text = (keys / f"{key.key_id}.txt").read_text("utf-8-sig")
    assert text.count(grouped(key.fingerprint)[:39]) == text.count(grouped(key.fingerprint)[40:]) == 2
    assert "怎样核对" in text
    assert "How to compare it" in text


def test_canonical_form_of_the_given_away_program_is_rfc_8785(town: Town) -> None:
    document = {"b": ["é", "晨光", '\u007f\u0001"\\\n', "😀"], "a": {"z": 1, "A": None, "y": True}}
    assert canonical_there(document) == canonical(document)
    signer = load_signer(town.home / "signing.key")
    assert signed(document, signer) == canonical(json.loads(signed(document, signer)))
