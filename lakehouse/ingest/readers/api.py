"""Fetch a window of a paged HTTP API as JSON Lines: every record as the API wrote it, the pages reconciled with the stated total.

Temporary failures (no answer, 5xx, 429, a connection cut off) are retried within limits; an expired token is renewed once per request.
Any other departure from the protocol refuses the delivery with a reason: only a complete window is landed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import msgspec

from lakehouse.connections import ApiEndpoint
from lakehouse.contracts.model import ApiSource, Contract
from lakehouse.errors import SourceError
from lakehouse.ingest.readers.api_client import ApiClient, Limits
from lakehouse.ingest.readers.delivery import Fetched
from lakehouse.ingest.readers.records import refusal
from lakehouse.ingest.readers.window import Window

AGAIN = "ask the department that runs the API; the next run takes what was missed."
NEWLINES = bytes.maketrans(b"\r\n", b"  ")  # outside of strings they are white space; inside a string JSON allows none


class PageData(msgspec.Struct):
    """One page; its records stay as the API wrote them."""

    total: int
    page: int
    page_size: int
    records: list[msgspec.Raw]


class Envelope(msgspec.Struct):
    """The body of an answer: code 0 and a page, or another code and none."""

    code: int
    data: PageData | None = None


def fetch(endpoint: ApiEndpoint, contract: Contract, asked: Window, target: Path, limits: Limits | None = None) -> Fetched:
    """Write the records of a window to `target`, one a line, and return what was fetched; `received` is the total the API stated.

    Raises:
        SourceError: the API does not answer as agreed; the message holds no value, token or secret.
    """
    source = _source(contract)
    bounds = limits or Limits()
    where = f"{source.connection}: {source.path}"
    with ApiClient(endpoint, where, bounds) as client, target.open("wb") as file:
        pages = _Pages(where, source.page_size, bounds.pages)
        for number in pages.numbers():
            body = client.get(source.path, {"page": str(number), "page_size": str(source.page_size), **_between(asked)})
            for record in pages.take(number, _envelope(where, body)):
                file.write(record.translate(NEWLINES) + b"\n")
    return Fetched(f"{source.connection}{source.path}.jsonl", target, pages.total)


def _source(contract: Contract) -> ApiSource:
    assert isinstance(contract.source, ApiSource)
    return contract.source


def _between(asked: Window) -> dict[str, str]:
    """Return the query parameters of a window: half-open, in the city's local time."""
    after = {"updated_to": f"{asked.last + timedelta(days=1)}T00:00:00"}
    return after if asked.first is None else {"updated_from": f"{asked.first}T00:00:00", **after}


def _envelope(where: str, body: bytes) -> PageData:
    try:
        found = msgspec.json.decode(body, type=Envelope)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):  # the error's own text may quote the body
        raise refusal(where, "the body is not a page as agreed.", "{code, data: {total, page, page_size, records}}", AGAIN) from None
    if found.code != 0:
        raise refusal(where, f"the API answered 200 with the error code {found.code}.", "code 0", AGAIN)
    if found.data is None:
        raise refusal(where, "the API answered code 0 without data.", "{total, page, page_size, records}", AGAIN)
    return found.data


class _Pages:
    """Checks the pages of one window: their number, their size, and that each comes once."""

    def __init__(self, where: str, size: int, most: int) -> None:
        self._where, self._size, self._most = where, size, most
        self._seen: dict[bytes, int] = {}
        self.total = -1

    def numbers(self) -> Iterator[int]:
        """Yield the number of the next page until all rows of the total have come; an empty window has one page."""
        yield 1
        yield from range(2, self._count() + 1)

    def take(self, number: int, page: PageData) -> Iterator[bytes]:
        """Check a page and yield its records."""
        self._check_facts(number, page)
        expected = min(self._size, self.total - (number - 1) * self._size)
        if len(page.records) != expected:
            raise self._refusal(f"page {number} holds {len(page.records)} records, {expected} were left of {self.total}.")
        records = [bytes(record) for record in page.records]
        same = self._seen.setdefault(_digest(records), number)
        if records and same != number:
            raise self._refusal(f"page {number} repeats page {same}.")
        yield from records

    def _check_facts(self, number: int, page: PageData) -> None:
        if self.total < 0:
            self.total = page.total
        if page.total != self.total:
            raise self._refusal(f"the total changed from {self.total} to {page.total} while pages were read.")
        if page.total < 0 or self._count() > self._most:
            raise self._refusal(f"the total is {page.total}; at most {self._most} pages of {self._size} are read.")
        if (page.page, page.page_size) != (number, self._size):
            raise self._refusal(f"page {number} of {self._size} was asked for, page {page.page} of {page.page_size} came.")

    def _count(self) -> int:
        return -(-self.total // self._size)

    def _refusal(self, found: str) -> SourceError:
        return refusal(self._where, found, "the pages of one unchanging window, each once and whole", AGAIN)


def _digest(records: list[bytes]) -> bytes:
    digest = hashlib.sha256()
    for record in records:
        digest.update(record + b"\n")
    return digest.digest()
