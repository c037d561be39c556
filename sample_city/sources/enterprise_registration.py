"""Deliver the register of market entities: the table enterprise_registration."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from sample_city.sources.defects import Defect, Labelled, Occasion, Row, declared
from sample_city.sources.spoiling import CHECK_DIGITS, abolished, by_turns, changed, check_digit, credit_check, emptied
from sample_city.sources.table_source import Change, Table, TableSource
from sample_city.world.firms import DEFECTS, TRADES, Firm, Firms
from sample_city.world.lives import Lives
from sample_city.world.numbers import old_resident_number, social_credit_check
from sample_city.world.people import FIRST_DAY, office_time

OLD_INDUSTRIES = ("H6510", "H6371", "I6710", "L7499", "O8311", "K7210")  # codes of the 2002 edition of the standard


def _other_organisation_code(code: str) -> str:
    """Return a credit code whose 17th character (organisation check) is wrong and whose last check character is right."""
    first = code[:16] + CHECK_DIGITS[(CHECK_DIGITS.index(code[16]) + 4) % 11]
    return first + social_credit_check(first)


def _cancelled_too_early(row: Row, at: Occasion) -> Row:
    return {**row, "cancel_date": f"{int(row['establish_date'][:4]) - 1 - at.number % 3}{row['establish_date'][4:8]}01"}


class EnterpriseRegistration(TableSource):
    """The register of market entities of a city."""

    code = "c_enterprise_registration"
    columns = (
        "uscc", "entity_name", "entity_type_code", "legal_rep_name", "legal_rep_id_no", "registered_capital", "capital_currency",
        "establish_date", "term_from", "term_to", "domicile", "premises_address", "region_code", "industry_code", "business_scope",
        "registration_authority", "status_code", "approve_date", "cancel_date", "update_time",
    )  # fmt: skip
    table = Table("enterprise_registration", columns, "uscc")
    defects = declared(
        Defect("uscc_check_digit", "quarantined", "uscc", credit_check("uscc", 7)),
        Defect("organisation_code", "quarantined", "uscc", changed("uscc", _other_organisation_code)),
        Defect("negative_capital", "quarantined", "range", changed("registered_capital", lambda yuan: f"-{yuan}")),
        Defect("required_empty", "quarantined", "required", emptied("entity_name")),
        Defect("unknown_status", "quarantined", "domain", by_turns("status_code", "5678")),
        Defect("representative_check_digit", "warning", "resident_id", check_digit("legal_rep_id_no", 6)),
        Defect("representative_15_digits", "warning", "resident_id_15", changed("legal_rep_id_no", old_resident_number)),
        Defect("capital_in_ten_thousands", "warning", "range", by_turns("registered_capital", ("10.00", "50.00", "100.00", "500.00"))),
        Defect("unknown_region", "warning", "place_known", by_turns("region_code", [f"4499{60 + n}" for n in range(30)])),
        Defect("abolished_region", "warning", "place_current", abolished("region_code")),
        Defect("old_industry_code", "warning", "domain", by_turns("industry_code", OLD_INDUSTRIES)),
        Defect("cancelled_before_established", "warning", "compare", _cancelled_too_early),
        Defect("cancelled_without_date", "warning", "required_when", emptied("cancel_date")),
        Defect("duplicate_name", "accepted"),  # this and the kinds below: companies that really are like this
        Defect("zombie", "accepted"),
        Defect("long_term", "accepted"),
        Defect("foreign_currency", "accepted"),
        Defect("brackets_in_name", "accepted"),
    )

    def __init__(self, lives: Lives) -> None:
        super().__init__(lives)
        self.firms = Firms(lives)

    def special_rows(self) -> Iterator[Labelled]:
        """Yield every row as it was before the first day, labelled companies among the others."""
        for no in range(self.firms.count):
            firm = self.firms.at_first(no)
            yield self._first_row(firm), firm.kind

    def ordinary_changes(self, day: date) -> Iterator[Change]:
        """Yield new companies, moves, renamings, closures, and corrected rows: one a day of each quarantined kind."""
        for no in self.firms.changed(day):
            firm = self.firms.truth(no, day)
            yield Change(self._row(firm), firm.uscc if no < self.firms.count else None)
        number = (day - FIRST_DAY).days - 1
        for kind in (kind for kind in DEFECTS if self.defects[kind].outcome == "quarantined"):
            no = self.firms.deal.row(kind, number)
            if 0 <= number < self.firms.deal.each and no < self.firms.count:
                firm = self.firms.at_first(no)
                right = replace(firm, update_time=office_time(self.setting.chance("repaired", no), day))
                yield Change(self._row(right), self._first_row(firm)["uscc"])

    def _first_row(self, firm: Firm) -> Row:
        return self.spoiled(self._row(firm), firm.kind, firm.no)

    def _row(self, firm: Firm) -> Row:
        owner = self.lives.at_first(firm.owner_no)
        places, houses = self.setting.places, self.setting.houses
        rng = self.setting.chance("firm's address", firm.no, firm.premises)
        domicile, premises = houses.room(firm.domicile), houses.room(firm.premises)
        district = next(region for region in places.line(domicile.street) if region.level == "district")
        return self.row(
            firm.uscc, firm.name, firm.type_code, owner.person_name, owner.id_no, f"{firm.capital}.00" if firm.capital is not None else "",
            firm.currency, firm.established.isoformat(), firm.established.isoformat(), firm.term_to.isoformat() if firm.term_to else "",
            domicile.text(rng, places, spoiled=False), premises.text(rng, places) if rng.random() < 0.9 or domicile != premises else "",
            domicile.community if rng.random() < 0.7 else district.code, firm.industry_code, TRADES[firm.industry_code][1],
            f"{district.name}市场监督管理局", firm.status_code, firm.approved.isoformat(),
            firm.cancelled.isoformat() if firm.cancelled else "", firm.update_time.isoformat(sep=" "),
        )  # fmt: skip
