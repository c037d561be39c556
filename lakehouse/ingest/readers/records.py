"""The records that every reader makes of a delivery: the number of the first line, and texts or a named reject."""

from __future__ import annotations

from typing import Literal, NamedTuple

from lakehouse.errors import Problem, SourceError
from lakehouse.text.cells import MOST_UNITS

MAX_RECORD_BYTES = 1024 * 1024
MAX_RECORD_LINES = 100
MAX_CELL_CHARACTERS = MOST_UNITS  # what comes in must fit into a cell on its way out: `text.cells.fits` counts

Reject = Literal[
    "undecodable",
    "foreign_utf8",
    "foreign_gb18030",
    "foreign_big5",
    "encoded_twice",
    "nul_byte",
    "blank_line",
    "bad_quoting",
    "too_few_fields",
    "too_many_fields",
    "oversize_cell",
    "oversize_record",
    "malformed_json",
    "not_an_object",
    "duplicate_key",
    "unknown_key",
    "nested_value",
    "formula_cell",
    "error_cell",
    "merged_cell",
    "imprecise_number",
    "malformed_cell",
]


class Record(NamedTuple):
    """One record of a delivery: texts of the kept columns in contract order, or a reject code with its bytes.

    `undeclared` are the names of columns nobody declared, where the record is rejected because of them.
    """

    line: int
    texts: tuple[str | None, ...] | None
    reject: Reject | None = None
    raw: bytes | None = None
    undeclared: tuple[str, ...] = ()


class BrokenRecordError(ValueError):
    """Bytes cannot be read as a record; `reject` is the reason, `undeclared` the names of the columns that are it."""

    def __init__(self, reject: Reject, undeclared: tuple[str, ...] = ()) -> None:
        super().__init__(reject)
        self.reject: Reject = reject
        self.undeclared = undeclared


def refusal(where: str, found: str, allowed: str, fix: str) -> SourceError:
    """Return the error that refuses a whole delivery."""
    return SourceError(Problem(where, found, allowed, fix).text())
