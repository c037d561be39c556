"""Declares `format`: the text can be read as the column's logical type; derived for every column that is not a string."""

from __future__ import annotations

from typing import NamedTuple

from lakehouse.rules.vocabulary import Labels, Messages
from lakehouse.rules.vocabulary import Parameters as Base

DIMENSION = "0302"
TYPES = ("date", "timestamp", "integer", "number", "boolean")


class TextFormat(NamedTuple):
    """One accepted way to write a date or a timestamp: pattern for Java, for `strptime`, and as a regular expression.

    The pattern for `strptime` is of whole seconds; the others take a fraction of a second after it as well.
    """

    java: str
    python: str
    regex: str


DATE_FORMATS = {
    "yyyy-MM-dd": TextFormat("yyyy-MM-dd", "%Y-%m-%d", r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"),
    "yyyy/MM/dd": TextFormat("yyyy/MM/dd", "%Y/%m/%d", r"^[0-9]{4}/[0-9]{2}/[0-9]{2}$"),
    "yyyyMMdd": TextFormat("yyyyMMdd", "%Y%m%d", r"^[0-9]{8}$"),
}
JAVA_FRACTION, FRACTION_REGEX = "[.SSSSSS]", r"(\.[0-9]{1,6})?"  # of a second: every way to write a timestamp may end with one
TIMESTAMP_FORMATS = {
    name: TextFormat(f"{name}{JAVA_FRACTION}", python, f"^{regex}{FRACTION_REGEX}$")
    for name, python, regex in (
        ("yyyy-MM-dd HH:mm:ss", "%Y-%m-%d %H:%M:%S", "[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}"),
        ("yyyy-MM-dd'T'HH:mm:ss", "%Y-%m-%dT%H:%M:%S", "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}"),
        ("yyyy/MM/dd HH:mm:ss", "%Y/%m/%d %H:%M:%S", "[0-9]{4}/[0-9]{2}/[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}"),
        ("yyyyMMddHHmmss", "%Y%m%d%H%M%S", "[0-9]{14}"),
    )
}
FORMATS = {"date": DATE_FORMATS, "timestamp": TIMESTAMP_FORMATS}
DEFAULT_FORMATS = {"date": "yyyy-MM-dd", "timestamp": "yyyy-MM-dd HH:mm:ss"}
INTEGER_REGEX = r"^[+-]?[0-9]{1,18}$"
NUMBER_REGEX = r"^[+-]?[0-9]+(\.[0-9]+)?$"
OPEN_ENDED = tuple(f"{year}{mark}12{mark}31" for year in (2099, 9999) for mark in ("-", "/", ""))  # "long term", written as a date
BOOLEANS = {"true": True, "false": False, "1": True, "0": False}


class Parameters(Base):
    """No parameters: type and format are declared at the column."""


def text_format(logical_type: str, declared: str | None) -> TextFormat:
    """Return how a date or timestamp column is written; without a declaration ISO 8601 (`DEFAULT_FORMATS`)."""
    return FORMATS[logical_type][declared or DEFAULT_FORMATS[logical_type]]


def messages(label: Labels, params: Parameters) -> Messages:  # noqa: ARG001
    """Return the text of a broken rule."""
    return Messages(f"{label.zh}的格式不正确", f"{label.en} does not have the declared format")
