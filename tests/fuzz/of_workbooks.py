"""Changes of workbooks: of cells in a sheet that is well-formed, and of the parts and the archive below."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable
from random import Random
from xml.sax.saxutils import escape

from tests.fuzz import of_bytes
from tests.fuzz.seeds import BUILT_IN, FORMATS, Seed, packed, parts_of
from tests.fuzz.values import MOMENTS, NO_NUMBERS, NUMBERS, TEXTS

Parts = dict[str, bytes]
TRANSITIONAL, STRICT = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main", b"http://purl.oclc.org/ooxml/spreadsheetml/main"
SHEET, STRINGS = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"
NEEDED = (SHEET, SHEET, SHEET, STRINGS, STRINGS, "xl/styles.xml", "xl/workbook.xml", "xl/_rels/workbook.xml.rels", "[Content_Types].xml",
          "_rels/.rels")  # fmt: skip
STYLES = len(FORMATS) + len(BUILT_IN) + 4
CELL = re.compile(rb'<c r="([A-Z]+)([0-9]+)"[^>]*?(?:/>|>.*?</c>)')
ATTRIBUTE = re.compile(rb'([A-Za-z:]+)="([^"]*)"')
ELEMENT = re.compile(rb"<([A-Za-z:]+)(?: [^<>]*)?(?:/>|>[^<]*</\1>)")
TAG = re.compile(rb"</?([A-Za-z:]+)")
VALUES = (
    b"", b"0", b"1", b"2", b"-1", b"7", b"99999999999", b"x", b"A1", b"A0", b"B2", b"XFD1048576", b"C5:D6", b"s", b"n", b"str", b"d", b"e",
    b"b", b"inlineStr", b"true", b"1.5", b"../x.xml", b"/xl/workbook.xml", b"General", b"yyyy", b"&#0;", b"&amp;", b"\xe8\xa1\xa8",
)  # fmt: skip


def first_row(seed: Seed) -> int:
    """Return the number of the first row below the header."""
    return seed.contract.source.header_from + seed.contract.source.header_rows


def change_cell(parts: Parts, seed: Seed, chance: Random) -> set[int]:
    """Change a cell below the header, or merge it with others; return the numbers of the rows that may read otherwise."""
    cells = [found for found in CELL.finditer(parts[SHEET]) if int(found[2]) >= first_row(seed)]
    chosen = chance.choice(cells)
    letters, row = chosen[1].decode(), int(chosen[2])
    if chance.random() < 0.05:
        return _merge(parts, letters, row, chance)
    replacement = _cell(f"{letters}{row}", parts, chance).encode()
    parts[SHEET] = parts[SHEET][: chosen.start()] + replacement + parts[SHEET][chosen.end() :]
    return {row}


def change_parts(parts: Parts, seed: Seed, chance: Random) -> None:
    """Change a part: its bytes, an attribute, an element, its name, or its encoding."""
    there = [name for name in NEEDED if name in parts]
    name = chance.choice(there) if there and chance.random() < 0.9 else chance.choice(list(parts))
    chance.choice(ON_PARTS)(parts, name, seed, chance)


def pack(parts: Parts, chance: Random) -> bytes:
    """Return the file, mostly packed as programs do it."""
    content = packed(parts, zipfile.ZIP_STORED if chance.random() < 0.1 else zipfile.ZIP_DEFLATED)
    if chance.random() < 0.1:
        content = chance.choice((_commented, _led, _flagged))(content, chance)
    return content


def _cell(reference: str, parts: Parts, chance: Random) -> str:
    style = chance.randrange(STYLES)
    kind = chance.choice(("n", "n", "n", "s", "str", "inlineStr", "b", "e", "d", "f", "none", "runs"))
    text = escape(chance.choice(TEXTS)).replace("\r", "&#13;")
    number = chance.choice(NUMBERS if chance.random() < 0.9 else NO_NUMBERS)
    if kind == "s":
        item = f'<si><t xml:space="preserve">{text}</t></si>'
        return f'<c r="{reference}" s="{style}" t="s"><v>{_shared(parts, item)}</v></c>'
    if kind == "runs":
        item = f"<si><r><t>{text}</t></r><r><rPr><b/></rPr><t>乙</t></r><rPh sb='0' eb='1'><t>pin</t></rPh></si>"
        return f'<c r="{reference}" t="s"><v>{_shared(parts, item)}</v></c>'
    inner = {
        "str": f"<v>{text}</v>",
        "inlineStr": f"<is><t>{text}</t></is>",
        "b": f"<v>{chance.choice(('0', '1', 'true', '2'))}</v>",
        "e": f"<v>{chance.choice(('#N/A', '#REF!', '#VALUE!'))}</v>",
        "d": f"<v>{chance.choice(MOMENTS)}</v>",
        "f": f"<f>A1+1</f>{chance.choice(('', f'<v>{number}</v>'))}",
        "none": "",
    }.get(kind, f"<v>{number}</v>")
    written = "" if kind in ("n", "f", "none") else f' t="{kind}"'
    return f'<c r="{reference}" s="{style}"{written}>{inner}</c>'


def _shared(parts: Parts, item: str) -> int:
    """Add a shared text and return its number."""
    number = len(re.findall(rb"<si>", parts[STRINGS]))
    parts[STRINGS] = parts[STRINGS].replace(b"</sst>", item.encode() + b"</sst>")
    return number


def _merge(parts: Parts, letters: str, row: int, chance: Random) -> set[int]:
    last = row + chance.randrange(2)
    block = f'<mergeCell ref="{letters}{row}:{chr(ord(letters[-1]) + 1)}{last}"/>'.encode()
    known = b"</mergeCells>" in parts[SHEET]
    parts[SHEET] = (
        parts[SHEET].replace(b"</mergeCells>", block + b"</mergeCells>")
        if known
        else parts[SHEET].replace(b"</sheetData>", b"</sheetData><mergeCells>" + block + b"</mergeCells>")
    )
    return set(range(row, last + 1))


def _bytes(parts: Parts, name: str, seed: Seed, chance: Random) -> None:
    parts[name] = chance.choice(of_bytes.ON_ANY)(parts[name], seed, chance)


def _attribute(parts: Parts, name: str, _: Seed, chance: Random) -> None:
    found = list(ATTRIBUTE.finditer(parts[name]))
    if found:
        one = chance.choice(found)
        others = [other[2] for other in found if other[1] == one[1]]
        value = chance.choice(VALUES if chance.random() < 0.6 else others)
        parts[name] = parts[name][: one.start(2)] + value + parts[name][one.end(2) :]


def _without_attribute(parts: Parts, name: str, _: Seed, chance: Random) -> None:
    found = list(ATTRIBUTE.finditer(parts[name]))
    if found:
        one = chance.choice(found)
        parts[name] = parts[name][: one.start()] + parts[name][one.end() :]


def _element(parts: Parts, name: str, _: Seed, chance: Random) -> None:
    """Leave an element out, write it twice, put it elsewhere, or put another in its place."""
    found = list(ELEMENT.finditer(parts[name]))
    if not found:
        return
    one, other = chance.choice(found), chance.choice(found)
    kind = chance.randrange(4)
    if kind == 3:
        first, second = sorted((one, other), key=lambda element: element.start())
        between = parts[name][first.end() : max(second.start(), first.end())]
        swapped = (second[0] + between + first[0]) if first.start() < second.start() else first[0]
        parts[name] = parts[name][: first.start()] + swapped + parts[name][second.end() :]
        return
    inserted = (b"", one[0] * 2, other[0])[kind]
    parts[name] = parts[name][: one.start()] + inserted + parts[name][one.end() :]


def _content(parts: Parts, name: str, _: Seed, chance: Random) -> None:
    """Put another text between the tags of an element."""
    found = [one for one in ELEMENT.finditer(parts[name]) if b"</" in one[0]]
    if found:
        one = chance.choice(found)
        start, end = one.start() + one[0].index(b">") + 1, one.start() + one[0].rindex(b"</")
        value = escape(chance.choice((*NUMBERS, *NO_NUMBERS, *TEXTS[:40]))).encode()
        parts[name] = parts[name][:start] + value + parts[name][end:]


def _tag(parts: Parts, name: str, _: Seed, chance: Random) -> None:
    """Give all elements of a name another one."""
    found = [one[1] for one in TAG.finditer(parts[name])]
    if found:
        old, new = chance.choice(found), chance.choice([*found, b"x", b"x:c", b"row", b"c", b"v"])
        parts[name] = re.sub(rb"(</?)" + re.escape(old) + rb"(?=[ />])", rb"\1" + new, parts[name])


def _name(parts: Parts, name: str, _: Seed, chance: Random) -> None:
    """Leave a part out, or give it another name: of another case, with other separators, or one that is taken."""
    content = parts.pop(name)
    new = chance.choice(
        (None, name.upper(), name.replace("/", "\\"), f"/{name}", f"{name}x", chance.choice(list(parts)) if parts else None)
    )
    if new is not None:
        parts[new] = content


def _encoding(parts: Parts, name: str, _: Seed, chance: Random) -> None:
    """Write a part in another encoding, with a mark, a declaration, or entities of its own."""
    text = parts[name].decode("utf-8", "replace")
    bare = re.sub(r"^<\?xml[^>]*\?>\s*", "", text)
    parts[name] = chance.choice((
        text.encode("utf-16"),
        text.replace("UTF-8", "UTF-16").encode("utf-16"),
        b"\xef\xbb\xbf" + text.encode(),
        f'<?xml version="1.0" encoding="gb18030"?>{bare}'.encode("gb18030"),
        f'<?xml version="1.0" encoding="gb2312"?>{bare}'.encode("gb18030"),
        f'<?xml version="1.0" encoding="us-ascii"?>{bare}'.encode(),
        f'<?xml version="1.1"?>{bare}'.encode(),
        f'<!DOCTYPE x [<!ENTITY y "z">]>{bare}'.encode(),
        f"\n\n{text}".encode(),
        text.replace("<v>", "<v><![CDATA[").replace("</v>", "]]></v>").encode(),
        text.replace("<v>", "<v><!-- why -->").encode(),
    ))  # fmt: skip


def _form(parts: Parts, _name: str, _: Seed, chance: Random) -> None:
    """Write all parts in the strict form, or with prefixes."""
    if chance.random() < 0.5:
        for name, content in parts.items():
            parts[name] = content.replace(TRANSITIONAL, STRICT)
    elif SHEET in parts:
        prefixed = re.sub(rb"<(/?)(?=[a-zA-Z])", rb"<\1x:", parts[SHEET])
        parts[SHEET] = prefixed.replace(b"xmlns=", b"xmlns:x=", 1)


ON_PARTS: tuple[Callable[[Parts, str, Seed, Random], None], ...] = (
    _bytes, _bytes, _attribute, _attribute, _attribute, _without_attribute, _element, _element, _content, _content, _tag, _name, _encoding,
    _form,
)  # fmt: skip


def _commented(content: bytes, _: Random) -> bytes:
    return content[:-2] + b"\x03\x00abc"


def _led(content: bytes, _: Random) -> bytes:
    return b"#!leading bytes\n" + content


def _flagged(content: bytes, chance: Random) -> bytes:
    """Set a flag or the way of packing in the directory at the end."""
    places = [found.start() for found in re.finditer(rb"PK\x01\x02", content)]
    at = chance.choice(places) + chance.choice((8, 10, 16, 20, 24, 42))
    return content[:at] + bytes([chance.choice((0, 1, 8, 9, 12, 255))]) + content[at + 1 :]


def opened(seed: Seed) -> Parts:
    """Return the parts of a seed, to be changed."""
    return parts_of(seed.content)
