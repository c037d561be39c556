"""Mutation test of the selection of due rows: every mutant gives another result than the brute-force oracle."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any

import pytest
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from lakehouse.config import Instance
from lakehouse.naming import LEVELS
from lakehouse.returns.model import Audience, Return
from spark_jobs.lake.session import close_sessions, open_session
from spark_jobs.transforms import returns as transforms
from tests.oracle import entitlement
from tests.oracle.entitlement import BUREAU, Whose
from tests.spark_jobs.returned import RETURNS, row

pytestmark = pytest.mark.spark
WANTED = ("resident_list", "legal_entity_list", "safety_net", "region_summary")
AT_ONCE = 6  # mutants in one run of the engine
Place = dict[str, str | None]


def place(*known: str) -> Place:
    codes = [*known, *[None] * (len(LEVELS) - len(known))]
    return {f"{level}_code": code for level, code in zip(LEVELS, codes, strict=True)}


def grids() -> Iterator[Place]:
    """Yield 16 grids of two districts; the first one has moved to the other district and kept its code."""
    for district in ("449901", "449902"):
        for street in (f"{district}001", f"{district}002"):
            for community in (f"{street}001", f"{street}002"):
                for number in ("001", "002"):
                    yield place("44", "4499", district, street, community, f"{community}{number}")


PLACES = list(grids())
PLACES[0] = place("44", "4499", "449902", "449902001", "449902001001", "449901001001001")
WHERE = [*PLACES, place("44", "4499", "449901", "449901002", "449901002001"), place("44", "4499", "449902", "449902002"),
         place("44", "4499", "449901"), place("44", "4499"), place("44")]  # fmt: skip
NOWHERE = place("44", "4499", "449901", "449901001", "449901001002", "449901001002999")
FALSE_ONES = {"resident_list": ({"is_alive": False}, {"is_moved_out": True}), "legal_entity_list": ({"is_active": False},)}


def town() -> dict[str, list[dict[str, Any]]]:
    """Return rows of every return: one at every place, and one per grid that the return's row filter excludes."""
    found = {}
    for name in WANTED:
        rows = [row(name, f"{name} {n}") | where for n, where in enumerate([*WHERE, NOWHERE])]
        odd = [row(name, f"{name} not {n}", **values) | PLACES[3] for n, values in enumerate(FALSE_ONES.get(name, ()))]
        unsure = [row(name, f"{name} null {n}", **dict.fromkeys(values)) | PLACES[5] for n, values in enumerate(FALSE_ONES.get(name, ()))]
        found[name] = [*rows, *odd, *unsure]
    return found


TOWN = town()
KNOWN = {(level, where[f"{level}_code"]) for where in WHERE for level in LEVELS if where[f"{level}_code"]}
ROSTER = sorted((f"{level}-{code}", f"{level[0]}:{code}") for level, code in KNOWN)
ROSTER += [(f"{BUREAU}-{code}", f"m:{code}") for code in ("449901", "449902")]


@dataclass(frozen=True)
class Selecting:
    """The inputs and functions of the selection; a mutant changes one of them."""

    tables: dict[str, DataFrame]
    declared: dict[str, Return]
    roster: DataFrame
    place: Callable[[Audience], Column] = transforms._place
    twice: bool = False

    def rows(self) -> DataFrame:
        """Return the rows selected for each recipient by our own code."""
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(transforms, "_place", self.place)
            found = transforms.selection(self.tables, list(self.declared.values()), self.roster, LEVELS)
        found = found.select("recipient_id", "return_id", "row_id", "is_pending")
        return found.unionByName(found) if self.twice else found

    def with_return(self, name: str, **changed: Any) -> Selecting:
        """Return a copy with one return's declaration changed."""
        return replace(self, declared={**self.declared, name: self.declared[name].model_copy(update=changed)})

    def with_column(self, name: str, value: Column) -> Selecting:
        """Return a copy with one column changed in all tables."""
        return replace(self, tables={key: table.withColumn(name, value) for key, table in self.tables.items()})


