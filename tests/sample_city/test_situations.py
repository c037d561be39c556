"""Every situation that a safety net must find can be found in the deliveries from its first day on."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta

import pytest

from sample_city.feed.sample import Sample
from sample_city.feed.situations import situations
from sample_city.world.people import FIRST_DAY
from tests.oracle.resources import ASSISTANCE, CERTIFICATE, ELDERLY, ENTERPRISE, HOUSEHOLD
from tests.sample_city.batches import DAYS

pytestmark = pytest.mark.fast
Rows = dict[str, list[dict]]  # by identity number


@pytest.fixture(scope="module")
def told(batches: list[dict]) -> dict[str, Rows]:
    """Return the newest rows of each resource by the person they are about, with the date they came on as `_on`."""
    names = {ASSISTANCE: "member_id_no", ELDERLY: "id_no", HOUSEHOLD: "id_no", CERTIFICATE: "id_no", ENTERPRISE: "legal_rep_id_no"}
    found: dict[str, Rows] = {resource: defaultdict(list) for resource in names}
    for batch in batches:
        for row in batch["rows"] if batch["resource"] in names else ():
            found[batch["resource"]][row[names[batch["resource"]]]].append({**row, "_on": batch["business_date"]})
    return found


def situated(sample: Sample, flag: str) -> dict[str, str]:
    """Return who has a situation by the third day, and since when."""
    rows = situations(sample.folder, DAYS[-1]).to_pylist()
    return {row["id_no"]: row["since"].isoformat() for row in rows if row["flag"] == flag}


def is_helped(row: dict) -> bool:
    return bool(row["status"] == "在享" and row["start_month"] <= "2026-06" and not row["end_month"])


def test_planted_people_are_helped_and_registered_as_they_must_be(sample: Sample, told: dict[str, Rows]) -> None:
    for flag, reason, least in (("is_moved_out", "迁出", 1), ("is_paid_after_death", "死亡", 2)):
        people = situated(sample, flag)
        assert len(people) >= least
        for number, since in people.items():
            assert any(is_helped(row) for row in told[ASSISTANCE][number])
            by_then = [row for row in told[HOUSEHOLD][number] if row["_on"] <= since]
            newest = max(by_then, key=lambda row: row["update_time"])
            assert newest["cancel_reason"] == reason
            assert flag == "is_moved_out" or newest["cancel_date"] < FIRST_DAY.isoformat()


def test_pairs_and_owners_are_what_they_are_called(sample: Sample, told: dict[str, Rows]) -> None:
    pairs, owners = situated(sample, "is_in_two_households"), situated(sample, "is_owning_enterprise")
    assert min(len(pairs), len(owners)) >= 2
    for number in pairs:
        assert len({row["applicant_id_no"] for row in told[ASSISTANCE][number] if is_helped(row)}) == 2
    for number in owners:
        assert any(is_helped(row) for row in told[ASSISTANCE][number])
        assert any(row["status_code"] == "1" for row in told[ENTERPRISE][number])


def test_certificates_and_lists_say_who_is_missing_where(sample: Sample, told: dict[str, Rows]) -> None:
    without, unlisted = situated(sample, "is_listed_without_certificate"), situated(sample, "is_eligible_not_listed")
    assert without or sample.people < 1000
    for number, since in without.items():
        assert any(row["service_type"] == "护理补贴" and row["_on"] <= since for row in told[ELDERLY][number])
        assert not told[CERTIFICATE][number]
    for number, since in unlisted.items():
        (certificate,) = told[CERTIFICATE][number]
        assert certificate["disability_grade"] in "12"
        assert certificate["cert_status"] == "正常"
        assert since > FIRST_DAY.isoformat()  # the certificates' first run fails
        assert not told[ELDERLY][number]
        assert not told[ASSISTANCE][number]


def test_situations_of_a_day_are_those_that_began_by_then(sample: Sample) -> None:
    counts = [situations(sample.folder, day).num_rows for day in (FIRST_DAY - timedelta(days=1), *DAYS)]
    assert counts[0] == 0 < counts[1] < counts[2] <= counts[3]
