"""Gives `ingest_run.detail` its declared shape: steps, waiting, refused, remarks."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"

STEPS = ("extract", "gate", "silver", "ingest_outcome", "recount")


def upgrade() -> None:
    """Put how each step ended below `steps`."""
    ended = ", ".join(f"'{step}', detail -> '{step}'" for step in STEPS)
    others = ", ".join(f"'{name}', detail -> '{name}'" for name in ("waiting", "refused", "remarks"))
    op.execute(
        f"UPDATE huiliu.ingest_run SET detail = jsonb_strip_nulls(jsonb_build_object('steps', jsonb_build_object({ended}), {others}))"  # noqa: S608
    )
