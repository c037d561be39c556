"""Returns the ids of the rules a row of the later resources breaks: every kind of rule in plain Python, from its written meaning."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from decimal import Decimal

from tests.oracle import written
from tests.oracle.rules import World, born_of, day_of, half, is_resident_id, moment_of, plain_id, trim
from tests.oracle.sources import SOURCES

USCC = "0123456789ABCDEFGHJKLMNPQRTUWXY"
OUTER = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28]
INNER = [3, 7, 9, 10, 5, 8, 4, 2]
LONG_TERM = ("2099-12-31", "9999-12-31")


class Row:
    """A row with its texts as rules see them, on its business date."""

    def __init__(self, world: World, batch: dict, row: dict) -> None:
        self.world, self.provider = world, batch["provider"]
        self.day = date.fromisoformat(batch["business_date"])
        self.hows, self.row = SOURCES[batch["resource"]]["columns"], row
        self.resource = batch["resource"]

    def text(self, name: str) -> str | None:
        """Returns a text after its normalisation, an abolished place's code still as written."""
        how = self.hows[name][0]
        if how == "i":
            return plain_id(self.row[name])
        text = trim(self.row[name]) if how == "t" else trim(half(trim(self.row[name])))
        if text and how == "u":
            return text.upper()
        return None if how == "o" and text in LONG_TERM else text

    def value(self, name: str) -> date | datetime | Decimal | str | None:
        """Returns what a text means in its column, none when it cannot be read."""
        text = self.text(name)
        for kinds, read in ((written.DATES, day_of), (written.MOMENTS, moment_of), (written.WHOLE, whole), (written.NUMBERS, number)):
            if name in kinds.get(self.resource, "").split():
                return read(text)
        return text

    def place(self, name: str) -> str | None:
        """Returns the region in force a code leads to, by its successor where it was abolished."""
        code = self.text(name)
        return code if code and self.world.region(code, self.day) else self.world.successor(code, self.day) if code else None


def broken(world: World, batch: dict, row: dict) -> set[str]:
    """Returns the ids of the rules a row breaks."""
    told, resource = Row(world, batch, row), batch["resource"]
    found = {f"{name}.required" for name in written.REQUIRED[resource].split() if told.text(name) is None}
    typed = [name for kinds in (written.DATES, written.MOMENTS, written.WHOLE, written.NUMBERS) for name in kinds.get(resource, "").split()]
    found |= {f"{name}.format" for name in typed if told.text(name) is not None and told.value(name) is None}
    lines = list(written.rules(resource))
    if resource in written.PERSONS:
        lines += [("id_no.resident_id", "id_no", "resident_id", True, []), ("id_no.resident_id_15", "id_no", "resident_id_15", False, [])]
    for rule, column, kind, _, needs in lines:
        silent = told.text(column) is None and kind not in ("required", "required_when")
        if not silent and KINDS[kind](told, column, needs):
            found.add(rule)
    return found


def warnings(resource: str) -> set[str]:
    """Returns the ids of the rules that only warn."""
    return {rule for rule, _, _, is_error, _ in written.rules(resource) if not is_error} | {"id_no.resident_id_15"}


def whole(text: str | None) -> Decimal | None:
    """Returns a whole number."""
    return Decimal(text) if text and re.fullmatch(r"[+-]?\d{1,18}", text) else None


def number(text: str | None) -> Decimal | None:
    """Returns a number."""
    return Decimal(text) if text and re.fullmatch(r"[+-]?\d+(\.\d+)?", text) else None


def is_uscc(code: str) -> bool:
    """Tells whether both check characters are right."""
    if len(code) != 18 or not set(code) <= set(USCC):
        return False
    outer = USCC[(31 - sum(USCC.index(c) * w for c, w in zip(code, OUTER, strict=False)) % 31) % 31]
    rest = 11 - sum(int(c, 36) * w for c, w in zip(code[8:16], INNER, strict=True)) % 11
    return code[17] == outer and code[16] == {10: "X", 11: "0"}.get(rest, str(rest))


def _compare(row: Row, column: str, needs: list[str]) -> bool:
    one, other = row.value(column), row.value(needs[1])
    for value in (one, other):
        if value is None or (isinstance(value, str) and not re.fullmatch(written.MONTH, value)):
            return False
    return one > other if needs[0] == "<=" else one < other


