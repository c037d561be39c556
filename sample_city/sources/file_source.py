"""Turns a resource's rows into files that are put down in the inbox, and labels their lines."""

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
    """One file: the business date it is named for, its number on that date, and the sender's folder, if each has one."""

    day: date
    number: int = 1
    folder: str = ""
    is_repeat: bool = False  # sent before: its rows are known and need no labels

    @property
    def name(self) -> str:
        """Return the path below the resource's folder, without suffix."""
        return f"{self.folder}/{self.day}_{self.number}".lstrip("/")


@dataclass(frozen=True)
class Batch:
    """Files written side by side, and their rows in the order they are written, each with its file and the kind of its label."""

    files: Sequence[File]
    rows: Iterable[tuple[File, Row, str]]

    @classmethod
    def of_one(cls, file: File, rows: Iterable[Labelled]) -> Batch:
        """Return the batch of a single file."""
        return cls([file], ((file, row, kind) for row, kind in rows))


class Writer(Protocol):
    """A file while it is written."""

    def add(self, row: Row, defect: Defect | None) -> int:
        """Write a row and return the line it begins on, counted from 1."""


class FileFormat(Protocol):
    """How files are written: CSV, JSON Lines, XLSX."""

    @property
    def suffix(self) -> str:
        """Return the end of the files' names."""

    def open(self, path: Path, columns: tuple[str, ...]) -> AbstractContextManager[Writer]:
        """Begin a file with its header; it gets its name when everything is written."""


class FileSource(Resource):
    """A sender who puts files down; a subclass says which files there are on a day and which rows they hold."""

    format: ClassVar[FileFormat]

    def first_batches(self) -> Iterable[Batch]:
        """Yield the files that lie there before the first day."""
        return ()

    def batches(self, day: date) -> Iterable[Batch]:
        """Yield the files of a day."""
        raise NotImplementedError

    def format_of(self, file: File) -> FileFormat:  # noqa: ARG002
        """Return how a file is written, where not all are written alike."""
        return self.format

    def put_down_first(self, inbox: Path) -> Iterator[Label]:
        """Write the files that lie there before the first day and yield the labels of their rows."""
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
