"""Bring the tables of a resource into the shape of its changed contract: show what that does, do it, or take it back."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from lakehouse.config import Instance
from lakehouse.contracts.loader import load_contract_of
from lakehouse.contracts.shape import Change
from lakehouse.errors import ConfigError, ContractError, Problem, problems_text
from lakehouse.naming import bronze
from lakehouse.ops import audit, batches, connect, days
from spark_jobs.ingest.rejudging import JUDGED_BY
from spark_jobs.ingest.reshaping import MARK, Reshaping, Written
from spark_jobs.lake import storage
from spark_jobs.lake.session import open_session

PUBLISHED = "published"


@dataclass(frozen=True)
class Reshaped:
    """What is to be done for the tables of a resource to fit its contract, and the tables that were written."""

    resource: str
    changes: tuple[Change, ...]
    written: tuple[Written, ...] = ()


def show(instance: Instance, resource: str) -> Reshaped:
    """Return what is to be done; nothing is changed.

    Raises:
        ConfigError: nothing of the resource was ever taken in.
    """
    return Reshaped(resource, tuple(_reshaping(instance, resource).planned()))


def apply(instance: Instance, resource: str) -> Reshaped:
    """Do what is to be done, and record who did it; columns that were only added are left to the next ingest.

    Raises:
        ContractError: something cannot be done; nothing was changed.
        QualityError: values of existing rows do not fit; nothing was changed.
    """
    reshaping = _reshaping(instance, resource)
    changes = tuple(reshaping.planned())
    impossible = [one for one in changes if one.stops and not one.can_be_applied]
    if impossible:
        where = reshaping.contract.file
        raise ContractError(problems_text(Problem(f"{where}: {one.where}", one.text, "", one.fix) for one in impossible))
    written = tuple(reshaping.apply()) if any(one.stops for one in changes) else ()
    _record(instance, reshaping, "migrate", written)
    return Reshaped(resource, changes, written)


def undo(instance: Instance, resource: str) -> Reshaped:
    """Let the tables be what they were before the last change of their shape, until the next day is published.

    Raises:
        ConfigError: the shape was not changed last, or a day has been published or rows were judged again since.
    """
    reshaping = _reshaping(instance, resource)
    last = reshaping.last().values()
    marked = [told for told in last if told.get(MARK)]
    if not marked:
        found = "nothing can be taken back: their shape was not changed, or rows were written since."
        raise ConfigError(Problem(f"tables of {resource}", found, "", "change the contract and migrate again.").text())
    if any(told[PUBLISHED] != reshaping.note[PUBLISHED] for told in marked):
        found = f"{reshaping.note[PUBLISHED]} was published with them as they are."
        raise ConfigError(Problem(f"tables of {resource}", found, "", "change the contract and migrate again.").text())
    if any(told.get(JUDGED_BY) == one[MARK] for told in last for one in marked):
        found = "rows were judged again with the tables as they are."
        raise ConfigError(Problem(f"tables of {resource}", found, "", "change the contract and migrate again.").text())
    written = tuple(reshaping.undo())
    _record(instance, reshaping, "migrate undone", written)
    return Reshaped(resource, (), written)


def _reshaping(instance: Instance, resource: str) -> Reshaping:
    contract = load_contract_of(instance.settings.contracts, resource)
    if not storage.versions(instance, [bronze(resource)]):
        raise ConfigError(Problem(f"tables of {resource}", "nothing was ever taken in.", "", "nothing needs to be done.").text())
    with connect(instance) as connection:
        known = tuple(batches.of_resource(connection, resource))
        published, closed = days.last_published(connection), days.last_closed(connection)
    note = {PUBLISHED: _told(published), "migrations": [one.name for one in contract.migrations]}
    newest = max((one.taken_on for one in known), default=date.min)
    on = max(newest, closed.business_date) if closed else newest
    return Reshaping(open_session(instance), instance, contract, known, on, note)


def _told(day: days.Day | None) -> str | None:
    return f"{day.business_date} issue {day.issue}" if day else None


def _record(instance: Instance, reshaping: Reshaping, action: str, written: tuple[Written, ...]) -> None:
    if written:
        detail: dict[str, Any] = {"version": reshaping.contract.version, "tables": [asdict(one) for one in written]}
        with connect(instance) as connection:
            audit.append(connection, audit.operator(), action, reshaping.contract.code, detail)
