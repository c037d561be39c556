"""Judges delivered rows by the written rules, in plain Python; knows nothing of labels, contracts or of how the sample city was made."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from datetime import date
from pathlib import Path

Found = dict[tuple[str, int], set[str]]  # (file, first physical line) → what is wrong
SERVICES = {"高龄津贴", "居家养老服务补贴", "护理补贴", "助餐补贴"}
RESULTS = {"在住", "搬离", "空置", "查无", "死亡线索"}
PHONE = re.compile(r"1[3-9]\d{9}")


def name_of(texts: list[str | None]) -> str:
    canonical = json.dumps([text or None for text in texts], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def is_resident_number(text: str, on: date) -> bool:
    if not re.fullmatch(r"\d{17}[\dX]", text):
        return False
    total = sum(int(digit) * 2 ** (17 - place) for place, digit in enumerate(text[:17]))
    try:
        birth = date.fromisoformat(f"{text[6:10]}-{text[10:12]}-{text[12:14]}")
    except ValueError:
        return False
    return "10X98765432"[total % 11] == text[17] and date(1900, 1, 1) <= birth <= on


def age(number: str, on: date) -> int:
    return on.year - int(number[6:10]) - (f"{on:%m%d}" < number[10:14])


def judge_register(row: dict[str, str], current: set[str], known: set[str], on: date) -> set[str]:
    """Returns what is wrong with a row of the register."""
    wrong = set()
    number = row["id_no"].upper()
    if re.fullmatch(r"\d{15}", number):
        wrong.add("id_15_digits")
    elif not is_resident_number(number, on):
        wrong.add("id_check_digit")
    else:
        if row["gender_code"] != "21"[int(number[16]) % 2]:
            wrong.add("gender_contradicts_id")
        if row["birth_date"] != f"{number[6:10]}-{number[10:12]}-{number[12:14]}":
            wrong.add("birth_date_contradicts_id")
    if not all(row[name] for name in ("person_name", "hukou_address", "update_time", "ethnicity_code", "register_type")):
        wrong.add("required_empty")
    if not row["relation_to_head_code"]:
        wrong.add("relation_missing")
    region = row["hukou_region_code"].removesuffix("000")
    if region not in current:
        wrong.add("abolished_region" if region in known else "unknown_region")
    if not is_resident_number(row["head_id_no"], on) or not re.fullmatch(r"\d{9}", row["household_no"]):
        wrong.add("household")
    if row["cancel_reason"] not in ("", "死亡", "迁出") or bool(row["cancel_reason"]) != bool(row["cancel_date"]):
        wrong.add("cancel")
    return wrong


def judge_lists(inbox: Path, on: date) -> tuple[Found, dict[tuple[str, int], str]]:
    """Returns what is wrong with every record of the elderly lists, and the names of readable rows."""
    found: Found = {}
    hashes = {}
    for path in sorted(inbox.glob("s_elderly_service_list/*/*.csv")):
        source = str(path.relative_to(inbox))
        for line, record in list(_records(path.read_bytes()))[1:]:
            try:
                fields = next(csv.reader(io.StringIO(record.decode("gb18030"), newline="")))
            except UnicodeDecodeError:
                found[source, line] = {"undecodable_bytes"}
                continue
            if len(fields) != 10:
                found[source, line] = {"too_few_fields" if len(fields) < 10 else "too_many_fields"}
                continue
            found[source, line] = _judge_list_row(fields, on)
            hashes[source, line] = name_of([*fields[:6], *fields[7:]])
    return found, hashes


def _judge_list_row(fields: list[str], on: date) -> set[str]:
    _, number, years, service, amount, month, _, phone, _, _ = fields
    wrong = set()
    if not is_resident_number(number, on):
        wrong.add("scientific_notation")
    elif abs(age(number, on) - int(years)) > 1:
        wrong.add("age_contradicts_birth_date")
    if float(amount) < 0:
        wrong.add("negative_amount")
    if not re.fullmatch(r"\d{4}-\d\d", month) or month > f"{on:%Y-%m}":
        wrong.add("future_month")
    if service not in SERVICES:
        wrong.add("unknown_service_type")
    if not PHONE.fullmatch(phone):
        wrong.add("phone_malformed")
    return wrong


def _records(content: bytes) -> list[tuple[int, bytes]]:
    found, start, quoted, rest = [], 1, False, b""
    for line, piece in enumerate(content.splitlines(keepends=True), start=1):
        quoted ^= piece.count(b'"') % 2 == 1
        rest += piece
        if not quoted:
            found.append((start, rest.rstrip(b"\r\n")))
            rest, start = b"", line + 1
    return found


def judge_checks(inbox: Path, grids: set[str]) -> tuple[Found, dict[tuple[str, int], str]]:
    """Returns what is wrong with every line of the check files, and the names of readable rows."""
    found: Found = {}
    hashes = {}
    for path in sorted(inbox.glob("g_person_check/*.jsonl")):
        source, on = str(path.relative_to(inbox)), date.fromisoformat(path.name[:10])
        minutes: dict[tuple[str, str], list[int]] = {}
        for line, text in enumerate(path.read_text("utf-8").splitlines(), start=1):
            try:
                pairs = json.loads(text, object_pairs_hook=list, parse_float=str)
            except ValueError:
                found[source, line] = {"malformed_json"}
                continue
            row = dict(pairs)
            if len(row) < len(pairs):
                found[source, line] = {"duplicate_json_key"}
                continue
            found[source, line] = _judge_check(row, grids, on)
            hashes[source, line] = name_of(list(row.values()))
            minutes.setdefault((row["checker_id"], row["check_time"][:16]), []).append(line)
        for lines in minutes.values():
            for line in lines if len(lines) > 100 else []:
                found[source, line].add("burst")
    return found, hashes


def _judge_check(row: dict[str, str], grids: set[str], on: date) -> set[str]:
    wrong = set()
    if row["grid_code"] not in grids:
        wrong.add("unknown_grid")
    if row["check_time"][:10] > on.isoformat():
        wrong.add("time_after_business_date")
    if row["result"] == "查无" and not row["reason"]:
        wrong.add("not_found_without_reason")
    if not is_resident_number(row["id_no"], on):
        wrong.add("check_id_check_digit")
    if (
        row["result"] not in RESULTS
        or row["is_hukou_consistent"] not in ("01", "02")
        or (row["phone"] and not PHONE.fullmatch(row["phone"]))
    ):
        wrong.add("codes")
    return wrong
