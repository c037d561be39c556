"""Transforms that hide part of a value before it leaves: mask, year, band, flag; and the row keys of a recipient. Text in, text out."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from bisect import bisect_right
from collections.abc import Callable
from datetime import date

from lakehouse.errors import EntitlementError
from lakehouse.returns.compiler import ColumnPlan

COMPOUND_SURNAMES = (
    *(
        "欧阳",
        "司马",
        "上官",
        "诸葛",
        "东方",
        "皇甫",
        "尉迟",
        "公孙",
        "令狐",
        "宇文",
        "长孙",
        "慕容",
        "司徒",
        "司空",
        "夏侯",
        "南宫",
        "端木",
    ),
    *(
        "轩辕",
        "独孤",
        "百里",
        "东郭",
        "南郭",
        "西门",
        "呼延",
        "万俟",
        "拓跋",
        "澹台",
        "公冶",
        "宗政",
        "濮阳",
        "淳于",
        "单于",
        "太叔",
        "申屠",
    ),
    *("仲孙", "钟离", "闻人", "赫连"),
)
PHONE = re.compile("[0-9]+|0[0-9]{2,3}-[0-9]+")
BAND_EDGES = (0, 500, 1000, 2000, 5000, 10000, 20000, 50000, 100000)
YES, NO = "是", "否"
ROW_KEY_BYTES = 16
SEAL_BYTES = 10
Cell = Callable[[str], str]


def mask_ends(text: str) -> str:
    """Return a number that shows only its first and last character; with more of it, a birth date would reveal an identity number."""
    return _starred(text, 1, 1) if len(text) > 4 else "*" * len(text)


def mask_name(text: str) -> str:
    """Return a name that shows only the surname (two characters of a compound surname, if a third character follows)."""
    kept = 2 if len(text) > 2 and text[:2] in COMPOUND_SURNAMES else 1 if len(text) > 1 else 0
    return text[:kept] + "*" * (len(text) - kept)


def mask_phone(text: str) -> str:
    """Return a mobile number that shows its first 3 and last 4 digits, or a landline its area code and last 2; else only stars."""
    if not PHONE.fullmatch(text):
        return "*" * len(text)
    if "-" in text:
        area, number = text.split("-", 1)
        return f"{area}-{_starred(number, 0, 2)}"
    return _starred(text, 3, 4)


def year(text: str) -> str:
    """Return the year of an ISO date."""
    return text[:4]


def age_band(text: str, business_year: int) -> str:
    """Return the five-year band that contains business year − birth year. It is constant all year, so the day alone changes no payload."""
    age = business_year - int(text[:4])
    if age >= 100:
        return "100+"
    low = max(age, 0) // 5 * 5
    return f"{low}-{low + 4}"


def band(text: str) -> str:
    """Return the band that contains an amount in yuan."""
    upper = bisect_right(BAND_EDGES, float(text))
    if upper == 0:
        return "<0"
    return f"{BAND_EDGES[upper - 1]}+" if upper == len(BAND_EDGES) else f"{BAND_EDGES[upper - 1]}-{BAND_EDGES[upper] - 1}"


def disclose(text: str | None, transform: str, mask: str | None, business_year: int) -> str | None:
    """Return the text that may leave the lake. A flag gives 否 for null and for false; every other transform keeps null as null.

    `mask` is what a mask leaves of the text (`ends`, `surname`, `phone`).

    Raises:
        EntitlementError: there is no such transform or mask.
    """
    if transform == "flag":
        return NO if text in (None, "false") else YES
    if text is None or transform == "drop":
        return None
    if transform == "raw":
        return text
    if transform == "age_band":
        return age_band(text, business_year)
    return _cell(transform, mask)(text)


def mask_again(text: str | None, column: ColumnPlan) -> str | None:
    """Return a disclosed text as a masked column shows it; what is masked already, or says only 是 or 否, stays as it is."""
    if text is None or column.mask is None or text in (YES, NO) or (column.mask == "phone" and not PHONE.fullmatch(text)):
        return text
    return _cell(column.transform, column.mask)(text)


def recipient_key(secret: bytes, recipient_id: str) -> bytes:
    """Return the recipient's own HMAC key, from which its row keys are made; every recipient has another one."""
    return hmac.new(secret, f"recipient|{recipient_id}".encode(), hashlib.sha256).digest()


def row_key(key: bytes, row: str) -> str:
    """Return the row key of a row for one recipient, in base32: hex digits could by chance look like a valid identity number."""
    digest = hmac.digest(key, row.encode(), "sha256")[:ROW_KEY_BYTES]
    return base64.b32encode(digest).decode().rstrip("=")


def row_seal(key: bytes, return_id: str, row: str) -> str:
    """Return what proves to the sender that it gave a row key of a return to the recipient of this key: an HMAC over both, in base32."""
    digest = hmac.digest(key, f"{return_id}|{row}".encode(), "sha256")[:SEAL_BYTES]
    return base64.b32encode(digest).decode()


def born_on(born: str | None, id_no: str | None) -> str | None:
    """Return a birth date; without one, the one in the identity number."""
    if born is None and id_no is not None and len(id_no) == 18 and id_no[6:14].isdigit():
        return f"{id_no[6:10]}-{id_no[10:12]}-{id_no[12:14]}"
    return born


def is_under(age: int, born: str | None, id_no: str | None, business_date: date) -> bool:
    """Return whether a person is younger than `age` on the business date; nobody is whose birth date is not known."""
    born = born_on(born, id_no)
    if born is None:
        return False
    reached = business_date.year - int(born[:4]) - (business_date.isoformat()[5:] < born[5:10])
    return reached < age


def _cell(transform: str, mask: str | None) -> Cell:
    cells: dict[tuple[str, str | None], Cell] = {
        ("mask", "ends"): mask_ends,
        ("mask", "surname"): mask_name,
        ("mask", "phone"): mask_phone,
        ("year", None): year,
        ("band", None): band,
    }
    if (transform, mask) not in cells:
        raise EntitlementError(f"transform {transform} is not defined with the mask {mask}; nothing was disclosed.")
    return cells[transform, mask]


def _starred(text: str, first: int, last: int) -> str:
    """Return the text with only its `first` and `last` characters shown; a text too short for that becomes all stars."""
    if first + last > len(text) * 2 // 3:
        first, last = 0, 0
    return text[:first] + "*" * (len(text) - first - last) + (text[-last:] if last else "")
