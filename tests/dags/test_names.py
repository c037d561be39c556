"""Airflow shows Chinese names: of every DAG and of every task, with the id that commands use; and it explains each DAG in Chinese."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from infra.local import keys
from lakehouse import steps
from tests.dags.test_ingest_gaps import said
from tests.plugin.servers import tiny_instance

pytestmark = pytest.mark.fast
CHINESE = re.compile(r"[\u4e00-\u9fff]")

NAMES = """
import json
from airflow.sdk import DAG
from dags import business_day, ingest, maintenance
found = {one.dag_id: one for module in (business_day, ingest, maintenance) for one in vars(module).values() if isinstance(one, DAG)}
told = {name: [dag.dag_display_name, dag.doc_md, {one.task_id: one.task_display_name for one in dag.tasks}] for name, dag in found.items()}
print(json.dumps(told))
"""


def test_every_dag_and_every_task_has_a_chinese_name(tmp_path: Path) -> None:
    instance = tiny_instance(tmp_path / "home")
    keys.ensure(instance)
    told = said(instance, NAMES)
    assert {*steps.DAY_DAGS, steps.UPKEEP_DAG, "ingest__s_elderly_service_list"} <= set(told)
    for name, (shown, explained, tasks) in told.items():
        assert CHINESE.search(shown), name
        assert CHINESE.search(explained), name
        assert [task for task, label in tasks.items() if not CHINESE.search(label) or not label.endswith(f" {task}")] == []
    assert told["ingest__s_elderly_service_list"][0] == "① 接入 养老服务与高龄津贴名册"
    assert len({shown for shown, *_ in told.values()}) == len(told)
