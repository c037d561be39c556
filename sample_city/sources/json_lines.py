"""Returns files of JSON Lines as a careful sender puts them down, with the labels of their lines."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from sample_city.world.whole_files import delivered
from sample_city.sources.labels import Label, Outcome, row_sha256


@dataclass(frozen=True)
class Line:
    """One line of a file and the kind of its label, if any; a spoiled line is written otherwise than as JSON says."""

    record: dict[str, object]
    kind: str = ""

    def text(self) -> str:
        """Returns the line as delivered."""
        text = json.dumps(self.record, ensure_ascii=False)
        if self.kind == "malformed_json":
            return text[: len(text) * 2 // 3]
        if self.kind == "duplicate_json_key":
            return text[:-1] + f', "grid_code": "{self.record["grid_code"]}"}}'
        return text


@dataclass(frozen=True)
class JsonLines:
    """How the lines of a resource are written and labelled."""

    resource: str
    columns: tuple[str, ...]
    outcomes: Mapping[str, tuple[Outcome, str | None]]

    def put_down(self, inbox: Path, name: str, lines: Iterable[Line], day: date) -> Iterator[Label]:
        """Writes the file of that name and yields the labels of its lines as delivered for a business date."""
        source = f"{self.resource}/{name}.jsonl"
        with delivered(inbox / source) as file:
            for number, line in enumerate(lines, start=1):
                file.write(line.text().encode() + b"\n")
                if line.kind:
                    yield self._label(line, source, number, day)

    def _label(self, line: Line, source: str, number: int, day: date) -> Label:
        outcome, rule = self.outcomes[line.kind]
        texts = [_text(line.record[column]) for column in self.columns]
        sha256 = None if outcome == "rejected" else row_sha256(texts)
        return Label(
            resource=self.resource, business_date=day.isoformat(), kind=line.kind, outcome=outcome, rule=rule, source=source, line=number,
            row_sha256=sha256,
        )  # fmt: skip


def _text(value: object) -> str | None:
    return None if value is None else str(value)
