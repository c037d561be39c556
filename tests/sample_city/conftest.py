"""Fixtures: sample cities with all files of three days written; their tables are only computed."""

from __future__ import annotations

import pytest

from sample_city.feed.sample import Sample
from sample_city.sources.labels import Label, read_labels
from tests.sample_city.batches import DAYS, files, put_down, tables


@pytest.fixture(scope="package", params=[("zhuhai", 3_000), ("tiny", 500)], ids=["zhuhai", "tiny"])
def sample(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Sample:
    return put_down(tmp_path_factory.mktemp("sample"), *request.param)


@pytest.fixture(scope="package")
def labels(sample: Sample) -> list[Label]:
    return list(read_labels(sample.folder, DAYS[-1]))


@pytest.fixture(scope="package")
def batches(sample: Sample) -> list[dict]:
    """Return every file and every table of the sample as batches."""
    return [*files(sample), *tables(sample, DAYS)]
