"""The verifier refuses everything but the package published for the recipient, each fault with its own code."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature

from huiliu_verify.index import signed
from huiliu_verify.signing import load_signer
from lakehouse.config import PROJECT
from lakehouse.returns.workbook import file as workbook
from lakehouse.returns.workbook.pages import plain_sheet
from tests.lakehouse.returns.town import FIRST, SECOND, Resident, Town
from tests.verify import second

pytestmark = pytest.mark.fast

MINE, OTHER = "v-449901001001", "v-449901001002"


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Town:
    """Return two published days, the first in two issues, and a stranger's keys."""
    town = Town(tmp_path_factory.mktemp("town"))
    neighbour = Resident("b", "张三", grid="449901001002001")
    town.publish(FIRST, [Resident("a"), neighbour])
    town.publish(FIRST, [Resident("a"), neighbour, Resident("c", "李四")])
    town.publish(SECOND, [replace(Resident("a"), hukou_address="新址"), neighbour, Resident("c", "李四")])
    (town.home / "stranger").mkdir()
    Town(town.home / "stranger")
    return town


def verify(town: Town, package: Path, *options: str) -> tuple[int, dict]:
    """Run `huiliu-verify` in a process that has only the package and the key; return exit code and answer."""
    command = [sys.executable, "-m", "huiliu_verify", str(package), "--json", *(options or ("--key", str(town.key)))]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(PROJECT / "verify")}
    ended = subprocess.run(command, cwd=package.parent, env=environment, capture_output=True, text=True, check=False)
    assert not ended.stderr, ended.stderr
    return ended.returncode, json.loads(ended.stdout)


def received(town: Town, tmp_path: Path, day: str = "2026-06-02", issue: int = 1) -> Path:
    """Return a recipient's copy of its prefix, without any other file of the sender."""
    prefix = tmp_path / MINE
    shutil.copytree(town.home / "exchange" / "community" / MINE, prefix)
    shutil.copy(town.home / "signing.key", prefix)  # for the cases in which the sender is wrong
    return prefix / day / str(issue)


def payload(package: Path) -> Path:
    manifest = json.loads((package / "manifest.json").read_bytes())
    return package.parent.parent / next(form["path"] for one in manifest["returns"] for form in one["forms"] if form["path"])


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def swap_sheets(package: Path) -> None:
    rows, changes = (workbook.read_sheet(payload(package).read_bytes(), name) for name in ("居民清单", "居民清单·变更"))
    sheets = [
        plain_sheet("居民清单", ("x",) * len(changes[0]), list(zip(*changes, strict=True))),
        plain_sheet("居民清单·变更", ("x",) * len(rows[0]), list(zip(*rows, strict=True))),
    ]
    payload(package).write_bytes(workbook.write_workbook(sheets))


def swap_files(package: Path) -> None:
    one = payload(package)
    other = next(path for path in sorted(one.parent.iterdir()) if path != one)
    first, second = one.read_bytes(), other.read_bytes()
    one.write_bytes(second)
    other.write_bytes(first)


def rewrite(package: Path, name: str, **fields: object) -> None:
    document = json.loads((package / name).read_bytes())
    (package / name).write_text(json.dumps({**document, **fields}))


def take(package: Path, *names: str, day: str = "2026-06-01", issue: int = 2) -> None:
    for name in names:
        shutil.copy(package.parent.parent / day / str(issue) / name, package / name)


def resign(package: Path, change: Callable[[dict], object]) -> None:
    """Change the index and sign it with the sender's key: the sender's own mistake."""
    path = package.parent.parent / "index.json"
    document = json.loads(path.read_bytes())
    change(document)
    path.write_bytes(signed(document, load_signer(package.parent.parent / "signing.key")))


def replace_in_index(package: Path, old: bytes, new: bytes) -> None:
    path = package.parent.parent / "index.json"
    assert old in path.read_bytes()
    path.write_bytes(path.read_bytes().replace(old, new, 1))


