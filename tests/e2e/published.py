"""Hash the published packages of a city day by day: every manifest and every payload it refers to.

Run as a module it prints the hashes of an instance (`HUILIU_HOME`) as the golden files have them:

    python -m tests.e2e.published recipients 2026-06-01 2026-06-02 2026-06-03 > tests/e2e/golden/tiny.json
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

from lakehouse.config import Instance
from lakehouse.objects import Area, open_area

GOLDEN = Path(__file__).parent / "golden"
Published = dict[str, Any]


def recipients(exchange: Area, days: Iterable[date]) -> Published:
    """Return per day and recipient the hashes of the first issue's manifest and of the payloads it refers to."""
    found: Published = {day.isoformat(): {} for day in days}
    for one in exchange.list():
        folder, _, name = one.path.rpartition("/")
        prefix, day, issue = folder.rsplit("/", 2) if folder.count("/") > 1 else ("", "", "")
        if name == "manifest.json" and issue == "1" and day in found:
            manifest = exchange.get(one.path)
            forms = [form for declared in json.loads(manifest)["returns"] for form in declared["forms"]]
            payloads = sorted({form["path"] for form in forms if form["path"]})
            hashes = {path: _sha256(exchange.get(f"{prefix}/{path}")) for path in payloads}
            found[day][prefix] = {"manifest": _sha256(manifest), "payloads": sorted(hashes.values())}
    return found


def levels(exchange: Area, days: Iterable[date]) -> Published:
    """Return per day and level the number of packages, one hash over all manifests and one over all payloads."""
    found: Published = {}
    for day, packages in recipients(exchange, days).items():
        by_level: dict[str, list[tuple[str, dict[str, Any]]]] = defaultdict(list)
        for prefix, hashes in sorted(packages.items()):
            by_level[prefix.split("/")[0]].append((prefix, hashes))
        found[day] = {
            level: {"packages": len(ours)} | {part: _sha256(json.dumps([[p, h[part]] for p, h in ours]).encode()) for part in PARTS}
            for level, ours in sorted(by_level.items())
        }
    return found


PARTS = ("manifest", "payloads")


def recorded(name: str) -> Published:
    """Read a golden file."""
    found: Published = json.loads((GOLDEN / f"{name}.json").read_text("utf-8"))
    return found


def text(published: Published) -> str:
    """Return hashes in the format of a golden file."""
    return json.dumps(published, indent=1, sort_keys=True) + "\n"


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


if __name__ == "__main__":
    how = {"recipients": recipients, "levels": levels}[sys.argv[1]]
    sys.stdout.write(text(how(open_area(Instance(), "exchange"), [date.fromisoformat(day) for day in sys.argv[2:]])))
