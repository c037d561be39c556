"""The forms an answer is given in: a table for the terminal, CSV, workbook, Parquet, JSON."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import xlsxwriter
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table

from application.sql import Answer
from application.sql_errors import two_lines
from lakehouse.errors import ConfigError
from lakehouse.text.cells import fitting, harmless

BOM = "\ufeff"
NARROW = 24  # a column of a table is wrapped only below this width: narrower ones are no longer read with ease
BETWEEN = 3  # columns of the terminal between two columns of the table
MOST_ROWS = 1_048_575  # of a sheet, besides its header
EXACT_DIGITS = 15  # a spreadsheet keeps no more of a number
FIRST_YEAR = 1900  # a spreadsheet knows no earlier date
WIDEST = 60
STEERING = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")
FORMATS: dict[type, str] = {datetime: "yyyy-mm-dd hh:mm:ss", date: "yyyy-mm-dd"}


def rendered(answer: Answer, form: str, width: int | None) -> bytes:
    """Return an answer in a form (one of `FORMS`); `width` is that of the terminal, None where there is none.

    Raises:
        ConfigError: the form cannot hold so many rows.
    """
    return FORMS[form](answer, width)


def _table(answer: Answer, width: int | None) -> bytes:
    """Return a table with a column for each column, or, where they do not fit, a block of lines for each row."""
    texts = [[_shown(value) for value in row] for row in answer.rows]
    widths = [_widest([name, *(row[number] for row in texts)]) for number, name in enumerate(answer.columns)]
    needed = (
        sum(min(one, max(NARROW, cell_len(name))) for one, name in zip(widths, answer.columns, strict=True)) + BETWEEN * len(widths) + 1
    )
    if width is not None and needed > width:
        return _blocks(answer.columns, texts).encode()
    table = Table()
    for name in answer.columns:
        table.add_column(name, overflow="fold")
    for row in texts:
        table.add_row(*row)
    whole = sum(widths) + BETWEEN * len(widths) + 1
    out = Console(file=io.StringIO(), width=whole if width is None else width, markup=False, highlight=False, emoji=False)
    out.print(table, soft_wrap=False)
    return "".join(f"{line.rstrip()}\n" for line in out.file.getvalue().splitlines()).encode()  # type: ignore[attr-defined]


def _blocks(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    longest = max(cell_len(name) for name in columns)
    lines = []
    for number, row in enumerate(rows, start=1):
        lines.append(f"── {number} " + "─" * longest)
        for name, text in zip(columns, row, strict=True):
            first, *further = text.splitlines() or [""]
            lines.append(f"{name}{' ' * (longest - cell_len(name))} │ {first}".rstrip())
            lines += [f"{' ' * longest} │ {line}".rstrip() for line in further]
    return "\n".join(lines) + "\n"


def _csv(answer: Answer, width: int | None) -> bytes:  # noqa: ARG001 as all of them
    """Return CSV that Excel opens as it stands: UTF-8 with a mark at its beginning, nothing that it takes for a formula."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([harmless(name) for name in answer.columns])
    writer.writerows([[_cell(value) for value in row] for row in answer.rows])
    return (BOM + out.getvalue()).encode()


def _json(answer: Answer, width: int | None) -> bytes:  # noqa: ARG001 as all of them
    """Return a line for each row: a JSON object, column → value."""
    names = _distinct(answer.columns)
    return "".join(f"{_dumped(dict(zip(names, row, strict=True)))}\n" for row in answer.rows).encode()


def _object(answer: Answer, width: int | None) -> bytes:  # noqa: ARG001 as all of them
    """Return one JSON object with the names of the columns and the rows."""
    return f"{_dumped({'columns': answer.columns, 'rows': answer.rows})}\n".encode()


def _parquet(answer: Answer, width: int | None) -> bytes:  # noqa: ARG001 as all of them
    """Return a Parquet file with the types of the columns; instants are UTC."""
    out = pa.BufferOutputStream()
    pq.write_table(answer.table.rename_columns(_distinct(answer.columns)), out)
    return bytes(out.getvalue())


