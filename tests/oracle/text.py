"""What a text stands for, by the written cleaning (docs/reference/rules.md): a second implementation with tables of its own."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal, localcontext

BETWEEN_WORDS = " \t\n\r\u3000"
# Seen by nobody, as the inside of a character class: controls, directions, joiners, selectors, tags, annotations, noncharacters.
UNSEEN = re.compile(
    "[\x01-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u034f\u061c\u17b4\u17b5\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufdd0-\ufdef"
    "\ufe00-\ufe0f\ufeff\ufff0-\ufffb\ufffe\uffff\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
    + "".join(chr(plane * 0x10000 + 0xFFFE) + chr(plane * 0x10000 + 0xFFFF) for plane in range(1, 17))
    + "]"
)
LOOKS_BLANK = re.compile("[\x0b\x0c\x85\xa0\u115f\u1160\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u2800\u3164\uffa0]")
# Hexadecimal bytes of GB 18030 and the character the edition of 2022 gives them; decoders of older editions answer with private use.
CHARACTERS_OF_2022 = (
    "A6D9 FE10 A6DA FE12 A6DB FE11 A6DC FE13 A6DD FE14 A6DE FE15 A6DF FE16 A6EC FE17 A6ED FE18 A6F3 FE19 "
    "FE59 9FB4 FE61 9FB5 FE66 9FB6 FE67 9FB7 FE6D 9FB8 FE7E 9FB9 FE90 9FBA FEA0 9FBB "
    "FE51 20087 FE52 20089 FE53 200CC FE6C 215D7 FE76 2298F FE91 241FE A8BC 1E3F A3A0 3000"
)
WORDS = {
    *("null", "\\n", "n/a", "nan", "nat", "none", "nil", "undefined", "(null)", "[null]", "<null>", "<na>", "#n/a", "#ref!", "#value!"),
    *("#name?", "#div/0!", "#num!", "#null!", "#spill!", "#calc!", "#field!", "#getting_data"),
}
UNKNOWN = re.compile("[\ue000-\uf8ff\ufffc\ufffd\U000f0000-\U000ffffd\U00100000-\U0010fffd]|锟斤拷|斤拷锟|拷锟斤|烫烫烫|屯屯屯|葺葺葺|ï¿½")
IN_A_NAME = re.compile("[?？□〓]")
LONGEST = 32_767


def _meant() -> dict[int, str]:
    said = CHARACTERS_OF_2022.split()
    return {ord(bytes.fromhex(old).decode("gb18030")): chr(int(new, 16)) for old, new in zip(said[::2], said[1::2], strict=True)}


MEANT = _meant()


def seen(text: str | None) -> str | None:
    """Return what people see of a text: without its blank ends and invisible characters; None when nothing is left."""
    told = LOOKS_BLANK.sub(" ", UNSEEN.sub("", (text or "").translate(MEANT)))
    return told.strip(BETWEEN_WORDS) or None


def is_no_word(text: str | None) -> bool:
    """Tell whether a text only says that there is none."""
    wide = {code + 0xFEE0: code for code in range(0x21, 0x7F)}
    return (text or "").translate(wide).lower() in WORDS


def is_illegible(text: str, is_name: bool) -> bool:
    """Tell whether characters of a text were lost before it came; in a name a question mark stands for one."""
    return bool(UNKNOWN.search(text) or (is_name and IN_A_NAME.search(text)))


def rounded(text: str | None, decimals: int) -> str | None:
    """Return a number with at most so many decimals, half upwards; other texts stay."""
    if not text or not re.fullmatch(r"[+-]?[0-9]+\.[0-9]+", text) or len(text.partition(".")[2].rstrip("0")) <= decimals:
        return text
    with localcontext() as exact:
        exact.prec = len(text) + 1
        return format(Decimal(text).quantize(Decimal(f"1e-{decimals}"), ROUND_HALF_UP), "f")


def is_too_long(text: str | None) -> bool:
    """Tell whether a cell cannot hold the text: in units of UTF-16, with the apostrophe before what looks like a formula or markup."""
    if not text:
        return False
    gets_apostrophe = text[0] in "=+-@\t\r'＝＋－＠＇" or re.match("[<＜][rｒ][>＞]", text) is not None
    return len(text.encode("utf-16-le", "surrogatepass")) // 2 + gets_apostrophe > LONGEST
