"""Returns and records the state of the work: the only package that talks to the operational database.

Open a transaction with `connect(instance)` and hand the connection to the functions of one area:
`batches, rule_counts, ingest_runs, days, tickets, cases, recipients, packages, timings, audit`.
"""

from lakehouse.ops.database import connect, migrate

__all__ = ["connect", "migrate"]
