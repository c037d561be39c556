"""Judge how unlikely a text is in Chinese public records, by the kinds of its characters alone: no corpus, no list of words.

GB 2312 sorts Hanzi into common ones (level 1) and less common ones (level 2), Big5 does the same for traditional ones, and both tables
are in Python's codecs. Bytes read in a wrong encoding give rare Hanzi, alphabets mixed at random and code points nobody assigned.
"""

from __future__ import annotations

import re
import unicodedata

COMMON, LESS_COMMON, MARK, RARE_HANZI, FAR_HANZI, LETTER, NOTHING = 8.3, 11.2, 9.0, 14.2, 16.0, 14.0, 20.0  # -ln of how often one occurs
IN_A_WORD = 5.0  # a letter of a foreign word, a unit or a sign between figures
HANZI = re.compile("[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_SIGNS = "\u00a0-\u00bf\u00d7\u00f7\u0391-\u03a9\u03b1-\u03c9"
_LATIN = "\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u1e00-\u1eff"
LATIN_WORD = re.compile(f"(?<![A-Za-z])[A-Za-z]*+[{_LATIN}][A-Za-z{_LATIN}]*")
FOREIGN_WORDS = re.compile(
    rf"(?<![\u3400-\u9fff{_LATIN}])[{_SIGNS}]+(?![\u3400-\u9fff{_LATIN}])"  # units and signs, apart from Hanzi
    "|[\u0400-\u045f\u0492-\u04af\u04b0-\u04bb\u04d8-\u04e9]{2,}|[\u0600-\u06ff]{2,}|[\u05d0-\u05ea]{2,}|[\u0531-\u0587]{2,}"
)


class Costs(dict[str, float]):
    """The cost of each character (the higher, the less likely), computed when it is first asked for."""

    def __init__(self, codec: str, levels: tuple[range, range]) -> None:
        super().__init__()
        self._codec, self._levels = codec, levels

    def __missing__(self, character: str) -> float:
        self[character] = cost = self._cost(character)
        return cost

    def _cost(self, character: str) -> float:
        try:
            code = int.from_bytes(character.encode(self._codec))
        except UnicodeEncodeError:
            code = 0
        if HANZI.match(character):
            is_full = code & 0xFF >= 0xA1 or self._codec != "gbk"  # GBK has rare Hanzi in the lower half of each row
            kind = next((cost for cost, level in zip((COMMON, LESS_COMMON), self._levels, strict=True) if code in level), None)
            return kind if kind and is_full else RARE_HANZI if code else FAR_HANZI
        if 0xA1A1 <= code <= 0xA3FE:
            return MARK
        return NOTHING if unicodedata.category(character)[0] == "C" or character == "\ufffd" else LETTER


SIMPLIFIED = Costs("gbk", (range(0xB0A1, 0xD7FA), range(0xD8A1, 0xF7FF)))
TRADITIONAL = Costs("big5", (range(0xA440, 0xC67F), range(0xC940, 0xF9D6)))


def cost(text: str, costs: Costs = SIMPLIFIED, accented: float = 0.9) -> float:
    """Return how unlikely a text is: the sum over its characters beyond ASCII.

    Args:
        text: the text.
        costs: what single characters cost.
        accented: the share of accented letters up to which a word in Latin letters is taken for one.
    """
    if text.isascii():
        return 0.0
    latin = (word for word in LATIN_WORD.findall(text) if _beyond_ascii(word) <= accented * len(word))
    known = "".join((*FOREIGN_WORDS.findall(text), *latin))
    spent = sum(costs[one] for one in text if one > "\x7f")
    return spent + sum(IN_A_WORD - costs[one] for one in known if one > "\x7f")


def _beyond_ascii(text: str) -> int:
    return sum(one > "\x7f" for one in text)


def hanzi(text: str) -> int:
    """Return the number of Hanzi in a text."""
    return len(HANZI.findall(text))
