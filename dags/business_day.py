"""The Airflow DAGs of a business day: close_day waits for the ingest runs, libraries and returns follow its asset."""

from __future__ import annotations

from airflow.sdk import DAG, Asset, PartitionedAssetTimetable

from dags.tasks import dag_dates, job_task, midnight_schedule
from dags.waiting import WaitForIngest
from lakehouse.config import Instance
from lakehouse.naming import DAY_ASSET, LIBRARIES_ASSET

INSTANCE = Instance()
DAY = Asset(name=DAY_ASSET, uri=DAY_ASSET)
LIBRARIES = Asset(name=LIBRARIES_ASSET, uri=LIBRARIES_ASSET)

with DAG(
    "close_day",
    schedule=midnight_schedule(INSTANCE.city),
    catchup=False,
    max_active_runs=1,
    tags=["day"],
    doc_md="Waits for the day's ingest runs and for earlier days to be published, lists the gaps, closes the day.",
    **dag_dates(INSTANCE.city),
) as close_day:
    WaitForIngest(task_id="wait_for_ingest") >> job_task("close_day", emits=DAY)

with DAG(
    "libraries",
    schedule=PartitionedAssetTimetable(assets=DAY),
    catchup=False,
    max_active_runs=1,
    tags=["day"],
    doc_md="One dbt build of base, thematic and special libraries, as known at the business date.",
) as libraries:
    job_task("libraries", emits=LIBRARIES)

with DAG(
    "returns",
    schedule=PartitionedAssetTimetable(assets=LIBRARIES),
    catchup=False,
    max_active_runs=1,
    tags=["day"],
    doc_md="Builds the packages of every recipient, proves them complete and free of leaks, publishes the day, checks the invariants.",
) as returns:
    job_task("returns_build") >> job_task("returns_prove") >> job_task("returns_publish") >> job_task("invariants")
