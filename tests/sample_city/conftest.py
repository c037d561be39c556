"""Fixtures: sample cities with all files of three days written; their tables are only computed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import pytest

from sample_city.feed.sample import Sample
from sample_city.sources.labels import Label, read_labels
from tests.sample_city.batches import DAYS, files, put_down, tables


@dataclass(frozen=True)
class Delivered:
    """A sample city, its labels, and every file and every table of it as batches."""

    sample: Sample
    labels: list[Label]
    batches: list[dict]


@pytest.fixture(scope="session")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, int], Delivered]:
    """Return the function that builds a city of so many people; each is built once."""

    @cache
    def build(city: str, people: int) -> Delivered:
        sample = put_down(tmp_path_factory.mktemp("sample"), city, people)
        return Delivered(sample, list(read_labels(sample.folder, DAYS[-1])), [*files(sample), *tables(sample, DAYS)])

    return build


@pytest.fixture(scope="module", params=[("zhuhai", 3_000), ("tiny", 500)], ids=["zhuhai", "tiny"])
def delivered(request: pytest.FixtureRequest, samples: Callable[[str, int], Delivered]) -> Delivered:
    """Return a city; tests change nothing of it."""
    return samples(*request.param)


@pytest.fixture(scope="module")
def sample(delivered: Delivered) -> Sample:
    """Return its sample."""
    return delivered.sample


@pytest.fixture(scope="module")
def labels(delivered: Delivered) -> list[Label]:
    """Return its labels."""
    return delivered.labels


@pytest.fixture(scope="module")
def batches(delivered: Delivered) -> list[dict]:
    """Return its files and tables as batches."""
    return delivered.batches
