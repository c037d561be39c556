"""Returns the landed batches as plain dictionaries: facts, rows with line numbers, and lines that cannot be read."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from pathlib import Path

HOUSEHOLD, ELDERLY, CHECK = "c_household_registration", "s_elderly_service_list", "g_person_check"
ELDERLY_HEADERS = {
    "姓名": "person_name",
    "身份证号": "id_no",
    "年龄": "age_reported",
    "服务类型": "service_type",
    "补贴标准": "amount_yuan",
    "发放月份": "pay_month",
    "开户银行账号": None,
    "联系电话": "phone",
    "社区": "community_name",
    "备注": "remark",
}
COLUMNS = {
    HOUSEHOLD: [
        "id_no", "person_name", "former_name", "gender_code", "birth_date", "ethnicity_code", "hukou_region_code", "hukou_address",
        "household_no", "head_id_no", "relation_to_head_code", "register_type", "move_in_date", "move_out_date", "cancel_reason",
        "cancel_date", "update_time",
    ],
    ELDERLY: [name for name in ELDERLY_HEADERS.values() if name],
    CHECK: [
        "check_id", "grid_code", "check_time", "checker_id", "person_name", "id_no", "phone", "address_id", "result", "reason",
        "is_hukou_consistent", "lon", "lat",
    ],
}  # fmt: skip


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
    """Returns the readable rows and the lines that are not, each with `_line` (first physical line, from 1)."""
    if resource == CHECK:
        return read_json_lines(content)
    encoding = "gb18030" if resource == ELDERLY else "utf-8"
    names = ELDERLY_HEADERS if resource == ELDERLY else {name: name for name in COLUMNS[HOUSEHOLD]}
    return read_csv(content, encoding, names, COLUMNS[resource])


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
            rejects.append({"_line": line, "_reject": "undecodable"})
            continue
        if len(fields) != len(header_names):
            rejects.append({"_line": line, "_reject": "too_few_fields" if len(fields) < len(header_names) else "too_many_fields"})
            continue
        texts = {names[name]: text or None for name, text in zip(header_names, fields, strict=True) if names[name]}
        rows.append(row_of(line, texts, columns))
    return rows, rejects


def read_json_lines(content: bytes) -> tuple[list[dict], list[dict]]:
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
        rows.append(row_of(line, {key: None if text in (None, "") else str(text) for key, text in texts.items()}, COLUMNS[CHECK]))
    return rows, rejects


def row_of(line: int, texts: dict, columns: list[str]) -> dict:
    """Returns a row with its hash over the texts in contract order."""
    values = [texts.get(name) for name in columns]
    canonical = json.dumps(values, ensure_ascii=False, separators=(",", ":"))
    return {**dict(zip(columns, values, strict=True)), "_line": line, "_row_hash": hashlib.sha256(canonical.encode()).hexdigest()}
