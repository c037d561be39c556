"""Tell whether a final date can still be computed again and compared: its tables and packages are kept for a term (ADR 0036)."""

from __future__ import annotations

from collections.abc import Mapping

from lakehouse.config import Instance
from lakehouse.returns.edition import Edition
from lakehouse.returns.expiry import REASON, expired_levels
from spark_jobs.lake.upkeep import lost


def no_longer_kept(instance: Instance, edition: Edition, versions: Mapping[str, int]) -> str:
    """Return what is gone of the tables a final date was made from, or of its packages and those before it; empty where nothing is."""
    if tables := lost(instance, versions):
        return f"the tables it was made from are no longer kept as of that day: {', '.join(tables)}"
    earlier = edition.facts.predecessor
    known = [edition.date, *([earlier.business_date] if earlier else [])]
    return REASON if any(expired_levels(edition.exchange, day) for day in known) else ""