def _domain(row: Row, column: str, needs: list[str]) -> bool:
    code = row.text(column)[: int(needs[1]) if len(needs) > 1 else None]
    return not row.world.has_code(needs[0], code, row.day)


def _range(row: Row, column: str, needs: list[str]) -> bool:
    value = row.value(column)
    low, high = [*needs, "-"][:2]
    return value is not None and ((low != "-" and value < Decimal(low)) or (high != "-" and value > Decimal(high)))


def _agrees(row: Row, column: str, needs: list[str]) -> bool:
    identity, said = row.text("id_no"), row.text(column)
    if identity is None or not is_resident_id(identity, row.day):
        return False
    if needs[0] == "gender":
        return said in ("1", "2") and (int(identity[16]) % 2 == 1) != (said == "1")
    return day_of(said) is not None and said != born_of(identity)


def _written_level(row: Row, column: str, level: str) -> tuple[str, bool]:
    code = row.text(column)
    padded = level in ("community", "any") and len(code) == 12 and code.endswith("000")
    short = code[:9] if padded and code not in row.world.regions else code
    levels = {one["level"] for one in row.world.regions.get(short, [])}
    return short, bool(levels if level == "any" else levels & ({level} | ({"street"} if short != code else set())))


def _place_current(row: Row, column: str, needs: list[str]) -> bool:
    code, known = _written_level(row, column, needs[0])
    return known and row.world.region(code, row.day) is None


def _place_inside(row: Row, column: str, needs: list[str]) -> bool:  # noqa: ARG001
    area = next((one["region_code"] for one in row.world.departments if one["uscc"] == row.provider), None)
    at, line = row.place(column), []
    while at and (region := row.world.region(at, row.day)):
        line.append(at)
        at = region["parent_code"]
    return bool(line) and area is not None and area not in line


def _local_date(row: Row, column: str) -> date | None:
    value = row.value(column)
    return value.date() if isinstance(value, datetime) else value if isinstance(value, date) else None


def _not_after(row: Row, column: str, needs: list[str]) -> bool:  # noqa: ARG001
    value = _local_date(row, column)
    return value is not None and value > row.day


def _fresh(row: Row, column: str, needs: list[str]) -> bool:
    value = _local_date(row, column)
    return value is not None and value < row.day - timedelta(days=int(needs[0]))


def _not_overdue(row: Row, column: str, needs: list[str]) -> bool:
    value = _local_date(row, column)
    return value is not None and value < row.day and row.text(needs[0]) in needs[1].split(",")


def _equals_part(row: Row, column: str, needs: list[str]) -> bool:
    other, first, length = row.text(needs[0]), int(needs[1]), int(needs[2])
    return other is not None and len(other) >= first + length - 1 and row.text(column) != other[first - 1 : first - 1 + length]


def _uscc(row: Row, column: str, needs: list[str]) -> bool:
    code = row.text(column)
    return not is_uscc(code) or (bool(needs) and code[:2] not in needs[0].split(","))


def _certificate(row: Row, column: str, needs: list[str]) -> bool:  # noqa: ARG001
    code = row.text(column)
    return not (re.fullmatch(r".{18}[1-7][1-4]", code) and is_resident_id(code[:18], row.day))


KINDS = {
    "agrees_with_id": _agrees,
    "compare": _compare,
    "disability_certificate_no": _certificate,
    "domain": _domain,
    "equals_part": _equals_part,
    "fresh": _fresh,
    "not_after": _not_after,
    "not_overdue": _not_overdue,
    "pattern": lambda row, column, needs: not re.fullmatch(" ".join(needs), row.text(column)),
    "place_current": _place_current,
    "place_inside": _place_inside,
    "place_known": lambda row, column, needs: not _written_level(row, column, needs[0])[1],
    "range": _range,
    "required": lambda row, column, needs: row.text(column) is None,  # noqa: ARG005
    "required_when": lambda row, column, needs: row.text(column) is None and row.text(needs[0]) in needs[1].split(","),
    "resident_id": lambda row, column, needs: not is_resident_id(row.text(column), row.day),  # noqa: ARG005
    "resident_id_15": lambda row, column, needs: bool(re.fullmatch(r"\d{15}", trim(half(trim(row.row[column]))) or "")),  # noqa: ARG005
    "uscc": _uscc,
}
