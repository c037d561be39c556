"""The document of a rejudging in the landing area: written before anything follows from it, so every rebuild finds it there (ADR 0033)."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from datetime import date, datetime
from itertools import count
from pathlib import PurePosixPath

from lakehouse.naming import rejudging_path
from lakehouse.objects import Area
from lakehouse.ops.rejudging import Rejudging


def keep(area: Area, wanted: Rejudging) -> Rejudging:
    """Write a rejudging under the first free number, from its own on, and return it with this number."""
    for number in count(wanted.number):
        numbered = replace(wanted, number=number)
        if area.put_new(rejudging_path(wanted.resource, number), _text(numbered)):
            return numbered
    raise AssertionError


def recall(area: Area, resource: str) -> list[Rejudging]:
    """Return the rejudgings of a resource by their documents, in order."""
    folder = PurePosixPath(rejudging_path(resource, 1)).parent
    return [_parse(area.get(path)) for path in sorted(one.path for one in area.list(str(folder)))]


def _parse(document: bytes) -> Rejudging:
    facts = json.loads(document)
    dates = {name: date.fromisoformat(facts[name]) for name in ("since", "judged_on")}
    return Rejudging(**{**facts, **dates, "decided_at": datetime.fromisoformat(facts["decided_at"])})


def _text(wanted: Rejudging) -> bytes:
    return json.dumps(asdict(wanted), ensure_ascii=False, indent=2, sort_keys=True, default=lambda moment: moment.isoformat()).encode()
