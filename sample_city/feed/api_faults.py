"""The answers of the sample's APIs: a correct page, and every fault the server can be told to produce."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

DRIP_SECONDS = 0.2


@dataclass(frozen=True)
class Page:
    """A page of rows, and the total number of rows of all pages."""

    number: int
    size: int
    total: int
    rows: list[dict[str, Any]]

    def body(self) -> bytes:
        """Return the page in the API's JSON format."""
        data = {"total": self.total, "page": self.number, "page_size": self.size, "records": self.rows}
        return json.dumps({"code": 0, "message": "success", "data": data}, ensure_ascii=False).encode()


@dataclass(frozen=True)
class Reply:
    """An answer: status, body and headers; `is_cut` ends it half-way, `drips` sends it byte by byte."""

    status: int
    body: bytes
    content_type: str = "application/json; charset=utf-8"
    headers: dict[str, str] = field(default_factory=dict)
    is_cut: bool = False
    drips: bool = False

    @classmethod
    def of_page(cls, page: Page) -> Reply:
        """Return the correct answer with a page."""
        return cls(200, page.body())

    @classmethod
    def error(cls, status: int, message: str) -> Reply:
        """Return an error in the API's JSON format."""
        return cls(status, json.dumps({"code": status * 100, "message": message, "data": None}).encode())

    def parts(self) -> Iterator[bytes]:
        """Yield the body in the pieces in which it is sent."""
        if self.drips:
            for byte in self.body:
                yield bytes([byte])
                time.sleep(DRIP_SECONDS)
        else:
            yield self.body[: len(self.body) // 2] if self.is_cut else self.body


Fault = Callable[[Page, int], Reply]
"""Makes the answer for a page; the number says how often this fault has been produced for the window before."""


def _error_500(page: Page, before: int) -> Reply:  # noqa: ARG001
    return Reply.error(500, "internal error")


def _error_500_once(page: Page, before: int) -> Reply:
    return Reply.of_page(page) if before else Reply.error(500, "internal error")


def _error_body(page: Page, before: int) -> Reply:  # noqa: ARG001
    return Reply(200, Reply.error(50, "busy").body)


def _too_many(page: Page, before: int) -> Reply:
    """Answer 429 twice, with `Retry-After` first in seconds, then as a date; then answer with the page."""
    if before > 1:
        return Reply.of_page(page)
    until = format_datetime(datetime.now(UTC) + timedelta(seconds=1), usegmt=True)
    return Reply(429, Reply.error(429, "too many requests").body, headers={"Retry-After": until if before else "1"})


def _changing_total(page: Page, before: int) -> Reply:
    return Reply.of_page(Page(page.number, page.size, page.total + before, page.rows))


def _short_page(page: Page, before: int) -> Reply:  # noqa: ARG001
    return Reply.of_page(Page(page.number, page.size, page.total, page.rows[:-1]))


def _right(page: Page, before: int) -> Reply:  # noqa: ARG001 - the server itself does what is wrong
    return Reply.of_page(page)


def _expired_token(page: Page, before: int) -> Reply:
    return Reply.of_page(page) if before else Reply.error(401, "token expired")


def _slow_drip(page: Page, before: int) -> Reply:  # noqa: ARG001
    return Reply(200, page.body(), drips=True)


def _truncated(page: Page, before: int) -> Reply:  # noqa: ARG001
    return Reply(200, page.body(), is_cut=True)


def _redirect(page: Page, before: int) -> Reply:  # noqa: ARG001
    return Reply(302, b"", headers={"Location": "/elsewhere"})


def _wrong_type(page: Page, before: int) -> Reply:  # noqa: ARG001
    return Reply(200, b"<html><body>Please log in</body></html>", "text/html; charset=utf-8")


FAULTS: dict[str, Fault] = {
    "error_500": _error_500,
    "error_500_once": _error_500_once,
    "error_body": _error_body,
    "too_many": _too_many,
    "repeated_page": _right,
    "changing_total": _changing_total,
    "short_page": _short_page,
    "slow_drip": _slow_drip,
    "expired_token": _expired_token,
    "truncated": _truncated,
    "redirect": _redirect,
    "wrong_type": _wrong_type,
}
