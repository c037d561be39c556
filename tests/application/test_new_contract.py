"""A contract begun from any file the sample city feeds: it passes its check, and the readers take the file with it."""

from __future__ import annotations

import shutil
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from application import contracts
from application.new_contract import Begun, Wanted, begin
from lakehouse.config import PROJECT, Instance, Settings
from lakehouse.contracts.loader import load_contract
from lakehouse.errors import ConfigError
from lakehouse.ingest.landing import open_landed
from lakehouse.ingest.readers import reader_of
from lakehouse.ingest.staging import stage
from lakehouse.naming import landing_prefix
from lakehouse.objects import Area
from lakehouse.ops.batches import Landed
from tests.lakehouse.contracts.guess.test_nature import PEOPLE
from tests.lakehouse.ingest.readers.contract import PROVIDER
from tests.sample_city.batches import put_down

pytestmark = pytest.mark.fast
DAY = date(2026, 6, 1)


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Instance:
    """Return an instance without contracts of its own, but with code tables, policies and returns."""
    folder = tmp_path_factory.mktemp("begun")
    shutil.copytree(PROJECT / "contracts", folder / "contracts")
    return Instance(Settings(home=folder / "home", contracts=folder / "contracts", cities=PROJECT / "cities", city="tiny"))


@pytest.fixture(scope="module")
def begun(instance: Instance, tmp_path_factory: pytest.TempPathFactory) -> dict[Path, Begun]:
    """Return the contract begun from each file a sample city feeds in three days, by the file."""
    inbox = put_down(tmp_path_factory.mktemp("city"), "tiny", 300).inbox
    files = sorted(path for path in inbox.rglob("*") if path.is_file())
    return {path: begin(instance, Wanted(path, resource=f"city/c_begun_{place}")) for place, path in enumerate(files)}


def resource_of(path: Path) -> str:
    return path.parent.name if not path.parent.name.isdigit() else path.parents[1].name


def test_every_file_of_the_sample_city_gives_a_contract_that_passes_its_check(instance: Instance, begun: dict[Path, Begun]) -> None:
    kinds = Counter(path.suffix for path in begun)
    assert min(kinds[".csv"], kinds[".jsonl"], kinds[".xlsx"]) >= 5
    found = contracts.check(instance)
    assert found.problems == ()
    assert {f"c_begun_{place}" for place in range(len(begun))} <= set(found.contracts)


def test_the_file_it_was_begun_from_is_read_and_only_faulty_lines_are_not(begun: dict[Path, Begun]) -> None:
    for path, one in begun.items():
        assert one.rows > 0, path
        assert sum(one.rejected.values()) <= max(5, one.rows // 5), path
        assert not any("cannot be read so" in remark for remark in one.remarks)


def test_what_the_declared_contract_knows_of_persons_is_guessed(begun: dict[Path, Begun]) -> None:
    """Classes of persons are never looser than those the city declared, numbers that check have their rules, and none other."""
    looser = []
    for path, one in begun.items():
        [declared] = (PROJECT / "contracts" / "resources").glob(f"*/{resource_of(path)}.odcs.yaml")
        known = {column.source_name: column for column in load_contract(declared).columns}
        guessed = load_contract(one.path)
        for column in guessed.columns:
            said = known[column.source_name]
            strict = column.class_ in (said.class_, "free_text") or said.class_ in ("plain", "entity_public", "published")
            looser += [] if strict else [(path.name, column.source_name, said.class_, column.class_)]
        checked = {rule.column for rule in guessed.rules if rule.kind == "resident_id"}
        assert {guessed.column(name).source_name for name in checked} <= {
            name for name, column in known.items() if column.class_ == "id_no"
        }
    assert looser == []


def test_a_delivery_of_a_guessed_contract_is_staged(begun: dict[Path, Begun], tmp_path: Path) -> None:
    landing, lake = Area((tmp_path / "landing").as_uri()), Area((tmp_path / "lake").as_uri())
    for suffix in (".csv", ".jsonl", ".xlsx"):
        path = max((path for path in begun if path.suffix == suffix), key=lambda path: path.stat().st_size)
        of = load_contract(begun[path].path)
        landed = Landed(suffix, of.code, PROVIDER, DAY, "", 1, DAY, path.name, 0, -1)
        landing.put_new(f"{landing_prefix(of.code, DAY, suffix)}/{path.name}", path.read_bytes())
        with open_landed(landing, landed) as stream:
            received = reader_of(of).count(stream, of)
        batch = Landed(suffix, of.code, PROVIDER, DAY, "", 1, DAY, path.name, 0, received)
        staged = stage((landing, lake), of, [batch], DAY)
        assert (staged.refused, staged.rows[suffix]) == ({}, begun[path].rows + sum(begun[path].rejected.values()))


def test_the_sender_and_the_code_are_read_from_the_place_of_a_file(instance: Instance, tmp_path: Path) -> None:
    rows = "".join(f"{number},王某,{place}\n" for place, number in enumerate(PEOPLE))
    for place, level, code, provider in (
        ("s_pension/449901001/2026-06-01_1.csv", "street", "s_pension", "each street"),
        ("assistance/449901/2026-06-01_1.csv", "district", "d_assistance", "civil_affairs of each district"),
        ("v_ledger/449901001001/2026-06-01_1.csv", "community", "v_ledger", "each community"),
        ("downloads/Library Cards 2026-06-01.csv", "city", "c_library_cards", "public_security of the city"),
        ("downloads/读者证.csv", "city", "c_resource", "public_security of the city"),
    ):
        path = tmp_path / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"身份证号,姓名,序号\n{rows}", "utf-8")
        one = begin(instance, Wanted(path))
        of = load_contract(one.path)
        assert (of.level, of.code, str(of.provider), one.key) == (level, code, provider, ("id_no",))
        assert one.path == instance.settings.contracts / "resources" / level / f"{code}.odcs.yaml"
        assert any("who delivers is not known" in remark for remark in one.remarks) is (level == "city")
    assert contracts.check(instance).problems == ()
    with pytest.raises(ConfigError, match="there is a contract of s_pension already"):
        begin(instance, Wanted(tmp_path / "s_pension/449901001/2026-06-01_1.csv"))
