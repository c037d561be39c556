"""Run a few statements on a Spark application that has just started, so that the first real ones do not wait for class loading.

A program of its own: it runs while `huiliu up` goes on, and ends by itself. It removes what it writes.
"""

from __future__ import annotations

import shutil
import sys
import time
from pathlib import Path

from pyspark.sql import SparkSession

from infra.local.ports import is_answering

PATIENCE_SECONDS = 120
ROWS = "select sha2(string(id), 256) as k, string(id) as v, array('a') as labels, timestamp_seconds(id) as at from range(2000)"
CHANGES = "select sha2(string(id), 256) as k, 'new' as v, array('b') as labels, timestamp_seconds(id) as at from range(1990, 2010)"
# The placeholders are our own fixed texts: no value from outside comes near these statements.
STATEMENTS = (
    "insert into {table} {rows}",
    "merge into {table} t using ({changes}) n on t.k = n.k when matched then update set * when not matched then insert *",
    "select count(*), count_if(array_contains(labels, 'b')) from {table}",
    "select a.v, count(*) from {table} a full outer join ({changes}) b on a.k = b.k where a.v is distinct from b.v group by 1",
    "select k, row_number() over (partition by v order by at), lead(at) over (partition by v order by at) from {table}",
)


def main(port: int, folder: Path) -> None:
    """Run the statements; a failure is only logged, because nothing depends on the warm-up."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_answering(port) and time.monotonic() < deadline:
        time.sleep(0.2)
    shutil.rmtree(folder, ignore_errors=True)
    session = SparkSession.builder.remote(f"sc://localhost:{port}").create()  # the client has its token from the environment
    try:
        for statement in statements(f"delta.`{folder}`"):
            session.sql(statement).collect()
    finally:
        session.stop()
        shutil.rmtree(folder, ignore_errors=True)


def statements(table: str) -> tuple[str, ...]:
    """Return the statements: create a small table, then fill, merge, count, compare and number its rows."""
    make = f"create table {table} (k string, v string, labels array<string>, at timestamp) using delta cluster by (k)"
    return (make, *(statement.format(table=table, rows=ROWS, changes=CHANGES) for statement in STATEMENTS))


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
