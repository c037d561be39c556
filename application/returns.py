"""Look up which packages recipients received, check one as its recipient would, and fetch its files under their names for people."""

from __future__ import annotations

import json
import shutil
import tempfile
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from huiliu_verify.findings import Verification
from huiliu_verify.index import payload_forms
from huiliu_verify.saving import save
from huiliu_verify.signing import load_public_key
from huiliu_verify.verifier import verify_package
from lakehouse.config import Instance
from lakehouse.errors import DeliveryError, Problem
from lakehouse.naming import index_path, package_prefix, recipient_prefix
from lakehouse.objects import Area, open_area
from lakehouse.ops import audit, connect, days, packages, recipients
from lakehouse.ops.packages import Package


@dataclass(frozen=True)
class Issue:
    """The packages of a day's newest issue, and the names of their recipients by id."""

    business_date: date
    issue: int
    packages: list[Package]
    names: dict[str, str]


@dataclass(frozen=True)
class PackagePlace:
    """A recipient's package: its location and the content of its manifest."""

    path: str
    manifest: dict[str, Any]


def find_packages(instance: Instance, business_date: date | None, level: str = "") -> Issue:
    """Return the packages of a date (None: the last published one), for one level or for all levels.

    Raises:
        DeliveryError: nothing is published.
    """
    found = _issue(instance, business_date)
    with connect(instance) as connection:
        names = {one.recipient_id: one.name for one in recipients.at(connection, found.business_date)}
        made = [one for one in packages.of_issue(connection, found.business_date, found.issue) if level in ("", one.level)]
    return Issue(found.business_date, found.issue, made, names)


def package(instance: Instance, recipient: str, business_date: date | None) -> PackagePlace:
    """Return a recipient's package of a date (None: the last published one).

    Raises:
        DeliveryError: nothing is published, or there is no package for this recipient.
    """
    issue = _issue(instance, business_date)
    area = open_area(instance, "exchange")
    try:
        prefix = package_prefix(recipient, issue.business_date, issue.issue)
        manifest = json.loads(area.get(f"{prefix}/manifest.json"))
    except (FileNotFoundError, StopIteration):
        found = f"there is no package of {issue.business_date} for this recipient."
        raise DeliveryError(Problem(f"recipient {recipient}", found, "", "see `huiliu returns list`.").text()) from None
    return PackagePlace(str(area.local_path(prefix) or f"{instance.root('exchange')}/{prefix}"), manifest)


@dataclass(frozen=True)
class Fetched:
    """A package that was fetched: the folder it was checked in, what the check found, and where its files lie under their names."""

    folder: Path
    found: Verification
    saved: list[Path]


def fetch(instance: Instance, recipient: str, business_date: date | None, to: Path) -> Fetched:
    """Check a recipient's package of a date (None: the last published one) and save its files in a folder under their names for people.

    A package that is refused leaves no file. The audit keeps who fetched which package.

    Raises:
        DeliveryError: nothing is published, or there is no package for this recipient.
        SavingError: a file of another content has the name already.
    """
    where = package(instance, recipient, business_date).manifest
    prefix = package_prefix(recipient, date.fromisoformat(where["business_date"]), where["issue"])
    area, key = open_area(instance, "exchange"), load_public_key(instance.key_path("signing.pub"))
    with tempfile.TemporaryDirectory() as scratch:
        local = area.local_path(prefix)
        folder = local or _download(area, recipient, prefix, Path(scratch))
        found = verify_package(folder, key, recipient)
        saved = save(found, to) if found.ok else []
    told = {"good": found.ok, "files": len(saved)}
    with connect(instance) as connection:
        audit.append(connection, audit.operator(), "fetch", f"package {prefix.partition('/')[2]}", told)
    return Fetched(folder, found, saved)


def _download(area: Area, recipient: str, prefix: str, to: Path) -> Path:
    """Copy a package, its payloads and the recipient's index out of the store, and return the folder of the package."""
    wanted = [one.path for one in area.list(prefix)]
    payloads = payload_forms(json.loads(area.get(f"{prefix}/manifest.json")))
    wanted += [f"{recipient_prefix(recipient)}/{path}" for path in payloads]
    for path in (*wanted, index_path(recipient)):
        if not area.exists(path):
            continue
        target = to / path
        target.parent.mkdir(parents=True, exist_ok=True)
        with area.open(path) as source, target.open("wb") as copy:
            shutil.copyfileobj(source, copy)
    return to / prefix


def verify(instance: Instance, folder: Path, key: Path, recipient: str | None) -> Verification:
    """Check a package in a folder with the sender's public key; where there is an instance, its audit keeps who checked what.

    Raises:
        KeyFileError: the file holds no public key.
        ConfigError: the instance's database does not answer.
    """
    found = verify_package(folder, load_public_key(key), recipient)
    if (instance.home / "instance.json").is_file():
        package_of = "/".join(folder.resolve().parts[-3:])
        told = {"good": found.ok, "refusals": sorted({one.code for one in found.refusals})}
        with connect(instance) as connection:
            audit.append(connection, audit.operator(), "verify", f"package {package_of}", told)
    return found


def _issue(instance: Instance, business_date: date | None) -> days.Day:
    with connect(instance) as connection:
        newest = days.newest_issue(connection, business_date) if business_date else None
        found = newest or (None if business_date else days.last_published(connection))
    if found is None:
        where = f"business day {business_date}" if business_date else "returns"
        raise DeliveryError(Problem(where, "nothing is published.", "", "run a day: huiliu run-day DATE.").text())
    return found
