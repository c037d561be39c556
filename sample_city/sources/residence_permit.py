"""Deliver the residence permits: the table api_residence_permit, served by an API."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from sample_city.sources.defects import Defect, Labelled, Occasion, Row, declared
from sample_city.sources.spoiling import check_digit, days_later, emptied, put
from sample_city.sources.table_source import Api, Change, Table, TableSource
from sample_city.world import person_names
from sample_city.world.lives import Lives
from sample_city.world.migrants import OLD_PERMIT
from sample_city.world.people import FIRST_DAY, Person
from sample_city.world.permits import ACTIVE, CANCELLED, Permit, Permits


def _overdue(row: Row, _: Occasion) -> Row:
    return {**row, "endorse_due_date": (FIRST_DAY - timedelta(days=40 + int(row["permit_no"][8:14]) % 300)).isoformat()}


def _street_only(row: Row, _: Occasion) -> Row:
    return {**row, "residence_address": "村口大榕树旁自建楼", "residence_region_code": f"{row['residence_region_code'][:9]}000"}


def _region_of_card(row: Row, _: Occasion) -> Row:
    return {**row, "hukou_region_code": row["id_no"][:6].ljust(12, "0")}


class ResidencePermit(TableSource):
    """The rows of the city's residence permits."""

    code = "c_residence_permit"
    columns = (
        "permit_no", "id_no", "person_name", "gender_code", "birth_date", "hukou_region_code", "residence_address", "residence_region_code",
        "residence_reason_code", "landlord_name", "landlord_phone", "arrive_date", "issue_date", "endorse_due_date", "status", "phone",
        "update_time",
    )  # fmt: skip
    table = Table("api_residence_permit", columns, "permit_no", Api("/residence-permits"))
    defects = declared(
        Defect("id_check_digit", "quarantined", "resident_id", check_digit("id_no", 5)),
        Defect("birth_date_contradicts_id", "quarantined", "agrees_with_id", days_later("birth_date", 31)),
        Defect("unknown_status", "quarantined", "domain", put({"status": "挂失"})),
        Defect("required_empty", "quarantined", "required", emptied("person_name")),
        Defect("issued_before_arrival", "warning", "compare", days_later("issue_date", -500)),
        Defect("endorsement_expired", "warning", "not_overdue", _overdue),
        Defect("region_padded", "accepted", spoil=_street_only),
        Defect("moved_without_cancel", "accepted"),
        Defect("hong_kong_macao_taiwan", "accepted", spoil=_region_of_card),
    )

    def __init__(self, lives: Lives) -> None:
        super().__init__(lives)
        self.permits = Permits(lives)

    def special_rows(self) -> Iterator[Labelled]:
        """Yield the rows of the migrants, each with the kind of its label."""
        for person in self.lives.migrants:
            yield from self._rows_of(person, self.lives.migrants.kind(person.no))

    def ordinary_rows(self) -> Iterator[Row]:
        """Yield the rows of local residents who hold a permit."""
        return (self._row(self.permits.first(person)) for person in self.lives.populace if self.permits.holds(person))

    def ordinary_changes(self, day: date) -> Iterator[Change]:
        """Yield the changes of a day: moves, endorsements and departures that were reported."""
        for permit, is_new in self.permits.changed(day):
            row = self._row(permit)
            yield Change(row, None if is_new else row["permit_no"])

    def _rows_of(self, person: Person, kind: str) -> Iterator[Labelled]:
        """Yield the row of a migrant; if the defect or oddity belongs to an older permit, that permit's row comes before it."""
        permit = self.permits.first(person)
        if kind in OLD_PERMIT:
            yield self.spoiled(self._row(self.permits.earlier(permit, CANCELLED, 30)), kind), kind
        elif kind == "moved_without_cancel":
            yield self._row(self.permits.elsewhere(self.permits.earlier(permit, ACTIVE, 200))), kind
        else:
            yield self.spoiled(self._row(permit), kind), kind
            return
        yield self._row(permit), ""

    def _row(self, permit: Permit) -> Row:
        person, setting = permit.holder, self.setting
        rng, home = setting.chance("permit row", person.no), setting.chance("permit address", person.no, person.room)
        arrived = permit.issued - timedelta(days=rng.randint(180, 400))
        due = max(permit.update_time.date(), FIRST_DAY) + timedelta(days=rng.randint(20, 360))
        landlord = person_names.full_name(rng, rng.choice("12"), person_names.surname(rng))
        return self.row(
            f"4499{person.no:010d}{permit.serial:04d}", person.id_no, person.person_name, person.gender_code, person.birth_date.isoformat(),
            person.region_code.ljust(12, "0"), setting.houses.room(person.room).text(home, setting.places),
            setting.places.community_of(person.grid), rng.choice(("01", "01", "01", "02", "03", "04", "05")), landlord,
            person_names.phone(9_900_000 + rng.randrange(99_999)), arrived.isoformat(), permit.issued.isoformat(), due.isoformat(),
            permit.status, person.phone, permit.update_time.isoformat(sep=" "),
        )  # fmt: skip
