"""Foreign cells and files are found, and no name or address is taken for one: a small sample of what the benchmark measures."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

import pytest

from benchmarks import encodings
from benchmarks.chinese import LEVELS, texts
from lakehouse.errors import QualityError

pytestmark = pytest.mark.fast


def test_foreign_texts_are_found_and_honest_ones_left_alone() -> None:
    found = encodings.measure(honest=6_000, foreign=1_500, files=40)
    assert found.false_alarms == found.files_refused_by_mistake == 0
    assert min(found.found.values()) >= 0.99
    for wrong in (replace(found, false_alarms=1), replace(found, files_refused_by_mistake=1), replace(found, files={"a kind": 0.98})):
        with pytest.raises(QualityError):
            encodings.check(wrong)


def test_the_sample_is_drawn_from_the_whole_list_of_the_state() -> None:
    assert [len(level) for level in LEVELS] == [3500, 3000, 1605]
    assert len(set("".join(LEVELS))) == 8105
    drawn = list(islice(texts(1), 100_000))
    assert drawn == list(islice(texts(1), 100_000))
    assert len(set("".join(LEVELS)).intersection("".join(drawn))) == 8105
