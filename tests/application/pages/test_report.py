"""The day report as a page: the report's own numbers, both languages, readable on a phone and without a network."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from application.pages import charts, report
from application.pages.words import GAPS, SETTLED
from lakehouse.ops import transitions
from tests.application.pages import reports
from tests.application.pages.browser import see

WIDTHS = pytest.mark.parametrize("width", [390, 1200])


@pytest.mark.fast
def test_a_page_is_one_file_that_loads_nothing(tmp_path: Path) -> None:
    page = report.write(tmp_path / "report", reports.busy()).read_text("utf-8")
    assert re.findall(r"""(?:src|srcset|action)\s*=|@import|url\(|https?://""", page) == []
    assert set(re.findall(r'href="([^"]+)"', page)) == {"#content", "index.html", "2026-06-02.json"}  # no other page exists to link to
    assert json.loads((tmp_path / "report" / "2026-06-02.json").read_text("utf-8")) == reports.busy()


@pytest.mark.fast
def test_links_lead_to_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "dictionary.html").write_text("x", "utf-8")
    assert 'href="../docs/dictionary.html"' in report.write(tmp_path / "report", reports.busy()).read_text("utf-8")


@pytest.mark.fast
def test_the_disk_is_shown_by_area_with_a_warning_before_it_is_full(tmp_path: Path) -> None:
    facts = reports.busy()
    page = report.write(tmp_path, facts).read_text("utf-8")
    assert "4 of 100 GiB free" in page
    assert "running short" in page
    assert re.findall(r"<code>(\w+)</code></th><td class=\"n\">784</td><td class=\"n\">3,072<", page) == ["lake"]
    assert "<code>inbox</code>" not in page
    facts["disk"] |= {"free": 90 * 2**30, "areas": [], "counted_at": None}
    page = report.write(tmp_path, facts).read_text("utf-8")
    assert "running short" not in page
    assert "Not counted yet" in page
    del facts["disk"]  # a day told before the disk was
    assert "Disk" not in report.write(tmp_path, facts).read_text("utf-8")


@pytest.mark.fast
def test_every_row_has_a_place_in_the_bars() -> None:
    for level in charts.dispositions(reports.busy()):
        assert sum(level["counts"].values()) == level["received"]
        assert sum(part["count"] for part in level["parts"]) == level["received"]
        assert sum(part["width"] for part in level["parts"]) == pytest.approx(100)
    undone = reports.busy()
    undone["batches"] = [
        undone["batches"][0] | {"gate": None, "accepted": None, "quarantined": None, "duplicate": None, "superseded": None}
    ]
    assert charts.dispositions(undone)[0]["counts"]["open"] == 12345


@pytest.mark.fast
def test_the_matrix_shows_the_worst_of_a_day() -> None:
    names = {one["code"]: (one["name_zh"], one["name_en"]) for one in reports.busy()["resources"]}
    rows = charts.gate_matrix(reports.busy(), names)["rows"]
    assert [[cell["state"] for cell in row["cells"]] for row in rows] == [["warned", "warned"], ["none", "gap"], ["none", "open"]]


@pytest.mark.fast
def test_every_file_that_was_stopped_is_told_with_its_own_reason(tmp_path: Path) -> None:
    page = report.write(tmp_path / "report", reports.busy()).read_text("utf-8")
    told = [one["reason"] for one in reports.busy()["stopped"]]
    assert len(set(told)) == 2
    assert [page.count(reason) for reason in told] == [1, 1]
    assert "(settled)" not in page


@pytest.mark.fast
def test_a_file_that_was_stopped_and_put_right_since_is_told_as_settled(tmp_path: Path) -> None:
    facts = reports.busy()
    first, second = facts["stopped"]
    page = report.write(tmp_path / "report", facts | {"stopped": [first | {"state": "closed"}, second]}).read_text("utf-8")
    assert page.count("(settled)") == 1


@pytest.mark.fast
def test_no_light_is_green_over_a_gap(tmp_path: Path) -> None:
    facts = reports.quiet()
    gap = reports.busy()["gaps"]
    lights = {
        "well": (facts, "m-passed", '<b aria-hidden="true">✓'),
        "gaps": (facts | {"gaps": gap}, "m-warned", "The day is published and every invariant holds; gaps: 1."),
        "bad": (facts | {"gaps": gap, "state": "closed"}, "m-blocked", "The day is not published"),
    }
    for light, (one, mark, said) in lights.items():
        page = report.write(tmp_path / light, one).read_text("utf-8")
        assert said in page
        assert ("✓</b>" in page) == (light == "well")
        assert re.findall(r'class="mark (m-\w+)"', (tmp_path / light / "index.html").read_text("utf-8")) == [mark]


