"""Deliver the disability certificates: the table api_disability_certificate, served by an API that fails throughout its first run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta

from sample_city.sources.defects import Defect, Labelled, Occasion, Row, declared
from sample_city.sources.spoiling import changed, emptied, put
from sample_city.sources.table_source import Api, Change, Table, TableSource
from sample_city.world.certificates import Certificates
from sample_city.world.lives import Lives
from sample_city.world.numbers import resident_check
from sample_city.world.oddities import quota
from sample_city.world.people import FIRST_DAY, Person, office_time

ACTIVE, CANCELLED = "正常", "注销"


def _other_number(number: str) -> str:
    first = f"{number[:14]}{(int(number[14:17]) + 2) % 1000:03d}"
    return f"{first}{resident_check(first)}{number[18:]}"


def _review_before_issue(row: Row, _: Occasion) -> Row:
    return {**row, "next_review_date": f"{int(row['issue_date'][:4]) - 1}-06-15"}


def _without_guardians_phone(row: Row, _: Occasion) -> Row:
    number = row["disability_cert_no"]
    named = {"guardian_name": row["guardian_name"] or f"{row['person_name'][0]}国华", "guardian_phone": ""}
    return {**row, "disability_cert_no": f"{number[:18]}5{number[19:]}", "disability_category": "5", **named}


class DisabilityCertificate(TableSource):
    """The rows of the certificates. Special rows are given to ordinary people who hold no certificate otherwise."""

    code = "p_disability_certificate"
    columns = (
        "disability_cert_no", "id_no", "person_name", "disability_category", "disability_grade", "issue_date", "next_review_date",
        "cert_status", "hukou_region_code", "guardian_name", "guardian_phone", "update_time",
    )  # fmt: skip
    api = Api("/disability-certificates", ((FIRST_DAY, "error_500"),))
    table = Table("api_disability_certificate", columns, "disability_cert_no", api)
    first_delivery = FIRST_DAY + timedelta(days=1)  # the first day's run meets the fault
    defects = declared(
        Defect("number_contradicts_id", "quarantined", "equals_part", changed("disability_cert_no", _other_number)),
        Defect("grade_zero", "quarantined", "domain", put({"disability_grade": "0"})),
        Defect("unknown_category", "quarantined", "domain", put({"disability_category": "8"})),
        Defect("review_before_issue", "warning", "compare", _review_before_issue),
        Defect("guardian_phone_missing", "warning", "required_when", _without_guardians_phone),
        Defect("cancelled_certificate", "accepted", spoil=put({"cert_status": CANCELLED})),
        Defect("no_review_date", "accepted", spoil=emptied("next_review_date")),
    )

    def __init__(self, lives: Lives) -> None:
        super().__init__(lives)
        self.certificates = Certificates(lives)

    def special_rows(self) -> Iterator[Labelled]:
        """Yield the labelled rows: the usual number of each kind."""
        each, kinds = quota(self.setting.people), tuple(self.defects)
        for n, person in enumerate(self.certificates.without(each * len(kinds))):
            yield self.spoiled(self._first_row(person), kinds[n // each]), kinds[n // each]

    def ordinary_rows(self) -> Iterator[Row]:
        """Yield the rows of the holders."""
        return map(self._first_row, self.certificates.holders())

    def ordinary_changes(self, day: date) -> Iterator[Change]:
        """Yield cancelled certificates of people who died or left, and certificates of renamed people."""
        for event in self.lives.recorded(day):
            person = self.lives.at_first(event.no)
            if self.certificates.holds(person):
                known = self.lives.registered(event.no, day)
                moment = office_time(self.setting.chance("certificate", event.no, day), day)
                named = replace(person, person_name=known.person_name)
                row = self._row(named, ACTIVE if known.is_present else CANCELLED, moment)
                yield Change(row, row["disability_cert_no"])

    def _first_row(self, person: Person) -> Row:
        return self._row(person, ACTIVE, self.certificates.updated(person))

    def _row(self, person: Person, status: str, update_time: datetime) -> Row:
        told, district = self.certificates.of(person), self.setting.places.district_of(person.community)
        return self.row(
            f"{person.id_no}{told.category}{told.grade}", person.id_no, person.person_name, told.category, told.grade,
            told.issued.isoformat(), told.review_due.isoformat(), status, district, told.guardian_name, told.guardian_phone,
            update_time.isoformat(sep=" "),
        )  # fmt: skip
