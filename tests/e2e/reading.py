"""What the house says of its days, as plain values the oracle's can be compared with: rows of libraries, versions, packages."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import cache
from pathlib import Path

from lakehouse.config import Instance
from lakehouse.ops import connect, days, facts
from spark_jobs.lake.session import open_session
from spark_jobs.lake.storage import read
from tests.oracle import delivered, golden
from tests.oracle.columns import is_moment, is_number
from tests.oracle.resources import RESOURCES
from tests.oracle.rules import moment_of
from tests.plugin.lived import Lived

MOMENTS = {name for page in RESOURCES.values() for name, column in page.columns.items() if is_moment(column)}


def packages(lived: Lived, day: date) -> Iterator[tuple[dict, Path]]:
    """Yield (manifest, folder) of every package of a day's first issue."""
    for path in sorted((lived.instance.home / "store" / "exchange").glob(f"*/*/{day}/1/manifest.json")):
        yield json.loads(path.read_text("utf-8")), path.parent


def form_rows(folder: Path, returned: dict, name: str) -> list[tuple]:
    """Return the rows of a form as texts."""
    form = next(form for form in returned["forms"] if form["form"] == name)
    if form["path"] is None:
        return []
    return delivered.rows(folder.parent.parent / form["path"], form["sheet"], len(returned["columns"]))


def told_changes(folder: Path, returned: dict) -> list[delivered.Change]:
    """Return the lines of a list of changes in a workbook."""
    form = next(form for form in returned["forms"] if form["form"] == "changes")
    return list(delivered.changes(folder.parent.parent / form["path"], form["sheet"])) if form["path"] else []


def rows_of(lived: Lived, table: str, day: date) -> list[dict]:
    """Return the rows of a library as it stood when the day was published."""
    with connect(lived.instance) as connection:
        built = facts.get(connection, day, "libraries")
    return _rows(lived.instance, table, next(one["version"] for one in built if one["table"] == table))


@cache
def _rows(instance: Instance, table: str, version: int) -> list[dict]:
    """Return the rows of a version of a table, which never change."""
    return [row.asDict() for row in read(open_session(instance), table, version).collect()]


def gaps(instance: Instance, day: date, kind: str, resource: str = "") -> set[str | None]:
    """Return the providers of a day's gaps of one kind, of all resources or one."""
    with connect(instance) as connection:
        newest = days.newest_issue(connection, day)
    assert newest is not None
    return {gap["provider"] for gap in newest.gaps if gap["kind"] == kind and resource in ("", gap["resource"])}


def place_of(row: dict) -> tuple:
    """Return the region codes of a row, from the province down."""
    return tuple(row[f"{level}_code"] for level in golden.LEVELS)


def versions_in(table, resource: str) -> Counter:
    """Return the versions in a silver table's rows."""
    names = RESOURCES[resource].columns
    # instants are compared as UTC text, because the client would return them in the machine's time zone
    told = [f"date_format({name}, 'yyyy-MM-dd HH:mm:ss') as {name}" if name in MOMENTS else name for name in names]
    times = [f"date_format({name}, 'yyyy-MM-dd HH:mm:ss') as _{name}" for name in ("valid_from", "valid_to")]
    rows = table.where("not _deleted").selectExpr(*told, *times).collect()
    return Counter((*tuple(_comparable(row[name], name, resource) for name in names), row["_valid_from"], row["_valid_to"]) for row in rows)


def versions_told(versions: list[dict], resource: str) -> Counter:
    """Return the same of the oracle's versions."""
    names = RESOURCES[resource].columns
    return Counter(
        (
            *tuple(_comparable(_instant(version[name]) if name in MOMENTS else version[name], name, resource) for name in names),
            _moment(version["_valid_from"]),
            _moment(version["_valid_to"]),
        )
        for version in versions
    )


def _instant(local: str | None) -> str | None:
    moment = moment_of(local)
    return _moment(moment - timedelta(hours=8)) if moment else None


def _moment(value: datetime | None) -> str | None:
    return value.strftime("%Y-%m-%d %H:%M:%S") if value else None


def _comparable(value: object, name: str, resource: str) -> str | None:
    if value is None or name == RESOURCES[resource].position:
        return None  # silver keeps the position as valid_from
    try:
        return str(Decimal(str(value)).normalize()) if is_number(RESOURCES[resource].columns[name]) else str(value)
    except InvalidOperation:
        return str(value)