def _xlsx(answer: Answer, width: int | None) -> bytes:  # noqa: ARG001 as all of them
    """Return a workbook: numbers, dates and instants (UTC) as such, text as text, nothing that is taken for a formula."""
    if answer.table.num_rows > MOST_ROWS:
        raise ConfigError(
            two_lines(f"a sheet has room for {MOST_ROWS:,} rows only.", "Fix: --format parquet or csv, or a smaller --limit.")
        )
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    page = book.add_worksheet("answer")
    head = book.add_format({"bold": True, "bg_color": "#DDEBF7", "bottom": 1})
    styles = {kind: book.add_format({"num_format": shape}) for kind, shape in FORMATS.items()}
    rows = answer.rows
    for number, name in enumerate(answer.columns):
        seen = [name, *(_text(row[number]) for row in rows[:200] if row[number] is not None)]
        page.set_column(number, number, min(WIDEST, _widest(seen) + 2))
        page.write_string(0, number, fitting(harmless(name)), head)
    for at, row in enumerate(rows, start=1):
        for number, value in enumerate(row):
            _write(page, (at, number), value, styles)
    page.freeze_panes(1, 0)
    if rows:
        page.autofilter(0, 0, len(rows), len(answer.columns) - 1)
    book.close()
    return out.getvalue()


def _write(page: Any, at: tuple[int, int], value: Any, styles: dict[type, Any]) -> None:
    if value is None:
        return
    if isinstance(value, bool):
        page.write_boolean(*at, value)
    elif isinstance(value, int | float | Decimal) and _is_exact(value):
        page.write_number(*at, value)
    elif isinstance(value, date) and value.year >= FIRST_YEAR:
        page.write_datetime(*at, value, styles[type(value)])
    else:
        page.write_string(*at, fitting(harmless(_text(value))))


def _is_exact(value: float | Decimal) -> bool:
    """Return whether a spreadsheet shows the number as it is."""
    if isinstance(value, float):
        return math.isfinite(value)
    return len(Decimal(value).as_tuple().digits) <= EXACT_DIGITS


def _cell(value: Any) -> str:
    """Return a value as CSV holds it; only texts can be taken for formulas."""
    if value is None:
        return ""
    return _text(value) if isinstance(value, bool | int | float | Decimal | date) else harmless(_text(value))


def _text(value: Any) -> str:
    """Return a value as text: bytes in hexadecimal digits, lists and structures as JSON."""
    if isinstance(value, bytes):
        return value.hex()
    return _dumped(value) if isinstance(value, list | dict) else str(value)


def _dumped(value: Any) -> str:
    return json.dumps(_in_json(value), ensure_ascii=False, default=_text)


def _in_json(value: Any) -> Any:
    """Return a value in which texts stand for the numbers that JSON does not know (NaN, infinity)."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, dict):
        return {name: _in_json(one) for name, one in value.items()}
    return [_in_json(one) for one in value] if isinstance(value, list | tuple) else value


def _shown(value: Any) -> str:
    """Return a value as a terminal may show it: characters that would steer the terminal are replaced."""
    return "" if value is None else STEERING.sub("\N{REPLACEMENT CHARACTER}", _text(value).expandtabs(4))


def _distinct(names: Sequence[str]) -> list[str]:
    """Return the names of columns, a number behind each one that was there before."""
    found: list[str] = []
    for name in names:
        number, wanted = 1, name
        while wanted in found:
            number += 1
            wanted = f"{name}_{number}"
        found.append(wanted)
    return found


def _widest(texts: Sequence[str]) -> int:
    return max((cell_len(line) for text in texts for line in text.splitlines()), default=0)


FORMS: dict[str, Callable[[Answer, int | None], bytes]] = {
    "table": _table,
    "csv": _csv,
    "xlsx": _xlsx,
    "parquet": _parquet,
    "json": _json,
    "object": _object,
}
