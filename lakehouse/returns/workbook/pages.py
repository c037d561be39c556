"""What a workbook is made of: a first page (cover) of lines, and sheets with a list each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

Kind = Literal["text", "date", "moment", "integer", "number"]
Style = Literal["title", "lead", "section", "head", "row", "task", "note", "fill"]


@dataclass(frozen=True)
class Writing:
    """How people write into a column: one of the choices if there are any, else freely; `hint` is shown at the cell, `width` in characters.

    Where `only_with` names values of the column to the left, a text is accepted beside these alone.
    """

    width: int
    hint: str
    choices: tuple[str, ...] = ()
    only_with: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Column:
    """A column of a list: its header and its cells as text (None is an empty cell), which the file holds as values of a kind.

    Texts break into lines; a column that `wraps` is for long ones and wider. A hidden column is in the file, but not shown and not printed.
    A column with `writing` is for people to write into.
    """

    header: str
    cells: Sequence[str | None]
    kind: Kind = "text"
    wraps: bool = False
    is_hidden: bool = False
    writing: Writing | None = None


@dataclass(frozen=True)
class Sheet:
    """A sheet with a list.

    Attributes:
        name: the name of the sheet.
        columns: its columns.
        frozen: the number of columns that stay visible while scrolling and on every printed page.
        heading: what is printed above every page.
        colours: the background of a row by the text of its first cell.
        breaks: the rows, counted from 0, before which a printed page begins.
    """

    name: str
    columns: tuple[Column, ...]
    frozen: int = 1
    heading: str = ""
    colours: Mapping[str, str] = field(default_factory=dict)
    breaks: tuple[int, ...] = ()


@dataclass(frozen=True)
class Line:
    """A line of a cover, one text per column; the last text spans the remaining columns. Of a line to fill in, the second cell is open."""

    style: Style
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Cover:
    """The first page of a workbook, before the lists; `since` is the date of the file's content and no part of that content."""

    name: str
    lines: tuple[Line, ...]
    since: date | None = None


def plain_sheet(name: str, headers: Sequence[str], columns: Sequence[Sequence[str | None]]) -> Sheet:
    """Return a sheet of texts alone."""
    return Sheet(name, tuple(Column(header, cells) for header, cells in zip(headers, columns, strict=True)))
