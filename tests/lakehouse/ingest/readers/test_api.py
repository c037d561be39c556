"""Paged APIs: the sample's real server produces every fault; each is handled or refuses the delivery with a named reason."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from lakehouse.connections import ApiEndpoint
from lakehouse.errors import SourceError
from lakehouse.ingest.readers import api, jsonl
from lakehouse.ingest.readers.api_client import Limits
from lakehouse.ingest.readers.delivery import Fetched
from lakehouse.ingest.readers.window import Window as Asked
from lakehouse.ingest.readers.window import next_window
from sample_city.feed.api_faults import FAULTS
from sample_city.feed.api_server import Desk, Server, Window
from tests.lakehouse.ingest.readers.apis import FIRST, PATH, QUICK, SECRET, of_api, serving
from tests.lakehouse.ingest.readers.contract import contract

pytestmark = pytest.mark.fast

ROWS = [{"a": f"甲{place}", "b": None if place % 2 else "2026-06-01 10:00:00"} for place in range(5)]


@dataclass
class Rows:
    """A source for the sample's API server without a database: rows and one fault."""

    held: list[dict[str, Any]]
    order: str | None = None
    asked: list[Window] = field(default_factory=list)

    def rows(self, window: Window) -> tuple[int, list[dict[str, Any]]]:
        self.asked.append(window)
        return len(self.held), self.held[(window.page - 1) * window.size : window.page * window.size]

    def fault(self, window: Window) -> str | None:
        assert window.business_date == FIRST.last
        return self.order


@contextmanager
def sample_api(folder: Path, rows: Rows, token_seconds: int = 600) -> Iterator[ApiEndpoint]:
    """Return the sample's server with the given rows."""
    (folder / "city_api.client").write_text(f"huiliu:{SECRET}")
    with serving(Server(0, rows, Desk(folder, token_seconds))) as address:
        yield ApiEndpoint("city_api", address, "huiliu", SECRET)


def fetch(endpoint: ApiEndpoint, folder: Path, asked: Asked = FIRST, **limits: Any) -> Fetched:
    return api.fetch(endpoint, of_api(), asked, folder / "rows", Limits(**{**QUICK.__dict__, **limits}))


def texts(delivery: Fetched) -> list[tuple[str | None, ...] | None]:
    with delivery.path.open("rb") as stream:
        records = list(jsonl.read(stream, of_api(), ""))
    with delivery.path.open("rb") as stream:
        assert delivery.received == jsonl.count(stream, of_api()) == len(records)
    return [record.texts for record in records]


HANDLED = {None: 0.0, "error_500_once": 0.0, "too_many": 1.0, "expired_token": 0.0}  # fault, and the seconds the reader has to wait
REFUSED = {
    "error_500": "the API answers with status 500. (4 attempts over ",
    "error_body": "the API answered 200 with the error code 5000.",
    "repeated_page": "page 2 repeats page 1.",
    "changing_total": "the total changed from 11 to 12 while pages were read. (4 passes)",
    "short_page": "page 1 holds 1 records, 2 were left of 5.",
    "slow_drip": "an answer is not complete in time.",
    "truncated": "the API breaks off before its answer is complete. (4 attempts over ",
    "redirect": "the API redirects us (status 302)",
    "wrong_type": "the answer is of another content type.",
}


@pytest.mark.parametrize("fault", HANDLED)
def test_a_passing_trouble_is_handled(fault: str | None, tmp_path: Path) -> None:
    began = time.monotonic()
    with sample_api(tmp_path, Rows(ROWS, fault)) as endpoint:
        delivery = fetch(endpoint, tmp_path)
    assert texts(delivery) == [(row["a"], row["b"]) for row in ROWS]
    assert delivery.source_object == "city_api/residence-permits.jsonl"
    assert time.monotonic() - began >= HANDLED[fault]


@pytest.mark.parametrize("fault", REFUSED)
def test_any_other_fault_refuses_the_delivery_by_name(fault: str, tmp_path: Path) -> None:
    with sample_api(tmp_path, Rows(ROWS, fault)) as endpoint, pytest.raises(SourceError) as told:
        fetch(endpoint, tmp_path)
    assert str(told.value).startswith(f"city_api: {PATH}:\n  {REFUSED[fault]}")
    assert not any(text in str(told.value) for text in (SECRET, "甲", "Bearer", "internal error", "busy"))


def test_every_fault_the_server_knows_has_its_outcome() -> None:
    assert set(FAULTS) == {*REFUSED, *HANDLED} - {None}


@pytest.mark.parametrize("count", [0, 1, 2, 4])
def test_pages_end_with_the_total(count: int, tmp_path: Path) -> None:
    rows = Rows(ROWS[:count])
    with sample_api(tmp_path, rows) as endpoint:
        assert len(texts(fetch(endpoint, tmp_path))) == count
    assert [window.page for window in rows.asked] == ([1] if count <= 2 else [1, 2, 1, 2])  # one answer is of one moment, two are not


