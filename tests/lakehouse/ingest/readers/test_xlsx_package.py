"""Packages of workbooks: parts are found by the rules of the format, and what cannot be read is refused in words a sender understands."""

from __future__ import annotations

import io
import re
import zipfile

import openpyxl
import pytest

from lakehouse.errors import SourceError
from lakehouse.ingest.readers import xlsx
from lakehouse.returns.workbook import file as workbook
from lakehouse.returns.workbook.pages import plain_sheet
from lakehouse.text.cells import harmless
from tests.lakehouse.ingest.readers.books import PACKAGE, RELATIONS, Book, body, packed, row
from tests.lakehouse.ingest.readers.contract import column
from tests.lakehouse.ingest.readers.test_xlsx import COLUMNS, Outcome, read, sheet_of

pytestmark = pytest.mark.fast
BOOK = Book(body(("1", '<c r="@" t="s"><v>0</v></c>')), strings=("<t>张</t>",), others={"图": "visible"})
READ = [(2, "1", "张")]
MAIN, MAIN_RELATIONS, STRINGS, STYLES = "xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/sharedStrings.xml", "xl/styles.xml"
SHEET, OTHER, ROOT, TYPES = "xl/worksheets/sheet1.xml", "xl/worksheets/sheet2.xml", "_rels/.rels", "[Content_Types].xml"
CHARTS = BOOK.parts()[MAIN_RELATIONS].replace('/worksheet"', '/chartsheet"')
MACROS = "http://schemas.microsoft.com/office/2006/relationships/vbaProject"
CONTENT_TYPE = "application/vnd.openxmlformats-officedocument"


def related(kind: str, target: str, mode: str = "") -> str:
    """Return the relations of the workbook with one more, which stands first."""
    more = f'<Relationship Id="m1" Type="{kind}" Target="{target}"{mode}/>'
    return re.sub("(<Relationships [^>]*>)", rf"\1{more}", BOOK.parts()[MAIN_RELATIONS])


def renamed(**names: str) -> bytes:
    """Return the book with parts under other names."""
    return packed({names.get(path, path): text for path, text in BOOK.parts().items()})


def moved() -> bytes:
    """Return the book in the folders and under the names of another program, with absolute and escaped targets."""
    names = {MAIN: "book/main part.xml", SHEET: "book/a.dat", OTHER: "book/b.dat", STRINGS: "texts/t.xml", STYLES: "book/s.xml"}
    relations = BOOK.parts()[MAIN_RELATIONS]
    for old, new in (("worksheets/sheet1.xml", "/book/a.dat"), ("worksheets/sheet2.xml", "./b.dat"), ("styles.xml", "s.xml")):
        relations = relations.replace(f'Target="{old}"', f'Target="{new}"')
    parts = {names.get(path, path): text for path, text in BOOK.parts().items()}
    parts["book/_rels/main part.xml.rels"] = relations.replace('"sharedStrings.xml"', '"..\\texts\\t.xml"')
    parts[ROOT] = parts[ROOT].replace("xl/workbook.xml", "/book/main%20part.xml")
    del parts[MAIN_RELATIONS]
    return packed(parts)


WHOLE: dict[str, bytes] = {
    "texts in other letters": renamed(**{STRINGS: "xl/SharedStrings.xml"}),
    "everything in other letters": packed({path.upper(): text for path, text in BOOK.parts().items()}),
    "a sheet in other letters": renamed(**{SHEET: "XL/Worksheets/Sheet1.XML"}),
    "folders as another system separates them": packed({path.replace("/", "\\"): text for path, text in BOOK.parts().items()}),
    "parts at other places": moved(),
    "no reference to the workbook, but its content type": BOOK.content(**{ROOT: None}),
    "no content types": BOOK.content(**{TYPES: None}),
    "macros": BOOK.content(**{MAIN_RELATIONS: related(MACROS, "vbaProject.bin")}),
    "a theme that is missing": BOOK.content(**{MAIN_RELATIONS: related(f"{RELATIONS}/theme", "theme/theme1.xml")}),
    "a link to another file": BOOK.content(**{MAIN_RELATIONS: related(f"{RELATIONS}/styles", "file:///x.xml", ' TargetMode="External"')}),
    "another sheet that is missing": BOOK.content(**{OTHER: None}),
    "another sheet that is damaged": BOOK.content(**{OTHER: "<worksheet>"}),
    "another part that is not UTF-8": BOOK.content(**{"customXml/item1.xml": "<?xml version='1.0'?><x/>".encode("utf-16")}),
    "a picture with a document type": BOOK.content(**{"xl/media/image1.svg": "<!DOCTYPE svg><svg/>"}),
    "an empty picture of 8 MiB": BOOK.content(**{"xl/media/image1.emf": b"\0" * (8 * 1024 * 1024)}),
    "the form of ISO 29500 strict": packed(
        {path: text.replace("schemas.openxmlformats.org/officeDocument/2006", "purl.oclc.org/ooxml/officeDocument").replace(
            "schemas.openxmlformats.org/spreadsheetml/2006/main", "purl.oclc.org/ooxml/spreadsheetml/main"
        ) for path, text in BOOK.parts().items()}
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WHOLE)
def test_parts_are_found_by_the_rules_of_the_format(name: str) -> None:
    assert read(WHOLE[name], sheet_of(COLUMNS[:2])) == READ


def typed(kind: str) -> bytes:
    """Return the book with another content type of its main part."""
    types = BOOK.parts()[TYPES].replace("spreadsheetml.sheet.main+xml", kind).replace(f"{CONTENT_TYPE}.{kind}", kind)
    return BOOK.content(**{TYPES: types, MAIN: b"\x83\x01\0binary"})


def by_bzip2() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_BZIP2) as archive:
        for path, text in BOOK.parts().items():
            archive.writestr(path, text)
    return buffer.getvalue()


