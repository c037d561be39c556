"""Files in the inbox: the path says the date and, of many providers, the region or the office that sent it."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import pytest

from lakehouse.ingest.readers import inbox
from lakehouse.ingest.strays import strays
from tests.lakehouse.ingest.readers.contract import contract

pytestmark = pytest.mark.fast
JUNE = date(2026, 6, 1)
FIRST, SECOND = "11449901MB2E00015R", "11449901MB2E00023L"
OFFICES = {"449901001": (FIRST,), "449901002": (FIRST, SECOND), FIRST: (FIRST,), SECOND: (SECOND,)}


def find(folder: Path, path: str, *names: str) -> tuple[list[tuple[str, str]], list[str]]:
    """Drop files; return provider and name of the deliveries found, and what is said of the files that are none."""
    of_each = contract("csv", "a", provider={"each": "street"}, source={"kind": "csv", "path": path})
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("a\n1\n", "utf-8")
    found, unusable = inbox.find(folder, of_each, lambda place, _on: OFFICES.get(place, ()), JUNE)
    return [(one.provider, one.source_object) for one in found], [one.message for one in unusable]


def test_a_region_with_one_office_says_who_sent_a_file(tmp_path: Path) -> None:
    names = [f"t/{region}/2026-06-01_1.csv" for region in ("449901001", "449901002", "449901009")]
    found, told = find(tmp_path, "t/{region}/{date}_{n}.csv", *names)
    assert found == [(FIRST, names[0])]
    assert ["2 departments deliver for the region in this path." in told[0], "no department delivers this" in told[1]] == [True, True]


def test_offices_of_one_region_each_have_a_folder(tmp_path: Path) -> None:
    names = [f"t/{office}/2026-06-01_1.csv" for office in (FIRST, SECOND)]
    assert find(tmp_path, "t/{office}/{date}_{n}.csv", *names) == ([(FIRST, names[0]), (SECOND, names[1])], [])


LEFT_ALONE = ("~$2026-06-01_1.xlsx", ".~lock.2026-06-01_1.csv#", "Thumbs.db", "thumbs.db", ".DS_Store", "desktop.ini", "ehThumbs.db")
UNFINISHED = ("2026-06-01_2.csv.part", "2026-06-01_2.csv.filepart", "2026-06-01_2.csv.crdownload", "2026-06-01_2.CSV.TMP")
FOLDERS = ("__MACOSX/2026-06-01_1.csv", ".Trash-1000/files/old.csv", "@eaDir/x.csv", "$RECYCLE.BIN/S-1/x.csv")


def test_files_of_programs_at_work_and_of_systems_are_left_alone(tmp_path: Path) -> None:
    names = [f"t/449901001/{name}" for name in ("2026-06-01_1.csv", *LEFT_ALONE, *UNFINISHED, *FOLDERS)]
    assert find(tmp_path, "t/{region}/{date}_{n}.csv", *names) == ([(FIRST, names[0])], [])
    assert [path.name for path in inbox.files_below(tmp_path)] == ["2026-06-01_1.csv"]
    assert strays(tmp_path, [], []) == {"t/449901001": 1}


def test_a_name_in_another_encoding_is_told_and_stops_no_other(tmp_path: Path) -> None:
    folder = tmp_path / "t" / "449901001"
    folder.mkdir(parents=True)
    for name in ("名单.csv".encode("gb18030"), b"2026-06-01_1\n.csv"):
        Path(os.fsdecode(os.path.join(os.fsencode(folder), name))).write_text("a\n1\n", "utf-8")  # noqa: PTH118 - bytes
    found, told = find(tmp_path, "t/{region}/{date}_{n}.csv", "t/449901001/2026-06-01_2.csv")
    assert found == [(FIRST, "t/449901001/2026-06-01_2.csv")]
    assert [one.split("\n")[0] for one in told] == [
        r"inbox/t/449901001/2026-06-01_1\x0a.csv:",
        r"inbox/t/449901001/\xc3\xfb\xb5\xa5.csv:",
    ]
    assert "".join(told).encode()


def test_a_folder_in_another_encoding_can_be_told_as_a_stray(tmp_path: Path) -> None:
    folder = Path(os.fsdecode(os.path.join(os.fsencode(tmp_path), "街道".encode("gb18030"))))  # noqa: PTH118 - bytes
    folder.mkdir()
    (folder / "x.csv").write_text("a", "utf-8")
    [name] = strays(tmp_path, [], [])
    assert name.startswith(r"\xbd")
    assert name.encode()


def test_a_file_that_cannot_be_opened_is_told_and_stops_no_other(tmp_path: Path) -> None:
    """A file that fails when it is read, as one does that a program on another machine has locked."""
    folder = tmp_path / "t" / "449901001"
    folder.mkdir(parents=True)
    (folder / "2026-06-01_1.csv").symlink_to("/proc/self/mem")
    (folder / "2026-06-02_1.csv").symlink_to("/proc/self/mem")  # about a later date: not looked at yet
    found, [told] = find(tmp_path, "t/{region}/{date}_{n}.csv", "t/449901001/2026-06-01_2.csv")
    assert found == [(FIRST, "t/449901001/2026-06-01_2.csv")]
    assert told.startswith("inbox/t/449901001/2026-06-01_1.csv:\n")
    assert "the file cannot be opened: a program holds it" in told


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ({"kind": "csv", "path": "t/{date}_{n}.csv"}, ["2026-06-01_2.csv", "2026-06-01_10.csv", "2026-06-01_011.csv"]),
        ({"kind": "jsonl", "path": "t/{n}/{date}.jsonl"}, ["9/2026-06-01.jsonl", "12/2026-06-01.jsonl"]),
        ({"kind": "xlsx", "path": "t/{date} 第{n}批 *.xlsx", "sheet": "x"}, ["2026-06-01 第3批 a.xlsx", "2026-06-01 第20批 0.xlsx"]),
    ],
)
def test_files_of_a_date_follow_their_numbers_and_neither_name_nor_content_nor_time(
    tmp_path: Path, source: dict[str, str], names: list[str]
) -> None:
    of_one = contract("csv", "a", source=source)
    for place, name in enumerate(names):
        path = tmp_path / "t" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"a\n{place}\n", "utf-8")
        os.utime(path, (100 - place, 100 - place))  # the first was changed last
    found, _ = inbox.find(tmp_path, of_one, lambda _place, _on: (FIRST,), JUNE)
    assert [one.source_object for one in sorted(found, key=lambda one: one.order)] == [f"t/{name}" for name in names]


def test_files_without_or_of_the_same_number_follow_their_time_and_then_their_name(tmp_path: Path) -> None:
    times = {"b.csv": 1, "a.csv": 2, "c.csv": 2, "0.csv": 3}
    (tmp_path / "t").mkdir()
    for name, second in times.items():
        path = tmp_path / "t" / f"2026-06-01_{name}"
        path.write_text("a\n1\n", "utf-8")
        os.utime(path, (second, second))
    without = contract("csv", "a", source={"kind": "csv", "path": "t/{date}_*"})
    found, _ = inbox.find(tmp_path, without, lambda _place, _on: (FIRST,), JUNE)
    assert [one.source_object[-5:] for one in sorted(found, key=lambda one: one.order)] == list(times)