def test_the_window_is_half_open_and_open_at_first(tmp_path: Path) -> None:
    rows = Rows(ROWS[:1])
    with sample_api(tmp_path, rows) as endpoint:
        fetch(endpoint, tmp_path)
        fetch(endpoint, tmp_path, Asked(date(2026, 5, 30), date(2026, 6, 1), "Asia/Shanghai"))
    assert [(str(window.since), str(window.until)) for window in rows.asked] == [
        ("None", "2026-06-02 00:00:00"),
        ("2026-05-30 00:00:00", "2026-06-02 00:00:00"),
    ]


def test_a_token_is_renewed_before_it_expires(tmp_path: Path) -> None:
    with sample_api(tmp_path, Rows(ROWS), token_seconds=1) as endpoint:
        assert len(texts(fetch(endpoint, tmp_path))) == len(ROWS)


def test_wrong_credentials_are_refused_and_not_told(tmp_path: Path) -> None:
    with sample_api(tmp_path, Rows(ROWS)) as endpoint, pytest.raises(SourceError) as told:
        fetch(ApiEndpoint("city_api", endpoint.base, "huiliu", "wrong-secret"), tmp_path)
    assert "denies access (status 401)" in str(told.value)
    assert "HUILIU_SECRET_CITY_API" in str(told.value)
    assert "wrong-secret" not in str(told.value) + repr(endpoint)


def test_nobody_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"nobody answers at the address of the API. \(4 attempts over 0 s\)"):
        fetch(ApiEndpoint("city_api", "http://127.0.0.1:9", "huiliu", SECRET), tmp_path)


