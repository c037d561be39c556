"""Tell by its first bytes that a whole file is in another encoding than declared, and which one fits."""

from __future__ import annotations

import codecs
from collections.abc import Collection, Iterable

from lakehouse.contracts.layouts import Encoding
from lakehouse.errors import SourceError
from lakehouse.ingest.readers.foreign import WRITTEN, Written
from lakehouse.ingest.readers.likelihood import cost
from lakehouse.ingest.readers.records import refusal

SAMPLE = 64 * 1024
MARKS = (("UTF-32", codecs.BOM_UTF32_LE), ("UTF-32", codecs.BOM_UTF32_BE), ("UTF-16", codecs.BOM_UTF16_LE), ("UTF-16", codecs.BOM_UTF16_BE))
NAMES: dict[Encoding, str] = {"utf-8": "UTF-8", "utf-16": "UTF-16", "gb18030": "GB18030", "big5": "Big5"}
FEWEST_ZEROS, ZEROS_SHARE, ONE_SIDED = 4, 0.05, 0.95
MOST_OF_A_LINE = 30.0  # a long line says no more than this about the file
SENSIBLE = 11.6  # what a character of a file costs at most on average
CERTAIN, AGREED = 20.0, 0.8  # what all lines must say together, and how far they must say the same
MANY_LINES = 20  # fewer lines beyond ASCII speak for the file only where they are half of it


def check_encoding(beginning: bytes, declared: Encoding, where: str) -> None:
    """Check that a file is not in another encoding as a whole; single cells and lines are judged one by one, by the reader.

    Raises:
        SourceError: the bytes are in another encoding, which the message names.
    """
    sample = beginning[:SAMPLE]
    marked = next((name for name, mark in MARKS if sample.startswith(mark)), None)
    if declared == "utf-16" and not marked and len(sample) > 1:
        raise _unmarked(sample, where)
    if marked == NAMES[declared] or len(sample) < 2:
        return
    name = marked or ("UTF-16" if _has_zeros_of_utf16(sample) else _fitting(sample, declared))
    if name:
        raise other_encoding(where, name, declared)


def other_encoding(where: str, name: str, declared: Encoding) -> SourceError:
    """Return the refusal of bytes that are in another encoding than declared."""
    fix = f"save the file as {NAMES[declared]} and send it again, or correct source.encoding in the contract."
    return refusal(where, f"the bytes are written in {name}.", f"{NAMES[declared]}, as declared", fix)


def encoding_of_header(content: bytes, declared: Encoding, delimiter: str, names: Collection[str]) -> str | None:
    """Return the encoding, not the declared one, in which a header line names most of the declared columns that are not in ASCII."""
    wanted = {name for name in names if not name.isascii()}
    others = (written for name, written in WRITTEN.items() if name != declared)
    return next((one.name for one in others if _names_most(content.decode(one.codec, "replace"), delimiter, wanted)), None)


def _names_most(header: str, delimiter: str, names: Collection[str]) -> bool:
    found = {field.strip('"') for field in header.strip().split(delimiter)}
    return 2 * len(found.intersection(names)) > len(names)


def _unmarked(sample: bytes, where: str) -> SourceError:
    """Return the refusal of a file that should be UTF-16 and does not begin with its mark."""
    name = next((written.name for written in WRITTEN.values() if b"\0" not in sample and _is_decodable(sample, written.codec)), None)
    if name:
        return other_encoding(where, name, "utf-16")
    found = "the bytes are UTF-16 without" if _has_zeros_of_utf16(sample) else "the file does not begin with"
    fix = "save the file as UTF-16 with its mark and send it again."
    return refusal(where, f"{found} a byte order mark, so the order of the bytes is not certain.", "UTF-16 with its mark", fix)


def _is_decodable(sample: bytes, codec: str) -> bool:
    try:
        codecs.getincrementaldecoder(codec)().decode(sample)
    except UnicodeDecodeError:
        return False
    return True


def _has_zeros_of_utf16(sample: bytes) -> bool:
    """Return whether zero bytes are many and stand on one side of each pair: figures, separators and line ends in UTF-16."""
    sides = sample[::2].count(0), sample[1::2].count(0)
    total = sum(sides)
    return total >= max(FEWEST_ZEROS, ZEROS_SHARE * len(sample)) and max(sides) >= ONE_SIDED * total


def _fitting(sample: bytes, declared: Encoding) -> str | None:
    """Return the name of the encoding that fits nearly all lines beyond ASCII much better than the declared one."""
    lines = sample.splitlines()
    lines = lines[:-1] if len(sample) == SAMPLE else lines
    telling = [line for line in lines if not line.isascii()]
    if len(telling) < MANY_LINES and 2 * len(telling) < len(lines):
        return None
    others = [written for name, written in WRITTEN.items() if name != declared and _makes_sense(telling, written)]
    gains = {written.name: _gains(telling, WRITTEN[declared], written) for written in others}
    best, found = max(gains.items(), key=lambda one: sum(one[1]), default=("", [0.0]))
    is_named = declared == "utf-8" or best != WRITTEN["big5"].name  # a single line is named by its reject; Big5 in GB18030 has none
    is_certain = sum(found) >= max(CERTAIN, AGREED * sum(map(abs, found)))
    return best if is_certain and (len(telling) > 1 or not is_named) else None


def _makes_sense(lines: Iterable[bytes], written: Written) -> bool:
    """Return whether the lines are texts of mostly common characters in an encoding; random bytes are not, in any."""
    text = b"\n".join(lines).decode(written.codec, "replace")
    return cost(text, written.costs) <= SENSIBLE * sum(one > "\x7f" for one in text)


def _gains(lines: Iterable[bytes], declared: Written, other: Written) -> list[float]:
    """Return by line how much likelier it is in the other encoding."""
    gains = (_cost(line, declared) - _cost(line, other) for line in lines)
    return [max(-MOST_OF_A_LINE, min(gain, MOST_OF_A_LINE)) for gain in gains]


def _cost(line: bytes, written: Written) -> float:
    return cost(line.decode(written.codec, "replace"), written.costs)
