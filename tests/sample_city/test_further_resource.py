"""A new resource needs one declaration: its rows, files, tables, API path and labels follow from it, and no other file names it."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from sample_city.feed.sample import Sample
from sample_city.sources import inventory
from sample_city.sources.csv_file import CsvFormat
from sample_city.sources.defects import Defect, Labelled, LineDefect, declared
from sample_city.sources.file_source import Batch, File, FileSource
from sample_city.sources.inventory import SOURCES, served
from sample_city.sources.labels import Label, read_labels
from sample_city.sources.spoiling import by_turns
from sample_city.sources.table_source import Api, Change, Table, TableSource
from sample_city.world.people import FIRST_DAY
from tests.sample_city.batches import CITIES

pytestmark = pytest.mark.fast


class LibraryCard(FileSource):
    """The city library's list of its readers, sent on the first day."""

    code = "c_library_card"
    columns = ("card_no", "id_no", "person_name", "branch")
    format = CsvFormat()
    defects = declared(
        Defect("unknown_branch", "quarantined", "domain", by_turns("branch", ("月球分馆", "火星分馆"))),
        LineDefect("undecodable_bytes", "rejected", garble=lambda line, _: b"\xff" + line),
    )

    def batches(self, day: date) -> Iterator[Batch]:
        """Yield the list."""
        if day == FIRST_DAY:
            yield Batch.of_one(File(day), self.rows(day))

    def rows(self, day: date) -> Iterator[Labelled]:
        """Yield one reader in ten."""
        readers = [person for person in self.lives.populace if person.no % 10 == 0]
        deal = self.deal(len(readers))
        for n, person in enumerate(readers):
            row = self.row(f"T{person.no:06d}", person.id_no, person.person_name, "总馆")
            yield self.spoiled(row, deal.kind(n), n, day), deal.kind(n)


class Loan(TableSource):
    """The library's loans: a table behind an API that fails once."""

    code = "c_library_loan"
    columns = ("loan_no", "title", "update_time")
    table = Table("api_library_loan", columns, "loan_no", Api("/loans", ((FIRST_DAY, "error_500_once"),)))
    defects = declared(Defect("unknown_title", "warning", "domain", by_turns("title", ("无名",))))

    def special_rows(self) -> Iterator[Labelled]:
        """Yield a clean loan and one of an unknown book."""
        for n, kind in enumerate(("", "unknown_title")):
            yield self.spoiled(self.row(f"L{n}", "红楼梦", "2026-05-01 09:00:00"), kind, n), kind

    def ordinary_changes(self, _: date) -> Iterator[Change]:
        """Yield no changes: everybody keeps their books."""
        return iter(())


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    folder = tmp_path_factory.mktemp("library")
    sample = Sample(folder / "sample", folder / "inbox", "", CITIES / "tiny", 300, 7, sources=(LibraryCard, Loan))
    sample.put_down_first()
    sample.put_down(FIRST_DAY)
    return sample


def labels_of(sample: Sample, code: str) -> list[Label]:
    return [label for label in read_labels(sample.folder, FIRST_DAY) if label.resource == code]


def test_its_file_holds_its_header_rows_and_defects(library: Sample) -> None:
    lines = (library.inbox / "c_library_card" / "2026-06-01_1.csv").read_bytes().splitlines()
    assert lines[0] == b"card_no,id_no,person_name,branch"
    assert len(lines) > 20
    labels = labels_of(library, "c_library_card")
    assert [label.kind for label in labels] == ["unknown_branch", "undecodable_bytes"] * (len(labels) // 2)
    assert len(labels) >= 4
    for label in labels:
        assert label.source == "c_library_card/2026-06-01_1.csv"
        line = lines[(label.line or 0) - 1]
        assert (line[:1] == b"\xff") == (label.outcome == "rejected") == (label.row_sha256 is None)
        if label.row_sha256:
            (texts,) = csv.reader([line.decode()])
            assert texts[-1] in ("月球分馆", "火星分馆")
            canonical = json.dumps(texts, ensure_ascii=False, separators=(",", ":"))
            assert label.row_sha256 == hashlib.sha256(canonical.encode()).hexdigest()


def test_its_table_is_loaded_served_and_labelled(library: Sample) -> None:
    (loans,) = library.tables
    assert [row["title"] for row in loans.first_load()] == ["红楼梦", "无名"]
    assert served((*SOURCES, Loan))["/loans"] == "api_library_loan"
    assert library.faults == [("/loans", FIRST_DAY, "error_500_once")]
    assert [label.kind for label in labels_of(library, "c_library_loan")] == ["unknown_title"]


def test_every_module_that_declares_a_resource_is_listed() -> None:
    folder = Path(inventory.__file__).parent
    declaring = {path.stem for path in folder.glob("*.py") if "\n    code = " in path.read_text("utf-8")}
    assert declaring == {source.__module__.rpartition(".")[2] for source in SOURCES}
    assert all(source.__module__.endswith(source.code.partition("_")[2]) for source in SOURCES)