def test_the_contract_limits_the_attempts_and_each_is_logged_without_secrets(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    asked = of_api(retry={"attempts": 2, "totalSeconds": 5})
    with sample_api(tmp_path, Rows(ROWS, "error_500")) as endpoint, pytest.raises(SourceError) as told:
        api.fetch(endpoint, asked, FIRST, tmp_path / "rows", QUICK)
    assert "the API answers with status 500. (2 attempts over 0 s)" in str(told.value)
    assert "an answer within 2 attempts and 5 s (source.retry of the contract)" in str(told.value)
    first, last = [record.getMessage() for record in caplog.records if record.name == "huiliu.sources"]
    assert first == f"city_api: {PATH}: attempt 1 of 2 failed: the API answers with status 500. Next one in 0.0 s."
    assert last == f"city_api: {PATH}: attempt 2 of 2 failed: the API answers with status 500. No further one."


class Scripted(BaseHTTPRequestHandler):
    """Answers `/token` correctly and every page with the test's prepared answer."""

    answers: list[tuple[int, dict[str, str], bytes]]
    seen: list[str]

    def do_POST(self) -> None:
        self._send(200, {"Content-Type": "application/json"}, b'{"access_token": "t", "expires_in": 60}')

    def do_GET(self) -> None:
        self.seen.append(self.path)
        self._send(*self.answers[min(len(self.seen), len(self.answers)) - 1])

    def log_message(self, format: str, *arguments: Any) -> None:
        """Say nothing."""

    def _send(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


JSON = {"Content-Type": "application/json"}


def scripted(folder: Path, *answers: tuple[int, dict[str, str], bytes], **limits: Any) -> Fetched:
    handler = type("Handler", (Scripted,), {"answers": list(answers), "seen": []})
    with serving(HTTPServer(("127.0.0.1", 0), handler)) as address:
        return fetch(ApiEndpoint("city_api", address, "huiliu", SECRET), folder, **limits)


def page(records: str | None, count: int, **changes: Any) -> tuple[int, dict[str, str], bytes]:
    data = {"total": count, "page": 1, "page_size": 2, **changes}
    listed = "null" if records is None else f"[{records}]"
    spelled = f'{{"code": 0, "data": {{{json.dumps(data)[1:-1]}, "records": {listed}}}}}'
    return 200, JSON, spelled.encode()


def test_records_are_landed_as_they_were_spelled(tmp_path: Path) -> None:
    first = '{"a": 0.10,\n "b": "\\u5f20\\u4e09"}'
    delivery = scripted(tmp_path, page(f'{first}, {{"a": 123456789012345678901, "a": 1e2}}', 2))
    lines = delivery.path.read_bytes().splitlines()
    assert lines == [first.replace("\n", " ").encode(), b'{"a": 123456789012345678901, "a": 1e2}']
    with delivery.path.open("rb") as stream:
        assert [record.texts or record.reject for record in jsonl.read(stream, of_api(), "")] == [("0.10", "张三"), "duplicate_key"]


BODIES = {
    "no JSON": ((200, JSON, b"{"), {}, "the body is not a page as agreed. It is no JSON text."),
    "no object": ((200, JSON, b"[]"), {}, "the body is not a page as agreed. It is no JSON object."),
    "another shape": ((200, JSON, b'{"code": 0, "data": []}'), {}, "the body is not a page as agreed. `data` is not of the agreed type."),
    "a total in words": (page("", 0, total="none"), {}, "the body is not a page as agreed. `data.total` is not of the agreed type."),
    "no records at all": (
        (200, JSON, b'{"code": 0, "data": {"total": 0}}'),
        {},
        "the body is not a page as agreed. `data.records` is missing.",
    ),
    "no records, but a total": (page(None, 1), {}, "`data.records` is null although the total is 1."),
    "no number of the page": (page("", 0, page=None), {}, "page 1 of 2 was asked for, an answer that does not say which came."),
    "no data": ((200, JSON, b'{"code": 0}'), {}, "the API answered code 0 without data."),
    "another page than asked": (page('{"a": "1"}', 1, page=2), {}, "page 1 of 2 was asked for, page 2 of 2 came."),
    "smaller pages than asked": (page('{"a": "1"}', 1, page_size=1), {}, "page 1 of 2 was asked for, page 1 of 1 came."),
    "more pages than are read": (page("", 10**12), {}, "the total is 1000000000000; at most 20000 pages of 2 are read."),
    "a negative total": (page("", -1), {}, "the total is -1;"),
    "more records than the total": (page('{"a": "1"}, {"a": "2"}', 1), {}, "page 1 holds 2 records, 1 were left of 1."),
    "too large": (page('{"a": "' + "x" * 2000 + '"}', 1), {"body_bytes": 1000}, "the answers are too large."),
    "compressed": ((200, {**JSON, "Content-Encoding": "gzip"}, b""), {}, "the answer is compressed, which was not asked for."),
    "a long wait": ((429, {"Retry-After": "3600"}, b""), {}, "the API answers with status 429 and asks us to wait 3600 s. (1 attempt "),
    "a wait beyond the end": ((429, {"Retry-After": "2"}, b""), {"total_seconds": 1.0}, "the API did not deliver in time."),
    "gone": ((404, JSON, b""), {}, "the API answers with status 404."),
    "forbidden": ((403, JSON, b""), {}, "the API denies access (status 403)."),
}


@pytest.mark.parametrize("name", BODIES)
def test_an_answer_beside_the_protocol_is_refused_by_name(name: str, tmp_path: Path) -> None:
    answer, limits, found = BODIES[name]
    with pytest.raises(SourceError) as told:
        scripted(tmp_path, answer, **limits)
    assert str(told.value).startswith(f"city_api: {PATH}:\n  {found}")


def test_header_bytes_that_drip_end_too(tmp_path: Path) -> None:
    class Dripping(Scripted):
        answers, seen = [], []

        def do_GET(self) -> None:
            for byte in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 100:
                self.wfile.write(bytes([byte]))
                time.sleep(0.05)

        def handle(self) -> None:
            with suppress(OSError):  # the client has closed the connection
                super().handle()

    began = time.monotonic()
    with serving(HTTPServer(("127.0.0.1", 0), Dripping)) as address, pytest.raises(SourceError, match="not complete in time"):
        fetch(ApiEndpoint("city_api", address, "huiliu", SECRET), tmp_path)
    assert time.monotonic() - began < 8


@pytest.mark.parametrize(
    ("every", "landed", "on", "expected"),
    [
        ("day", [], date(2026, 6, 1), Asked(None, date(2026, 6, 1), "x")),
        ("day", [date(2026, 6, 1)], date(2026, 6, 1), None),
        ("day", [date(2026, 6, 1)], date(2026, 6, 2), Asked(date(2026, 5, 30), date(2026, 6, 2), "x")),
        ("day", [date(2026, 6, 3)], date(2026, 6, 2), Asked(None, date(2026, 6, 2), "x")),
        ("week", [], date(2026, 6, 2), Asked(None, date(2026, 6, 2), "x")),
        ("week", [date(2026, 6, 2)], date(2026, 6, 3), None),
        ("week", [date(2026, 6, 2)], date(2026, 6, 8), Asked(date(2026, 5, 31), date(2026, 6, 8), "x")),
        ("year", [date(2026, 6, 2)], date(2026, 12, 31), None),
        ("year", [date(2026, 6, 2)], date(2027, 1, 1), Asked(date(2026, 5, 31), date(2027, 1, 1), "x")),
        ("year", [date(2027, 1, 5)], date(2027, 1, 6), None),
    ],
)
def test_a_source_is_asked_when_due_until_it_delivers(every: str, landed: list[date], on: date, expected: Asked | None) -> None:
    due = contract("csv", "a", source=of_api().source.model_dump(), cycle={"every": every, "dueHours": 9})
    assert next_window(due, landed, (on, "x")) == expected
    assert next_window(due, landed, (on, "x"), again=True) is not None
