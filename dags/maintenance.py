"""The Airflow DAG that follows every published day and keeps the instance small; the day neither waits for it nor turns red with it."""

from __future__ import annotations

from airflow.sdk import DAG, Asset, PartitionedAssetTimetable

from dags.tasks import job_task
from lakehouse.naming import PUBLISHED_ASSET
from lakehouse.steps import DAG_NAMES, UPKEEP, UPKEEP_DAG

SAYS = """\
压缩各表，清除已过保留期的内容，不超过城市规定的用时；每日一次，只在没有业务日运行时进行。

Compacts tables and removes what is kept no longer, within the city's budget of time; once a day, while no day is at work.
"""
FOLLOWS = PartitionedAssetTimetable(assets=Asset(name=PUBLISHED_ASSET, uri=PUBLISHED_ASSET))


NAMED = {"dag_display_name": DAG_NAMES[UPKEEP_DAG][0], "doc_md": SAYS}

with DAG(UPKEEP_DAG, schedule=FOLLOWS, catchup=False, max_active_runs=1, tags=["upkeep"], **NAMED) as maintenance:
    job_task(UPKEEP)
