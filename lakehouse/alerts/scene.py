"""What the watcher knows of its city and its contracts: names, owners, routes and the days on which alerts wait."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from pathlib import Path

from lakehouse.alerts.kinds import KINDS
from lakehouse.alerts.routes import Route, Routes, load_routes
from lakehouse.city.calendar import WorkCalendar
from lakehouse.city.providers import Offices, load_offices
from lakehouse.config import Instance
from lakehouse.contracts.loader import contract_paths, load_sound_contracts
from lakehouse.contracts.model import Contract, OneProvider
from lakehouse.errors import ConfigError
from lakehouse.ops.alerts import PLATFORM, Alert

Stamp = tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Scene:
    """The declarations that decide whose an alert is, who is told, and when."""

    instance: Instance
    contracts: Mapping[str, Contract]
    offices: Offices
    routes: Routes
    calendar: WorkCalendar

    @cached_property
    def names(self) -> Mapping[str, str]:
        """Return the names of the departments by credit code."""
        return {one.uscc: one.name for one in self.offices.departments}

    def owner(self, kind: str, resource: str | None, provider: str | None, on: date) -> str:
        """Return who has to settle a matter: the department that delivers (its provider), or the platform where there is no one such."""
        if KINDS[kind].side == PLATFORM:
            return PLATFORM
        contract = self.contracts.get(resource or "")
        if provider or contract is None or not isinstance(contract.provider, OneProvider):
            return provider or PLATFORM
        try:
            return self.offices.provider(contract, on).uscc
        except ConfigError:  # the city has no such office, or several: `huiliu contracts check` says so
            return PLATFORM

    def routes_of(self, owner: str) -> list[Route]:
        """Return the routes that the alerts of an owner take."""
        kinds = {one.kind for one in self.offices.departments if one.uscc == owner}
        return [route for route in self.routes.routes if route.covers(owner, kinds)]

    def waits(self, route: Route, alert: Alert, now: datetime) -> bool:
        """Return whether an alert waits for the next working day, because its route or its resource's contract says so."""
        if alert.severity == "critical" or self.calendar.is_workday(now.astimezone(self.instance.timezone).date()):
            return False
        contract = self.contracts.get(alert.resource or "")
        return "wait" in (route.holidays, contract.alerts.holidays if contract else "tell")


def load_scene(instance: Instance) -> Scene:
    """Return the declarations of an instance; wrong contracts are left out, `huiliu contracts check` tells them.

    Raises:
        ContractError: the routes or the city's profile are wrong.
        ConfigError: departments or regions are wrong.
    """
    contracts = load_sound_contracts(instance.settings.contracts, standard=False)[0]
    calendar = WorkCalendar(instance.city.extra_holidays)
    return Scene(instance, contracts, load_offices(instance.city_folder, instance.city), load_routes(instance.city_folder), calendar)


def stamp(instance: Instance) -> Stamp:
    """Return what differs when a declaration was changed: the files and when each was written."""
    return tuple((str(path), path.stat().st_mtime_ns) for path in _files(instance))


def _files(instance: Instance) -> Iterable[Path]:
    return (*contract_paths(instance.settings.contracts), *sorted(instance.city_folder.glob("*")))
