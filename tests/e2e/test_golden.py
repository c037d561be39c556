"""The packages of the three days equal the recorded ones byte for byte, so that refactoring cannot change what recipients get."""

from __future__ import annotations

import pytest

from lakehouse.objects import open_area
from tests.e2e import knowledge
from tests.e2e.published import recipients, recorded
from tests.plugin.lived import DAYS, Lived

pytestmark = pytest.mark.e2e
REMEDY = "If the content of packages was changed on purpose, say so in CHANGELOG.md and record anew: see tests/e2e/published.py."


def test_payloads_and_manifests_of_three_days_are_those_recorded(lived: Lived) -> None:
    found, golden = recipients(open_area(lived.instance, "exchange"), DAYS), recorded("tiny")
    assert golden.keys() == found.keys(), REMEDY
    for day, packages in golden.items():
        assert len(packages) > 20
        assert found[day].keys() == packages.keys(), f"{day}: other recipients. {REMEDY}"
        for part in ("payloads", "manifest"):
            other = sorted(name for name, hashes in packages.items() if found[day][name][part] != hashes[part])
            assert not other, f"{day}: other {part} for {', '.join(other[:10])} ({len(other)} in all). {REMEDY}"


def test_what_was_known_on_the_first_day_is_what_was_recorded(lived: Lived) -> None:
    """The same day on buckets is compared with the same record (test_scheduler.py): where the store is changes nothing."""
    assert knowledge.of_first_day(lived.instance) == recorded("first_day")
