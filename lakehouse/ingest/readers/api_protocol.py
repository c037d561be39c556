"""The answers of an API: their shapes, and what is wrong with one that has another shape, in words and without a value."""

from __future__ import annotations

import re
from typing import TypeVar

import msgspec

PLACE = re.compile(r"at `\$\.([a-z_.]+)`")
MISSING = re.compile(r"missing required field `([a-z_]+)`")
Answer = TypeVar("Answer", bound=msgspec.Struct)


class Token(msgspec.Struct):
    """A token, and for how many seconds it is valid."""

    access_token: str
    expires_in: float


class Page(msgspec.Struct):
    """One page; its records stay as the API wrote them. `records` may be null where there are none.

    In the order of keys `total` counts the rows from this page on, and pages have no number.
    """

    total: int
    records: list[msgspec.Raw] | None
    page: int | None = None
    page_size: int | None = None
    snapshot: str | None = None


class Envelope(msgspec.Struct):
    """The body of an answer: code 0 and a page, or another code and none."""

    code: int
    data: Page | None = None


class MisshapenError(ValueError):
    """An answer does not have the agreed shape; `found` says which part of it, in words."""

    def __init__(self, found: str) -> None:
        super().__init__(found)
        self.found = found


def read(body: bytes, shape: type[Answer]) -> Answer:
    """Return an answer in its agreed shape; a number may be written as a text of digits.

    Raises:
        MisshapenError: it has another shape.
    """
    try:
        return msgspec.json.decode(body, type=shape, strict=False)
    except msgspec.ValidationError as error:
        raise MisshapenError(_misfit(str(error))) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):  # the error's own text may quote the body
        raise MisshapenError("It is no JSON text.") from None


def _misfit(told: str) -> str:
    place, missing = PLACE.search(told), MISSING.search(told)
    field = ".".join(part[1] for part in (place, missing) if part)
    if not field:
        return "It is no JSON object."
    return f"`{field}` is missing." if missing else f"`{field}` is not of the agreed type."
