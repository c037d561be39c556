"""The program `huiliu-verify`: which key it trusts, which file it says to open, how it saves it, and in which language."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest

from huiliu_verify.language import chosen
from huiliu_verify.main import main
from huiliu_verify.names import apart, is_file_name, part
from huiliu_verify.signing import grouped, load_public_key
from tests.lakehouse.returns.town import FIRST, SECOND, Resident, Town

pytestmark = pytest.mark.fast

Captured = pytest.CaptureFixture[str]
OLD_INDEX = "old.json"
MINE, NAME = "v-449901001001", "晨光社区居民委员会_2026-06-02.xlsx"


@pytest.fixture(scope="module")
def sender(tmp_path_factory: pytest.TempPathFactory) -> Town:
    """Return a sender with two published days, the first in two issues."""
    town = Town(tmp_path_factory.mktemp("sender"))
    for day, residents in ((FIRST, "a"), (FIRST, "ab"), (SECOND, "abc")):
        town.publish(day, [Resident(one) for one in residents])
        if day == FIRST:
            shutil.copy(town.home / "exchange" / "community" / MINE / "index.json", town.home / OLD_INDEX)
    return town


@pytest.fixture
def folder(sender: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return what a recipient has, in a folder with a Chinese name; texts are English."""
    monkeypatch.setenv("HUILIU_LANG", "en")
    monkeypatch.setattr("huiliu_verify.main.speak_utf8", lambda: None)  # the suite's own streams stay as they are
    return Path(shutil.copytree(sender.home / "exchange" / "community" / MINE, tmp_path / "晨光 社区"))


def test_fingerprint_as_heard_on_the_telephone_chooses_the_key_that_came_along(sender: Town, folder: Path, capsys: Captured) -> None:
    fingerprint = load_public_key(sender.key).fingerprint
    for said in (grouped(fingerprint), fingerprint.upper(), grouped(fingerprint).replace(" ", "-")):
        assert main([str(folder), "--key", said]) == 0
    assert f"  {NAME} (" in capsys.readouterr().out
    assert main([str(folder), "--key", grouped("0" * 64)]) == 1
    refused = capsys.readouterr().err
    assert grouped(fingerprint) in refused
    assert main([str(folder), "--key", fingerprint[:16]]) == 1
    assert "neither a key file nor a fingerprint" in capsys.readouterr().err


def test_without_a_key_nothing_counts_as_checked(sender: Town, folder: Path, capsys: Captured) -> None:
    assert main([str(folder)]) == 2
    told = capsys.readouterr()
    assert grouped(load_public_key(sender.key).fingerprint) in told.err
    assert not told.out


def test_key_that_was_replaced_with_all_the_files_is_refused(sender: Town, tmp_path: Path, capsys: Captured) -> None:
    (tmp_path / "forger").mkdir()
    forger = Town(tmp_path / "forger")
    forger.publish(FIRST, [Resident("x")])
    forged = forger.home / "exchange" / "community" / MINE
    assert main([str(forged), "--key", load_public_key(forger.key).fingerprint]) == 0
    assert main([str(forged), "--key", load_public_key(sender.key).fingerprint]) == 1
    shutil.copy(sender.key, forged / "keys" / "ours.pub")
    assert main([str(forged), "--key", load_public_key(sender.key).fingerprint]) == 1
    assert "[key]" in capsys.readouterr().out


def test_own_folder_means_the_newest_package_and_a_date_an_earlier_one(sender: Town, folder: Path, capsys: Captured) -> None:
    key = ["--key", str(sender.key), "--json"]

    def found(*more: str) -> dict:
        main([str(folder), *key, *more])
        return json.loads(capsys.readouterr().out)

    assert (found()["business_date"], found()["issue"]) == ("2026-06-02", 1)
    earlier = found("--date", "2026-06-01")
    assert (earlier["ok"], earlier["issue"], earlier["open"][0]["name"]) == (True, 2, "晨光社区居民委员会_2026-06-01_第2次.xlsx")
    assert [one["code"] for one in found("--date", "2026-05-01")["refusals"]] == ["missing"]


