"""Read from the store what is published: day entries and, for the operator only, the leaves below each entry."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import date

from lakehouse.naming import day_entry_path, published_days_prefix
from lakehouse.objects import Area
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


def published_dates(area: Area) -> list[date]:
    """Return the dates that have a day entry, oldest first."""
    folders = (folder.rsplit("/", 1)[-1] for folder in area.folders(published_days_prefix()))
    return [day for day in map(date.fromisoformat, sorted(folders)) if final_issue(area, day)]


def final_issue(area: Area, business_date: date) -> int:
    """Return the highest published issue of a date, 0 when none is published."""
    folder = day_entry_path(business_date, 1).rsplit("/", 1)[0]
    names = (one.path.rsplit("/", 1)[-1] for one in area.list(folder))
    return max((int(name[:-5]) for name in names if name.endswith(".json") and name[:-5].isdigit()), default=0)


def predecessor(area: Area, business_date: date) -> Predecessor | None:
    """Return the final issue of the last published date before this one, None when there is none."""
    earlier = [day for day in published_dates(area) if day < business_date]
    if not earlier:
        return None
    issue = final_issue(area, earlier[-1])
    return Predecessor(earlier[-1], issue, sha256(area.get(day_entry_path(earlier[-1], issue))))


def is_final(area: Area, business_date: date) -> bool:
    """Return whether a later date is published; a final date can no longer be published again, only checked."""
    return any(day > business_date for day in published_dates(area))


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
    """Return the inputs of an issue: `batches` (resource, batch id) and `versions` of the tables that were read."""
    found: Document = json.loads(area.get(day_entry_path(business_date, issue, "inputs.json")))
    return found
