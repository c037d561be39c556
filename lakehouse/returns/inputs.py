"""The inputs of a day: the batches it counts beyond those of the published day before, chained by a hash.

What a day knows is what the day before knew, with the batches added and without those withdrawn. So neither the list nor the work grows
with the number of days (ADR 0020). The list lies beside the day entry, for the operator only; the hash stands in every manifest.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from lakehouse.ops import batches
from lakehouse.returns.manifest import Document, Predecessor, canonical, sha256

Batch = tuple[str, str]


@dataclass(frozen=True)
class Inputs:
    """The batches (resource, batch id) a day adds to those of the published day before and withdraws from them, and that day's hash."""

    previous_sha256: str | None
    added: tuple[Batch, ...]
    withdrawn: tuple[Batch, ...]

    @property
    def sha256(self) -> str:
        """Return the hash that stands for everything the day knows."""
        return sha256(canonical(self.document()))

    def document(self) -> Document:
        """Return the inputs as the JSON document that is stored, without the versions of tables."""
        return {
            "previous_sha256": self.previous_sha256,
            "added": sorted(list(one) for one in self.added),
            "withdrawn": sorted(list(one) for one in self.withdrawn),
        }


def stored(document: Document) -> Inputs:
    """Return the inputs that were stored with a published issue."""
    added, withdrawn = (tuple((resource, batch_id) for resource, batch_id in document[name]) for name in ("added", "withdrawn"))
    return Inputs(document["previous_sha256"], added, withdrawn)


def known_now(connection: Connection, business_date: date, earlier: Predecessor | None) -> Inputs:
    """Return the inputs of a date by records: batches through the gate that no earlier day counts, and counted ones it holds."""
    before = earlier.business_date if earlier else date.min
    added, withdrawn = batches.not_counted(connection, business_date, before), batches.no_longer_known(connection, before)
    return Inputs(
        earlier.inputs_sha256 if earlier else None,
        tuple((one.resource, one.batch_id) for one in added),
        tuple((one.resource, one.batch_id) for one in withdrawn),
    )
