"""Build the sample city and feed its source systems day by day. All data depend on people, seed, city and date alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path

from sample_city.feed.situations import write_situations
from sample_city.feed.source_system import SourceSystem
from sample_city.sources.file_source import FileSource
from sample_city.sources.inventory import SOURCES
from sample_city.sources.labels import Label, write_labels
from sample_city.sources.resource import Resource
from sample_city.sources.table_source import Fault, TableSource
from sample_city.world import truth
from sample_city.world.lives import Lives
from sample_city.world.numbers import LARGEST_CITY
from sample_city.world.people import FIRST_DAY, Setting
from sample_city.world.places import Places

SMALLEST_CITY = 200


class SampleError(Exception):
    """The sample city cannot be built or fed as asked."""


@dataclass(frozen=True)
class Sample:
    """A sample city: the places of its truth, inbox and source database, and the people, seed and sources it is made from."""

    folder: Path  # truth and labels, below the home
    inbox: Path
    url: str
    city: Path
    people: int
    seed: int
    sources: tuple[type[Resource], ...] = SOURCES

    @cached_property
    def lives(self) -> Lives:
        """Return the people of the city with all events of their lives."""
        return Lives(Setting(self.seed, self.people, Places(self.city, FIRST_DAY)))

    @cached_property
    def tables(self) -> list[TableSource]:
        """Return the sources that are tables of the source database."""
        return [source(self.lives) for source in self.sources if issubclass(source, TableSource)]

    @cached_property
    def senders(self) -> list[FileSource]:
        """Return the sources that deliver files to the inbox."""
        return [source(self.lives) for source in self.sources if issubclass(source, FileSource)]

    @cached_property
    def faults(self) -> list[Fault]:
        """Return the faults that the API server is told to produce."""
        apis = (source.table.api for source in self.tables)
        return [(api.path, day, fault) for api in apis if api for day, fault in api.faults]

    @cached_property
    def source_system(self) -> SourceSystem:
        """Return the database of the registers."""
        return SourceSystem(self.url)

    def init(self) -> dict[str, int]:
        """Build the city; return the number of people and of rows in the first loads. What exists already is kept.

        Raises:
            SampleError: too few or too many people, or the register holds another city.
        """
        if not SMALLEST_CITY <= self.people <= LARGEST_CITY:
            raise SampleError(f"a sample city has {SMALLEST_CITY} to {LARGEST_CITY} people, not {self.people}.")
        found = self.source_system.city()
        if found and found != (self.people, self.seed, self.city.name):
            raise SampleError(f"the register already holds a city with people={found[0]}, seed={found[1]}, city={found[2]}.")
        if not (self.folder / "labels" / "init.jsonl").is_file():
            self.put_down_first()
        rows = 0
        if not found:
            rows = self.source_system.build(self.tables, self.faults, (self.people, self.seed, self.city.name))
        return {"people": self.people, "seed": self.seed, "register_rows": rows}

    def day(self, day: date) -> list[date]:
        """Feed the day and every earlier day not fed yet; return the days fed now, none if the day was fed before.

        Raises:
            SampleError: the day lies before the first day.
        """
        if day < FIRST_DAY:
            raise SampleError(f"the sample city begins on {FIRST_DAY}; {day} lies before.")
        last = self.source_system.last_fed() or FIRST_DAY - timedelta(days=1)
        days = [last + timedelta(days=n) for n in range(1, (day - last).days + 1)]
        for one in days:
            self._feed(one)
        return days

    def put_down_first(self) -> None:
        """Write the truth and the files from before the first day, then the labels, whose presence shows that all is written."""
        truth.write_first(self.folder, self.lives)
        write_situations(self.folder, self.lives)
        write_labels(self.folder / "labels" / "init.jsonl", self._first_labels())

    def put_down(self, day: date) -> None:
        """Write the files of a day, the changes of the truth on that day, and the labels."""
        truth.write_day(self.folder, self.lives, day)
        write_labels(self.folder / "labels" / f"{day}.jsonl", self._day_labels(day))

    def _feed(self, day: date) -> None:
        self.put_down(day)
        self.source_system.feed(self.tables, day)

    def _first_labels(self) -> Iterator[Label]:
        for table in self.tables:
            yield from table.first_labels()
        for sender in self.senders:
            yield from sender.put_down_first(self.inbox)

    def _day_labels(self, day: date) -> Iterator[Label]:
        for table in self.tables:
            yield from table.labels(day)
        for sender in self.senders:
            yield from sender.put_down(self.inbox, day)


def existing(folder: Path, inbox: Path, url: str, city: Path) -> Sample:
    """Return the sample city the register holds.

    Raises:
        SampleError: there is none, or it is another city.
    """
    found = SourceSystem(url).city()
    if found is None:
        raise SampleError("there is no sample city yet; run `huiliu sample init`.")
    people, seed, name = found
    if name != city.name:
        raise SampleError(f"the register holds the city {name}, not {city.name}.")
    return Sample(folder, inbox, url, city, people, seed)
