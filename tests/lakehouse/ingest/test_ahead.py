"""A stream that is made ahead: the same items in their order, errors in their place, no thread left."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from lakehouse.ingest.ahead import ahead

pytestmark = pytest.mark.fast


def until_it_breaks() -> Iterator[int]:
    yield from (1, 2)
    raise FileNotFoundError("gone")


def test_items_come_in_order_and_an_error_in_its_place() -> None:
    assert list(ahead(iter(range(100)))) == list(range(100))
    assert list(ahead(iter(()))) == []
    stream = ahead(until_it_breaks())
    assert [next(stream), next(stream)] == [1, 2]
    with pytest.raises(FileNotFoundError):
        next(stream)


def test_the_next_item_is_made_while_one_is_used() -> None:
    made = threading.Event()

    def items() -> Iterator[str]:
        yield "first"
        made.set()
        yield "second"

    stream = ahead(items())
    assert next(stream) == "first"
    assert made.wait(10)
    assert next(stream) == "second"


def test_a_stream_that_is_left_leaves_no_thread() -> None:
    stream = ahead(iter(range(100)))
    next(stream)
    stream.close()
    assert not [one for one in threading.enumerate() if one.name.startswith("ahead")]
