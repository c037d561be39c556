"""Building blocks of checks: code tables and regions by date, and a second implementation of numbers, dates and check characters."""

from __future__ import annotations

import csv
import re
from datetime import date, datetime, timedelta
from pathlib import Path

from tests.oracle.text import is_no_word, seen

WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]
CHECKS = "10X98765432"
USCC = "0123456789ABCDEFGHJKLMNPQRTUWXY"
OUTER = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28]
INNER = [3, 7, 9, 10, 5, 8, 4, 2]


class World:
    """The effective-dated tables of contracts and city, read from their CSV files."""

    def __init__(self, codes: Path, city: Path) -> None:
        self.codes: dict[str, list[dict]] = {path.stem: table(path) for path in codes.glob("*.csv")}
        self.regions: dict[str, list[dict]] = {}
        for row in table(city / "regions.csv"):
            self.regions.setdefault(row["region_code"], []).append(row)
        self.departments = table(city / "departments.csv")

    def has_code(self, table: str, code: str, day: date) -> bool:
        """Tell whether the code is valid in its table on the day."""
        return any(row["code"] == code and covers(row, day) for row in self.codes[table])

    def region(self, code: str, day: date) -> dict | None:
        """Return the region in force on the day."""
        return next((row for row in self.regions.get(code, []) if covers(row, day)), None)

    def successor(self, code: str, day: date) -> str | None:
        """Return the region that has succeeded an abolished one on the day, following chains of successors."""
        seen = set()
        while code not in seen and code in self.regions and self.region(code, day) is None:
            seen.add(code)
            code = next((row["successor_code"] for row in reversed(self.regions[code]) if row["successor_code"]), code)
        return code if code in self.regions and self.region(code, day) else None


def table(path: Path) -> list[dict]:
    """Return the rows of a CSV file."""
    return list(csv.DictReader(path.read_text("utf-8").splitlines()))


def covers(row: dict, day: date) -> bool:
    """Tell whether valid_from <= day < valid_to (empty is open)."""
    return (row["valid_from"] or "0001-01-01") <= day.isoformat() < (row["valid_to"] or "9999-99-99")


def trim(text: str | None) -> str | None:
    """Return the text without what stands for nothing in it; None when nothing is left, or a word that says so."""
    told = seen(text)
    return None if is_no_word(told) else told


def half(text: str | None) -> str | None:
    """Return full-width ASCII as half-width."""
    return text and "".join(chr(ord(c) - 0xFEE0) if "\uff01" <= c <= "\uff5e" else c for c in text)


def plain_id(text: str | None) -> str | None:
    """Return a resident number as rules see it: half-width, upper case, 15 digits made 18."""
    number = trim(half(trim(text)))
    if number is None:
        return None
    number = number.upper()
    if re.fullmatch(r"[0-9]{15}", number):
        body = number[:6] + "19" + number[6:]
        return body + check_character(body)
    return number


def check_character(body: str) -> str:
    """Return the check character of 17 digits (GB 11643, ISO 7064 MOD 11-2)."""
    return CHECKS[sum(int(digit) * weight for digit, weight in zip(body, WEIGHTS, strict=True)) % 11]


def day_of(text: str | None) -> date | None:
    """Return an ISO day, None when the text is not one."""
    try:
        return datetime.strptime(text or "", "%Y-%m-%d").date() if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text or "") else None  # noqa: DTZ007
    except ValueError:
        return None


def moment_of(text: str | None) -> datetime | None:
    """Return a local moment, None when the text is not one or lies before the year 1 in UTC; a fraction of its last second counts."""
    if not re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,6})?", text or ""):
        return None
    try:
        told = datetime.strptime(text or "", "%Y-%m-%d %H:%M:%S.%f" if "." in (text or "") else "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007
        told - timedelta(hours=8)  # the same moment in UTC
    except (ValueError, OverflowError):
        return None
    return told


def is_resident_id(number: str, today: date) -> bool:
    """Tell whether a normalised number has 18 characters, a real birth date since 1900 and the right check character."""
    if not re.fullmatch(r"[0-9]{17}[0-9X]", number) or check_character(number[:17]) != number[17]:
        return False
    born = day_of(f"{number[6:10]}-{number[10:12]}-{number[12:14]}")
    return born is not None and date(1900, 1, 1) <= born <= today


def is_uscc(code: str) -> bool:
    """Tell whether both check characters are right."""
    if len(code) != 18 or not set(code) <= set(USCC):
        return False
    outer = USCC[(31 - sum(USCC.index(c) * w for c, w in zip(code, OUTER, strict=False)) % 31) % 31]
    rest = 11 - sum(int(c, 36) * w for c, w in zip(code[8:16], INNER, strict=True)) % 11
    return code[17] == outer and code[16] == {10: "X", 11: "0"}.get(rest, str(rest))


def born_of(number: str) -> str:
    """Return the birth date inside a valid number."""
    return f"{number[6:10]}-{number[10:12]}-{number[12:14]}"


def age_on(born: date, today: date) -> int:
    """Return the age in full years."""
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def local_midnight_utc(day: date) -> datetime:
    """Return 00:00 in Shanghai as UTC."""
    return datetime(day.year, day.month, day.day) - timedelta(hours=8)  # noqa: DTZ001
