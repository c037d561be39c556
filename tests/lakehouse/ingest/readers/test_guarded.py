"""Bytes that surprise a reader refuse their delivery: told by the place in the reader, without a value or the error's own words."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import BinaryIO

import pytest

from lakehouse.contracts.model import Contract
from lakehouse.errors import SourceError
from lakehouse.ingest.readers import Reader
from lakehouse.ingest.readers.records import Record
from tests.lakehouse.ingest.readers.contract import contract

pytestmark = pytest.mark.fast
OF = contract("csv", "a")


def astray(stream: BinaryIO, contract: Contract, where: str) -> Iterator[Record]:  # noqa: ARG001 - called as readers are
    yield Record(1, ("x",))
    int(stream.read())  # a reader that trusts what it reads


def failing(stream: BinaryIO, contract: Contract, where: str) -> Iterator[Record]:  # noqa: ARG001
    raise OSError("the store is gone")
    yield


def counting(stream: BinaryIO, contract: Contract) -> int:  # noqa: ARG001
    return int(stream.read())


def test_a_surprise_refuses_the_delivery_and_quotes_nothing() -> None:
    with pytest.raises(SourceError) as refused:
        list(Reader(astray, counting).read(io.BytesIO(b"zhangsan"), OF, "some.csv"))
    message = str(refused.value)
    assert message.startswith("some.csv:\n  the reader does not know what to do with these bytes (test_guarded.py, line ")
    assert "Fix: send the file again" in message
    assert not any(word in message for word in ("zhangsan", "ValueError", "invalid literal", "Traceback"))


def test_a_counter_led_astray_counts_nothing() -> None:
    assert Reader(astray, counting).count(io.BytesIO(b"zhangsan"), OF) == 0
    assert Reader(astray, counting).count(io.BytesIO(b"7"), OF) == 7


def test_a_store_that_fails_refuses_no_delivery() -> None:
    with pytest.raises(OSError, match="the store is gone"):
        list(Reader(failing, counting).read(io.BytesIO(b""), OF, "some.csv"))
