"""Pays for heavy imports once: copied to $AIRFLOW_HOME/config, read by every Airflow process, acted on by the scheduler.

The scheduler forks a process per task. What it has imported, a task need not import again: a task that uses Spark and
Great Expectations starts in under a second instead of ten. Import and read only: a channel opened here would not survive the fork.
"""

import importlib
import logging
import sys
from contextlib import suppress

PRELOADED = ("great_expectations", "pyspark.sql.connect.session", "pyspark.sql.connect.functions", "pandas", "dbt.cli.main")

if "scheduler" in sys.argv:
    for module in PRELOADED:
        importlib.import_module(module)

    from lakehouse.config import Instance
    from lakehouse.contracts.loader import load_sound_contracts
    from lakehouse.jobs import job_names, load_job

    for name in job_names():
        try:
            load_job(name)
        except Exception as error:  # a job that cannot be imported is a red task, not a dead scheduler
            logging.getLogger(__name__).error("job %s cannot be imported: %s", name, error)
    with suppress(Exception):  # as with jobs: what is wrong is told by the task that needs it
        load_sound_contracts(Instance().settings.contracts)  # what the standard says of them is remembered
