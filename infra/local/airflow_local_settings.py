"""Preload heavy imports in the scheduler: copied to $AIRFLOW_HOME/config and read by every Airflow process.

The scheduler forks a process per task, and a forked process has all imported modules already: a task that uses Spark and
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
    with suppress(Exception):  # as with jobs: the task that needs the contracts reports the error
        load_sound_contracts(Instance().settings.contracts)  # also fills the cache of the standard's schema