def test_replaced_issue_and_package_newer_than_the_index_are_good_and_say_so(sender: Town, folder: Path, capsys: Captured) -> None:
    def noted(package: Path) -> str:
        assert main([str(package), "--key", str(sender.key), "--json"]) == 0
        [note] = json.loads(capsys.readouterr().out)["notes"]
        return str(note["en"])

    assert noted(folder / "2026-06-01" / "1") == "Issue 2 has replaced this one: use that."
    shutil.copy(sender.home / OLD_INDEX, folder / "index.json")
    assert noted(folder / "2026-06-02" / "1") == "The index is older than this package and does not list it yet."


def test_file_is_saved_under_its_name_once_and_nothing_is_overwritten(folder: Path, capsys: Captured) -> None:
    out, key = folder.parent / "打开", ["--key", str(folder_key(folder))]
    for _ in range(2):
        assert main([str(folder), *key, "--copy-to", str(out)]) == 0
    assert [path.name for path in out.iterdir()] == [NAME]
    assert f"at {out / NAME}" in capsys.readouterr().out
    (out / NAME).write_bytes(b"my notes")
    assert main([str(folder), *key, "--copy-to", str(out)]) == 1
    assert (out / NAME).read_bytes() == b"my notes"
    (out / NAME).unlink()
    for path in (folder / "content").iterdir():
        path.write_bytes(b"altered")
    assert main([str(folder), *key, "--copy-to", str(out)]) == 1
    assert list(out.iterdir()) == []


def folder_key(folder: Path) -> Path:
    return next((folder / "keys").glob("*.pub"))


def test_every_text_is_there_in_chinese(folder: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUILIU_LANG", "zh")
    key = str(folder_key(folder))
    assert main([str(folder), "--key", key]) == 0
    good = capsys.readouterr().out
    assert good.startswith(f"合格：晨光社区居民委员会 {MINE}，2026-06-02，第 1 次发布")
    assert "请打开：" in good
    (folder / "2026-06-02" / "1" / "proof.json").unlink()
    assert main([str(folder), "--key", key]) == 1
    assert capsys.readouterr().out.splitlines()[1:] == [
        "proof.json:",
        "  缺少：当日尚未发布，或数据包不完整。 [missing]",
        "  允许: 清单列出的全部文件",
        "  处理: 不要使用；重新取回整个文件夹，仍不行请联系发送方。",
    ]


def test_language_is_the_wish_then_the_locale() -> None:
    assert chosen({"HUILIU_LANG": "zh", "LANG": "en_US.UTF-8"}) == "zh"
    assert chosen({"HUILIU_LANG": "en", "LANG": "zh_CN.UTF-8"}) == "en"
    assert chosen({"LANG": "zh_CN.UTF-8"}) == "zh"
    assert chosen({"LC_ALL": "C", "LANG": "zh_CN.UTF-8"}) == "en"
    assert sys.platform == "win32" or chosen({}) == "en"


@pytest.mark.parametrize("text", ['a<b>:"/\\|?*c', "尾随. ", "\u202e反", "换\n行", "长" * 300, "𠮷" * 300, "", "..", "CON"])
def test_any_name_of_a_place_becomes_a_file_name_of_windows_and_linux(text: str) -> None:
    assert is_file_name(f"{part(text)}_2026-06-01_第2次_{part(text)}_变更.parquet")


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a\\b", "a:b", "CON", "nul.xlsx", "a.", "a ", ".a", "a\u202eb", "长" * 86])
def test_what_is_no_file_name_is_seen(name: str) -> None:
    assert not is_file_name(name)


def test_names_that_differ_by_case_only_are_kept_apart() -> None:
    assert apart(["a.x", "A.x", "a.x", "b.x"]) == ["a.x", "A_2.x", "a_3.x", "b.x"]
