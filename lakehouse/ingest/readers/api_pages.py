"""Read the pages of a window so that what was read existed at one moment.

Rows that change while pages are read move to other pages: one is then read twice, another never, and the total is the same. An API that
names a snapshot, or answers in the order of its keys, rules that out. From any other one all pages are read until two passes agree.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import BinaryIO

import msgspec

from lakehouse.contracts.model import ApiSource, Contract
from lakehouse.errors import SourceError
from lakehouse.ingest.readers.api_protocol import Page
from lakehouse.ingest.readers.records import refusal

AGAIN = "ask the department that runs the API; the next run takes what was missed."
ALLOWED = "the pages of one unchanging window, each once and whole"
KEYS_FIX = "if the API gives several rows of one key, say so in the contract: repeatedKeys: true."
NEWLINES = bytes.maketrans(b"\r\n", b"  ")  # outside of strings they are white space; inside a string JSON allows none
MOST_PASSES = 4
MODULUS = 2**256


@dataclass(frozen=True)
class Reading:
    """One fetch of a window.

    Attributes:
        where: the API, as messages call it.
        contract: the resource; its source says how pages are asked for.
        most: the largest number of pages that are read.
        ask: returns the answer to the given parameters, beside those of the window.
        begin: empties the file before a pass.
        file: where the records go, one a line.
    """

    where: str
    contract: Contract
    most: int
    ask: Callable[[Mapping[str, str]], Page]
    begin: Callable[[], None]
    file: BinaryIO

    @property
    def source(self) -> ApiSource:
        """Return the source of the contract."""
        assert isinstance(self.contract.source, ApiSource)
        return self.contract.source

    def refusal(self, found: str, fix: str = AGAIN) -> SourceError:
        """Return the error that refuses the delivery."""
        return refusal(self.where, found, ALLOWED, fix)

    def write(self, records: list[bytes]) -> None:
        """Write the records of a page."""
        for record in records:
            self.file.write(record + b"\n")


@dataclass(frozen=True)
class Pass:
    """What one reading of all pages found: how many pages and records, and a hash of the records that their order does not change."""

    pages: int = 0
    records: int = 0
    digest: int = 0

    def with_page(self, records: list[bytes]) -> Pass:
        """Return the pass after another page."""
        return Pass(self.pages + 1, self.records + len(records), (self.digest + _digest(records)) % MODULUS)


class ShiftedError(Exception):
    """Rows moved from page to page while they were read; `found` says how that was seen."""

    def __init__(self, found: str, fix: str = AGAIN) -> None:
        super().__init__(found)
        self.found, self.fix = found, fix


def read_pages(reading: Reading) -> int:
    """Write the records of a window to the file of the reading and return how many they are.

    Raises:
        SourceError: the pages depart from what was agreed, or were never the same twice.
    """
    return {"passes": _by_passes, "snapshot": _by_snapshot, "key": _by_key}[reading.source.paging](reading)


def _by_passes(reading: Reading) -> int:
    last: Pass | None = None
    shifted = ShiftedError("")
    for _ in range(MOST_PASSES):
        try:
            this = _one_pass(reading, _Pages(reading))
        except ShiftedError as error:
            last, shifted = None, error
            continue
        if this.pages == 1 or this == last:  # one answer is of one moment
            return this.records
        shifted = ShiftedError("two passes over the pages do not agree.") if last else shifted
        last = this
    raise reading.refusal(f"{shifted.found} ({MOST_PASSES} passes)", shifted.fix)


def _by_snapshot(reading: Reading) -> int:
    try:
        return _one_pass(reading, _Pages(reading, is_snapshot=True)).records
    except ShiftedError as error:
        raise reading.refusal(error.found, error.fix) from None


def _one_pass(reading: Reading, pages: _Pages) -> Pass:
    reading.begin()
    found, number = Pass(), 1
    while number == 1 or number <= pages.count:
        records = pages.take(number, reading.ask(pages.parameters(number)))
        reading.write(records)
        found, number = found.with_page(records), number + 1
    return found


class _Pages:
    """Checks the numbered pages of one pass: their number, their size, their total, and that each page and each key comes once."""

    def __init__(self, reading: Reading, *, is_snapshot: bool = False) -> None:
        self._reading, self._size, self._is_snapshot = reading, reading.source.page_size, is_snapshot
        self._seen: dict[int, int] = {}
        self._keys: dict[int, int] = {}
        self._snapshot: str | None = None
        self.total = -1

    @property
    def count(self) -> int:
        """Return how many pages the total makes."""
        return -(-self.total // self._size)

    def parameters(self, number: int) -> dict[str, str]:
        """Return the parameters that ask for a page."""
        snapshot = {"snapshot": self._snapshot} if self._snapshot else {}
        return {"page": str(number), "page_size": str(self._size), **snapshot}

    def take(self, number: int, page: Page) -> list[bytes]:
        """Check a page and return its records."""
        self._check_facts(number, page)
        self._check_snapshot(number, page)
        records = _records(self._reading, page)
        expected = min(self._size, self.total - (number - 1) * self._size)
        if len(records) != expected:
            raise self._reading.refusal(f"page {number} holds {len(records)} records, {expected} were left of {self.total}.")
        same = self._seen.setdefault(_digest(records), number)
        if records and same != number:
            raise self._reading.refusal(f"page {number} repeats page {same}.")
        if not self._reading.source.repeated_keys and self.count > 1:
            self._check_keys(number, records)
        return records

    def _check_facts(self, number: int, page: Page) -> None:
        if self.total < 0:
            self.total = page.total
        if page.total != self.total:
            raise ShiftedError(f"the total changed from {self.total} to {page.total} while pages were read.")
        if page.total < 0 or self.count > self._reading.most:
            raise self._reading.refusal(f"the total is {page.total}; at most {self._reading.most} pages of {self._size} are read.")
        if (page.page, page.page_size) != (number, self._size):
            came = "an answer that does not say which" if None in (page.page, page.page_size) else f"page {page.page} of {page.page_size}"
            raise self._reading.refusal(f"page {number} of {self._size} was asked for, {came} came.")

    def _check_snapshot(self, number: int, page: Page) -> None:
        if not self._is_snapshot:
            return
        if not page.snapshot:
            raise self._reading.refusal(f"page {number} names no snapshot, although the contract says that the API does.")
        if self._snapshot is not None and page.snapshot != self._snapshot:
            raise self._reading.refusal(f"page {number} is of another snapshot than page 1.")
        self._snapshot = page.snapshot

    def _check_keys(self, number: int, records: list[bytes]) -> None:
        names = [column.source_name for column in self._reading.contract.key_columns]
        for key in {hash(values) for values in (_values(record, names) for record in records) if values}:
            other = self._keys.setdefault(key, number)
            if other != number:
                raise ShiftedError(f"one key stands on page {other} and on page {number}.", f"{AGAIN} Or {KEYS_FIX}")


def _by_key(reading: Reading) -> int:
    reading.begin()
    size, [key] = reading.source.page_size, reading.contract.key_columns
    found, after, left = Pass(), "", size + 1
    while left > size:
        page = reading.ask({"page_size": str(size), **({"after": after} if after else {})})
        left, records = page.total, _records(reading, page)
        if left < 0 or found.pages + -(-left // size) > reading.most:
            raise reading.refusal(f"the total is {left}; at most {reading.most} pages of {size} are read.")
        if len(records) != min(size, left):
            raise reading.refusal(f"page {found.pages + 1} holds {len(records)} records, {min(size, left)} were left.")
        for record in records:
            text = _key_text(record, key.source_name)
            if text is None or text <= after:
                found_of = "has no text as its key" if text is None else "does not follow the one before it in the order of keys"
                raise reading.refusal(f"a record of page {found.pages + 1} {found_of}.")
            after = text
        reading.write(records)
        found = found.with_page(records)
    return found.records


def _records(reading: Reading, page: Page) -> list[bytes]:
    if page.records is None and page.total != 0:
        raise reading.refusal(f"`data.records` is null although the total is {page.total}.")
    return [bytes(record).translate(NEWLINES) for record in page.records or ()]


def _digest(records: list[bytes]) -> int:
    return sum(int.from_bytes(hashlib.sha256(record).digest(), "big") for record in records) % MODULUS


def _values(record: bytes, names: list[str]) -> tuple[bytes, ...]:
    """Return some values of a record as it spells them; nothing when it lacks one or is no object (the reader rejects it)."""
    try:
        found = msgspec.json.decode(record, type=dict[str, msgspec.Raw])
        return tuple(bytes(found[name]) for name in names)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, KeyError):
        return ()


def _key_text(record: bytes, name: str) -> str | None:
    value = msgspec.json.decode(b"".join(_values(record, [name])) or b"null")
    return value if isinstance(value, str) and value else None
