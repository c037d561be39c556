"""Find text that was read in another encoding than it was written in, although every byte of it could be decoded.

Two Hanzi of UTF-8 are three characters of GB18030, so a decoder never complains. Text is called foreign only where its bytes make
Hanzi in the other encoding as well, and that reading is far likelier (`likelihood`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from operator import itemgetter
from typing import Literal, NamedTuple

from lakehouse.contracts.layouts import Encoding
from lakehouse.ingest.readers.likelihood import NOTHING, SIMPLIFIED, TRADITIONAL, Costs, cost, hanzi
from lakehouse.ingest.readers.records import Reject

PLAIN = 10.5  # a text whose characters cost no more on average consists mostly of common Hanzi
LOSSES = re.compile("[?\ufffd]")  # the signs that stand for lost bytes
LOST = 9.0  # what a broken character costs beside such a sign, where it is no surprise
_WESTERN = dict(zip(range(0x80, 0xA0), bytes(range(0x80, 0xA0)).decode("cp1252", "replace"), strict=True))
WESTERN_BYTES = {ord(character): byte for byte, character in _WESTERN.items() if character != "\ufffd"}
_ALSO = "".join(map(chr, WESTERN_BYTES))
_HIGH = f"\u0080-\u00ff{_ALSO}"
SIGNS = re.compile("[\x00-\x7f\u00a0-\u00bf\u00d7\u00f7]+")  # ×××× and ···· are written by people
# UTF-8 read as Western letters whose control characters were lost on the way: what is left cannot be decoded any more.
LOST_CONTROLS = re.compile(f"(?<![A-Za-z{_HIGH}])(?=[{_HIGH}]{{3}})[{_HIGH}]*[\u00e3-\u00e9][\u00a1-\u00bf{_ALSO}][{_HIGH}]*(?![A-Za-z])")


class Reading(NamedTuple):
    """A way in which text may have been misread: written in `right`, read as `wrong`.

    At least so many Hanzi make it certain, and a reading that is likelier by the `margin` (a difference of logarithms): wide enough that
    rare names which happen to be well-formed UTF-8 stay names.

    UTF-8 loses single bytes when it is misread (`errors` is then `replace`); what is left is like no other encoding, and one Hanzi will
    do. Words of people have at most this share of `accented` letters; where GB18030 was read as Western letters, ASCII letters are part
    of it.
    """

    wrong: str
    right: str
    reject: Reject
    hanzi: int
    margin: float
    errors: Literal["strict", "replace"] = "strict"
    accented: float = 0.9


READINGS = (
    Reading("gb18030", "utf-8", "foreign_utf8", 2, 6.0, "replace"),
    Reading("utf-8", "gb18030", "foreign_gb18030", 2, 2.0),
    Reading("western", "utf-8", "encoded_twice", 1, 2.0, "replace"),
    Reading("western", "gb18030", "encoded_twice", 2, 2.0, accented=0.5),
)


class Written(NamedTuple):
    """An encoding in which a file or a cell may be written: its codec, what its characters cost, and the reject that names it."""

    name: str
    codec: str
    costs: Costs
    reject: Reject


WRITTEN: dict[str, Written] = {
    "utf-8": Written("UTF-8", "utf-8", SIMPLIFIED, "foreign_utf8"),
    "gb18030": Written("GB18030", "gb18030", SIMPLIFIED, "foreign_gb18030"),
    "big5": Written("Big5", "big5hkscs", TRADITIONAL, "foreign_big5"),
}


def misread(texts: Iterable[str | None]) -> Reject | None:
    """Return the reject that names the encoding in which one of the texts was really written, None where all are as they should be."""
    cells = [text for text in texts if text]
    if not SUSPECT.search("\t".join(cells)):
        return None
    return next((reject for cell in cells if SUSPECT.search(cell) and (reject := _misread(cell))), None)


def undecodable(raw: bytes, declared: Encoding) -> Reject:
    """Return the reject of a record that is not in the declared encoding: the encoding that fits all its faulty cells, if one does."""
    cells = [cell for cell in re.split(rb"[\x00-\x2f]+", raw) if _decoded(cell, WRITTEN[declared].codec) is None]
    fitting = []
    for name, written in WRITTEN.items():
        texts = [_decoded(cell, written.codec) for cell in cells]
        text = " ".join(one for one in texts if one is not None)
        if name == declared or None in texts or not hanzi(text):
            continue
        spent = cost(text, written.costs)
        if name == "utf-8" or spent <= PLAIN * sum(one > "\x7f" for one in text):  # chance makes no UTF-8, but any two bytes a Hanzi
            fitting.append((spent, written.reject))
    return min(fitting)[1] if fitting else "undecodable"


def _misread(text: str) -> Reject | None:
    gains: list[tuple[float, Reject | None]] = [(0.0, None)]
    has_losses = LOSSES.search(text) is not None
    for reading in READINGS:
        meant = _meant(text, reading)
        known = (meant or "").replace("\ufffd", "")
        least = 1 if has_losses and reading.errors == "replace" else reading.hanzi
        if meant is not None and hanzi(known) >= least:
            spent = cost(known) + (LOST if has_losses else NOTHING) * (len(meant) - len(known))
            gains.append((cost(text, accented=reading.accented) - spent - reading.margin, reading.reject))
    found = max(gains, key=itemgetter(0))[1]
    return "encoded_twice" if LOST_CONTROLS.search(text) else found


def _meant(text: str, reading: Reading) -> str | None:
    """Return the text in the other reading, U+FFFD for what cannot be read; None where it is no other reading at all."""
    if SIGNS.fullmatch(text):
        return None
    try:
        raw = text.translate(WESTERN_BYTES).encode("latin-1") if reading.wrong == "western" else text.encode(reading.wrong)
        return raw.decode(reading.right, reading.errors)
    except UnicodeError:
        return None


def _decoded(raw: bytes, codec: str) -> str | None:
    try:
        return raw.decode(codec)
    except UnicodeDecodeError:
        return None


def _characters(first: range, second: range) -> str:
    """Return the two-byte characters of GB18030 with these bytes."""
    pairs = (bytes((one, other)) for one in first for other in second if other != 0x7F)
    return "".join(pair.decode("gb18030") for pair in pairs)


# Only these texts are looked at closely: how UTF-8 of two Hanzi begins when it is read as GB18030, two letters of alphabets that take two
# bytes in UTF-8, and planes that nobody uses.
FIRST, SECOND = _characters(range(0xE2, 0xF5), range(0x80, 0xC0)), _characters(range(0x81, 0xC0), range(0xC2, 0xF5))
ALPHABETS = "".join(map(chr, range(0x80, 0x800))) + _ALSO
FAR = 0x40000
SUSPECT = re.compile(f"[{re.escape(FIRST)}][{re.escape(SECOND)}]|[\u0080-\u07ff{_ALSO}]{{2}}|[{chr(FAR)}-\U0010ffff]")
