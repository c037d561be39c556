"""Guess the columns, the key and the places of a resource from the header and the rows of a file; every guess that is open is remarked."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import Any

from lakehouse.contracts.guess.meanings import Meaning, meaning_of, role_of
from lakehouse.contracts.guess.nature import Nature, cleaned, few_values, nature_of
from lakehouse.contracts.model import Grade, Normalisation
from lakehouse.contracts.properties import NAME_PATTERN

STRICTEST: Grade = 4
NORMALISED: dict[str, tuple[Normalisation, ...]] = {
    "resident_id": ("trim", "half_width", "upper", "resident_id_18"),
    "disability_certificate_no": ("trim", "half_width", "upper"),
    "uscc": ("trim", "half_width", "upper"),
}
PHONE_REGEX = "^(1[3-9][0-9]{9}|0[0-9]{2,3}-?[0-9]{7,8})$"
MONTH_REGEX = "^[0-9]{4}-(0[1-9]|1[0-2])$"
# What texts of a kind are whatever their header says: class, grade, rules.
OF_KIND: dict[str, tuple[str, Grade, tuple[dict[str, Any], ...]]] = {
    "resident_id": ("id_no", 3, ({"rule": "resident_id", "severity": "error"}, {"rule": "resident_id_15", "severity": "warning"})),
    "disability_certificate_no": ("health", 4, ({"rule": "disability_certificate_no", "severity": "error"},)),
    "uscc": ("entity_public", 1, ({"rule": "uscc", "severity": "error"},)),
    "phone": ("phone", 3, ({"rule": "pattern", "severity": "warning", "regex": PHONE_REGEX},)),
}
MOST_KEYS, KEY_WIDTH = 12, 3
UNIQUE = 0.95  # of the rows; some are delivered twice, some lack a number
FEW_ROWS = 10
NUMBERS = 5  # the rank up to which columns number or date something


@dataclass(frozen=True)
class GuessedColumn:
    """A column as it was guessed; `source_name` is its header, `remarks` say what a steward has to decide."""

    name: str
    source_name: str
    label_en: str
    nature: Nature
    class_: str
    grade: Grade
    normalise: tuple[Normalisation, ...] = ("trim",)
    rules: tuple[Mapping[str, Any], ...] = ()
    identity: str | None = None
    key: bool = False
    dropped: bool = False
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Guess:
    """What was guessed of a resource: columns, the column with the time of change, which columns say where a row belongs, remarks."""

    columns: tuple[GuessedColumn, ...]
    position: str | None = None
    locality: Mapping[str, str] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Declared:
    """What is declared beside a contract: code table → its codes; the classes of columns, and the one of columns nobody decided on."""

    codes: Mapping[str, frozenset[str]]
    classes: Collection[str]
    unclassified: str


def guess(headers: Sequence[str], rows: Sequence[Sequence[str | None]], beside: Declared) -> Guess:
    """Return what the columns of a file are.

    Args:
        headers: the names of the columns in the file.
        rows: the texts of its rows, all as wide as the header.
        beside: what is declared beside the contract.
    """
    names = _names(headers)
    columns = [_column(names[place], header, [row[place] for row in rows], beside) for place, header in enumerate(headers)]
    keys, open_ = _key(columns, rows)
    told = [replace(column, key=place in keys) for place, column in enumerate(columns)]
    time = next((column for column in told if _use(column) == "time" and column.nature.type in ("date", "timestamp")), None)
    return Guess(tuple(told), time.name if time else None, _locality(told), tuple(open_))


def _names(headers: Sequence[str]) -> list[str]:
    """Return a name for each header, no two alike: the header itself where it can be one, what it means, or its place."""
    names: list[str] = []
    for place, header in enumerate(headers, 1):
        meaning, role = meaning_of(header), role_of(header)
        said = f"{role}_{meaning.name}" if meaning and role and role not in meaning.name else meaning.name if meaning else ""
        name = header if NAME_PATTERN.fullmatch(header) else said.replace("_person_name", "_name") or f"column_{place}"
        names.append(next(one for one in (name, f"{name}_{place}") if one not in names))
    return names


def _column(name: str, header: str, texts: Sequence[str | None], beside: Declared) -> GuessedColumn:
    meaning = meaning_of(header)
    nature = _as_meant(nature_of(texts), meaning)
    kind = nature.kind or ""
    said, grade, rules = OF_KIND.get(kind, (meaning.class_ if meaning else "", meaning.grade if meaning else STRICTEST, ()))
    grade = max(grade, meaning.grade) if meaning else grade  # a phone of somebody ill is as sensitive as the illness
    class_, grade = (said, grade) if said in beside.classes else (beside.unclassified, STRICTEST)
    if kind == "month":
        rules = ({"rule": "pattern", "severity": "error", "regex": MONTH_REGEX},)
    table = _table(meaning, texts, beside.codes)
    if table:
        rules = ({"rule": "domain", "severity": "warning", "codes": table},)
    plain: tuple[Normalisation, ...] = ("trim", "half_width") if nature.type != "string" or nature.kind else ("trim",)
    found = GuessedColumn(
        name=name,
        source_name=header,
        label_en=meaning.label if meaning else name.replace("_", " "),
        nature=nature,
        class_=class_,
        grade=grade,
        normalise=NORMALISED.get(kind, plain),
        rules=rules,
        identity=_identity(name) if kind == "resident_id" else None,
        dropped=bool(meaning and meaning.use == "drop"),
    )
    if found.dropped:
        found = replace(found, rules=(), identity=None)
    return replace(found, remarks=tuple(_open(found, meaning)))


def _as_meant(nature: Nature, meaning: Meaning | None) -> Nature:
    """Return what texts are where their header knows better: codes of digits are no counts, whole amounts will have a fraction one day."""
    if meaning and meaning.codes and nature.kind not in OF_KIND:
        return replace(nature, type="string", physical_type=None, format=None, kind="code", misfits=0)
    if meaning and meaning.class_ == "money" and nature.type == "integer":
        return replace(nature, type="number", physical_type="decimal(18,2)")
    return nature


def _identity(name: str) -> str:
    """Return the name of the person id column: `person_id`, or that of whoever the number is about."""
    role = name.removesuffix("id_no").removesuffix("_")
    return f"{role}_person_id" if role and role != name else "person_id" if name == "id_no" else f"{name}_person_id"


def _table(meaning: Meaning | None, texts: Sequence[str | None], codes: Mapping[str, frozenset[str]]) -> str | None:
    """Return the code table a header names, where most of the different texts are its codes."""
    values = few_values(texts)
    named = meaning.codes if meaning and values else None
    tables = [table for table in codes if named and (table == named or table.startswith(f"{named}_"))]
    best = max(tables, key=lambda table: (len(values & codes[table]), table == named), default=None)
    return best if best and 2 * len(values & codes[best]) > len(values) else None


def _use(column: GuessedColumn) -> str | None:
    meaning = meaning_of(column.source_name)
    return meaning.use if meaning else None


def _open(column: GuessedColumn, meaning: Meaning | None) -> Iterator[str]:
    """Yield what a steward has to decide about a column."""
    nature = column.nature
    if meaning is None and nature.kind not in OF_KIND:
        yield "nobody knows yet what it holds, so it takes the strictest class and leaves the lake for nobody: decide class and grade"
    if column.dropped:
        yield "it is dropped when it is read: keep it only if the law asks for it"
    if meaning and meaning.class_ == "id_no" and nature.kind not in OF_KIND:
        yield "its name is that of a number of persons, but the numbers do not check: decide what it holds"
    if meaning and meaning.codes and not column.rules:
        yield f"its texts are no codes of {meaning.codes}: decide on a code table"
    elif nature.kind == "code" and meaning is None:
        yield "few different texts: decide on a code table and a rule `domain`"
    if nature.kind == "loose_date":
        yield "dates that no format reads: ask for 2026-06-01 and make it a date"
    if not nature.filled:
        yield "empty in the file: decide its type"
    if nature.misfits:
        what = "" if column.rules and column.rules[0]["severity"] == "warning" else " and would be quarantined"
        yield f"{nature.misfits} of {nature.filled} texts do not fit{what}: look at them"


def _key(columns: Sequence[GuessedColumn], rows: Sequence[Sequence[str | None]]) -> tuple[tuple[int, ...], list[str]]:
    """Return the places of the key and what has to be decided about it: the fewest columns that name nearly every row."""
    told = list(dict.fromkeys(tuple(map(cleaned, row)) for row in rows))
    ranked = sorted(
        (place for place, column in enumerate(columns) if _may_be_key(column)), key=lambda place: (_rank(columns[place]), place)
    )
    fit = ranked[:MOST_KEYS]
    numbers = [place for place in fit if _rank(columns[place]) <= NUMBERS]
    for some in (numbers, fit) if told else ():
        for places in (places for width in range(1, KEY_WIDTH + 1) for places in combinations(some, width)):
            values = [tuple(row[place] for place in places) for row in told]
            if len({value for value in values if all(value)}) >= _nearly_all(len(told)):
                return tuple(sorted(places)), ["the key was guessed from one file: check that it names a row for good"]
    kept = [place for place, column in enumerate(columns) if not column.dropped]
    return tuple((fit or kept)[:1]), ["no key was found: neither a column nor two or three of them name every row of the file; decide"]


def _nearly_all(rows: int) -> int:
    """Return how many of so many rows a key must name: all of a few, one less or 95 % of more."""
    return rows if rows < FEW_ROWS else min(rows - 1, int(UNIQUE * rows))


def _may_be_key(column: GuessedColumn) -> bool:
    nature = column.nature
    is_filled = nature.filled >= _nearly_all(nature.rows)
    return is_filled and not column.dropped and nature.type in ("string", "integer", "date") and column.class_ not in ("money", "phone")


def _rank(column: GuessedColumn) -> int:
    """Return how likely a column is part of a key: a number of the record, a number with a check digit, a code, a month, the rest."""
    if _use(column) == "number":
        return 0
    of_kind = ("uscc", "disability_certificate_no", "resident_id", "month", "code")
    if column.nature.kind in of_kind:
        return 1 + of_kind.index(column.nature.kind)
    meaning = meaning_of(column.source_name)
    return 6 if meaning and meaning.class_ not in ("free_text", "name", "address") else 7


def _locality(columns: Sequence[GuessedColumn]) -> dict[str, str]:
    """Return place → the first column that says it."""
    found: dict[str, str] = {}
    for column in columns:
        meaning = meaning_of(column.source_name)
        if meaning and meaning.place and not column.dropped:
            found.setdefault(meaning.place, column.name)
    return found
