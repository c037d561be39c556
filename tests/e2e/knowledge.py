"""Hash what a city knew at the end of its first day: the rows of every silver table and library, and the day entry.

Run as a module it prints the hashes of an instance (`HUILIU_HOME`) as the golden file has them:

    python -m tests.e2e.knowledge > tests/e2e/golden/first_day.json
"""

from __future__ import annotations

import hashlib
import json
import sys

from lakehouse.config import Instance
from lakehouse.objects import open_area
from lakehouse.ops import connect, facts
from spark_jobs.lake import storage
from spark_jobs.lake.session import open_session
from tests.plugin.lived import FIRST

CURATED = ("base", "thematic", "special", "mart", "quality", "ref")
# silver as known at the end of the first day, without later knowledge
KNOWN = f"""
    select to_json(struct(* except (valid_to, _closed_on, _replaced_on), if(_closed_on > date'{FIRST}', null, valid_to) as valid_to)) as r
    from {{table}} where _recorded_on <= date'{FIRST}' and (_replaced_on is null or _replaced_on > date'{FIRST}')
"""


def of_first_day(instance: Instance) -> dict[str, str]:
    """Return the hash of the rows of every silver table and library as known on the first day, and of the day's entry."""
    spark = open_session(instance)
    with connect(instance) as connection:
        versions = {one["table"]: one["version"] for one in facts.get(connection, FIRST, "libraries") or []}
    rows = {table: spark.sql(KNOWN.format(table=table)) for table in storage.tables(instance) if table.startswith("silver.")}
    rows |= {table: storage.read(spark, table, version).selectExpr("to_json(struct(*)) as r") for table, version in versions.items()}
    assert {table.split(".")[0] for table in rows} == {"silver", *CURATED}
    found = {table: _digest("\n".join(sorted(row.r for row in said.collect())).encode()) for table, said in rows.items()}
    return found | {"entry": _digest(open_area(instance, "exchange").get(f"days/{FIRST}/1.json"))}


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


if __name__ == "__main__":
    sys.stdout.write(json.dumps(of_first_day(Instance()), indent=1, sort_keys=True) + "\n")
