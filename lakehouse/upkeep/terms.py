"""How long earlier versions of tables are kept: declared here, and told to Delta when a table is made and by upkeep."""

from __future__ import annotations

from datetime import timedelta

VERSIONS = timedelta(days=30)  # Delta's log reaches back as far, and readers outside need a week
PROPERTY = "delta.deletedFileRetentionDuration"
KEPT_FOR = f"interval {VERSIONS.days} days"
DEFAULT = {f"spark.databricks.delta.properties.defaults.{PROPERTY.removeprefix('delta.')}": KEPT_FOR}
"""Spark's setting that gives every new table this property. What was removed longer ago Delta forgets, and cannot keep any more."""