REFUSED: dict[str, tuple[bytes, str]] = {
    "no texts": (BOOK.content(**{STRINGS: None}), "a part of the file is missing: the one that holds the texts of its cells"),
    "no styles": (BOOK.content(**{STYLES: None}), "a part of the file is missing: the one that holds the formats of its cells"),
    "no sheet": (BOOK.content(**{SHEET: None}), "a part of the file is missing: the one that holds the cells of sheet 表."),
    "no relation to the sheet": (
        BOOK.content(**{MAIN_RELATIONS: f'<Relationships xmlns="{PACKAGE}/relationships"/>'}), "the one that holds the cells of sheet 表.",
    ),
    "a chart in the place of the sheet": (
        BOOK.content(**{MAIN_RELATIONS: CHARTS}), "it is a page with a chart",
    ),
    "two parts that differ in case only": (BOOK.content(**{"xl/SHAREDSTRINGS.xml": "<sst/>"}), "two parts of the file have one name"),
    "a binary workbook": (typed("application/vnd.ms-excel.sheet.binary.macroEnabled.main"), "a binary workbook (.xlsb)"),
    "a text document": (typed(f"{CONTENT_TYPE}.wordprocessingml.document.main+xml"), "a text document (.docx)"),
    "slides": (typed(f"{CONTENT_TYPE}.presentationml.presentation.main+xml"), "slides (.pptx)"),
    "an OpenDocument file": (packed({"mimetype": "application/vnd.oasis.opendocument.spreadsheet", "content.xml": "<x/>"}), "(.ods)"),
    "a main part that is something else": (BOOK.content(**{MAIN: "<chart/>"}), "no part of it is the workbook itself."),
    "texts that are no XML": (BOOK.content(**{STRINGS: "张三"}), "a part of the file is damaged: it is no well-formed XML."),
    "styles that are no XML": (BOOK.content(**{STYLES: "<styleSheet>"}), "a part of the file is damaged: it is no well-formed XML."),
    "a part packed by other means": (by_bzip2(), "packed in a way that workbooks do not use."),
    "too many parts": (packed({**BOOK.parts(), **{f"x/{n}": "" for n in range(2000)}}), "more parts than a workbook."),
    "the lock file of an open workbook": (b"\x06" + "张三".encode("utf-16-le") + b" " * 150, "the lock file of an open workbook"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_read_is_told_in_words(name: str) -> None:
    content, found = REFUSED[name]
    with pytest.raises(SourceError) as told:
        list(xlsx.read(io.BytesIO(content), sheet_of(COLUMNS[:2]), "some.xlsx"))
    assert found in str(told.value)
    assert "Fix: " in str(told.value)
    assert re.search("张三|Error|BadZip|Exception", str(told.value)) is None
    xlsx.count(io.BytesIO(content), sheet_of(COLUMNS[:2]))  # returns a number and never fails


def test_macros_are_remarked_upon() -> None:
    assert xlsx.remarks(io.BytesIO(WHOLE["macros"]), sheet_of(COLUMNS[:2])) == ["macros that are not looked at"]


def test_a_workbook_of_ours_can_be_read_whatever_it_holds() -> None:
    """The limits of the reader let in what the writer of returns can write: the longest texts, escapes, controls, much of the same."""
    texts = ["𠮷" * 16_383, "长" * 32_767, "-" + "减" * 32_764, "_x000A_", "\x01\x0b\x1f", "\ufffe\uffff", "=1+1", "'x", " a\r\nb\t", "x"]
    texts += ["a" * 30_000 + str(number) for number in range(1000)]
    content = workbook.write_workbook([plain_sheet("表", ("甲",), [texts])])
    expected: Outcome = [(line, harmless(text)) for line, text in enumerate(texts, 2)]
    assert read(content, sheet_of([column("甲", key=True)])) == expected


def test_columns_have_the_letters_people_see() -> None:
    names = [f"列{place}" for place in range(60)]
    book, content = openpyxl.Workbook(), io.BytesIO()
    book.active.title = "表"
    book.active.append(names)
    book.save(content)
    expected = {name: openpyxl.utils.get_column_letter(place) for place, name in enumerate(names, 1)}
    assert xlsx.letters(io.BytesIO(content.getvalue()), sheet_of([column(name) for name in names])) == expected


def test_the_cells_to_blame_for_a_row_are_found() -> None:
    error, formula = '<c r="@" t="e"><v>#N/A</v></c>', '<c r="@"><f>A1</f><v>1</v></c>'
    content = Book(row(1, "甲", "乙") + row(2, "1", "2") + row(3, error, formula) + row(4, "1", "2", "3") + row(5, "1", error)).content()
    found = [xlsx.broken_letters(io.BytesIO(content), sheet_of(COLUMNS[:2]), line) for line in (2, 3, 4, 5, 6)]
    assert found == [[], ["A", "B"], ["C"], ["B"], []]