@pytest.mark.fast
def test_a_filled_gap_is_shown_as_filled_with_when_and_by_what(tmp_path: Path) -> None:
    page = report.write(tmp_path, reports.busy()).read_text("utf-8")
    assert "Gaps the day had, and that are filled by now:" in page
    assert "2026-06-03 09:12</td>" in page
    assert "its run ended well" in page
    assert set(SETTLED) >= {reason for kind in (*GAPS,) for reason in transitions.SETTLED[kind]}


@pytest.mark.fast
def test_a_return_left_out_is_told_first_thing() -> None:
    assert ("Return resident_list was left out: " + reports.busy()["left_out"][0]["reason"]) in [en for _, en in _told(reports.busy())]
    assert not any("left out" in en for _, en in _told(reports.quiet()))


def _told(facts: dict[str, Any]) -> list[tuple[str, str]]:
    return report.view(facts, {})["attention"]


@pytest.mark.fast
def test_steps_run_again_much_later_do_not_squeeze_the_others() -> None:
    report = reports.busy()
    later = report["timings"][0] | {"attempt": 2, "started_at": "2026-06-03T09:00:00+00:00"}
    timeline = charts.timings([*report["timings"], later], {"city_register": ("甲", "A")})
    assert timeline["stretched"]
    assert max(part["x"] + part["width"] for row in timeline["rows"] for part in row["parts"]) <= 100


@pytest.mark.fast
def test_the_list_of_days_has_every_report(tmp_path: Path) -> None:
    report.write(tmp_path, reports.busy())
    report.write(tmp_path, reports.quiet())
    index = (tmp_path / "index.html").read_text("utf-8")
    assert re.findall(r'href="(\d{4}-\d\d-\d\d)\.html"', index) == ["2026-06-06", "2026-06-02"]


@pytest.mark.browser
@WIDTHS
def test_a_reader_sees_the_numbers_in_the_language_chosen(tmp_path: Path, width: int) -> None:
    seen = see(report.write(tmp_path / "report", reports.busy()), tmp_path / "look", width)
    assert (seen.lang, seen.other_lang) == ("zh", "en")
    assert "上报与回流" in seen.text
    assert "Handed up" not in seen.text
    assert "Handed up" in seen.other_text
    assert "上报与回流" not in seen.other_text
    for number in ("12,425", "12,317", "24,000", "7/7", "480 / 12,000", "96.10%", "示范市公安局", "缺 1 家"):
        assert number in seen.text, number
    assert seen.width <= seen.window == width
    assert (seen.faint, seen.loaded) == ([], [])


@pytest.mark.browser
def test_a_day_without_anything_is_still_a_page(tmp_path: Path) -> None:
    seen = see(report.write(tmp_path / "report", reports.quiet()), tmp_path / "look", 390, "#en")
    assert seen.lang == "en"
    assert "Nothing came today." in seen.text
    assert "No gap, nothing blocked, no invariant broken." in seen.text
    assert (seen.width <= 390, seen.faint) == (True, [])


@pytest.mark.browser
@WIDTHS
def test_a_long_list_is_folded_and_every_word_is_explained(tmp_path: Path, width: int) -> None:
    facts = reports.busy()
    (gap,), (reference, *_), (day, *_) = facts["gaps"][:1], facts["missing_references"], facts["gate_history"]
    facts["gaps"] = [gap | {"ticket": 7000 + number} for number in range(20)]
    facts["missing_references"] = [reference | {"provider": f"office {number}"} for number in range(170)]
    facts["gate_history"] = [day | {"date": f"2026-05-{number:02}"} for number in range(1, 31)]
    seen = see(report.write(tmp_path / "report", facts), tmp_path / "look", width)
    assert [number for number in (7000, 7005, 7006, 7019) if str(number) in seen.text] == [7000, 7005]
    assert "其余 14 项" in seen.text
    assert "170 个报送单位" in seen.text
    assert "office 7" not in seen.text
    assert ("05-30" in seen.text, "05-23" in seen.text, "更早的 23 天" in seen.text) == (True, False, True)
    opened = see(
        tmp_path / "report" / "2026-06-02.html",
        tmp_path / "open",
        width,
        act="document.querySelectorAll('details').forEach(function (one) { one.open = true; });",
    )
    assert [text for text in ("7019", "office 169", "05-01", "暂不入库") if text not in opened.text] == []
    assert max(seen.width, opened.width) <= width
    assert (seen.faint, opened.faint) == ([], [])
