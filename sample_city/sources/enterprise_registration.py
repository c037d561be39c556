"""Returns the rows of the register of market entities (table enterprise_registration): the first load and the changes of a day."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date

from sample_city.world.firms import DEFECTS, ODD, TRADES, Firm, Firms
from sample_city.sources.labels import ENTERPRISE, Label, Outcome, row_sha256
from sample_city.world.lives import Lives
from sample_city.world.numbers import USCC_LETTERS, old_resident_number, social_credit_check
from sample_city.world.people import FIRST_DAY, office_time
from sample_city.sources.table_source import Change, Row, Table

COLUMNS = (
    "uscc", "entity_name", "entity_type_code", "legal_rep_name", "legal_rep_id_no", "registered_capital", "capital_currency",
    "establish_date", "term_from", "term_to", "domicile", "premises_address", "region_code", "industry_code", "business_scope",
    "registration_authority", "status_code", "approve_date", "cancel_date", "update_time",
)  # fmt: skip
OUTCOMES: dict[str, tuple[Outcome, str | None]] = {
    "uscc_check_digit": ("quarantined", "uscc"),
    "organisation_code": ("quarantined", "uscc"),
    "negative_capital": ("quarantined", "range"),
    "required_empty": ("quarantined", "required"),
    "unknown_status": ("quarantined", "domain"),
    "representative_check_digit": ("warning", "resident_id"),
    "representative_15_digits": ("warning", "resident_id_15"),
    "capital_in_ten_thousands": ("warning", "range"),
    "unknown_region": ("warning", "place_known"),
    "abolished_region": ("warning", "place_current"),
    "old_industry_code": ("warning", "domain"),
    "cancelled_before_established": ("warning", "compare"),
    "cancelled_without_date": ("warning", "required_when"),
    **dict.fromkeys(ODD, ("accepted", None)),
}
REPAIRED = tuple(kind for kind in DEFECTS if OUTCOMES[kind][0] == "quarantined")
OLD_INDUSTRIES = ("H6510", "H6371", "I6710", "L7499", "O8311", "K7210")  # of the edition of 2002


class Enterprises:
    """The register of market entities of a city."""

    table = Table("enterprise_registration", COLUMNS, "uscc")

    def __init__(self, lives: Lives) -> None:
        self.lives, self.setting = lives, lives.setting
        self.firms = Firms(lives)

    def owner_nos(self) -> Iterator[int]:
        """Yields the person numbers of the legal representatives of all companies there at first."""
        return self.firms.owner_nos()

    def first_load(self) -> Iterator[Row]:
        """Yields every row as it stood before the first day."""
        return (self._delivered(self.firms.at_first(no)) for no in range(self.firms.count))

    def first_labels(self) -> Iterator[Label]:
        """Yields the labels of rows of the first load; they come with the delivery of the first day."""
        for no in range(self.firms.count):
            if kind := self.firms.deal.kind(no):
                outcome, rule = OUTCOMES[kind]
                name = row_sha256(list(self._delivered(self.firms.at_first(no)).values()))
                day = FIRST_DAY.isoformat()
                yield Label(resource=ENTERPRISE, business_date=day, kind=kind, outcome=outcome, rule=rule, row_sha256=name)

    def changes(self, day: date) -> list[Change]:
        """Returns new companies, moves, other names, closures, and rows put right: one a day of each quarantined kind."""
        firms = [self.firms.truth(no, day) for no in self.firms.changed(day)]
        found = [Change(self.row_of(firm), firm.uscc if firm.no < self.firms.count else None) for firm in firms]
        number = (day - FIRST_DAY).days - 1
        for kind in REPAIRED:
            no = self.firms.deal.row(kind, number)
            if 0 <= number < self.firms.deal.each and no < self.firms.count:
                firm = self.firms.at_first(no)
                right = replace(firm, update_time=office_time(self.setting.chance("repaired", no), day))
                found.append(Change(self.row_of(right), self._delivered(firm)["uscc"]))
        return found

    def labels(self, _: date) -> Iterator[Label]:
        """Yields nothing: what comes later is clean."""
        return iter(())

    def row_of(self, firm: Firm) -> Row:
        """Returns the row of a company as it ought to be."""
        owner = self.lives.at_first(firm.owner_no)
        places, houses = self.setting.places, self.setting.houses
        rng = self.setting.chance("firm's address", firm.no, firm.premises)
        domicile, premises = houses.room(firm.domicile), houses.room(firm.premises)
        district = next(region for region in places.line(domicile.street) if region.level == "district")
        values = (
            firm.uscc, firm.name, firm.type_code, owner.person_name, owner.id_no, f"{firm.capital}.00" if firm.capital is not None else "",
            firm.currency, firm.established.isoformat(), firm.established.isoformat(), firm.term_to.isoformat() if firm.term_to else "",
            domicile.text(rng, places, spoiled=False), premises.text(rng, places) if rng.random() < 0.9 or domicile != premises else "",
            domicile.community if rng.random() < 0.7 else district.code, firm.industry_code, TRADES[firm.industry_code][1],
            f"{district.name}市场监督管理局", firm.status_code, firm.approved.isoformat(),
            firm.cancelled.isoformat() if firm.cancelled else "", firm.update_time.isoformat(sep=" "),
        )  # fmt: skip
        return dict(zip(COLUMNS, values, strict=True))

    def _delivered(self, firm: Firm) -> Row:
        row = self.row_of(firm)
        if firm.kind == "abolished_region":
            abolished = self.setting.places.abolished
            return {**row, "region_code": abolished[firm.no % len(abolished)].code}
        return SPOILED[firm.kind](row, firm.no) if firm.kind in SPOILED else row


def _other_organisation_code(row: Row, _: int) -> Row:
    """Returns the row with a code whose 17th character does not fit the eight before it and whose last one fits all."""
    digits = "0123456789X"
    first = row["uscc"][:16] + digits[(digits.index(row["uscc"][16]) + 4) % 11]
    return {**row, "uscc": first + social_credit_check(first)}


def _other_check_digit(row: Row, _: int) -> Row:
    letter = USCC_LETTERS[(USCC_LETTERS.index(row["uscc"][17]) + 7) % 31]
    return {**row, "uscc": row["uscc"][:17] + letter}


def _other_representative(row: Row, _: int) -> Row:
    number, letters = row["legal_rep_id_no"], "0123456789X"
    return {**row, "legal_rep_id_no": number[:17] + letters[(letters.index(number[17]) + 6) % 11]}


def _cancelled_too_early(row: Row, no: int) -> Row:
    return {**row, "cancel_date": f"{int(row['establish_date'][:4]) - 1 - no % 3}{row['establish_date'][4:8]}01"}


SPOILED: dict[str, Callable[[Row, int], Row]] = {
    "uscc_check_digit": _other_check_digit,
    "organisation_code": _other_organisation_code,
    "negative_capital": lambda row, _: {**row, "registered_capital": f"-{row['registered_capital']}"},
    "required_empty": lambda row, _: {**row, "entity_name": ""},
    "unknown_status": lambda row, no: {**row, "status_code": str(5 + no % 4)},
    "representative_check_digit": _other_representative,
    "representative_15_digits": lambda row, _: {**row, "legal_rep_id_no": old_resident_number(row["legal_rep_id_no"])},
    "capital_in_ten_thousands": lambda row, no: {**row, "registered_capital": f"{(10, 50, 100, 500)[no % 4]}.00"},
    "unknown_region": lambda row, no: {**row, "region_code": f"4499{60 + no % 30}"},
    "old_industry_code": lambda row, no: {**row, "industry_code": OLD_INDUSTRIES[no % len(OLD_INDUSTRIES)]},
    "cancelled_before_established": _cancelled_too_early,
    "cancelled_without_date": lambda row, _: {**row, "cancel_date": ""},
}
