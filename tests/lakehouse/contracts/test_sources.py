"""How a source is asked and compared has to fit the columns of its contract."""

from __future__ import annotations

from typing import Any

import pytest

from lakehouse.contracts.model import ApiSource, Column, PostgresSource
from lakehouse.contracts.sources import misfits
from tests.lakehouse.ingest.readers.contract import column

pytestmark = pytest.mark.fast
API = {"kind": "api", "connection": "city_api", "path": "/things", "watermark": "changed_at"}
TABLE = {"kind": "postgres", "connection": "source_city", "table": "things", "watermark": "changed_at"}
MARK = {"name": "changed_at", "type": "timestamp"}


def told(source: PostgresSource | ApiSource, *columns: dict[str, Any]) -> list[tuple[str, str]]:
    names = {one["name"]: Column.model_validate(column(**one)) for one in columns}
    return [(one.key, one.found) for one in misfits(source, None, names)]


@pytest.mark.parametrize("kind", [API, TABLE])
def test_a_whole_source_is_compared_by_the_days_of_a_kept_watermark(kind: dict[str, Any]) -> None:
    shape = ApiSource if kind is API else PostgresSource
    source = shape.model_validate({**kind, "reconcile": {"every": "month"}})
    assert told(source, {"name": "a", "key": True}, MARK) == []
    assert told(source, {"name": "a", "key": True}, {**MARK, "dropped": True}) == [
        ("reconcile", "needs the days of changed_at, which is dropped at landing.")
    ]
    assert told(source, {"name": "a", "key": True}, {**MARK, "type": "string"}) == [
        ("reconcile", "needs the days of changed_at, which is a string.")
    ]
    assert told(shape.model_validate(kind), {"name": "a", "key": True}, {**MARK, "type": "string"}) == []


def test_a_day_is_not_compared_several_times() -> None:
    source = PostgresSource.model_validate({**TABLE, "reconcile": {"every": "hour"}})
    assert told(source, {"name": "a", "key": True}, MARK) == [("reconcile", "is hour, but a day is run once.")]


def test_pages_in_the_order_of_keys_need_a_key_of_one_column() -> None:
    source = ApiSource.model_validate({**API, "paging": "key"})
    assert told(source, {"name": "a", "key": True}, MARK) == []
    assert told(source, {"name": "a", "key": True}, {"name": "b", "key": True}, MARK) == [
        ("paging", "is key, but 2 columns make up the key.")
    ]
    assert told(ApiSource.model_validate(API), {"name": "a", "key": True}, {"name": "b", "key": True}, MARK) == []
