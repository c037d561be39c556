"""Bring the tables of a resource into the shape of its changed contract: show what that does, do it, or take it back."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from lakehouse.config import Instance
from lakehouse.contracts.loader import load_contract_of
from lakehouse.contracts.shape import Change
from lakehouse.errors import ConfigError, ContractError, Problem, problems_text
from lakehouse.naming import bronze
from lakehouse.ops import audit, batches, connect, days, rejudging
from lakehouse.upkeep import turns
from spark_jobs.ingest.reshaping import Reshaping, Written
from spark_jobs.lake import storage
from spark_jobs.lake.session import open_session

PUBLISHED, JUDGED = "published", "rejudgings"


@dataclass(frozen=True)
class Reshaped:
    """What is to be done for the tables of a resource to fit its contract; the tables written, and how many batches wait again."""

    resource: str
    changes: tuple[Change, ...]
    written: tuple[Written, ...] = ()
    waiting: int = 0


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
    with turns.writing(instance):
        written = tuple(reshaping.apply()) if any(one.stops for one in changes) else ()
    _record(instance, reshaping, "migrate", written)
    return Reshaped(resource, changes, written)


def undo(instance: Instance, resource: str) -> Reshaped:
    """Let the tables be what they were before the last change of their shape, until the next day is published.

    Batches whose rows came in since wait again: the next ingest reads their landed bytes under the contract as it is then.

    Raises:
        ConfigError: the shape was not changed, or a day has been published or rows were judged again since.
    """
    reshaping = _reshaping(instance, resource)
    if found := _stands(reshaping):
        raise ConfigError(Problem(f"tables of {resource}", found, "", "change the contract and migrate again.").text())
    later = reshaping.later()
    with connect(instance) as connection:  # before the tables: should this end in between, doing it again finds the same batches
        batches.read_again(connection, later.read)
        batches.write_again(connection, later.written)
    with turns.writing(instance):
        written = tuple(reshaping.undo())
    _record(instance, reshaping, "migrate undone", written)
    return Reshaped(resource, (), written, len(later.read) + len(later.written))


def _stands(reshaping: Reshaping) -> str:
    """Return why the last change of shape cannot be taken back; empty where it can."""
    last, now = reshaping.last, reshaping.note
    if last is None:
        return "nothing can be taken back: their shape was not changed, or that was taken back already."
    if last[PUBLISHED] != now[PUBLISHED]:
        return f"{now[PUBLISHED]} was published with them as they are."
    return "rows were judged again since, by the contract as it is." if last[JUDGED] != now[JUDGED] else ""


def _reshaping(instance: Instance, resource: str) -> Reshaping:
    contract = load_contract_of(instance.settings.contracts, resource)
    if not storage.versions(instance, [bronze(resource)]):
        raise ConfigError(Problem(f"tables of {resource}", "nothing was ever taken in.", "", "nothing needs to be done.").text())
    with connect(instance) as connection:
        known = tuple(batches.of_resource(connection, resource))
        published, on = days.last_published(connection), days.newest_date(connection, (one.taken_on for one in known))
        judged = len(rejudging.of_resource(connection, resource))
    note = {PUBLISHED: _told(published), JUDGED: judged, "migrations": [one.name for one in contract.migrations]}
    return Reshaping(open_session(instance), instance, contract, known, on, note)


def _told(day: days.Day | None) -> str | None:
    return f"{day.business_date} issue {day.issue}" if day else None


def _record(instance: Instance, reshaping: Reshaping, action: str, written: tuple[Written, ...]) -> None:
    if written:
        detail: dict[str, Any] = {"version": reshaping.contract.version, "tables": [asdict(one) for one in written]}
        with connect(instance) as connection:
            audit.append(connection, audit.operator(), action, reshaping.contract.code, detail)
