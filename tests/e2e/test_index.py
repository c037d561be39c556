"""Every package of the three days is found through its recipient's index, as a second verifier sees it, which shares no code with ours."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from huiliu_verify.names import apart, is_file_name
from tests.plugin.lived import DAYS, Lived
from tests.verify import second

pytestmark = pytest.mark.e2e


def test_every_package_is_named_by_its_index_as_a_second_verifier_finds(lived: Lived) -> None:
    exchange, key = lived.instance.home / "store" / "exchange", lived.instance.key_path("signing.pub")
    packages = sorted(path.parent for path in exchange.glob("*/*/*/1/manifest.json"))
    assert len(packages) > 100
    named = {package: second.check(package, key) for package in packages}
    for package, files in named.items():
        assert apart(list(files)) == list(files)
        assert all(is_file_name(name) and package.parent.name in name for name in files)
    endings = {package.relative_to(exchange).parts[0]: {Path(name).suffix for name in files} for package, files in named.items() if files}
    assert (endings["grid"], endings["district"], endings["department"]) == ({".xlsx"}, {".parquet"}, {".parquet"})


def test_an_index_holds_no_mark_and_says_since_when_a_list_has_its_content(lived: Lived) -> None:
    exchange = lived.instance.home / "store" / "exchange"
    marks = [mark for one in lived.planted for mark in one.marks]
    assert marks
    for path in exchange.glob("*/*/index.json"):
        assert not [mark for mark in marks if mark in path.read_text("utf-8")]
        index = json.loads(path.read_bytes())
        first: dict[str, str] = {}
        for one in reversed(index["packages"]):
            kept = {file["sha256"]: first.get(file["sha256"], one["business_date"]) for file in one["files"]}
            assert {file["sha256"]: file["contents_since"] for file in one["files"]} == kept
            first = kept
        assert {one["business_date"] for one in index["packages"]} <= {day.isoformat() for day in DAYS}
    assert len(list(exchange.glob("*/*/keys/*.pub"))) == len(list(exchange.glob("*/*/index.json"))) > 30
