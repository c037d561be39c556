"""What fits into a cell of a workbook: what may come in must be able to go out again, made harmless and counted as spreadsheets count."""

from __future__ import annotations

from lakehouse.numbers.resident import HALF_WIDTH

MOST_UNITS = 32_767  # of UTF-16, the most a spreadsheet's cell can hold
ALWAYS_FIT = MOST_UNITS // 2  # characters of two units each, and an apostrophe before them
MARKUP = "<r>"  # how text of several formats begins in the file: the writer of workbooks would take such a text for markup of its own
STARTS = ("=", "+", "-", "@", "\t", "\r", "'", MARKUP)
SHORTENED = "…（原文过长，未全部列出）"


def harmless(text: str) -> str:
    """Return the text in a form that is taken neither for a formula nor for markup.

    An apostrophe is put before a text that begins with = + - @ <r>, tab, carriage return or an apostrophe; `original` takes it away again.
    """
    return f"'{text}" if text.startswith(STARTS) else text


def original(text: str) -> str:
    """Return the text that was given to `harmless`."""
    return text[1:] if text.startswith("'") else text


def fits(text: str) -> bool:
    """Return whether a cell can hold the text, also when cleaning makes its first character half-width and that needs an apostrophe."""
    if len(text) <= ALWAYS_FIT:
        return True
    return _units(text) + text[: len(MARKUP)].translate(HALF_WIDTH).startswith(STARTS) <= MOST_UNITS


def fitting(text: str) -> str:
    """Return the text, or as much of it as a cell can hold with a note that it is not all of it."""
    if fits(text):
        return text
    room, kept = MOST_UNITS - 1 - _units(SHORTENED), 0
    for kept, character in enumerate(text):  # noqa: B007 - the place where the room ends is what is looked for
        room -= _units(character)
        if room < 0:
            break
    return text[:kept] + SHORTENED


def _units(text: str) -> int:
    return len(text) + sum(character > "\uffff" for character in text)
