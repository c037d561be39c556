"""One Airflow DAG per resource, all from this one factory over the contracts: extract, gate, silver, outcome, gaps."""

from __future__ import annotations

import logging

from airflow.sdk import DAG, Asset

from dags.tasks import chain, dag_dates, job_task, midnight_schedule
from lakehouse import steps
from lakehouse.config import Instance
from lakehouse.contracts.loader import load_sound_contracts
from lakehouse.contracts.model import Contract
from lakehouse.naming import ingest_asset, ingest_dag

DOC = """\
### {contract.name_zh} · {contract.name_en}

{contract.description}

依次：接入、质检、明细入库、收尾。最后一步“{gaps}”为红色，表示当日有应报未到或未放行的数据，原因见其日志与工单；
其他步骤已完成，当日照常关账。

Extract, gate, silver, outcome. The last task is red while something is missing; its log and the tickets say what.
The day closes without it.

合约 contract: `{contract.file}`
"""


def build(contract: Contract, instance: Instance) -> DAG:
    """Return the DAG of a resource.

    The outcome task always emits an asset event with the outcome: accepted, blocked, refused, nothing, failed. The last task is red while
    anything is missing; it waits for silver too, because a run of which only the failed tasks are cleared has its outcome from before.
    """
    city = instance.city
    outcome = Asset(name=ingest_asset(contract.code), uri=ingest_asset(contract.code))
    with DAG(
        ingest_dag(contract.code),
        schedule=midnight_schedule(city),
        catchup=False,
        max_active_runs=1,
        tags=["ingest", contract.level, contract.cycle.every],
        dag_display_name=steps.ingest_name(contract.name_zh),
        doc_md=DOC.format(contract=contract, gaps=steps.NAMES[steps.INGEST_GAPS][0]),
        **dag_dates(city),
    ) as dag:
        done = [job_task(step, contract.code) for step in steps.INGEST]
        ended = job_task(steps.INGEST_OUTCOME, contract.code, emits=outcome, trigger_rule="all_done")
        missing = job_task(steps.INGEST_GAPS, contract.code, trigger_rule="all_done")
        chain(*done, ended, missing)
        done[-1] >> missing
    return dag


INSTANCE = Instance()
CONTRACTS, WRONG = load_sound_contracts(INSTANCE.settings.contracts, standard=False)
for code, found in CONTRACTS.items():
    globals()[ingest_dag(code)] = build(found, INSTANCE)
for text in WRONG:  # a wrong contract has no DAG, the others keep theirs; closing the day and `huiliu contracts check` report its problems
    logging.getLogger(__name__).error("%s", text)
