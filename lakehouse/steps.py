"""The order of a business day's steps. DAGs, the command line and the outcome of an ingest run read it here and nowhere else.

A step is a job (`lakehouse.jobs`); the DAGs of Airflow are chains of steps.
"""

from __future__ import annotations

INGEST = ("extract", "gate", "silver")
"""The steps that ingest one resource, in order; gate and silver are skipped when extract left no batch waiting."""

INGEST_OUTCOME = "ingest_outcome"
"""The step that always records how the ingest of a resource ended, even when another step failed; the day waits for it, and no longer."""

INGEST_GAPS = "ingest_gaps"
"""The last step of an ingest: it names what is missing and turns red; it is skipped when nothing is."""

DAY_DAGS = {
    "close_day": ("close_day",),
    "libraries": ("libraries",),
    "returns": ("returns_build", "returns_prove", "returns_publish", "invariants"),
}
"""The DAGs of a day in their order, each with its steps; the first is triggered, each other follows the one before it."""

DAY = tuple(step for steps in DAY_DAGS.values() for step in steps)
"""The steps of the whole day, in order, once the ingest of every resource has ended."""

UPKEEP_DAG, UPKEEP = "maintenance", "upkeep"
"""The DAG that follows a published day, and its step; no day waits for it."""

CLOSE_DAY, *_, RETURNS = DAY_DAGS

NAMES = {
    "reference": ("参考表", "reference tables"),
    "extract": ("接入", "extract"),
    "gate": ("质检", "gate"),
    "silver": ("明细入库", "silver"),
    "ingest_outcome": ("接入收尾", "ingest outcome"),
    "ingest_gaps": ("缺口说明", "gaps of the ingest"),
    "recount": ("复核计数", "recount"),
    "wait_for_ingest": ("等待各资源接入", "wait for the ingest"),
    "close_day": ("日终关账", "close the day"),
    "libraries": ("建库", "libraries"),
    "returns_build": ("制作回流包", "build returns"),
    "returns_prove": ("完整与保密证明", "prove returns"),
    "returns_publish": ("签名发布", "publish"),
    "invariants": ("不变量检查", "invariants"),
    "upkeep": ("日常维护", "upkeep"),
}
"""What people call the steps, in Chinese and English; the day report and Airflow show them."""

DAG_NAMES = {
    "close_day": ("② 日终关账", "close the day"),
    "libraries": ("③ 建库", "libraries"),
    "returns": ("④ 数据回流", "returns"),
    "maintenance": ("⑤ 日常维护", "maintenance"),
}
"""What people call the DAGs that follow the ingest of a day, numbered in their order."""


def ingest_name(resource: str) -> str:
    """Return what people call the DAG that ingests a resource of this Chinese name: the first of a day's."""
    return f"① 接入 {resource}"


def due(waiting: int | None) -> tuple[str, ...]:
    """Return the steps an ingest run has to do, given how many batches extract left waiting (None: not known)."""
    return INGEST[:1] if waiting == 0 else INGEST
