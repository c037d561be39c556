"""Bring the tables of a resource into the shape of its changed contract, each in one commit, and back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from lakehouse.config import Instance
from lakehouse.contracts.model import Contract
from lakehouse.contracts.shape import Change, Shape, former_names, shape_of_texts, shape_of_values
from lakehouse.errors import Problem, QualityError
from lakehouse.naming import bronze, silver, verdicts
from lakehouse.ops.batches import Batch
from spark_jobs.ingest.scope import rule_scope
from spark_jobs.ingest.silver import Selection, Step
from spark_jobs.lake import storage
from spark_jobs.lake.tables import TableShape, bronze_table, shape_of_bronze, shape_of_silver, silver_table, verdicts_table
from spark_jobs.transforms import reshaping
from spark_jobs.transforms.dispositions import is_valid
from spark_jobs.transforms.rules.scope import RuleScope

MARK, BEFORE, WAITING = "reshaped", "before", "waiting"


@dataclass(frozen=True)
class Written:
    """A table that was changed: its rows, and its version before and after."""

    table: str
    rows: int
    before: int
    after: int


@dataclass(frozen=True)
class Later:
    """The ids of batches that came into the tables after the last change of shape: into bronze and silver, or only into silver."""

    read: tuple[str, ...] = ()
    written: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Part:
    """One table as it is, and as it is to be: renamed columns (name → former name), columns of another type, whether its key changes."""

    wanted: TableShape
    renamed: Mapping[str, str]
    retyped: tuple[str, ...]
    is_rekeyed: bool
    key_comment: str

    @staticmethod
    def of(wanted: TableShape, columns: storage.Columns, shapes: tuple[Shape, Shape], contract: Contract) -> _Part:
        shape, target = shapes
        was = former_names(shape, contract)
        renamed = {name: former for name, former in was.items() if former != name}
        retyped = tuple(name for name, former in was.items() if shape.types[former] != target.types[name])
        is_rekeyed = shape.key is not None and shape.key != tuple(was.get(name, name) for name in target.key or ())
        return _Part(wanted, renamed, retyped, is_rekeyed, columns.key_comment)


@dataclass(frozen=True)
class Reshaping:
    """The tables of a resource, and the contract they are to fit.

    Attributes:
        spark: the session.
        instance: the instance.
        contract: the changed contract.
        batches: all batches of the resource.
        on: the newest business date; changes of the history are recorded as known from then on.
        note: what each commit is told besides its mark, the versions before it, and the batches that waited for silver.
    """

    spark: SparkSession
    instance: Instance
    contract: Contract
    batches: tuple[Batch, ...]
    on: date
    note: Mapping[str, Any]

    def planned(self) -> list[Change]:
        """Return what the tables lack to fit the contract, each thing once."""
        there = {name: storage.columns_of(self.spark, name) for name in self._tables}
        found = storage.reshaping(self.contract, there)
        return list({(one.where, one.effect, "" if one.effect == "added" else one.text): one for one in found}.values())  # silver's type

    def apply(self) -> list[Written]:
        """Rewrite the tables that do not fit, bronze first; what an interrupted attempt has done already is not done again.

        Raises:
            QualityError: values of existing rows do not fit; nothing was changed.
        """
        texts = self._part(bronze_table(self.contract), shape_of_bronze, shape_of_texts(self.contract))
        values = self._part(silver_table(self.contract), shape_of_silver, shape_of_values(self.contract))
        rows = self._bronze_rows(texts)
        versions = self._silver_rows(values, rows) if values.renamed or values.retyped else None
        before = self._before()
        if versions is not None:  # first, because Spark reads bronze by name, and looks for the columns it had
            shape = replace(values.wanted, comments={"_key": values.key_comment}) if values.is_rekeyed else values.wanted
            self._write(before, lambda: storage.rewrite(self.spark, self.instance, shape, versions))
        if texts.renamed and verdicts(self.contract.code) in before:
            self._rename_given(texts.renamed, before)
        if texts.renamed or texts.is_rekeyed:
            self._write(before, lambda: storage.rewrite(self.spark, self.instance, texts.wanted, rows))
        if values.is_rekeyed:
            self._write(before, lambda: self._recut(values.wanted))
        return [one for table, version in before.items() for one in self._written(table, version)]

    def undo(self) -> list[Written]:
        """Let the tables be what they were before the last change of their shape; what was written since is gone (see `later`)."""
        done = []
        for table, before in (self.last or {BEFORE: {}})[BEFORE].items():  # silver last, because it holds what is asked for by `last`
            version, _ = storage.last_commit(self.spark, table)
            if version != before:
                storage.restore(self.spark, table, before)
                done.append(Written(table, storage.read(self.spark, table).count(), version, version + 1))
        return done

    @cached_property
    def last(self) -> dict[str, Any] | None:
        """Return what the commit of the last change of shape was told; None where there was none, or it was taken back already.

        Every change of shape writes silver.
        """
        return storage.last_told(self.spark, silver(self.contract.code), MARK)

    def later(self) -> Later:
        """Return the batches whose rows came into the tables after the last change of shape, which an undo therefore takes out again."""
        if self.last is None:
            return Later()
        there = storage.read(self.spark, bronze(self.contract.code), self.last[BEFORE][bronze(self.contract.code)])
        kept = {row[0] for row in there.select("_batch_id").distinct().collect()}
        read = [one for one in self.batches if one.received and one.bronze_recorded_at is not None and one.gate != "refused"]
        waited = [one for one in read if one.batch_id in self.last[WAITING]]
        return Later(
            read=tuple(one.batch_id for one in read if one.batch_id not in kept),
            written=tuple(one.batch_id for one in waited if one.batch_id in kept and one.silver_on is not None),
        )

    @cached_property
    def _tables(self) -> tuple[str, ...]:
        again = verdicts(self.contract.code)
        return *((again,) if storage.exists(self.spark, again) else ()), bronze(self.contract.code), silver(self.contract.code)

    def _part(self, wanted: TableShape, shape_of: Callable[[Mapping[str, str], str], Shape], target: Shape) -> _Part:
        columns = storage.columns_of(self.spark, wanted.name)
        assert columns is not None, f"{wanted.name} is missing"
        return _Part.of(wanted, columns, (shape_of(columns.types, columns.key_comment), target), self.contract)

    def _bronze_rows(self, part: _Part) -> DataFrame:
        rows = reshaping.shaped(storage.read(self.spark, part.wanted.name), dict(part.wanted.columns), part.renamed)
        rows = reshaping.with_renamed_rules(rows, "_verdict", part.renamed)
        if not part.is_rekeyed:
            return rows
        rows = reshaping.with_keys(rows, self.contract, self._scope).localCheckpoint()
        _refuse(part.wanted.name, rows.where(is_valid(self.contract) & F.col("_key").isNull()).count(), "rows lack a value of the new key")
        return rows

    def _silver_rows(self, part: _Part, texts: DataFrame) -> DataFrame:
        rows = storage.read(self.spark, part.wanted.name)
        types = {name: type_ for name, type_ in part.wanted.columns if name not in part.retyped}
        there = {field.name: field.dataType.simpleString() for field in rows.schema.fields}
        kept = {name: types.get(name) or there[part.renamed.get(name, name)] for name, _ in part.wanted.columns}
        rows = reshaping.with_renamed_rules(reshaping.shaped(rows, kept, part.renamed), "_flags", part.renamed)
        if part.retyped:
            values = reshaping.values_anew(texts, self.contract, part.retyped, self._scope).localCheckpoint()
            rows = reshaping.retyped(rows, values, part.retyped).localCheckpoint()  # Spark Connect refuses a deeper plan
            _refuse(part.wanted.name, rows.where("_misfit").count(), f"versions hold a value that does not fit ({', '.join(part.retyped)})")
            rows = rows.drop("_misfit")
        return reshaping.rehashed(rows, self.contract)

    def _rename_given(self, renamed: Mapping[str, str], before: Mapping[str, int]) -> None:
        """Rename the columns in verdicts that were given again; before bronze, which tells what is renamed."""
        shape = verdicts_table(self.contract)
        given = reshaping.with_renamed_rules(storage.read(self.spark, shape.name), "_verdict", renamed)
        self._write(before, lambda: storage.rewrite(self.spark, self.instance, shape, given))

    def _recut(self, wanted: TableShape) -> None:
        self._step().recut()
        storage.tell_key(self.spark, wanted)

    def _step(self) -> Step:
        selection, key = Selection.standing(self.batches), self.instance.key_path("hmac.key")
        return Step(self.spark, self.contract, self._scope, key, selection, self.on)

    @cached_property
    def _scope(self) -> RuleScope:
        return rule_scope(self.spark, self.instance)

    def _before(self) -> dict[str, int]:
        """Return the versions the tables are taken back to: the newest, or those before what an interrupted attempt did."""
        commits = {table: storage.last_commit(self.spark, table) for table in self._tables}
        ours = (told[BEFORE] for _, told in commits.values() if told.get(MARK) == self.contract.version)
        return next(ours, {table: version for table, (version, _) in commits.items()})

    def _write(self, before: Mapping[str, int], write: Callable[[], None]) -> None:
        waiting = [one.batch_id for one in self.batches if one.bronze_recorded_at is not None and one.silver_on is None]
        with storage.telling(self.spark, {MARK: self.contract.version, BEFORE: before, WAITING: waiting, **self.note}):
            write()

    def _written(self, table: str, before: int) -> Iterator[Written]:
        after, _ = storage.last_commit(self.spark, table)
        if after != before:
            yield Written(table, storage.read(self.spark, table).count(), before, after)


def _refuse(table: str, number: int, what: str) -> None:
    if number:
        fix = "leave the type or the key, or correct these rows at their source first."
        raise QualityError(Problem(table, f"{number} {what}; nothing was changed.", "none", fix).text())