@pytest.fixture(scope="module")
def honest(module_instance: Instance) -> Iterator[Selecting]:
    spark = open_session(module_instance)
    yield Selecting(
        {name: frame(spark, name) for name in WANTED},
        {name: RETURNS[name].model_copy(update={"columns": RETURNS[name].columns[:1]}) for name in WANTED},
        spark.createDataFrame(ROSTER, "place string, recipient_id string"),
    )
    close_sessions()


def frame(spark: SparkSession, name: str) -> DataFrame:
    declared = RETURNS[name]
    first = declared.columns[0].name
    names = list(dict.fromkeys([declared.key, *declared.filter, first, "birth_date", "id_no", *place()]))
    types = {one: "boolean" if one in declared.filter else "date" if one == "birth_date" else "string" for one in names}
    return spark.createDataFrame(
        [tuple(one.get(each) for each in names) for one in TOWN[name]], ", ".join(f"{one} {kind}" for one, kind in types.items())
    )


def expected() -> tuple[Counter, Counter]:
    """Return the rows due to each recipient and the number of pending rows, by brute force."""
    rows, waiting = Counter(), Counter()
    for where, recipient in ROSTER:
        audience, region = where.split("-")
        for name in WANTED:
            whose = Whose(name, audience, region)
            rows.update((recipient, name, one[entitlement.KEYS[name]]) for one in entitlement.due(whose, TOWN[name]))
            waiting[recipient, name] = entitlement.pending(whose, TOWN[name])
    return rows, +waiting


def reading(code: Callable[[Audience], Column], waits: Column | None = None) -> Callable[[Audience], Column]:
    """Return a choice of place that reads another code, or that says otherwise who waits."""

    def chosen(audience: Audience) -> Column:
        honest_place = transforms_place(audience)
        found = code(audience)
        named = F.struct(
            F.concat(F.lit(f"{audience.name}-"), found).alias("place"),
            (honest_place["is_pending"] if waits is None else waits).alias("is_pending"),
        )
        return F.when(found.isNotNull(), named)

    return chosen


transforms_place = transforms._place
own = lambda audience: F.col(f"{audience.level}_code")  # noqa: E731 the code an audience goes by


def mutants(honest: Selecting) -> Iterator[tuple[str, Selecting]]:
    for name in ("resident_list", "legal_entity_list"):
        filters = honest.declared[name].filter
        for column, value in filters.items():
            yield f"{name}: {column} dropped", honest.with_return(name, filter={k: v for k, v in filters.items() if k != column})
            yield f"{name}: {column} inverted", honest.with_return(name, filter={**filters, column: not value})
    for name in WANTED:
        levels = honest.declared[name].levels
        for level in levels:
            yield f"{name}: {level} forgotten", honest.with_return(name, levels={k: v for k, v in levels.items() if k != level})
    yield "safety_net: bureau forgotten", honest.with_return("safety_net", handlers=())
    yield "city may see residents", honest.with_return("resident_list", levels={**honest.declared["resident_list"].levels, **_city(honest)})
    yield from _of_places(honest)
    yield from _of_pending(honest)
    yield from _of_roster(honest)
    yield "every row twice", replace(honest, twice=True)


def _city(honest: Selecting) -> dict[str, Any]:
    return {"city": honest.declared["region_summary"].levels["city"]}


