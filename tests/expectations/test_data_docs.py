"""The pages of the Data Docs: they say what the gate decided in the words of the report, and load nothing."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime
from pathlib import Path

import great_expectations as gx
import pytest
from great_expectations.core import ExpectationSuite, ExpectationSuiteValidationResult
from great_expectations.core.expectation_suite import expectationSuiteSchema
from great_expectations.core.run_identifier import RunIdentifier
from great_expectations.data_context.types.resource_identifiers import ExpectationSuiteIdentifier, ValidationResultIdentifier

from application.pages.words import GATE_MARKS, GATES
from expectations.data_docs import pages
from expectations.data_docs.site import SITES
from expectations.suite import gate_suite
from expectations.tallies import REPEATED, Tally
from tests.application.pages.browser import see
from tests.expectations.results import results
from tests.spark_jobs.transforms.rules import every_kind

DAY = date(2026, 6, 1)
SUITE = gate_suite(every_kind.contract(), every_kind.TIMEZONE)
BATCHES = {
    "good": Tally("449901001", DAY, 60, None, {"id_no.resident_id": 3}),
    "bad": Tally("449901002", DAY, 60, None, {"id_no.resident_id": 20, "reason.compare": 40}),
    "odd": Tally("449901003", DAY, 1260, None, {REPEATED: 130}),
}
GATE_OF = {"good": "passed", "bad": "blocked", "odd": "warned"}


def key_of(day: date) -> ValidationResultIdentifier:
    run_id = RunIdentifier(run_name=day.isoformat(), run_time=datetime(day.year, day.month, day.day, 10, tzinfo=UTC))
    return ValidationResultIdentifier(ExpectationSuiteIdentifier(SUITE.name), run_id, "x")


def gate_result(received: dict[str, int] | None = None) -> ExpectationSuiteValidationResult:
    return ExpectationSuiteValidationResult(success=False, results=results(SUITE, BATCHES, received), suite_name=SUITE.name)


def gate_run(received: dict[str, int] | None = None) -> pages.Run:
    return pages.Run.of(key_of(DAY), gate_result(received), "validations/x.html")


def every_page() -> dict[str, str]:
    run = gate_run()
    return {"index": pages.index([run.line()], 300), "run": pages.run(run, "../"), "suite": pages.suite(SUITE, "../")}


@pytest.mark.fast
def test_a_page_loads_nothing() -> None:
    for name, page in every_page().items():
        assert re.findall(r"""(?:src|srcset|action)\s*=|@import|url\(|https?://""", page) == [], name


@pytest.mark.fast
def test_a_run_says_of_each_batch_what_the_report_says() -> None:
    page = every_page()["run"]
    assert dict(re.findall(r'data-batch="(\w+)" data-gate="(\w+)"', page)) == GATE_OF
    for batch, gate in GATE_OF.items():
        (row,) = re.findall(rf'<tr data-batch="{batch}".*?</tr>', page, re.DOTALL)
        assert f'<span class="mark m-{gate}">{GATE_MARKS[gate]}</span>' in row
        assert [text for text in GATES[gate] if text in row] == list(GATES[gate])
    assert re.search(r'data-batch="bad".*?<code>id_no\.resident_id</code> 20<br>', page, re.DOTALL)


@pytest.mark.fast
def test_the_list_counts_the_outcomes_of_a_run() -> None:
    assert gate_run().line()["outcomes"] == {"passed": 1, "warned": 1, "blocked": 1}
    assert re.findall(r'<span class="mark m-(\w+)">', every_page()["index"]) == ["blocked", "warned", "passed"]


@pytest.mark.fast
def test_rows_that_are_missing_are_not_called_passed() -> None:
    run = gate_run({"good": 61, "bad": 60, "odd": 1260})
    assert "data-gate" not in pages.run(run, "../")
    assert "not judged" in pages.run(run, "../")
    assert "not judged" in pages.index([run.line()], 300)


@pytest.mark.fast
def test_a_suite_changed_by_hand_says_so() -> None:
    stored = json.loads(json.dumps(expectationSuiteSchema.dump(SUITE)))
    assert "changed by hand" not in pages.suite(ExpectationSuite(**stored), "../")
    stored["expectations"][3]["kwargs"]["rows"] = 1
    assert "changed by hand" in pages.suite(ExpectationSuite(**stored), "../")


@pytest.mark.fast
def test_what_is_new_is_built_without_reading_what_was(tmp_path: Path) -> None:
    context = gx.get_context(mode="file", project_root_dir=tmp_path)
    context.variables.data_docs_sites = SITES
    context.suites.add(ExpectationSuite(SUITE.name, expectations=SUITE.expectation_configurations, meta=SUITE.meta))
    context.validation_results_store.set(key_of(DAY), gate_result())
    context.build_data_docs()
    (old,) = (tmp_path / "gx" / "uncommitted" / "validations").rglob("*.json")
    old.write_text("no JSON", "utf-8")
    context.validation_results_store.set(key_of(date(2026, 6, 2)), gate_result())
    context.build_data_docs(resource_identifiers=[key_of(date(2026, 6, 2))])
    site = tmp_path / "gx" / "uncommitted" / "data_docs" / "local_site"
    pages_listed = re.findall(r'<a href="(validations/[^"]+)"', (site / "index.html").read_text("utf-8"))
    assert [page.split("/")[2] for page in pages_listed] == ["2026-06-02", "2026-06-01"]
    for page in pages_listed:
        links = re.findall(r'href="([^#"]+)"', (site / page).read_text("utf-8"))
        assert len(links) == 2
        assert [link for link in links if not ((site / page).parent / link).resolve().exists()] == []


@pytest.mark.browser
@pytest.mark.parametrize("width", [390, 1200])
@pytest.mark.parametrize("name", ["index", "run", "suite"])
def test_a_reader_sees_the_outcomes_without_a_network(tmp_path: Path, name: str, width: int) -> None:
    page = tmp_path / "page.html"
    page.write_text(every_page()[name], "utf-8")
    seen = see(page, tmp_path / "look", width)
    assert (seen.lang, seen.other_lang) == ("zh", "en")
    assert "English" in seen.text
    if name != "suite":
        assert [word for word in ("整批阻断", "有警告", "通过") if word not in seen.text] == []
        assert [word for word in ("blocked", "warned", "passed") if word not in seen.other_text] == []
    assert seen.width <= seen.window == width
    assert (seen.faint, seen.loaded) == ([], [])
