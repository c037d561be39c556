"""Write and read the hidden truth of a sample city, which is used for the report's truth scores only.

`truth/base.parquet` holds everybody as they were before the first day, `truth/<date>.parquet` the people about whom something changed
on a date, `truth/entities/` the same of companies.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from itertools import chain, islice
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from sample_city.world.firms import Firm, Firms
from sample_city.world.lives import Lives
from sample_city.world.oddities import LATE
from sample_city.world.people import FIRST_DAY, Person
from sample_city.world.places import Places
from sample_city.world.whole_files import delivered

SCHEMA = pa.schema(
    [
        ("person_no", pa.int64()),
        ("id_no", pa.string()),
        ("person_name", pa.string()),
        ("gender_code", pa.string()),
        ("birth_date", pa.date32()),
        ("ethnicity_code", pa.string()),
        ("hukou_community_code", pa.string()),
        ("household_no", pa.string()),
        ("phone", pa.string()),
        ("address_id", pa.string()),
        ("grid_code", pa.string()),
        ("mother_no", pa.int64()),
        ("died_on", pa.date32()),
        ("left_on", pa.date32()),
        ("trait", pa.string()),
    ]
)
ENTITY_SCHEMA = pa.schema(
    [
        ("entity_no", pa.int64()),
        ("uscc", pa.string()),
        ("entity_name", pa.string()),
        ("status_code", pa.string()),
        ("establish_date", pa.date32()),
        ("cancel_date", pa.date32()),
        ("legal_rep_id_no", pa.string()),
        ("address_id", pa.string()),
        ("grid_code", pa.string()),
        ("trait", pa.string()),
    ]
)
LEVELS = ("province", "city", "district", "street", "community")
ROW_GROUP = 20_000


def persons(sample: Path, city: Path, day: date) -> pa.Table:
    """Read everybody as they really are at the end of a day.

    Columns: those of `SCHEMA` and `province_code … community_code` of `grid_code` by the region tree of that day; `died_on` or `left_on`
    set: no longer living in the city. Grain: one row per person known by that day.
    """
    return _as_of(sample / "truth", "person_no", Places(city, day), day)


def entities(sample: Path, city: Path, day: date) -> pa.Table:
    """Read every company as it really is at the end of a day.

    Columns: those of `ENTITY_SCHEMA` and `province_code … community_code` of the premises' `grid_code` by the region tree of that day.
    Grain: one row per company known by that day.
    """
    return _as_of(sample / "truth" / "entities", "entity_no", Places(city, day), day)


def _as_of(folder: Path, key: str, places: Places, day: date) -> pa.Table:
    """Return the newest row of each key by the end of a day, with the regions above its grid."""
    changes = [path for path in sorted(folder.glob("2*.parquet")) if path.stem <= day.isoformat()]
    files = [str(folder / "base.parquet"), *map(str, changes)]
    with duckdb.connect() as database:
        database.register("tree", _tree(places))
        query = f"""
            select known.* exclude (filename), tree.* exclude (grid_code)
            from read_parquet(?, filename = true) known left join tree using (grid_code)
            qualify row_number() over (partition by {key} order by parse_filename(filename) <> 'base.parquet' desc, filename desc) = 1
            order by {key}
        """  # noqa: S608 - `key` is a name of the schemas above
        return database.sql(query, params=[files]).to_arrow_table()


def write_first(sample: Path, lives: Lives) -> None:
    """Write everybody and every company as they were before the first day."""
    eve = FIRST_DAY - timedelta(days=1)
    registered = (lives.truth_of(person, eve) for person in lives.everybody())
    _write(sample / "truth" / "base.parquet", SCHEMA, map(_row, chain(registered, lives.migrants)))
    firms = Firms(lives)
    known = (_entity_row(firms.at_first(no), lives) for no in range(firms.count))
    _write(sample / "truth" / "entities" / "base.parquet", ENTITY_SCHEMA, known)


def write_day(sample: Path, lives: Lives, day: date) -> None:
    """Write the people and companies about which something changed on a day."""
    late = (lives.oddities.number_of("late_death", n) for n in range(lives.oddities.units[LATE[1]]))
    touched = {event.no for event in lives.happened(day)} | {no for no in late if lives.late_death(no) == day}
    registered = [*(lives.truth(no, day) for no in sorted(touched)), *lives.newcomers(day)]
    _write(sample / "truth" / f"{day}.parquet", SCHEMA, map(_row, [*registered, *lives.migrants.changed(day)]))
    firms = Firms(lives)
    changed = (_entity_row(firms.truth(no, day), lives) for no in firms.changed(day))
    _write(sample / "truth" / "entities" / f"{day}.parquet", ENTITY_SCHEMA, changed)


def _write(path: Path, schema: pa.Schema, rows: Iterable[dict[str, object]]) -> None:
    rest = iter(rows)
    with delivered(path) as file, pq.ParquetWriter(file, schema, compression="zstd") as writer:
        while group := list(islice(rest, ROW_GROUP)):
            writer.write_table(pa.Table.from_pylist(group, schema=schema))


def _row(person: Person) -> dict[str, object]:
    return {
        "person_no": person.no,
        "id_no": person.id_no,
        "person_name": person.person_name,
        "gender_code": person.gender_code,
        "birth_date": person.birth_date,
        "ethnicity_code": person.ethnicity_code,
        "hukou_community_code": person.community or None,
        "household_no": person.household_no or None,
        "phone": person.phone,
        "address_id": person.room,
        "grid_code": person.grid,
        "mother_no": person.mother,
        "died_on": person.died_on,
        "left_on": person.left_on,
        "trait": person.trait,
    }


def _entity_row(firm: Firm, lives: Lives) -> dict[str, object]:
    room = lives.setting.houses.room(firm.premises)
    return {
        "entity_no": firm.no,
        "uscc": firm.uscc,
        "entity_name": firm.name,
        "status_code": firm.status_code,
        "establish_date": firm.established,
        "cancel_date": firm.cancelled,
        "legal_rep_id_no": lives.at_first(firm.owner_no).id_no,
        "address_id": firm.premises,
        "grid_code": room.grid,
        "trait": firm.kind,
    }


def _tree(places: Places) -> pa.Table:
    lines = [{region.level: region.code for region in places.line(grid)} for grids in places.grids_of.values() for grid in grids]
    columns = {f"{level}_code": [line.get(level) for line in lines] for level in (*LEVELS, "grid")}
    return pa.table(columns, schema=pa.schema([(name, pa.string()) for name in columns]))
