"""Returns the landed batches as plain dictionaries: facts, rows with line numbers, and lines that cannot be read."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from datetime import datetime
from pathlib import Path

import openpyxl

from tests.oracle.sources import COLUMNS, SOURCES


def batches(landing: Path) -> list[dict]:
    """Returns every landed batch, in order of delivery number, with `rows` and `rejects` (one dictionary a record)."""
    found = []
    for facts_file in sorted(landing.glob("*/*/*/batch.json")):
        facts = json.loads(facts_file.read_text("utf-8"))
        content = (facts_file.parent / Path(facts["source_object"]).name).read_bytes()
        assert hashlib.sha256(content).hexdigest() == facts["content_sha256"]
        rows, rejects = read(facts["resource"], content)
        found.append({**facts, "rows": rows, "rejects": rejects})
    return sorted(found, key=lambda batch: (batch["resource"], batch["delivery_no"]))


def read(resource: str, content: bytes) -> tuple[list[dict], list[dict]]:
    """Returns the readable rows and the lines that are not, each with `_line` (first physical line, from 1; of a sheet its row)."""
    source = SOURCES[resource]
    if source["format"] == "jsonl":
        return read_json_lines(content, COLUMNS[resource])
    names = source.get("names") or {name: name for name in COLUMNS[resource]}
    if source["format"] == "xlsx":
        return read_sheet(content, source, names, COLUMNS[resource])
    return read_csv(content, source.get("encoding", "utf-8"), names, COLUMNS[resource])


def records(content: bytes) -> list[tuple[int, bytes]]:
    """Returns (first physical line, bytes without the line end) per record; a line end inside quotes does not end one."""
    found, line, start_line, quoted, buffer = [], 1, 1, False, bytearray()
    i = 0
    while i < len(content):
        byte = content[i : i + 1]
        if byte == b'"':
            quoted = not quoted
        if byte in (b"\n", b"\r"):
            end = content[i : i + 2] if content[i : i + 2] == b"\r\n" else byte
            line += 1
            if not quoted:
                found.append((start_line, bytes(buffer)))
                buffer, start_line = bytearray(), line
            else:
                buffer += end
            i += len(end)
            continue
        buffer += byte
        i += 1
    if buffer:
        found.append((start_line, bytes(buffer)))
    return [(number, record) for number, record in found if record]


def read_csv(content: bytes, encoding: str, names: dict, columns: list[str]) -> tuple[list[dict], list[dict]]:
    """Returns rows by column name; an undecodable record or one with another number of fields is a reject."""
    content = content.removeprefix(b"\xef\xbb\xbf")
    (_, header), *body = records(content)
    header_names = next(csv.reader([header.decode(encoding)]))
    rows, rejects = [], []
    for line, record in body:
        try:
            fields = next(csv.reader(io.StringIO(record.decode(encoding), newline="")))
        except UnicodeDecodeError:
            rejects.append({"_line": line, "_reject": "undecodable", "_raw": record})
            continue
        if len(fields) != len(header_names):
            wrong = "too_few_fields" if len(fields) < len(header_names) else "too_many_fields"
            rejects.append({"_line": line, "_reject": wrong, "_raw": record})
            continue
        texts = {names[name]: text or None for name, text in zip(header_names, fields, strict=True) if names[name]}
        rows.append(row_of(line, texts, columns))
    return rows, rejects


def read_json_lines(content: bytes, columns: list[str]) -> tuple[list[dict], list[dict]]:
    """Returns rows by key; a line that is not one JSON object with distinct keys is a reject."""
    rows, rejects = [], []
    for line, raw in enumerate(content.split(b"\n"), start=1):
        if not raw.strip():
            continue
        try:
            pairs = json.loads(raw.decode("utf-8"), object_pairs_hook=list, parse_float=str, parse_int=str)
        except ValueError:
            rejects.append({"_line": line, "_reject": "malformed_json"})
            continue
        texts = dict(pairs)
        if len(texts) != len(pairs):
            rejects.append({"_line": line, "_reject": "duplicate_key"})
            continue
        rows.append(row_of(line, {key: None if text in (None, "") else str(text) for key, text in texts.items()}, columns))
    return rows, rejects


def read_sheet(content: bytes, source: dict, names: dict, columns: list[str]) -> tuple[list[dict], list[dict]]:
    """Returns rows of the named sheet by header; a formula, an error, a number too long, a cell too far right or merged is a reject."""
    written = openpyxl.load_workbook(io.BytesIO(content))[source["sheet"]]
    first, last = source["headers"]
    merged = {(row, column): written.cell(block.min_row, block.min_col).value
              for block in written.merged_cells.ranges for row in range(block.min_row, block.max_row + 1)
              for column in range(block.min_col, block.max_col + 1)}  # fmt: skip
    headers = []
    for column in range(1, written.max_column + 1):
        texts = [str(merged.get((row, column)) or written.cell(row, column).value or "") for row in range(first, last + 1)]
        headers.append("/".join(dict.fromkeys(text for text in texts if text)))
    while headers and not headers[-1]:
        headers.pop()
    rows, rejects = [], []
    for number in range(last + 1, written.max_row + 1):
        cells = [written.cell(number, column) for column in range(1, written.max_column + 1)]
        if all(cell.value is None for cell in cells):
            continue
        wrong = next((found for cell in cells if (found := unreadable(cell, len(headers)))), None)
        if wrong is None and any(type(cell).__name__ == "MergedCell" for cell in cells[: len(headers)]):
            wrong = "merged_cell"
        if wrong:
            rejects.append({"_line": number, "_reject": wrong})
            continue
        texts = {names[header]: cell_text(cell, names[header] in source["dates"]) for header, cell in zip(headers, cells, strict=False)}
        rows.append(row_of(number, texts, columns))
    return rows, rejects


def unreadable(cell, width: int) -> str | None:
    """Returns why a cell cannot be read as text."""
    if cell.data_type == "f":
        return "formula_cell"
    if cell.data_type == "e":
        return "error_cell"
    if cell.column > width and cell.value is not None:
        return "too_many_fields"
    if cell.data_type == "n" and isinstance(cell.value, int | float) and abs(cell.value) >= 10**15:
        return "imprecise_number"
    return None


def cell_text(cell, is_date: bool) -> str | None:
    """Returns a cell as text: whole numbers without a point, moments as ISO, a serial number in a column of dates as its moment."""
    value = cell.value
    if is_date and isinstance(value, int | float) and not isinstance(value, bool):
        value = openpyxl.utils.datetime.from_excel(value, cell.parent.parent.epoch)
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d" if value.time() == datetime.min.time() else "%Y-%m-%d %H:%M:%S")
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return None if value in (None, "") else str(value)


def row_of(line: int, texts: dict, columns: list[str]) -> dict:
    """Returns a row with its hash over the texts in contract order."""
    values = [texts.get(name) for name in columns]
    canonical = json.dumps(values, ensure_ascii=False, separators=(",", ":"))
    return {**dict(zip(columns, values, strict=True)), "_line": line, "_row_hash": hashlib.sha256(canonical.encode()).hexdigest()}
