"""Changes of cells in text files: one cell of one row, in a file that is written well."""

from __future__ import annotations

import json
from collections.abc import Sequence
from random import Random
from typing import Any

from tests.fuzz.seeds import Row, Seed, csv_line, json_line
from tests.fuzz.values import CONTROLS, JSON_VALUES, NO_NUMBERS, NUMBERS, TEXTS

Change = tuple[int, str, Any]  # the place of a row, the name of a column, what its cell holds
TEXTS_AND_NUMBERS = (*TEXTS, *CONTROLS, *NUMBERS, *NO_NUMBERS)


def choose(seed: Seed, chance: Random) -> Change:
    """Return a change of a cell: another text, the text of another row or column, or a value of another type."""
    place = chance.randrange(len(seed.rows))
    name = chance.choice(list(seed.rows[place]))
    if seed.kind in ("api", "jsonl"):
        return place, name, _json(seed, chance)
    return place, name, _text(seed, chance)


def written(seed: Seed, changes: Sequence[Change], chance: Random) -> bytes:
    """Return the delivery with its changes, as another program might write it: its quotes and line ends."""
    rows = [dict(row) for row in seed.rows]
    for place, name, value in changes:
        rows[place][name] = value
    if seed.kind in ("api", "jsonl"):
        changed = {(place, name) for place, name, _ in changes}
        return b"".join(
            json_line({name: value if (place, name) in changed else _as_json(value) for name, value in row.items()})
            for place, row in enumerate(rows)
        )
    end = chance.choice(("\n", "\r\n", "\r") if seed.kind == "csv" else ("\n",))
    quote_all = chance.random() < 0.3
    lines = [csv_line(rows[0], seed.encoding, end), *(csv_line(row.values(), seed.encoding, end, quote_all) for row in rows)]
    return b"".join(lines)


def _text(seed: Seed, chance: Random) -> str:
    kind = chance.randrange(10)
    if kind == 0:
        return str(chance.choice(list(_any_row(seed, chance).values())) or "")
    if kind == 1:
        return "".join(chr(_code(chance)) for _ in range(chance.randrange(1, 12)))
    if kind == 2:
        return chance.choice(("\n", ",", "\r\n")).join(str(value or "") for value in _any_row(seed, chance).values())
    return chance.choice(TEXTS_AND_NUMBERS)


def _json(seed: Seed, chance: Random) -> str:
    if chance.random() < 0.5:
        return chance.choice((*JSON_VALUES, *NUMBERS))
    return json.dumps(_text(seed, chance), ensure_ascii=chance.random() < 0.5)


def _any_row(seed: Seed, chance: Random) -> Row:
    return chance.choice(seed.rows)


def _as_json(value: object) -> str:
    return json.dumps(value or None, ensure_ascii=False)


def _code(chance: Random) -> int:
    code = chance.choice((0x80, 0x100, 0x3000, 0xA000, 0x10000, 0x30000))
    found = chance.randrange(1, code)
    return 0x4E00 if 0xD800 <= found < 0xE000 else found
