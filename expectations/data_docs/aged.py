"""Results and pages of runs that have grown old; those that the list of the latest runs shows stay, so that it has no dead link."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

from lakehouse.upkeep import aged
from lakehouse.upkeep.disk import Size

RESULTS, SITE = Path("uncommitted", "validations"), Path("uncommitted", "data_docs", "local_site")


def of_runs(project: Path, before: datetime) -> list[tuple[Path, Size]]:
    """Return the files of runs that are older than a time and not listed, in a project of Great Expectations."""
    listed = project / SITE / "runs.json"
    runs = json.loads(listed.read_text("utf-8")) if listed.is_file() else []
    shown = {Path(one["page"]).relative_to("validations").with_suffix("") for one in runs}
    folders = (project / RESULTS, project / SITE / "validations")
    old = [(path.relative_to(folder).with_suffix(""), path, size) for folder in folders for path, size in aged.aged(folder, before)]
    return [(path, size) for run, path, size in old if run not in shown]
