"""Migrants (people registered elsewhere) have one identity number each, permits that follow their events, and no household."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sample_city.feed.sample import Sample
from sample_city.sources.household_registration import HouseholdRegistration
from sample_city.sources.residence_permit import ResidencePermit
from sample_city.sources.resident_ledger import ResidentLedger
from sample_city.world import truth
from sample_city.world.migrants import FIRST_NO
from sample_city.world.people import FIRST_DAY
from tests.oracle.resources import LEDGER
from tests.sample_city.batches import DAYS

pytestmark = pytest.mark.fast


def test_numbers_are_nobody_elses(sample: Sample) -> None:
    migrants = list(sample.lives.migrants)
    registered = {row["id_no"] for row in HouseholdRegistration(sample.lives).first_load()}
    registered |= {person.id_no for n in range(400) for person in sample.lives.newcomers(FIRST_DAY + timedelta(days=n))}
    assert len({person.id_no for person in migrants}) == len(migrants) >= 0.08 * sample.people
    assert not registered & {person.id_no for person in migrants}


def test_permits_follow_their_holders(sample: Sample) -> None:
    permits = ResidencePermit(sample.lives)
    rows = {row["permit_no"]: row for row in permits.first_load()}
    before = len(rows)
    for n in range(250):  # the shuffle of events starts its second round
        for change in permits.changes(FIRST_DAY + timedelta(days=n)):
            number = change.row["permit_no"]
            assert (number in rows) == (change.replaces == number)
            assert change.row["issue_date"] <= change.row["update_time"][:10] <= change.row["endorse_due_date"]
            rows[number] = change.row
    assert len(rows) > before
    day = FIRST_DAY + timedelta(days=249)
    left = {person.id_no for no in sample.lives.migrants.numbers if not (person := sample.lives.migrants.truth(no, day)).is_present}
    assert left
    newest = {row["id_no"]: row["status"] for row in sorted(rows.values(), key=lambda row: row["update_time"])}
    assert {newest[number] for number in left} == {"注销"}


def test_truth_has_them_where_they_live(sample: Sample) -> None:
    people = [person for person in truth.persons(sample.folder, sample.city, DAYS[-1]).to_pylist() if person["person_no"] >= FIRST_NO]
    assert len(people) == sample.lives.migrants.count
    assert all(person["community_code"] and not person["household_no"] and not person["hukou_community_code"] for person in people)


def test_ledgers_list_most_of_those_who_live_there(sample: Sample, batches: list[dict]) -> None:
    sheets = [batch for batch in batches if batch["resource"] == LEDGER]
    senders = {
        date: {batch["source"].split("/")[1] for batch in sheets if batch["business_date"] == date} for date in ("2026-05-25", "2026-06-01")
    }
    assert senders["2026-05-25"] == set(ResidentLedger(sample.lives).senders)
    assert len(senders["2026-05-25"] - senders["2026-06-01"]) == 1
    first = {(row["community_code"], row["id_no"]) for batch in sheets if batch["business_date"] == "2026-05-25" for row in batch["rows"]}
    eve = truth.persons(sample.folder, sample.city, FIRST_DAY - timedelta(days=1)).to_pylist()
    living = {(person["community_code"], person["id_no"]) for person in eve if person["community_code"] in senders["2026-05-25"]}
    assert 0.85 < len(first & living) / len(living) < 0.98