def _of_places(honest: Selecting) -> Iterator[tuple[str, Selecting]]:
    lengths = {"province": 2, "city": 4, "district": 6, "street": 9, "community": 12, "grid": 15}
    for level in LEVELS[2:]:
        above = LEVELS[LEVELS.index(level) - 1]
        one_off = reading(lambda one, level=level: F.substring(own(one), 1, lengths[level] - 1) if one.level == level else own(one))
        yield f"{level}: prefix one digit short", replace(honest, place=one_off)
        parent = reading(lambda one, level=level, above=above: F.col(f"{above}_code") if one.level == level else own(one))
        yield f"{level}: the parent's code", replace(honest, place=parent)
        digits = F.substring(F.coalesce(F.col("grid_code"), F.col(f"{level}_code")), 1, lengths[level])
        cut = reading(lambda one, level=level, digits=digits: digits if one.level == level else own(one))
        if level != "grid":
            yield f"{level}: cut from the grid's digits", replace(honest, place=cut)
        filled = F.coalesce(F.col(f"{level}_code"), F.lit(WHERE[4][f"{level}_code"]))
        yield f"{level}: unknown goes somewhere", honest.with_column(f"{level}_code", filled)
        yield f"{level}: nobody is told", honest.with_column(f"{level}_code", F.lit(None).cast("string"))
    swapped = F.when(F.col("community_code") == "449901002001", "449901001").otherwise(F.col("street_code"))
    yield "a community with another street's rows", honest.with_column("street_code", swapped)
    both = {name: table.unionByName(table.withColumn("grid_code", _neighbour())) for name, table in honest.tables.items()}
    yield "two grids a row", replace(honest, tables=both)
    yield "neighbours swapped", honest.with_column("grid_code", _neighbour())


def _neighbour() -> Column:
    return F.when(F.col("grid_code").endswith("1"), F.regexp_replace("grid_code", "1$", "2")).otherwise(
        F.regexp_replace("grid_code", "2$", "1")
    )


def _of_pending(honest: Selecting) -> Iterator[tuple[str, Selecting]]:
    yield "nobody waits", replace(honest, place=reading(own, F.lit(False)))
    yield "everybody waits", replace(honest, place=reading(own, F.lit(True)))
    yield "who waits is known", replace(honest, place=reading(own, F.col("grid_code").isNotNull()))


def _of_roster(honest: Selecting) -> Iterator[tuple[str, Selecting]]:
    names = F.col("recipient_id")
    other = F.when(names == "m:449901", "m:449902").when(names == "m:449902", "m:449901").otherwise(names)
    yield "bureaus swapped", replace(honest, roster=honest.roster.withColumn("recipient_id", other))
    both = honest.roster.where("place like 'civil%'").withColumn("place", F.lit(f"{BUREAU}-449901"))
    yield "every bureau gets the first district", replace(honest, roster=honest.roster.unionByName(both).distinct())
    as_region = F.when(names == "m:449901", "district-449901").otherwise(F.col("place"))
    yield "the bureau gets what the district gets", replace(honest, roster=honest.roster.withColumn("place", as_region))
    to_city = honest.roster.where("place = 'city-4499'").withColumn("place", F.lit("district-449901"))
    yield "the city reads along", replace(honest, roster=honest.roster.unionByName(to_city))
    yield "a recipient forgotten", replace(honest, roster=honest.roster.where(f"place <> 'grid-{PLACES[5]['grid_code']}'"))


def judged(selections: list[tuple[str, Selecting]]) -> dict[str, tuple[Counter, Counter]]:
    """Return per mutant the rows selected for each recipient and the number of pending rows."""
    named = [selecting.rows().withColumn("mutant", F.lit(name)) for name, selecting in selections]
    found: dict[str, tuple[Counter, Counter]] = {name: (Counter(), Counter()) for name, _ in selections}
    for one in reduce(DataFrame.unionByName, named).collect():
        rows, waiting = found[one["mutant"]]
        rows[one["recipient_id"], one["return_id"], one["row_id"]] += 1
        waiting[one["recipient_id"], one["return_id"]] += one["is_pending"]
    return {name: (rows, +waiting) for name, (rows, waiting) in found.items()}


def test_selection_is_the_oracles_and_every_mutant_of_it_is_killed(honest: Selecting, capsys: pytest.CaptureFixture[str]) -> None:
    due = expected()
    everyone = [("honest", honest), *mutants(honest)]
    found: dict[str, tuple[Counter, Counter]] = {}
    for start in range(0, len(everyone), AT_ONCE):
        found |= judged(everyone[start : start + AT_ONCE])
    assert found.pop("honest") == due
    alive = [name for name, got in found.items() if got == due]
    with capsys.disabled():
        print(f"\nselection mutants: {len(found) - len(alive)} killed, {len(alive)} alive")  # noqa: T201 the count is what the test is for
    assert alive == []
    assert len(found) == len(everyone) - 1 > 40
