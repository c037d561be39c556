"""Builders of XLSX files from their XML parts, so that a test can write files that no program would."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from xml.sax.saxutils import escape, quoteattr

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
SHEET_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
GENERAL, DAY, MOMENT, CHINESE_DAY, CLOCK, DURATION = "012345"  # styles of cells
FIRST_FREE = 6  # the style of the first of a book's own formats


def styles(formats: tuple[str | int, ...] = ()) -> str:
    """Return the XML part with the styles above and one more for each format: a code, or the number of one built into programs."""
    own = {code: 166 + place for place, code in enumerate(code for code in formats if isinstance(code, str))}
    declared = {"yyyy\\-mm\\-dd\\ hh:mm:ss": 164, "[h]:mm": 165, **own}
    codes = "".join(f'<numFmt numFmtId="{number}" formatCode={quoteattr(code)}/>' for code, number in declared.items())
    used = (0, 14, 164, 31, 21, 165, *(own[code] if isinstance(code, str) else code for code in formats))
    cells = "".join(f'<xf numFmtId="{number}"/>' for number in used)
    return f"""{HEAD}<styleSheet xmlns="{MAIN}"><numFmts count="{len(declared)}">{codes}</numFmts><fonts count="1"><font/></fonts>
<fills count="1"><fill><patternFill/></fill></fills><borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs>
<cellXfs count="{len(used)}">{cells}</cellXfs></styleSheet>"""


@dataclass(frozen=True)
class Book:
    """A workbook: the rows of its sheet 表 as XML, merged cell ranges, shared strings as XML, other sheets by name and state.

    `formats` are formats of cells beside the usual ones; the first has the style `FIRST_FREE`.
    """

    rows: str
    merged: tuple[str, ...] = ()
    strings: tuple[str, ...] = ()
    from_1904: bool = False
    others: Mapping[str, str] = field(default_factory=dict)
    name: str = "表"
    state: str = "visible"
    formats: tuple[str | int, ...] = ()

    def parts(self) -> dict[str, str]:
        """Return the XML parts by path."""
        blocks = "".join(f'<mergeCell ref="{block}"/>' for block in self.merged)
        merged = f'<mergeCells count="{len(self.merged)}">{blocks}</mergeCells>' if blocks else ""
        sheets = [(self.name, self.state), *self.others.items()]
        listed = "".join(
            f'<sheet name={quoteattr(name)} sheetId="{number}" state="{state}" r:id="r{number}"/>'
            for number, (name, state) in enumerate(sheets, 1)
        )
        targets = "".join(
            f'<Relationship Id="r{number}" Type="{RELATIONS}/worksheet" Target="worksheets/sheet{number}.xml"/>'
            for number, _ in enumerate(sheets, 1)
        )
        more = {f"xl/worksheets/sheet{number}.xml": sheet("") for number in range(2, len(sheets) + 1)}
        texts = "".join(f"<si>{text}</si>" for text in self.strings)
        return {
            "[Content_Types].xml": content_types(len(sheets)),
            "_rels/.rels": f'{HEAD}<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="r1" '
            f'Type="{RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
            "xl/workbook.xml": f'{HEAD}<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}"><workbookPr date1904="{int(self.from_1904)}"/>'
            f"<sheets>{listed}</sheets></workbook>",
            "xl/_rels/workbook.xml.rels": f'{HEAD}<Relationships xmlns="{PACKAGE}/relationships">{targets}'
            f'<Relationship Id="s1" Type="{RELATIONS}/styles" Target="styles.xml"/>'
            f'<Relationship Id="s2" Type="{RELATIONS}/sharedStrings" Target="sharedStrings.xml"/></Relationships>',
            "xl/styles.xml": styles(self.formats),
            "xl/sharedStrings.xml": f'{HEAD}<sst xmlns="{MAIN}" count="{len(self.strings)}">{texts}</sst>',
            "xl/worksheets/sheet1.xml": sheet(f"<sheetData>{self.rows}</sheetData>{merged}"),
            **more,
        }

    def content(self, **replaced: str | bytes | None) -> bytes:
        """Return the bytes of the file; parts may be replaced by path, or left out (None)."""
        return packed({path: text for path, text in {**self.parts(), **replaced}.items() if text is not None})


def packed(parts: Mapping[str, str | bytes]) -> bytes:
    """Return parts packed as a zip file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, text in parts.items():
            archive.writestr(path, text)
    return buffer.getvalue()


def sheet(inner: str) -> str:
    """Return the XML part of a sheet."""
    return f'{HEAD}<worksheet xmlns="{MAIN}">{inner}</worksheet>'


def content_types(sheets: int) -> str:
    """Return the part with the content types, which every program reads first."""
    of_sheets = "".join(
        f'<Override PartName="/xl/worksheets/sheet{number}.xml" ContentType="{SHEET_TYPE}.worksheet+xml"/>'
        for number in range(1, sheets + 1)
    )
    return (
        f'{HEAD}<Types xmlns="{PACKAGE}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.'
        f'relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" '
        f'ContentType="{SHEET_TYPE}.sheet.main+xml"/>{of_sheets}</Types>'
    )


def row(number: int, *values: Any) -> str:
    """Return a row from column A on: texts as they are, numbers as numbers, `<c …>` as XML (`@` is its reference), None left out."""
    inner = "".join(_cell(f"{chr(65 + place)}{number}", value) for place, value in enumerate(values) if value is not None)
    return f'<row r="{number}">{inner}</row>'


def number(text: str, style: str = GENERAL) -> str:
    """Return a number cell with the given text in the file."""
    return f'<c r="@" s="{style}"><v>{text}</v></c>'


def body(*rows: Iterable[Any], header: tuple[str, ...] = ("甲", "乙")) -> str:
    """Return the XML of a header row and the rows below it."""
    return row(1, *header) + "".join(row(place, *values) for place, values in enumerate(rows, 2))


def _cell(reference: str, value: Any) -> str:
    if isinstance(value, str) and value.startswith("<c"):
        return value.replace("@", reference, 1)
    if isinstance(value, str):
        return f'<c r="{reference}" t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>'
    return f'<c r="{reference}"><v>{value}</v></c>'
