"""Count the rows of a sheet that hold something with the bare XML parser: no tree, no cells, no code of the reader.

A spreadsheet library would be the more usual second counter. But the fast one allocates memory for every cell up to the last, so a file
of one kilobyte with a single cell in the far corner of the sheet would end the process.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import IO
from xml.parsers import expat


def rows_with_content(part: IO[bytes], below: int, empty_texts: Collection[int]) -> int:
    """Return how many rows below a row hold a value or a formula; `empty_texts` are the numbers of shared texts without a character.

    Raises:
        ValueError, ExpatError: the part is no sheet.
    """
    counter = _Counter(below, empty_texts)
    counter.parse(part)
    return counter.total


class _Counter:
    """Counts rows while the XML is parsed; holds what is known about the current row."""

    def __init__(self, below: int, empty_texts: Collection[int]) -> None:
        self.total = 0
        self._below, self._empty_texts = below, empty_texts
        self._row, self._holds, self._kind = 0, False, ""
        self._text: list[str] | None = None
        self._aid = False

    def parse(self, part: IO[bytes]) -> None:
        """Read a part to its end."""
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.ParseFile(part)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        element = name.rpartition(":")[2]
        if element == "row":
            self._row = int(attributes.get("r") or self._row + 1)
            self._holds = False
        elif element == "c":
            self._kind = attributes.get("t", "n")
        elif element == "f":
            self._holds = True
        elif element in ("v", "t") and not self._aid:
            self._text = []
        elif element == "rPh":
            self._aid = True

    def _end(self, name: str) -> None:
        element = name.rpartition(":")[2]
        if element == "row":
            self.total += self._holds and self._row > self._below
        elif element == "rPh":
            self._aid = False
        elif element in ("v", "t") and self._text is not None:
            text, self._text = "".join(self._text), None
            self._holds = self._holds or (bool(text) and not (self._kind == "s" and self._is_empty_text(text)))

    def _is_empty_text(self, number: str) -> bool:
        return number.isascii() and number.strip().isdigit() and int(number) in self._empty_texts

    def _characters(self, text: str) -> None:
        if self._text is not None:
            self._text.append(text)
