"""The runs a business day waits for before it can be closed, and the gaps it has when it is closed."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Any

from sqlalchemy import Connection

from lakehouse.city.calendar import last_due, last_overdue
from lakehouse.city.providers import Offices, load_offices
from lakehouse.config import Instance
from lakehouse.contracts.loader import contract_paths, load_sound_contracts, resource_code
from lakehouse.contracts.model import Contract
from lakehouse.naming import ingest_dag
from lakehouse.ops import batches, connect, days, ingest_runs

Gap = dict[str, Any]


def ingested(instance: Instance) -> tuple[str, ...]:
    """Return the resources that have an ingest DAG."""
    return tuple(load_sound_contracts(instance.settings.contracts, standard=False)[0])


def waiting_for(instance: Instance, business_date: date, resources: Collection[str]) -> list[str]:
    """Return the earlier days and the DAGs of these resources that must end before a day may close; empty when it may close."""
    with connect(instance) as connection:
        ended = {run.resource for run in ingest_runs.of_day(connection, business_date) if run.state != "running"}
        published = days.last_published(connection)
        earlier = ingest_runs.begun_before(connection, business_date, published.business_date if published else None)
    return [f"day {day}" for day in earlier] + [ingest_dag(code) for code in resources if code not in ended]


def gaps(connection: Connection, instance: Instance, business_date: date) -> list[Gap]:
    """Return the gaps of a day: `{resource, provider, kind, due_on}`, kind failed, not_run, blocked, refused, silent or contract.

    A resource whose contract is wrong is a gap of kind contract; the others go on. A provider is silent from the day on which
    the hours run out by which its delivery is due, until a delivery about that cycle has come; nothing is due before the city's first
    business date. Where only known senders are expected, a provider that never delivered is no gap.
    """
    folder = instance.settings.contracts
    contracts, _ = load_sound_contracts(folder)
    runs = {run.resource: run for run in ingest_runs.of_day(connection, business_date)}
    broken = [resource_code(path) for path in contract_paths(folder) if resource_code(path) not in contracts]
    found = [_gap(code, None, "contract", business_date) for code in broken]
    held = [batch for batch in batches.taken_on(connection, business_date) if batch.gate in ("blocked", "refused")]
    retried = batches.retried(connection, [batch.batch_id for batch in held], until=business_date)
    held = [batch for batch in held if batch.batch_id not in retried]  # what became of it is that of the batch that took it up
    offices = load_offices(instance.city_folder, instance.city)
    for contract in contracts.values():
        this_run = runs.get(contract.code)
        if this_run is None or this_run.state != "done":
            found.append(_gap(contract.code, None, "failed" if this_run else "not_run", business_date))
            continue
        due_on = last_due(contract.cycle, business_date)
        ours = [batch for batch in held if batch.resource == contract.code]
        found += [_gap(contract.code, batch.provider, batch.gate, due_on) | {"batch_id": batch.batch_id} for batch in ours]
        found += _silent(connection, offices, contract, business_date)
    return found


def _silent(connection: Connection, offices: Offices, contract: Contract, business_date: date) -> list[Gap]:
    """Return the gaps of the providers of which nothing about the last overdue cycle has come; nothing is due before the first date."""
    due_on = last_overdue(contract.cycle, business_date)
    if due_on < date.fromisoformat(offices.profile.first_business_date):
        return []
    sent = batches.senders(connection, contract.code, business_date)
    expected = offices.providers(contract, business_date, set(sent))
    came = {provider for provider, last in sent.items() if last >= due_on}
    return [_gap(contract.code, provider.uscc, "silent", due_on) for provider in expected if provider.uscc not in came]


def _gap(resource: str, provider: str | None, kind: str | None, due_on: date) -> Gap:
    return {"resource": resource, "provider": provider, "kind": kind, "due_on": due_on.isoformat()}
