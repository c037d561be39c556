"""The DAG of upkeep follows a published day by an asset of its own; no DAG of a day follows it, and the job it runs is no step of one."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.local import keys
from lakehouse import steps
from lakehouse.naming import PUBLISHED_ASSET
from tests.dags.test_ingest_gaps import said
from tests.plugin.servers import tiny_instance

pytestmark = pytest.mark.fast

SHAPE = """
import json
from dags import business_day, maintenance
dag, returns = maintenance.maintenance, business_day.returns
told = {"tasks": dag.task_ids, "at_once": dag.max_active_runs, "catchup": dag.catchup}
told["outlets"] = [one.name for one in dag.tasks[0].outlets]
told["follows"] = [dag.timetable.asset_condition.name]
told["emitted"] = {task.task_id: [one.name for one in task.outlets] for task in returns.tasks}
print(json.dumps(told))
"""


def test_it_follows_what_the_last_step_of_a_day_emits_and_emits_nothing(tmp_path: Path) -> None:
    instance = tiny_instance(tmp_path / "home")
    keys.ensure(instance)
    told = said(instance, SHAPE)
    *before, last = steps.DAY_DAGS[steps.RETURNS]
    assert told["emitted"] == {**{step: [] for step in before}, last: [PUBLISHED_ASSET]}
    assert told["follows"] == [PUBLISHED_ASSET]
    assert (told["tasks"], told["at_once"], told["catchup"], told["outlets"]) == ([steps.UPKEEP], 1, False, [])
    assert steps.UPKEEP not in steps.DAY
    assert steps.UPKEEP_DAG not in steps.DAY_DAGS
