"""Fetch a window of a paged HTTP API as JSON Lines: every record as the API wrote it, the pages reconciled with the stated total.

Failures that may pass (no answer, 5xx, 429, a connection cut off) are retried within the limits of the contract; an expired token is
renewed once per request.
Any other departure from the protocol refuses the delivery with a reason: only a complete window of one moment is landed.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path

from lakehouse.connections import ApiEndpoint
from lakehouse.contracts.model import ApiSource, Contract
from lakehouse.ingest.readers.api_client import ApiClient, Limits
from lakehouse.ingest.readers.api_pages import AGAIN, Reading, read_pages
from lakehouse.ingest.readers.api_protocol import Envelope, MisshapenError, Page, read
from lakehouse.ingest.readers.delivery import Fetched
from lakehouse.ingest.readers.records import refusal
from lakehouse.ingest.readers.window import Window

LAST_DAY = date(9999, 12, 30)  # a window up to here holds every row that has a date


def fetch(endpoint: ApiEndpoint, contract: Contract, asked: Window, target: Path, limits: Limits | None = None) -> Fetched:
    """Write the records of a window to `target`, one a line, and return what was fetched; `received` is the total the API stated.

    Raises:
        SourceError: the API does not answer as agreed; the message holds no value, token or secret.
    """
    source = _source(contract)
    bounds = limits or Limits()
    where = source.place
    with ApiClient(endpoint, where, bounds, source.retry) as client, target.open("wb") as file:

        def ask(parameters: Mapping[str, str]) -> Page:
            return _page(where, client.get(source.path, {**parameters, **_between(asked)}))

        def begin() -> None:
            client.begin_pass()
            file.seek(0)
            file.truncate()

        received = read_pages(Reading(where, contract, bounds.pages, ask, begin, file))
    return Fetched(f"{source.connection}{source.path}.jsonl", target, received)


def _source(contract: Contract) -> ApiSource:
    assert isinstance(contract.source, ApiSource)
    return contract.source


def _between(asked: Window) -> dict[str, str]:
    """Return the query parameters of a window: half-open, in the city's local time."""
    after = {"updated_to": f"{asked.last + timedelta(days=1)}T00:00:00"}
    return after if asked.first is None else {"updated_from": f"{asked.first}T00:00:00", **after}


def _page(where: str, body: bytes) -> Page:
    try:
        found = read(body, Envelope)
    except MisshapenError as error:
        allowed = "{code, data: {total, page, page_size, records}}"
        raise refusal(where, f"the body is not a page as agreed. {error.found}", allowed, AGAIN) from None
    if found.code != 0:
        raise refusal(where, f"the API answered 200 with the error code {found.code}.", "code 0", AGAIN)
    if found.data is None:
        raise refusal(where, "the API answered code 0 without data.", "{total, page, page_size, records}", AGAIN)
    return found.data
