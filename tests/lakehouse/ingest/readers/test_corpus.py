"""The whole corpus of nasty cases: enough of them for every kind of source, and every reject code is in the reference page."""

from __future__ import annotations

from typing import get_args

import pytest

from lakehouse.config import PROJECT
from lakehouse.ingest.readers.records import Reject
from tests.lakehouse.ingest.readers import test_api, test_csv, test_jsonl, test_xlsx, test_xlsx_package

pytestmark = pytest.mark.fast

CASES = {
    "csv": len(test_csv.CORPUS),
    "jsonl": len(test_jsonl.CORPUS),
    "xlsx": sum(map(len, (test_xlsx.CELLS, test_xlsx.BODIES, test_xlsx.REFUSED, test_xlsx_package.WHOLE, test_xlsx_package.REFUSED))),
    "api": len(test_api.HANDLED) + len(test_api.REFUSED) + len(test_api.BODIES),
}


def test_the_corpus_is_large_for_every_kind_of_source() -> None:
    print(f"corpus of nasty deliveries: {CASES}, {sum(CASES.values())} in all")  # noqa: T201
    assert sum(CASES.values()) >= 150
    assert min(CASES.values()) >= 25


def test_the_reference_names_every_reject() -> None:
    text = (PROJECT / "docs" / "reference" / "sources.md").read_text("utf-8")
    assert [code for code in get_args(Reject) if f"`{code}`" not in text] == []
