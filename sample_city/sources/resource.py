"""The base class of all sources: what each declares about its resource, and how its rows are labelled."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, ClassVar

from sample_city.sources.defects import Defect, Occasion, Row, kinds_of
from sample_city.sources.labels import Label, row_sha256
from sample_city.world.deal import Deal
from sample_city.world.lives import Lives
from sample_city.world.oddities import quota
from sample_city.world.people import FIRST_DAY


class Resource:
    """One delivered resource; a subclass declares the attributes below."""

    code: ClassVar[str]  # of its contract
    columns: ClassVar[tuple[str, ...]]  # as delivered, in order
    named_by: ClassVar[tuple[str, ...] | None] = (
        None  # columns whose texts identify a row: None means all, () means none (the row is found by its line alone)
    )
    defects: ClassVar[Mapping[str, Defect]]  # by kind

    def __init__(self, lives: Lives) -> None:
        self.lives, self.setting = lives, lives.setting

    def row(self, *values: Any) -> Row:
        """Return a row of these values, one per column."""
        return dict(zip(self.columns, values, strict=True))

    def spoiled(self, row: Row, kind: str, number: int = 0, day: date = FIRST_DAY) -> Row:
        """Return the row with the declared defect of a kind; an empty kind leaves it unchanged."""
        return self.defects[kind].spoil(row, Occasion(number, day, self.setting.places)) if kind else row

    def deal(self, rows: int, each: int = 0, start: int = 0) -> Deal:
        """Decide which of a number of rows get which defect: `each` of every kind (0: the usual number), spread evenly."""
        return Deal(kinds_of(self.defects), each or quota(self.setting.people), rows, start)

    def label(self, row: Row, kind: str, day: date, place: tuple[str, int] | None = None) -> Label:
        """Return the label of a delivered row; `place` is a file's path below the inbox and the line in it."""
        defect, columns = self.defects[kind], self.columns if self.named_by is None else self.named_by
        is_named = columns and defect.outcome != "rejected"
        source, line = place or (None, None)
        return Label(
            resource=self.code,
            business_date=day.isoformat(),
            kind=kind,
            outcome=defect.outcome,
            rule=defect.rule,
            source=source,
            line=line,
            row_sha256=row_sha256([_text(row[column]) for column in columns]) if is_named else None,
        )


def _text(value: object) -> str | None:
    return None if value is None else str(value)
