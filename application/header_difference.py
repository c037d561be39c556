"""Compare the header of a delivered file with the contract: column by column, and what can be done: send again, or raise the contract."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal

from application.new_contract import declared_beside
from lakehouse.config import Instance
from lakehouse.contracts.guess.resource import Declared, GuessedColumn, guess
from lakehouse.contracts.laid_out import laid_out
from lakehouse.contracts.loader import load_contract_of
from lakehouse.contracts.model import Contract, CsvSource, XlsxSource
from lakehouse.contracts.skeleton import column_lines
from lakehouse.ingest.readers.header import Judged, expected_of, judge, remedy
from lakehouse.ingest.readers.window import is_fetched
from lakehouse.ingest.undeclared.specimen import RawTable, Specimen, read_specimen

Verdict = Literal["right", "twice", "renamed", "not declared", "missing"]
READ_BY = {"encoding": "encoding", "delimiter": "delimiter", "headerFrom": "header_from", "headerRows": "header_rows", "sheet": "sheet"}
DAY = "YYYY-MM-DD"
FIRST_ROWS = 20


@dataclass(frozen=True)
class HeaderColumn:
    """A column of the file, or one it lacks: place from 1, name found (None: missing, or it may be data), declared names nearest first."""

    place: int | None
    found: str | None
    declared: str
    verdict: Verdict


@dataclass(frozen=True)
class HeaderDifference:
    """What a comparison found.

    Attributes:
        resource: the code of the resource.
        layout: the layout the file was compared with, where the contract has several.
        is_right: whether the file can be read as it is.
        columns: the columns of the file, then those it lacks.
        settings: how the file is otherwise read than the contract says: key → (declared, found).
        remedy: what can be done.
        to_write: what to add to the contract where the file is to be read from a date on.
    """

    resource: str
    layout: str | None
    is_right: bool
    columns: tuple[HeaderColumn, ...]
    settings: dict[str, tuple[Any, Any]]
    remedy: str
    to_write: str


def compare_header(instance: Instance, resource: str, file: Path, on: date | None) -> HeaderDifference:
    """Compare the header of a file with the layout of a business date (None: the newest layout).

    Raises:
        ContractError: there is no such contract, or it is wrong.
        SourceError: the file holds no table that can be read.
    """
    contract = load_contract_of(instance.settings.contracts, resource)
    day = on or date.max
    laid = laid_out(contract, day)
    content = file.read_bytes()
    encoding = laid.source.encoding if isinstance(laid.source, CsvSource) and content.isascii() else None  # ASCII is every encoding
    has_header = getattr(laid.source, "header_rows", 1) > 0
    specimen = read_specimen(content, file.name, encoding, lambda raw: _likeliest(raw, contract) if has_header else None)
    if not has_header:
        return _without_header(laid, specimen, next((one.name for one in contract.layouts if one.covers(day)), None))
    judged = _judged(specimen, laid)
    settings = _settings(laid, specimen)
    columns = (*_found(specimen.headers, judged, laid), *_lacking(judged))
    beside = declared_beside(instance.settings.contracts)
    new = _new_columns(specimen, judged, contract, beside) if judged.is_header and not judged.layout else []
    is_right = judged.is_right and not settings
    layout = next((one.name for one in contract.layouts if one.covers(day)), None)
    to_write = "\n".join(_to_write(contract, judged, settings, (new, on))) if _can_be_raised(judged) and not is_right else ""
    said = remedy(judged, BELOW) if not judged.is_right else "" if is_right else OTHERWISE
    return HeaderDifference(resource, layout, is_right, columns, settings, said, to_write)


BELOW = "下文 / what follows"
OTHERWISE = (
    "文件的读法与合同不同：请按合同的格式重新报送，或在合同中加一个布局。"
    " / the file is laid out otherwise than the contract says: send it as declared, or add a layout."
)


def _without_header(laid: Contract, specimen: Specimen, layout: str | None) -> HeaderDifference:
    """Compare a file that has no header, as declared: only the number of its columns and how it is read can be told."""
    names = [column.source_name for column in laid.columns]
    there = range(1, len(specimen.headers) + 1)
    columns = [
        HeaderColumn(place, None, *((names[place - 1], "right") if place <= len(names) else ("", "not declared"))) for place in there
    ]
    columns += [HeaderColumn(None, None, name, "missing") for name in names[len(there) :]]
    settings = _settings(laid, specimen)
    is_right = not settings and len(names) == len(there)
    return HeaderDifference(laid.code, layout, is_right, tuple(columns), settings, "" if is_right else OTHERWISE, "")


def _judged(specimen: Specimen, laid: Contract) -> Judged:
    """Return what is wrong with the names; a field that no line of JSON Lines has is empty, so none is missing there."""
    judged = judge(specimen.headers, expected_of(laid), to_its_holder=True)
    if specimen.source["kind"] != "jsonl":
        return judged
    return replace(judged, missing=tuple(name for name in judged.missing if name in judged.renamed))


def _likeliest(raw: RawTable, contract: Contract) -> tuple[int, int] | None:
    """Return the rows that hold most names of any layout of the contract, the fewest rows first; None where no row holds one."""
    declared = {column.source_name for column in contract.columns} | {name for one in contract.layouts for name in one.names.values()}
    places = [(first, depth) for depth in range(1, raw.most + 1) for first in range(min(FIRST_ROWS, len(raw.rows) - depth + 1))]
    known = {place: len(declared.intersection(raw.names(*place))) for place in places}
    best = max(places, key=lambda place: known[place], default=None)
    return best if best and known[best] else (places[0] if places else None)


def _settings(laid: Contract, specimen: Specimen) -> dict[str, tuple[Any, Any]]:
    """Return how the file is read otherwise than declared: key → (declared, found); nothing where rows are asked for and not dropped."""
    if is_fetched(laid):
        return {}
    if laid.source.kind != specimen.source["kind"]:
        return {"kind": (laid.source.kind, specimen.source["kind"])}
    if not isinstance(laid.source, CsvSource | XlsxSource):
        return {}
    defaults = {"encoding": "utf-8", "delimiter": ",", "headerFrom": 1, "headerRows": 1}
    found = {key: specimen.source.get(key, defaults.get(key)) for key, name in READ_BY.items() if hasattr(laid.source, name)}
    declared = {key: getattr(laid.source, READ_BY[key]) for key in found}
    return {key: (declared[key], value) for key, value in found.items() if declared[key] != value}


def _found(headers: Sequence[str], judged: Judged, laid: Contract) -> Iterator[HeaderColumn]:
    names = [column.source_name for column in laid.columns]
    undeclared = {one.place: one for one in judged.undeclared}
    for place, name in enumerate(headers, 1):
        other = undeclared.get(place)
        if other is None:
            yield HeaderColumn(place, name, name, "twice" if name in judged.twice else "right")
        elif other.meant:
            yield HeaderColumn(place, other.name, other.meant, "renamed")
        else:
            near = get_close_matches(other.name or "", names, n=3, cutoff=0.5)
            yield HeaderColumn(place, other.name, ", ".join(near), "not declared")


def _lacking(judged: Judged) -> Iterator[HeaderColumn]:
    yield from (HeaderColumn(None, None, name, "missing") for name in judged.missing if name not in judged.renamed)


def _new_columns(specimen: Specimen, judged: Judged, contract: Contract, beside: Declared) -> list[GuessedColumn]:
    """Return the columns that would be new in the contract, as they are guessed from the file."""
    guessed = guess(specimen.headers, specimen.rows, beside).columns
    taken = {column.name for column in contract.columns}
    new = [guessed[one.place - 1] for one in judged.undeclared if one.name and not one.meant]
    names = (one.name if one.name not in taken else f"{one.name}_{place}" for place, one in enumerate(new, len(taken) + 1))
    return [replace(one, name=name, key=False) for one, name in zip(new, names, strict=True)]


def _raised(version: str) -> str:
    """Return the version that a contract gets with further columns."""
    major, minor, _ = version.split(".")
    return f"{major}.{int(minor) + 1}.0"


def _can_be_raised(judged: Judged) -> bool:
    return judged.is_header and not judged.layout and not judged.twice


def _to_write(
    contract: Contract, judged: Judged, settings: dict[str, tuple[Any, Any]], told: tuple[list[GuessedColumn], date | None]
) -> Iterator[str]:
    """Yield the lines that let the contract read such files from a date on, and those of before as today."""
    new, on = told
    day = on.isoformat() if on else DAY
    by_header = {column.source_name: column.name for column in laid_out(contract, on or date.max).columns}
    lacking = [by_header[name] for name in judged.missing if name not in judged.renamed]
    if "kind" in settings:
        declared, found = settings["kind"]
        yield f"# A layout cannot make {found} of {declared}: begin another contract for it."
        return
    if new:
        grade = max(column.grade for column in new)
        yield "# Below schema.properties; raise the version" + (
            f", and sharing.grade to {grade}:" if grade > contract.sharing.grade else ":"
        )
        for column in new:
            yield from column_lines(column, [])
            yield f"          - {{property: added, value: {_raised(contract.version)}}}"
    yield "# Below customProperties, with the first business date that is laid out so:"
    yield "  - property: layouts"
    yield "    value:"
    absent = f", absent: [{', '.join(column.name for column in new)}]" if new else ""
    if contract.layouts:
        yield f"      # the layouts that are there; the newest gets `validTo: {day}`{', all of them get' + absent[1:] if absent else ''}"
    else:
        yield f"      - {{name: before, validTo: {day}{absent}}}"
    renamed = {by_header[meant]: name for meant, name in judged.renamed.items()}
    parts = [f"name: since {day}", f"validFrom: {day}"]
    parts += [f"names: {json.dumps(renamed, ensure_ascii=False)}"] if renamed else []
    parts += [f"absent: [{', '.join(lacking)}]"] if lacking else []
    parts += [f"{key}: {json.dumps(found, ensure_ascii=False)}" for key, (_, found) in settings.items()]
    yield f"      - {{{', '.join(parts)}}}"
