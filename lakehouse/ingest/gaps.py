"""The runs a business day waits for before it can be closed, and the gaps it has when it is closed."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection

from lakehouse.city.calendar import last_due, last_overdue
from lakehouse.city.providers import Offices, load_offices
from lakehouse.config import Instance
from lakehouse.contracts.loader import contract_paths, load_contract_of, load_sound_contracts, resource_code
from lakehouse.contracts.model import Contract
from lakehouse.errors import ContractError
from lakehouse.ingest.delivery_tickets import STOPS, settled_by
from lakehouse.ingest.readers.window import is_fetched
from lakehouse.naming import ingest_dag
from lakehouse.ops import batches, connect, days, ingest_runs
from lakehouse.ops.batches import Batch, Filter
from lakehouse.ops.ingest_runs import IngestRun

Gap = dict[str, Any]
FILLED = "filled_gaps"  # the fact of a day that lists them


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
    """Return the gaps of a day: `{resource, provider, kind, due_on}`, kind failed, not_run, blocked, refused, unusable, silent or contract.

    A resource whose contract is wrong is a gap of kind contract; the others go on. A provider is silent from the day on which
    the hours run out by which its delivery is due, until a delivery about that cycle has come; nothing is due before the city's first
    business date. Where only known senders are expected, a provider that never delivered is no gap. A source that did not answer and
    a file that is no delivery are unusable, also before anything is late.
    """
    folder = instance.settings.contracts
    contracts, _ = load_sound_contracts(folder)
    broken = [resource_code(path) for path in contract_paths(folder) if resource_code(path) not in contracts]
    offices = load_offices(instance.city_folder, instance.city)
    found = [_gap(code, None, "contract", business_date) for code in broken]
    return found + [gap for contract in contracts.values() for gap in _of_resource(connection, offices, contract, business_date)]


def gaps_of(connection: Connection, instance: Instance, resource: str, business_date: date) -> list[Gap]:
    """Return the gaps of one resource on a day, as `gaps` lists them."""
    try:
        contract = load_contract_of(instance.settings.contracts, resource)
    except ContractError:
        return [_gap(resource, None, "contract", business_date)]
    return _of_resource(connection, load_offices(instance.city_folder, instance.city), contract, business_date)


def filled_since(had: Iterable[Gap], missing: Collection[Gap], now: datetime) -> list[Gap]:
    """Return the gaps a day once had and has no longer, each once, with `filled_at`: when it was first found filled."""
    filled: dict[str, Gap] = {}
    for gap in had:
        bare = {name: value for name, value in gap.items() if name != "filled_at"}
        if bare not in missing:
            filled.setdefault(json.dumps(bare, sort_keys=True), {"filled_at": now.isoformat(timespec="seconds"), **gap})
    return list(filled.values())


def _of_resource(connection: Connection, offices: Offices, contract: Contract, business_date: date) -> list[Gap]:
    this_run = ingest_runs.get(connection, contract.code, business_date)
    if this_run is None or this_run.state != "done":
        return [_gap(contract.code, None, "failed" if this_run else "not_run", business_date)]
    due_on = last_due(contract.cycle, business_date)
    stopped = _stopped(connection, contract, business_date)
    held = [_gap(contract.code, batch.provider, batch.gate, due_on) | {"batch_id": batch.batch_id} for batch in stopped]
    silent = _silent(connection, offices, contract, business_date)
    is_told = silent and is_fetched(contract)  # its only provider is silent because it does not answer: one gap, not two
    return [*held, *silent, *([] if is_told else unusable_sources(this_run))]


def unusable_sources(this_run: IngestRun) -> list[Gap]:
    """Return the sources that did not answer in a run, and the files that are no delivery, as gaps."""
    gap = _gap(this_run.resource, None, "unusable", this_run.business_date)
    return [gap | {"source": source} for source in this_run.detail.refused]


def _stopped(connection: Connection, contract: Contract, business_date: date) -> list[Batch]:
    """Return the batches of a day that were stopped and that nothing let in by then settles; a retried one is what its retry became."""
    ours = Filter(contract.code, since=business_date, until=business_date)
    found = [one for one in batches.find(connection, ours) if one.gate in STOPS]
    retried = batches.retried(connection, [one.batch_id for one in found], until=business_date) if found else {}
    found = [one for one in found if one.batch_id not in retried]
    delivered = batches.of_resource(connection, contract.code) if found else ()
    known = [one for one in delivered if one.is_known and one.taken_on <= business_date]
    return [one for one in found if not any(settled_by(contract, one, later) for later in known)]


def subject(gap: Gap) -> str:
    """Return the thing a gap is about: the contract, the batch or source, the run of a date, or the delivery of a provider for a cycle."""
    if gap["kind"] == "contract":
        return str(gap["resource"])
    thing = gap.get("batch_id") or gap.get("source")
    return f"{gap['resource']}|{thing}" if thing else f"{gap['resource']}|{gap['provider'] or ''}|{gap['due_on']}"


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
