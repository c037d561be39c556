"""The benchmark of extracting CSV at a tiny size: it runs, compares the same texts, and fails where they differ."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import extract_csv
from lakehouse.errors import QualityError

pytestmark = pytest.mark.fast


def test_the_ways_hold_the_same_texts(tmp_path: Path) -> None:
    found = extract_csv.compare(tmp_path, 2_000, runs=1)
    assert (found.rows, found.runs) == (2_000, 1)
    assert min(least for _, least, _ in found.seconds.values()) > 0
    staged = next((tmp_path / "lake").rglob("rows.parquet"))
    with pytest.raises(QualityError, match="different texts"):
        extract_csv.check(staged, tmp_path / "theirs.parquet", (2_000, 1_999))
