"""Changes of bytes: what happens to files on their way, and what a random generator thinks of."""

from __future__ import annotations

import codecs
from collections.abc import Callable
from random import Random

from tests.fuzz.seeds import Seed, seeds

BytesChange = Callable[[bytes, Seed, Random], bytes]
LONGEST = 40
TOKENS = (
    b"\0", b"\0\0\0\0", b"\xff", b"\xfe\xff", b"\xff\xfe", b"\x80", b"\xef\xbb\xbf", b"\xe4\xb8", b"\x84\x31\x95\x33", b"\xd5\xc5",
    b'"', b'""', b'","', b",", b",,,,", b"\n", b"\r", b"\r\n", b"\n\n\n", b"\x85", b"\xc2\x85", b"\xe2\x80\xa8", b"\x0b", b"\x0c",
    b"\x1a", b"\x1c", b"\t", b"\\", b"{", b"}", b"[", b"]", b":", b"'", b"<", b"&", b"<!DOCTYPE x>", b"PK\x03\x04", b"PK\x05\x06",
    b"\xed\xa0\x80", b"\xf4\x90\x80\x80",
)  # fmt: skip
ENCODINGS = ("utf-8", "gb18030", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "big5hkscs", "utf-8-sig", "cp1252", "utf-7")
MARKS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_LE, b"\x84\x31\x95\x33")
LINE_ENDS = (b"\r\n", b"\n", b"\r", b"\n\r", b"\x85", b"\xe2\x80\xa8", b"\x0b", b"\x0c", b"\n\n", b" \n", b"\x1e")


def flip(content: bytes, _: Seed, chance: Random) -> bytes:
    """Change one bit."""
    at = _place(content, chance)
    return content[:at] + bytes(byte ^ 1 << chance.randrange(8) for byte in content[at : at + 1]) + content[at + 1 :]


def replace(content: bytes, _: Seed, chance: Random) -> bytes:
    """Put another byte in place of one."""
    at = _place(content, chance)
    return content[:at] + bytes([chance.randrange(256)]) + content[at + 1 :]


def insert(content: bytes, _: Seed, chance: Random) -> bytes:
    """Insert something that means something, one to three times."""
    for _number in range(chance.choice((1, 1, 2, 3))):
        at = _place(content, chance)
        content = content[:at] + chance.choice(TOKENS) + content[at:]
    return content


def delete(content: bytes, _: Seed, chance: Random) -> bytes:
    """Leave out some bytes."""
    at, end = _piece(content, chance)
    return content[:at] + content[end:]


def duplicate(content: bytes, _: Seed, chance: Random) -> bytes:
    """Write some bytes twice."""
    at, end = _piece(content, chance)
    return content[:end] + content[at:]


def swap(content: bytes, _: Seed, chance: Random) -> bytes:
    """Exchange two neighbouring pieces."""
    at, middle = _piece(content, chance)
    end = min(len(content), middle + chance.randrange(1, LONGEST))
    return content[:at] + content[middle:end] + content[at:middle] + content[end:]


def truncate(content: bytes, _: Seed, chance: Random) -> bytes:
    """Cut the end off, or the beginning."""
    at = _place(content, chance)
    return content[:at] if chance.random() < 0.8 else content[at:]


def splice(content: bytes, seed: Seed, chance: Random) -> bytes:
    """Go on with the end of another delivery, mostly one of the same kind."""
    alike = [other for other in seeds() if other.kind == seed.kind]
    other = chance.choice(alike if chance.random() < 0.7 else seeds()).content
    return content[: _place(content, chance)] + other[_place(other, chance) :]


def recode(content: bytes, seed: Seed, chance: Random) -> bytes:
    """Write all of it, or some lines, in another encoding."""
    encoding = chance.choice(ENCODINGS)
    if chance.random() < 0.4:
        return _recoded(content, seed.encoding, encoding)
    lines = content.splitlines(keepends=True)
    share = chance.random()
    return b"".join(_recoded(line, seed.encoding, encoding) if chance.random() < share else line for line in lines)


def misread(content: bytes, seed: Seed, chance: Random) -> bytes:
    """Read all of it, or some lines, in the wrong encoding and write that."""
    wrong = chance.choice(("latin-1", "cp1252", "gb18030", "utf-8", "big5hkscs"))
    share = chance.choice((0.2, 1.0))
    lines = content.splitlines(keepends=True)
    return b"".join(_recoded(line, wrong, seed.encoding) if chance.random() < share else line for line in lines)


def mark(content: bytes, _: Seed, chance: Random) -> bytes:
    """Begin with the mark of an encoding, once or twice."""
    return chance.choice(MARKS) * chance.choice((1, 1, 2)) + content


def end_lines(content: bytes, _: Seed, chance: Random) -> bytes:
    """End all lines, or some, in another way."""
    end, share = chance.choice(LINE_ENDS), chance.choice((0.2, 1.0))
    return b"".join(line.rstrip(b"\r\n") + end if chance.random() < share else line for line in content.splitlines(keepends=True))


def requote(content: bytes, _: Seed, chance: Random) -> bytes:
    """Put quotes beside separators and line ends, or take quotes away."""
    if b'"' in content and chance.random() < 0.3:
        return content.replace(b'"', chance.choice((b"", b"'", b'""')), chance.randrange(1, 6))
    places = [at for at, byte in enumerate(content) if byte in b",\r\n"]
    for at in sorted(chance.sample(places, min(len(places), chance.choice((1, 2, 2, 3, 4)))), reverse=True):
        beside = at + chance.randrange(2)
        content = content[:beside] + b'"' + content[beside:]
    return content


def lay_lines(content: bytes, _: Seed, chance: Random) -> bytes:
    """Leave out a line, write one twice, or exchange two."""
    lines = content.splitlines(keepends=True) or [b""]
    one, other = chance.randrange(len(lines)), chance.randrange(len(lines))
    kind = chance.randrange(4)
    if kind == 0:
        del lines[one]
    elif kind == 1:
        lines.insert(other, lines[one])
    elif kind == 2:
        lines[one], lines[other] = lines[other], lines[one]
    else:
        lines.insert(one, chance.choice((b"\n", b"\r\n", b",\n", b"   \n", b'""\n', b"{}\n", b"null\n", b"\t\n")))
    return b"".join(lines)


def separate(content: bytes, _: Seed, chance: Random) -> bytes:
    """Put other separators in place of commas."""
    return content.replace(
        b",", chance.choice((b";", b"\t", b"|", "，".encode(), "，".encode("gb18030"), b", ", b" ,")), chance.choice((1, 5, -1))
    )


def inflate(content: bytes, _: Seed, chance: Random) -> bytes:
    """Repeat some bytes very often."""
    at, end = _piece(content, chance)
    return content[:at] + content[at : min(end, at + 8)] * chance.choice((200, 5_000, 150_000)) + content[at:]


ON_ANY: tuple[BytesChange, ...] = (flip, replace, insert, delete, duplicate, swap, truncate, splice)
ON_TEXT: tuple[BytesChange, ...] = (*ON_ANY, insert, recode, misread, mark, end_lines, requote, requote, lay_lines, separate, inflate)


def _place(content: bytes, chance: Random) -> int:
    return chance.randrange(len(content)) if content else 0


def _piece(content: bytes, chance: Random) -> tuple[int, int]:
    at = _place(content, chance)
    return at, min(len(content), at + chance.randrange(1, LONGEST))


def _recoded(content: bytes, was: str, now: str) -> bytes:
    return content.decode(was, "replace").encode(now, "replace")
