"""The same bytes may come again after other ones; whether what a snapshot lacks stays open; a provider's deliveries in their order."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
SCHEMA = "huiliu"
IDENTITY = ["resource", "provider", "business_date", "content_sha256"]


def upgrade() -> None:
    """Number the occurrences of the same bytes (what is known so far is the first), and add the fact of held closings."""
    op.add_column("batch", sa.Column("occurrence", sa.Integer, nullable=False, server_default="1"), schema=SCHEMA)
    op.alter_column("batch", "occurrence", server_default=None, schema=SCHEMA)
    op.drop_constraint(f"uq_batch_{'_'.join(IDENTITY)}", "batch", schema=SCHEMA, type_="unique")
    op.create_unique_constraint("uq_batch_occurrence", "batch", [*IDENTITY, "occurrence"], schema=SCHEMA)
    op.add_column("batch", sa.Column("closings_held", sa.Boolean), schema=SCHEMA)
    op.create_index("ix_batch_resource_provider_delivery_no", "batch", ["resource", "provider", "delivery_no"], schema=SCHEMA)
