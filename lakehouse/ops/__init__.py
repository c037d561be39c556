"""Record and read the state of the work in the operational database; no other package talks to it.

Open a transaction with `connect(instance)` and hand the connection to the functions of one area:
`batches, rulings, rule_counts, ingest_runs, days, facts, tickets, cases, recipients, packages, timings, audit`; what may become of a ticket
or a case, and by whom, is the table in `transitions`.
"""

from lakehouse.ops.database import connect, migrate

__all__ = ["connect", "migrate"]
