"""Turn a resource's rows into files in the inbox, and label their lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import ClassVar, Protocol

from sample_city.sources.defects import Defect, Labelled, Row
from sample_city.sources.labels import Label
from sample_city.sources.resource import Resource


@dataclass(frozen=True)
class File:
    """One file: the business date in its name, its number on that date, and the sender's folder if each sender has one."""

    day: date
    number: int = 1
    folder: str = ""
    is_repeat: bool = False  # a repeated file: its rows are labelled already

    @property
    def name(self) -> str:
        """Return the path below the resource's folder, without suffix."""
        return f"{self.folder}/{self.day}_{self.number}".lstrip("/")


@dataclass(frozen=True)
class Batch:
    """Files written together, and their rows in order of writing, each with its file and the kind of its label."""

    files: Sequence[File]
    rows: Iterable[tuple[File, Row, str]]

    @classmethod
    def of_one(cls, file: File, rows: Iterable[Labelled]) -> Batch:
        """Return the batch of a single file."""
        return cls([file], ((file, row, kind) for row, kind in rows))


class Writer(Protocol):
    """A file being written."""

    def add(self, row: Row, defect: Defect | None) -> int:
        """Write a row and return the line it begins on, counted from 1."""


class FileFormat(Protocol):
    """A file format: CSV, JSON Lines or XLSX."""

    @property
    def suffix(self) -> str:
        """Return the suffix of the files' names."""

    def open(self, path: Path, columns: tuple[str, ...]) -> AbstractContextManager[Writer]:
        """Open a file and write its header; it gets its final name when everything is written."""


class FileSource(Resource):
    """A source that delivers files; a subclass says which files come on a day and which rows they hold."""

    format: ClassVar[FileFormat]

    def first_batches(self) -> Iterable[Batch]:
        """Yield the files delivered before the first day."""
        return ()

    def batches(self, day: date) -> Iterable[Batch]:
        """Yield the files of a day."""
        raise NotImplementedError

    def format_of(self, file: File) -> FileFormat:  # noqa: ARG002
        """Return the format of a file; override it when files of a resource differ."""
        return self.format

    def put_down_first(self, inbox: Path) -> Iterator[Label]:
        """Write the files delivered before the first day and yield the labels of their rows."""
        for batch in self.first_batches():
            yield from self._write(inbox, batch)

    def put_down(self, inbox: Path, day: date) -> Iterator[Label]:
        """Write the files of a day and yield the labels of their rows."""
        for batch in self.batches(day):
            yield from self._write(inbox, batch)

    def _write(self, inbox: Path, batch: Batch) -> Iterator[Label]:
        sources = {file: f"{self.code}/{file.name}{self.format_of(file).suffix}" for file in batch.files}
        with ExitStack() as stack:
            writers = {
                file: stack.enter_context(self.format_of(file).open(inbox / source, self.columns)) for file, source in sources.items()
            }
            for file, row, kind in batch.rows:
                line = writers[file].add(row, self.defects[kind] if kind else None)
                if kind and not file.is_repeat:
                    yield self.label(row, kind, file.day, (sources[file], line))
