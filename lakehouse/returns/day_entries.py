"""Read from the store what is published: day entries and, for the operator only, the leaves below each entry."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from lakehouse.naming import day_entry_path, published_days_prefix
from lakehouse.objects import Area, StoredObject
from lakehouse.returns.manifest import Document, Predecessor, sha256


@dataclass(frozen=True)
class Leaves:
    """The leaves below a day entry: each recipient's manifest hash and payload paths, and the hash of the rules they were proved under.

    `returns` are the declarations of the returns in the packages, each as the forms there were made under it.
    """

    rules_sha256: str
    manifests: dict[str, str]
    payloads: dict[str, frozenset[str]]
    returns: dict[str, Document] = field(default_factory=dict)

    def document(self) -> Document:
        """Return the leaves as the JSON document that is stored."""
        recipients = {name: {"manifest_sha256": found, "payloads": sorted(self.payloads[name])} for name, found in self.manifests.items()}
        return {"rules_sha256": self.rules_sha256, "recipients": recipients, "returns": self.returns}


NO_LEAVES = Leaves("", {}, {})
Issues = Mapping[date, int]


def published(area: Area, since: date | None = None) -> Issues:
    """Return the dates that have a day entry, each with its highest issue; with `since` only this date and later ones.

    One request finds what is published since a date; without one, all days are listed.
    """
    prefix = published_days_prefix()
    return _issues(area.list(prefix, after=f"{published_days_prefix(since)}/" if since else ""))


def final_issue(area: Area, business_date: date) -> int:
    """Return the highest published issue of a date, 0 when none is published."""
    return _issues(area.list(published_days_prefix(business_date))).get(business_date, 0)


def predecessor(area: Area, business_date: date, issues: Issues) -> Predecessor | None:
    """Return the last date before this one among published dates, None when there is none."""
    before = max((day for day in issues if day < business_date), default=None)
    if before is None:
        return None
    content = area.get(day_entry_path(before, issues[before]))
    return Predecessor(before, issues[before], sha256(content), json.loads(content)["inputs_sha256"])


def _issues(objects: Iterable[StoredObject]) -> Issues:
    found: dict[date, int] = {}
    for one in objects:
        _, day, name = one.path.rsplit("/", 2)
        number, _, suffix = name.partition(".")
        if suffix == "json" and number.isdigit():
            found[date.fromisoformat(day)] = max(int(number), found.get(date.fromisoformat(day), 0))
    return found


def entry(area: Area, business_date: date, issue: int) -> Document:
    """Return the day entry of an issue."""
    found: Document = json.loads(area.get(day_entry_path(business_date, issue)))
    return found


def leaves(area: Area, business_date: date, issue: int) -> Leaves:
    """Return the leaves below a day entry; `NO_LEAVES` for issue 0 (nothing is published)."""
    if issue == 0:
        return NO_LEAVES
    found = json.loads(area.get(day_entry_path(business_date, issue, "leaves.json")))
    recipients = found["recipients"]
    return Leaves(
        found["rules_sha256"],
        {name: one["manifest_sha256"] for name, one in recipients.items()},
        {name: frozenset(one["payloads"]) for name, one in recipients.items()},
        found.get("returns", {}),
    )


def inputs(area: Area, business_date: date, issue: int) -> Document:
    """Return the inputs of an issue: `previous_sha256`, `added`, `withdrawn` (resource, batch id), and `versions` of the tables read."""
    found: Document = json.loads(area.get(day_entry_path(business_date, issue, "inputs.json")))
    return found
