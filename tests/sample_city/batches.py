"""Read all deliveries of a sample city as batches and judge them by the oracle, without its labels or generators."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from pathlib import Path

from sample_city.feed.sample import Sample
from sample_city.world.people import FIRST_DAY
from tests.oracle import landed
from tests.oracle.judge import verdicts
from tests.oracle.resources import RESOURCES
from tests.oracle.rules import World

DAYS = [FIRST_DAY + timedelta(days=n) for n in range(3)]
CITIES = Path(__file__).resolve().parents[2] / "cities"
CODES = CITIES.parent / "contracts" / "codes"
Named = tuple[str, str, int | str]  # resource, file and line; for a table's row: resource, None, SHA-256


def put_down(folder: Path, city: str, people: int, seed: int = 7, days: Iterable[date] = DAYS) -> Sample:
    """Return a sample city with all files of the days written; no database is needed."""
    sample = Sample(folder / "sample", folder / "inbox", "", CITIES / city, people, seed)
    sample.put_down_first()
    for day in days:
        sample.put_down(day)
    return sample


def name_of(texts: Iterable[str | None]) -> str:
    """Return the hash that identifies a row, from its texts in contract order."""
    canonical = json.dumps([text or None for text in texts], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def files(sample: Sample) -> Iterator[dict]:
    """Yield every file of the inbox as a batch, in order of date and number; repeated bytes make no new batch."""
    seen: set[tuple[Path, str, bytes]] = set()
    for n, path in enumerate(sorted(sample.inbox.glob("**/*.*"), key=lambda path: (path.name, path))):
        content = path.read_bytes()
        batch = (path.parent, path.name[:10], content)
        if batch in seen:
            continue
        seen.add(batch)
        resource, region = path.relative_to(sample.inbox).parts[0], path.parent.name
        rows, rejects = landed.read(resource, content)
        yield {
            "resource": resource, "business_date": path.name[:10], "provider": provider(sample, region), "rows": rows,
            "rejects": rejects, "source": str(path.relative_to(sample.inbox)), "batch_id": str(n), "delivery_no": n,
        }  # fmt: skip


def provider(sample: Sample, region: str) -> str:
    """Return the code of the department of the region that the folder names; without one, of the city."""
    found = {row["region_code"]: row["uscc"] for row in sample.lives.setting.places.departments}
    return found.get(region) or next(row["uscc"] for row in sample.lives.setting.places.departments if row["level"] == "city")


def tables(sample: Sample, days: Iterable[date]) -> Iterator[dict]:
    """Yield every table as batches: the first load with the changes of the first day, then the changes of each further day."""
    for source in sample.tables:
        resource = next(resource for resource, page in RESOURCES.items() if list(page.columns) == list(source.table.columns))
        loaded = list(source.first_load())
        for day in days:
            told = loaded + [change.row for change in source.changes(day)]
            rows = [{**{key: text or None for key, text in row.items()}, "_line": n, "_row_hash": name_of(row.values())}
                    for n, row in enumerate(told)]  # fmt: skip
            yield {
                "resource": resource, "business_date": day.isoformat(), "provider": provider(sample, ""), "rows": rows, "rejects": [],
                "source": "",
            }  # fmt: skip
            loaded = []


def judge(world: World, batch: dict) -> tuple[dict[Named, tuple[str, set[str]]], set[str]]:
    """Return outcome and broken rule kinds of every row that breaks a rule, and the error rules that would block the batch."""
    resource, source = batch["resource"], batch["source"]
    page = RESOURCES[resource]
    kinds = {rule.id: rule.check.kind for rule in page.rules}
    found: dict[Named, tuple[str, set[str]]] = {(resource, source, row["_line"]): ("rejected", set()) for row in batch["rejects"]}
    by_rule = Counter({"rejected": len(found)})
    told = verdicts(world, batch)
    for row in batch["rows"]:
        if broken := told[row["_line"]]:
            by_rule.update(broken - page.warnings)
            outcome = "quarantined" if broken - page.warnings else "batch_warning" if broken & page.of_batches else "warning"
            found[resource, source, row["_line"] if source else row["_row_hash"]] = (outcome, {kinds[rule] for rule in broken})
    size = len(batch["rows"]) + len(batch["rejects"])
    return found, {rule for rule, count in by_rule.items() if count >= 20 and count > size * 0.05}
