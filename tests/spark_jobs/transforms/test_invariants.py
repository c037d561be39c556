"""Golden values that are not the authority's newest word are found, field by field."""

from __future__ import annotations

from datetime import datetime

import pytest

from lakehouse.config import Instance
from lakehouse.declarations.authority import Candidate
from spark_jobs.lake.session import open_session
from spark_jobs.transforms.invariants import authority_breaks

pytestmark = pytest.mark.spark
SAID = (
    "id string, name string, phone string, status string, valid_from timestamp, _delivery_no int, _source_line bigint, _flags array<string>"
)
KEPT = "id string, name string, phone string, _field_sources string"


def test_a_golden_value_is_the_newest_word_of_its_authority_or_a_logged_fallback(instance: Instance) -> None:
    spark = open_session(instance)
    known = spark.createDataFrame(
        [
            ("a", "old", "1", "valid", datetime(2026, 5, 1), 1, 1, []),  # noqa: DTZ001 - Spark's timestamps have no zone here
            ("a", "new", None, "valid", datetime(2026, 5, 2), 1, 2, ["name.odd"]),  # noqa: DTZ001
            ("b", "one", "2", "cancelled", datetime(2026, 5, 1), 1, 3, []),  # noqa: DTZ001
            ("d", "two", "5", "valid", datetime(2026, 5, 1), 1, 4, ["phone.wrong"]),  # noqa: DTZ001
            ("e", "two", "5", "valid", datetime(2026, 5, 1), 1, 5, ["phone.wrong"]),  # noqa: DTZ001
        ],
        SAID,
    )
    golden = spark.createDataFrame(
        [
            ("a", "old", "1", '{"name": "r", "phone": "r"}'),  # the name is not the newest
            ("b", "one", "9", '{"name": "r", "phone": "other"}'),  # the phone is a fallback: the authority's row does not count
            ("c", None, "3", "{}"),  # a phone without a named source
            ("d", "two", None, '{"name": "r"}'),  # the authority's phone contradicts itself
            ("e", "two", "5", '{"name": "r", "phone": "r"}'),  # and is kept in spite of that
        ],
        KEPT,
    )
    believed = {"name": Candidate(resource="r"), "phone": Candidate(resource="r", when={"status": ("valid",)}, unless=("phone.wrong",))}
    breaks = authority_breaks(golden, known, "id", believed, datetime(2026, 6, 1))  # noqa: DTZ001
    assert sorted((row["entity_id"], row["field"]) for row in breaks.collect()) == [("a", "name"), ("c", "phone"), ("e", "phone")]
