"""The Airflow DAGs of a business day, their steps in the order of `lakehouse.steps`.

close_day waits for the ingest runs; libraries and returns follow its asset.
"""

from __future__ import annotations

from airflow.sdk import DAG, Asset, PartitionedAssetTimetable

from dags.tasks import chain, dag_dates, job_task, midnight_schedule, shown
from dags.waiting import WaitForIngest
from lakehouse.config import Instance
from lakehouse.naming import DAY_ASSET, LIBRARIES_ASSET, PUBLISHED_ASSET
from lakehouse.steps import DAG_NAMES, DAY_DAGS

INSTANCE = Instance()
WAIT = "wait_for_ingest"
DAY = Asset(name=DAY_ASSET, uri=DAY_ASSET)
LIBRARIES = Asset(name=LIBRARIES_ASSET, uri=LIBRARIES_ASSET)
PUBLISHED = Asset(name=PUBLISHED_ASSET, uri=PUBLISHED_ASSET)
FOLLOWS = {"libraries": DAY, "returns": LIBRARIES}
EMITS = {"close_day": DAY, "libraries": LIBRARIES, "returns": PUBLISHED}
SAYS = {
    "close_day": (
        "等待当日各资源接入结束、此前各日已发布，列出缺口并关账。",
        "Waits for the day's ingest runs and for earlier days to be published, lists the gaps, closes the day.",
    ),
    "libraries": (
        "按业务日当时所知，用 dbt 一次建成基础库、主题库、专题库。",
        "One dbt run of base, thematic and special libraries, as known at the business date.",
    ),
    "returns": (
        "为每个接收方制作回流包，证明完整且不泄露，签名发布，再检查不变量。",
        "Builds the packages of every recipient, proves them complete and free of leaks, publishes the day, checks the invariants.",
    ),
}


def build(dag_id: str) -> DAG:
    """Return a DAG of the day: its steps run one after the other; the last one emits the asset event that starts the next DAG."""
    follows = FOLLOWS.get(dag_id)
    schedule = PartitionedAssetTimetable(assets=follows) if follows else midnight_schedule(INSTANCE.city)
    dates = {} if follows else dag_dates(INSTANCE.city)
    named = {"dag_display_name": DAG_NAMES[dag_id][0], "doc_md": "\n\n".join(SAYS[dag_id])}
    with DAG(dag_id, schedule=schedule, catchup=False, max_active_runs=1, tags=["day"], **named, **dates) as dag:
        *first, last = DAY_DAGS[dag_id]
        waiting = [] if follows else [WaitForIngest(task_id=WAIT, task_display_name=shown(WAIT))]
        chain(*waiting, *(job_task(step) for step in first), job_task(last, emits=EMITS.get(dag_id)))
    return dag


for name in DAY_DAGS:
    globals()[name] = build(name)
