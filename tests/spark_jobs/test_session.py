"""The session of a process: a query that fails says so to its caller and writes no value of the data where a log is kept."""

from __future__ import annotations

import subprocess
import sys

import pytest

from lakehouse.config import PROJECT

pytestmark = pytest.mark.spark
FAILS = """
from lakehouse.config import Instance
from pyspark.sql import functions as F
from spark_jobs.lake.session import open_session
spark = open_session(Instance())
of_frames = spark.sql("select concat('cana', 'ry') as word").select(F.col("word").cast("int"))
for rows in (spark.sql("select cast(concat('cana', 'ry') as int)"), of_frames):
    try:
        rows.collect()
    except Exception as error:
        print("named" if "cana" + "ry" in str(error) else "not named")
"""


@pytest.mark.usefixtures("instance")
def test_a_failed_query_is_not_logged_with_its_values() -> None:
    done = subprocess.run([sys.executable, "-c", FAILS], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["named", "named"]
    assert "canary" not in done.stderr