MANIFEST, DAY = ("manifest.json", "manifest.sig"), ("day.json", "day.sig")
ONLY_THE_FIRST = {"file too many", "index written otherwise", "index names another folder"}  # the second is no judge of these
REFUSED: dict[str, tuple[Callable[[Path], object], str]] = {
    "byte of the manifest changed": (lambda package: flip(package / "manifest.json"), "signature format"),
    "byte of a signature changed": (lambda package: flip(package / "manifest.sig"), "signature"),
    "byte of the day changed": (lambda package: rewrite(package, "day.json", gaps=7), "signature"),
    "byte of a payload changed": (lambda package: flip(payload(package)), "payload"),
    "sheets swapped": (swap_sheets, "payload"),
    "files swapped": (swap_files, "payload"),
    "payload missing": (lambda package: payload(package).unlink(), "missing"),
    "manifest missing": (lambda package: (package / "manifest.json").unlink(), "missing"),
    "proof missing": (lambda package: (package / "proof.json").unlink(), "missing"),
    "day missing": (lambda package: (package / "day.json").unlink(), "missing"),
    "file too many": (lambda package: (package / "more.xlsx").write_bytes(b""), "extra"),
    "manifest of an earlier date under this day": (lambda package: take(package, *MANIFEST), "day"),
    "manifest of an earlier date with its proof under this day": (lambda package: take(package, *MANIFEST, "proof.json"), "day"),
    "whole package of an earlier date in this folder": (lambda package: take(package, *MANIFEST, *DAY, "proof.json"), "day"),
    "proof of an earlier date": (lambda package: take(package, "proof.json"), "proof"),
    "path of the proof changed": (lambda package: rewrite(package, "proof.json", path=[]), "proof"),
    "name in the index changed": (lambda package: replace_in_index(package, b"_2026-06-02", b"_2026-06-03"), "signature"),
    "index written otherwise": (lambda package: replace_in_index(package, b'"city":', b'"city": '), "format"),
    "index that is none": (lambda package: (package.parent.parent / "index.json").write_bytes(b"[" * 100_000), "format"),
    "index of another recipient": (lambda package: resign(package, lambda index: index["recipient"].update(id=OTHER)), "index"),
    "index of another manifest": (
        lambda package: resign(package, lambda index: index["packages"][0].update(manifest_sha256="0" * 64)),
        "index",
    ),
    "index lists no file": (lambda package: resign(package, lambda index: index["packages"][0].update(files=[])), "index"),
    "index names another folder": (
        lambda package: resign(package, lambda index: index["packages"][0]["files"][0].update(name="../x.xlsx")),
        "index",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_package_is_refused(what: str, town: Town, tmp_path: Path) -> None:
    package = received(town, tmp_path)
    spoil, codes = REFUSED[what]
    spoil(package)
    code, answer = verify(town, package, "--key", str(town.key), "--recipient", MINE)
    assert code == 1
    assert {refusal["code"] for refusal in answer["refusals"]} & set(codes.split()), answer
    assert all(refusal["reason"] and refusal["reason_zh"] for refusal in answer["refusals"])
    if what not in ONLY_THE_FIRST:
        with pytest.raises((AssertionError, ValueError, LookupError, FileNotFoundError, InvalidSignature, RecursionError)):
            second.check(package, town.key)


def test_a_second_verifier_from_the_document_alone_agrees(town: Town, tmp_path: Path) -> None:
    assert len((PROJECT / "tests" / "verify" / "second.py").read_text("utf-8").splitlines()) <= 50
    package = received(town, tmp_path)
    _, answer = verify(town, package)
    named = second.check(package, town.key)
    assert named == {one["name"]: one["sha256"] for one in answer["open"]}
    assert list(named) == ["晨光社区居民委员会_2026-06-02.xlsx"]


def test_good_package_is_accepted_with_nothing_but_itself_and_the_key(town: Town, tmp_path: Path) -> None:
    package = received(town, tmp_path)
    code, answer = verify(town, package, "--key", str(town.key), "--recipient", MINE)
    assert (code, answer["refusals"], answer["files"], answer["recipient"]) == (0, [], 1, MINE)
    alone = tmp_path / "alone"
    shutil.copytree(package, alone)
    shutil.copytree(payload(package).parent, alone / "content", ignore=lambda _, names: [n for n in names if n != payload(package).name])
    assert verify(town, alone)[0] == 0
    (alone / "content" / "more.xlsx").write_bytes(b"")
    assert [refusal["code"] for refusal in verify(town, alone)[1]["refusals"]] == ["extra"]


def test_earlier_issue_under_the_later_issues_day_is_refused(town: Town, tmp_path: Path) -> None:
    package = received(town, tmp_path, "2026-06-01", 2)
    take(package, *MANIFEST, day="2026-06-01", issue=1)
    assert {"day", "proof"} <= {refusal["code"] for refusal in verify(town, package)[1]["refusals"]}


def test_package_of_another_recipient_is_refused(town: Town, tmp_path: Path) -> None:
    shutil.copytree(town.home / "exchange" / "community" / OTHER, tmp_path / MINE)
    package = tmp_path / MINE / "2026-06-02" / "1"
    assert verify(town, package)[0] == 0
    code, answer = verify(town, package, "--key", str(town.key), "--recipient", MINE)
    assert (code, [refusal["code"] for refusal in answer["refusals"]]) == (1, ["recipient"])


def test_manifest_of_another_recipient_with_my_proof_is_refused(town: Town, tmp_path: Path) -> None:
    package = received(town, tmp_path)
    for name in MANIFEST:
        shutil.copy(town.package(OTHER, "community", SECOND) / name, package / name)
    code, answer = verify(town, package, "--key", str(town.key), "--recipient", MINE)
    assert code == 1
    assert {"proof", "recipient"} <= {refusal["code"] for refusal in answer["refusals"]}


def test_wrong_key_is_refused(town: Town, tmp_path: Path) -> None:
    code, answer = verify(town, received(town, tmp_path), "--key", str(town.home / "stranger" / "signing.pub"))
    assert (code, {refusal["code"] for refusal in answer["refusals"]}) == (1, {"key"})
