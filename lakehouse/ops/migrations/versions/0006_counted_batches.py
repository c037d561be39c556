"""Since when a batch counts in published days, so that a day finds what is new without a list of all batches."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
SCHEMA = "huiliu"
INDEXED = {
    "counted_on": ["counted_on"],
    "withdrawn_on": ["withdrawn_on"],
    "gate": ["gate"],
    "resource_business_date": ["resource", "business_date"],
}


def upgrade() -> None:
    """Add both dates and the indexes that find a day's batches; what is published already counts from the day that took it in."""
    for name in ("counted_on", "withdrawn_on"):
        op.add_column("batch", sa.Column(name, sa.Date), schema=SCHEMA)
    for name, columns in INDEXED.items():
        op.create_index(f"ix_batch_{name}", "batch", columns, schema=SCHEMA)
    op.execute(
        "UPDATE huiliu.batch SET counted_on = taken_on WHERE gate IN ('passed', 'warned') "
        "AND taken_on <= (SELECT max(business_date) FROM huiliu.day WHERE state = 'published')"
    )
