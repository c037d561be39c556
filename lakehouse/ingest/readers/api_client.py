"""Send requests to an API: with a bearer token, retries for temporary failures, limits on time and bytes, and no redirects."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from threading import Timer
from types import TracebackType

import httpx

from lakehouse.connections import ApiEndpoint
from lakehouse.contracts.terms import Retry
from lakehouse.errors import SourceError
from lakehouse.ingest.readers.api_protocol import MisshapenError, Token, read
from lakehouse.ingest.readers.persistence import Pace, PassingError, persistently
from lakehouse.ingest.readers.records import refusal

RETRIED = frozenset({429, 500, 502, 503, 504})
FIX = "ask the department that runs the API; the next run takes what was missed."
HEADERS = {"Accept": "application/json", "Accept-Encoding": "identity"}
EARLY_SECONDS = 5.0  # a token is renewed this long before it expires


@dataclass(frozen=True)
class Limits:
    """The limits of one fetch: seconds, bytes of one body and of a pass over all pages, pages; attempts are limited by the contract."""

    connect_seconds: float = 5.0
    read_seconds: float = 20.0
    answer_seconds: float = 120.0
    total_seconds: float = 1800.0
    first_wait_seconds: float = 1.0
    longest_wait_seconds: float = 60.0
    body_bytes: int = 64 * 1024 * 1024
    total_bytes: int = 2 * 1024 * 1024 * 1024
    pages: int = 20_000


class ApiClient:
    """One conversation with an API, from its first token to its last page."""

    def __init__(self, endpoint: ApiEndpoint, where: str, limits: Limits, retry: Retry) -> None:
        self._endpoint, self._where, self._limits, self._retry = endpoint, where, limits, retry
        timeout = httpx.Timeout(limits.read_seconds, connect=limits.connect_seconds)
        # No proxy or password of the environment is used: the token is for this server alone.
        self._http = httpx.Client(timeout=timeout, headers=HEADERS, follow_redirects=False, trust_env=False)
        self._deadline = time.monotonic() + limits.total_seconds
        self._bytes = 0
        self._token, self._good_until = "", 0.0

    def __enter__(self) -> ApiClient:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._http.close()

    def begin_pass(self) -> None:
        """Begin to count the bytes of answers anew: their limit is for one pass over the pages."""
        self._bytes = 0

    def get(self, path: str, parameters: Mapping[str, str]) -> bytes:
        """Return the body of an answer with status 200 and content type JSON.

        Raises:
            SourceError: the API gives no such answer within the limits.
        """
        for renewed in (False, True):
            if time.monotonic() >= self._good_until:
                self._renew()
            headers = {"Authorization": f"Bearer {self._token}"}
            request = self._http.build_request("GET", f"{self._endpoint.base}{path}", params=dict(parameters), headers=headers)
            body = self._again(request, may_expire=not renewed)
            if body is not None:
                return body
            self._good_until = 0.0
        raise AssertionError("a second 401 is refused")

    def _renew(self) -> None:
        credentials = {"client_id": self._endpoint.client_id, "client_secret": self._endpoint.client_secret}
        body = self._again(self._http.build_request("POST", f"{self._endpoint.base}/token", json=credentials), may_expire=False)
        try:
            found = read(body or b"", Token)
        except MisshapenError as error:
            raise self._no_token(error.found) from None
        if not found.access_token.isascii() or not found.access_token.isprintable() or not found.access_token:
            raise self._no_token("`access_token` is no printable text.")
        if not math.isfinite(found.expires_in):
            raise self._no_token("`expires_in` is no number of seconds.")
        self._token = found.access_token
        self._good_until = time.monotonic() + max(found.expires_in - EARLY_SECONDS, 1.0)

    def _no_token(self, found: str) -> SourceError:
        return self._refusal(f"the token's answer is not as agreed. {found}", "{access_token, expires_in}")

    def _again(self, request: httpx.Request, *, may_expire: bool) -> bytes | None:
        """Return the body, None for an expired token; temporary failures are retried."""
        pace = Pace(self._limits.first_wait_seconds, self._limits.longest_wait_seconds, self._sleep)
        return persistently(self._where, self._retry, lambda: self._once(request, may_expire=may_expire), pace)

    def _once(self, request: httpx.Request, *, may_expire: bool) -> bytes | None:
        until = min(self._deadline, time.monotonic() + self._limits.answer_seconds)
        # A read time-out does not stop an answer that sends its header byte by byte; closing the connection does.
        watchdog = Timer(max(until - time.monotonic(), 0.0), self._http.close)
        watchdog.start()
        try:
            answer = self._http.send(request, stream=True)
            try:
                status = answer.status_code
                if status == httpx.codes.UNAUTHORIZED and may_expire:
                    return None
                self._check_status(status, answer.headers.get("Retry-After", ""))
                self._check_form(answer.headers)
                return self._body(answer)
            finally:
                answer.close()
        except (httpx.TransportError, RuntimeError) as error:  # the error's own text may quote an address with its query
            if time.monotonic() >= until:
                raise self._refusal("an answer is not complete in time.", self._times) from None
            raise PassingError(_trouble(error), FIX) from None
        finally:
            watchdog.cancel()

    def _check_status(self, status: int, retry_after: str) -> None:
        if status in RETRIED:
            wait = _asked_wait(retry_after)
            asks = f" and asks us to wait {wait:.0f} s" if wait else ""
            raise PassingError(f"the API answers with status {status}{asks}.", FIX, wait)
        if 300 <= status < 400:
            raise self._refusal(
                f"the API redirects us (status {status}); the token is sent to no other address.", "an answer from the agreed address"
            )
        if status in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
            fix = f"correct HUILIU_SECRET_{self._endpoint.name.upper()}, or ask for the right to read."
            raise refusal(self._where, f"the API denies access (status {status}).", "", fix)
        if status != httpx.codes.OK:
            raise self._refusal(f"the API answers with status {status}.", "200")

    def _check_form(self, headers: httpx.Headers) -> None:
        kind = headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if kind != "application/json":
            raise self._refusal("the answer is of another content type.", "application/json")
        if headers.get("Content-Encoding", "identity") != "identity":
            raise self._refusal("the answer is compressed, which was not asked for.", "Content-Encoding: identity")

    def _body(self, answer: httpx.Response) -> bytes:
        limits, body = self._limits, bytearray()
        for part in answer.iter_raw():
            body += part
            self._bytes += len(part)
            if len(body) > limits.body_bytes or self._bytes > limits.total_bytes:
                raise self._refusal("the answers are too large.", f"{limits.body_bytes} bytes an answer, {limits.total_bytes} in all")
        return bytes(body)

    def _sleep(self, seconds: float) -> None:
        if time.monotonic() + seconds > self._deadline:
            raise self._refusal("the API did not deliver in time.", self._times)
        time.sleep(seconds)

    @property
    def _times(self) -> str:
        return f"{self._limits.answer_seconds:.0f} s an answer, {self._limits.total_seconds:.0f} s in all"

    def _refusal(self, found: str, allowed: str = "") -> SourceError:
        return refusal(self._where, found, allowed, FIX)


def _asked_wait(retry_after: str) -> float | None:
    """Return the seconds to wait that a Retry-After header names, as a number or a date; None where it names none."""
    if retry_after.isascii() and retry_after.isdigit():
        return float(retry_after)
    try:
        until = parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    return max((until.replace(tzinfo=until.tzinfo or UTC) - datetime.now(UTC)).total_seconds(), 0.0)


def _trouble(error: Exception) -> str:
    if isinstance(error, httpx.TimeoutException):
        return "the API does not answer in time."
    if isinstance(error, httpx.ConnectError):
        return "nobody answers at the address of the API."
    return "the API breaks off before its answer is complete."
