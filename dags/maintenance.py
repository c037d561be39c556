"""The Airflow DAG that follows every published day and keeps the instance small; the day neither waits for it nor turns red with it."""

from __future__ import annotations

from airflow.sdk import DAG, Asset, PartitionedAssetTimetable

from dags.tasks import job_task
from lakehouse.naming import PUBLISHED_ASSET
from lakehouse.steps import UPKEEP, UPKEEP_DAG

SAYS = "Compacts tables and removes what is kept no longer, within the city's budget of time; once a day, while no day is at work."
FOLLOWS = PartitionedAssetTimetable(assets=Asset(name=PUBLISHED_ASSET, uri=PUBLISHED_ASSET))


with DAG(UPKEEP_DAG, schedule=FOLLOWS, catchup=False, max_active_runs=1, tags=["upkeep"], doc_md=SAYS) as maintenance:
    job_task(UPKEEP)
