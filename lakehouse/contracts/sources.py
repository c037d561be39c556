"""Check the source of a contract: how it is reached, what is read from it, and who delivers through it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from lakehouse.contracts.cycle import WHOLE_DAYS
from lakehouse.contracts.model import ApiSource, CsvSource, EachProvider, PostgresSource, XlsxSource
from lakehouse.errors import nearest_first
from lakehouse.naming import TAKEN

PLACEHOLDERS = ("date", "region", "office", "n")
NAME = re.compile(r"[a-z][a-z0-9_]*")
TABLE = re.compile(r"[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)?")
API_PATH = re.compile(r"(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+")
NOT_IN_SHEET_NAMES = set("[]:*?/\\")
LONGEST_SHEET_NAME = 31
SAFE_DELIMITERS = (",", ";", "\t", " ")  # bytes that are no second byte of any character of two or four bytes


class Misfit(NamedTuple):
    """One thing that does not fit; `key` is the key of the source where it was found."""

    key: str
    found: str
    allowed: str = ""
    fix: str = ""


def misfits(source: Any, provider: Any, names: Mapping[str, Any] | None) -> Iterator[Misfit]:
    """Yield what is wrong with a source; `names` are the columns' names in the source, None while they are not known yet."""
    if isinstance(source, PostgresSource | ApiSource):
        yield from _asked(source, provider, names)
    else:
        yield from _dropped(source, provider)
    if isinstance(source, XlsxSource):
        yield from _workbook(source)


def delimiters(encoding: str) -> tuple[str, ...]:
    """Return the delimiters that are never part of a character of an encoding; UTF-16 is read as UTF-8."""
    return (*SAFE_DELIMITERS, "|") if encoding.startswith("utf-") else SAFE_DELIMITERS


def _asked(source: PostgresSource | ApiSource, provider: Any, names: Mapping[str, Any] | None) -> Iterator[Misfit]:
    if names is not None and source.watermark not in names:
        yield Misfit("watermark", f"there is no column {source.watermark!r}.", nearest_first(source.watermark, list(names)))
    if not NAME.fullmatch(source.connection):
        yield Misfit("connection", f"{source.connection!r} is no name of a connection.", "small letters, digits, underscores")
    if isinstance(source, PostgresSource) and not TABLE.fullmatch(source.table):
        yield Misfit("table", f"{source.table!r} is no name of a table.", "table or schema.table, in small letters")
    if isinstance(source, ApiSource) and not API_PATH.fullmatch(source.path):
        fix = "write only the path: the address belongs to the connection, the reader adds the query."
        yield Misfit("path", f"{source.path!r} is no path of an API.", "e.g. `/residence-permits`", fix)
    yield from _comparing(source, names or {})
    if isinstance(provider, EachProvider):
        what = "a table" if isinstance(source, PostgresSource) else "an API"
        yield Misfit("kind", f"is {source.kind}, but {what} is delivered by one provider, not by each {provider.each}.", "csv, jsonl, xlsx")


def _comparing(source: PostgresSource | ApiSource, names: Mapping[str, Any]) -> Iterator[Misfit]:
    keys, mark = [column for column in names.values() if column.key], names.get(source.watermark)
    if isinstance(source, ApiSource) and source.paging == "key" and names and len(keys) != 1:
        fix = "pages that follow a key need one column that orders all rows."
        yield Misfit("paging", f"is key, but {len(keys)} columns make up the key.", "passes, snapshot", fix)
    if source.reconcile is None:
        return
    if source.reconcile.rule.is_within_day:
        fix = "declare how often the whole source is compared."
        yield Misfit("reconcile", f"is {source.reconcile.every}, but a day is run once.", ", ".join(WHOLE_DAYS), fix)
    if mark and (mark.dropped or mark.type not in ("date", "timestamp")):
        found = f"needs the days of {source.watermark}, which is {'dropped at landing' if mark.dropped else f'a {mark.type}'}."
        yield Misfit("reconcile", found, "a watermark that is kept, of type date or timestamp", "declare it so, or leave out reconcile.")


def _dropped(source: Any, provider: Any) -> Iterator[Misfit]:
    used = re.findall(r"\{(\w*)\}", source.path)
    for name in [name for name in used if name not in PLACEHOLDERS]:
        yield Misfit("path", f"the placeholder {{{name}}} is unknown.", "{date}, {region}, {office}, {n}")
    if used.count("date") != 1:
        yield Misfit("path", "must hold {date} once: the business date is in the name.", "", "e.g. `folder/{date}_{n}.csv`.")
    if used.count("n") > 1:
        yield Misfit("path", "holds {n} more than once: it is the order of the files of a date.", "", "name it once.")
    if isinstance(provider, EachProvider) and used.count("region") + used.count("office") != 1:
        fix = "e.g. `folder/{region}/{date}_{n}.csv`; {office} where a region has several offices."
        yield Misfit("path", "must hold {region} or {office} once: each provider delivers its own file.", "", fix)
    if source.path.startswith("/") or ".." in source.path.split("/"):
        yield Misfit("path", "is a path outside of the inbox.", "", "begin with a folder of the inbox.")
    if source.path.split("/")[0] == TAKEN:
        yield Misfit("path", "lies where files that were taken in are put away.", "", "begin with another folder of the inbox.")
    if isinstance(source, CsvSource) and source.delimiter not in (allowed := delimiters(source.encoding)):
        found = f"{source.delimiter!r} may be part of a character of {source.encoding}, or is not one character."
        yield Misfit("delimiter", found, ", ".join(map(repr, allowed)), "ask for another delimiter, or for UTF-8.")


def _workbook(source: XlsxSource) -> Iterator[Misfit]:
    if not source.path.endswith(".xlsx"):
        yield Misfit("path", "is not the path of a workbook.", "a path that ends in .xlsx", "other formats of spreadsheets are not read.")
    if not 0 < len(source.sheet) <= LONGEST_SHEET_NAME or NOT_IN_SHEET_NAMES & set(source.sheet):
        allowed = f"1 to {LONGEST_SHEET_NAME} characters without {' '.join(sorted(NOT_IN_SHEET_NAMES))}"
        yield Misfit("sheet", "is a name no sheet can have.", allowed)
