"""Write JSON Lines files: one object a line, UTF-8."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from sample_city.sources.defects import Defect, LineDefect, Row
from sample_city.world.whole_files import delivered

MALFORMED = LineDefect("malformed_json", "rejected", garble=lambda line, _: _cut_off(line))


@dataclass(frozen=True)
class JsonLines:
    """The JSON Lines format of a sender."""

    suffix: str = ".jsonl"

    @contextmanager
    def open(self, path: Path, columns: tuple[str, ...]) -> Iterator[_JsonFile]:  # noqa: ARG002 - every line names its columns
        """Open a file; it gets its final name when everything is written."""
        with delivered(path) as file:
            yield _JsonFile(file)


class _JsonFile:
    """A file being written; counts lines."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._lines = file, 0

    def add(self, row: Row, defect: Defect | None) -> int:
        content = json.dumps(row, ensure_ascii=False).encode()
        self._file.write((defect.garble(content, row) if isinstance(defect, LineDefect) else content) + b"\n")
        self._lines += 1
        return self._lines


def key_twice(key: str) -> LineDefect:
    """Return a defect: the line's object has this key twice."""
    return LineDefect("duplicate_json_key", "rejected", garble=lambda line, row: line[:-1] + f', "{key}": "{row[key]}"}}'.encode())


def _cut_off(line: bytes) -> bytes:
    """Return the first two thirds of a line's characters."""
    text = line.decode()
    return text[: len(text) * 2 // 3].encode()
