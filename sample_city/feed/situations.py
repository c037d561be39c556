"""Write the situations of the first month that a safety net must find (`truth/situations.parquet`), for the report's truth page only.

A person listed has the situation for certain, from `since` to the end of the month. Other people may come to have one by chance.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sample_city.sources.elderly_service_list import ElderlyServiceList, Exceptions
from sample_city.world.allowances import OLD, age_on, draws_care_allowance
from sample_city.world.assistance import MONTH_END, Cases
from sample_city.world.certificates import Certificates
from sample_city.world.lives import Lives
from sample_city.world.people import FIRST_DAY
from sample_city.world.whole_files import delivered

WITHOUT_CERTIFICATE, NOT_LISTED = "is_listed_without_certificate", "is_eligible_not_listed"
SCHEMA = pa.schema([("id_no", pa.string()), ("flag", pa.string()), ("since", pa.date32())])
SEVERE = ("1", "2")
Situation = tuple[str, str, date]  # identity number, flag, since when


def situations(sample: Path, day: date) -> pa.Table:
    """Return who has which situation for certain at the end of a day of the first month: `id_no, flag, since`."""
    table = pq.read_table(sample / "truth" / "situations.parquet")
    return table.filter(pc.less_equal(table["since"], pa.scalar(day)))


def write_situations(sample: Path, lives: Lives) -> None:
    """Write the situations of the first month."""
    cases = Cases(lives)
    planted = [(planted.person.id_no, planted.flag, planted.since) for planted in cases.planted()]
    rows = sorted({*planted, *_without_certificate(lives), *_not_listed(lives, cases)})
    columns = list(zip(*rows, strict=True))
    with delivered(sample / "truth" / "situations.parquet") as file:
        pq.write_table(pa.table([pa.array(column, field.type) for column, field in zip(columns, SCHEMA, strict=True)], SCHEMA), file)


def _without_certificate(lives: Lives) -> Iterator[Situation]:
    """Yield people on a care allowance list (with a readable row) who hold no disability certificate."""
    certificates, lists = Certificates(lives), ElderlyServiceList(lives)
    streets = Exceptions.of(lives.setting.places.streets, FIRST_DAY)
    for person, street, kind in lists.dealt(FIRST_DAY):
        is_read = street != streets.silent and (not kind or lists.defects[kind].outcome in ("warning", "accepted"))
        if is_read and not person.trait and draws_care_allowance(lives.setting, person) and not certificates.holds(person):
            yield person.id_no, WITHOUT_CERTIFICATE, FIRST_DAY + timedelta(days=street == streets.late)


def _not_listed(lives: Lives, cases: Cases) -> Iterator[Situation]:
    """Yield people with a certificate of grade 1 or 2 who receive no help; the certificates come on the second day."""
    certificates = Certificates(lives)
    helped = {person.no for person in cases.spare} | {planted.person.no for planted in cases.planted()}
    for person in lives.populace:
        if age_on(person.birth_date, MONTH_END) >= OLD or person.no in helped or not certificates.holds(person):
            continue
        is_severe = certificates.of(person).grade in SEVERE
        if is_severe and not cases.is_helped(person) and lives.registered(person.no, MONTH_END).is_present:
            yield person.id_no, NOT_LISTED, FIRST_DAY + timedelta(days=1)
