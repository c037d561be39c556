"""Builders that publish a day of the tiny city in a folder, without Spark and without a database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache
from pathlib import Path

import pyarrow as pa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from huiliu_verify.signing import load_signer
from lakehouse.city.departments import load_departments
from lakehouse.city.regions import load_regions, regions_sha256
from lakehouse.config import PROJECT
from lakehouse.contracts.loader import load_sound_contracts
from lakehouse.contracts.model import Contract
from lakehouse.declarations.policies import load_policies
from lakehouse.naming import LEVELS
from lakehouse.objects import Area
from lakehouse.returns.addressees import addressees, former_addressees
from lakehouse.returns.build_record import BuildRecord, make_record
from lakehouse.returns.day_entries import NO_LEAVES, leaves, predecessor, published
from lakehouse.returns.edition import Edition, limits
from lakehouse.returns.inputs import Inputs
from lakehouse.returns.manifest import DayFacts, canonical, sha256
from lakehouse.returns.publication import Closing, Published, publish
from lakehouse.returns.runnable import Scene, known_labels, labels_of, runnable
from lakehouse.returns.slices import DUE_ROWS
from lakehouse.returns.tasks import by_grid, frozen, in_force
from lakehouse.returns.wording import Reading
from lakehouse.returns.writer import Assignment, write_packages

FIRST, SECOND, THIRD = date(2026, 6, 1), date(2026, 6, 2), date(2026, 6, 3)
CITY, CONTRACTS = PROJECT / "cities" / "tiny", PROJECT / "contracts"
GRID = "449901001001001"


@dataclass(frozen=True)
class Resident:
    """A person as a row of the return's table; the place is known down to the grid, or only to level `known_to`."""

    person_id: str
    person_name: str = "欧阳小满"
    id_no: str = "44990119900307001X"
    birth_date: str = "1990-03-07"
    grid: str = GRID
    known_to: str = "grid"
    hukou_address: str = "示范市望海街道1号"
    residence_address: str | None = None

    def places(self, day: date) -> dict[str, str | None]:
        """Return level → code, as far as the place is known."""
        chain = load_regions(CITY).ancestors(self.grid, day)
        known = LEVELS[: LEVELS.index(self.known_to) + 1]
        return {level: chain.get(level) if level in known else None for level in LEVELS}


@dataclass(frozen=True)
class Row:
    """A row of any return's table: its values by column as text, and its place."""

    return_id: str
    row_id: str
    values: dict[str, str]
    grid: str = GRID
    known_to: str = "grid"

    def places(self, day: date) -> dict[str, str | None]:
        """Return level → code, as far as the place is known."""
        return Resident("", grid=self.grid, known_to=self.known_to).places(day)


@dataclass(frozen=True)
class Town:
    """A folder with an exchange area and the sender's keys; of the declared returns only the given ones count."""

    home: Path
    returns: tuple[str, ...] = ("resident_list",)
    contracts: Path = CONTRACTS
    project: Path = PROJECT / "dbt_project"
    key: Path = field(init=False)
    secret: Path = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", self.home / "signing.pub")
        object.__setattr__(self, "secret", self.home / "hmac.key")
        private = Ed25519PrivateKey.generate()
        (self.home / "signing.key").write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        self.key.write_bytes(private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
        self.secret.write_text("07" * 32)

    @property
    def exchange(self) -> Area:
        """Return the exchange area."""
        return Area((self.home / "exchange").as_uri())

    def package(self, recipient: str, level: str, day: date = FIRST, issue: int = 1) -> Path:
        """Return the folder of a package."""
        return self.home / "exchange" / level / recipient / day.isoformat() / str(issue)

    @property
    def closing(self) -> Closing:
        """Return the closing facts of a day: no gaps, and the sender's key."""
        return Closing(0, load_signer(self.home / "signing.key"))

    def edition(self, day: date) -> Edition:
        """Return the edition of the day, made from the declarations of the town."""
        stamps = tuple(sorted((str(path), path.stat().st_mtime_ns) for path in self.contracts.rglob("*.odcs.yaml")))
        policies, contracts = load_policies(self.contracts / "policies.yaml"), _contracts(self.contracts, stamps)
        tree, departments = load_regions(CITY), load_departments(CITY)
        scene = Scene(self.contracts, self.project, contracts, policies, tree.at(day), departments, day)
        known = known_labels(self.contracts, scene.regions, contracts)
        found, wrong = runnable(scene, known)
        compiled = {name: one for name, one in found.items() if name in self.returns}
        left_out = tuple(one for one in wrong if one.return_id in self.returns)
        issues = published(self.exchange)
        earlier, final = predecessor(self.exchange, day, issues), max(issues, default=day) > day
        labels, added = labels_of(compiled, known), (("c_household_registration", day.isoformat()),)
        inputs = Inputs(earlier.inputs_sha256 if earlier else None, added, ())
        hashes = (policies.sha256, regions_sha256(CITY), sha256(canonical(labels)), inputs.sha256)
        feedback = frozen(self.exchange, day, 1)
        reasons = {one.return_id: one.reason for one in left_out}
        facts = DayFacts("tiny", day, earlier, *hashes, compiled, reasons, feedback.sha256)
        audiences = [plan.audience for one in compiled.values() for plan in one.plans.values()]
        whom = addressees(audiences, scene.regions, departments, day)
        before = leaves(self.exchange, earlier.business_date, earlier.issue) if earlier and left_out else NO_LEAVES
        whom += former_addressees(before.manifests, whom, scene.regions, departments, day)
        bounds = limits(scene, (tree, facts.regions_sha256), left_out, before) if left_out else None
        reading = Reading(labels, "Asia/Shanghai")
        shared = (policies, whom, scene.regions, inputs, self.exchange, final)
        return Edition(facts, "示范市", reading, *shared, left_out, bounds, feedback.tasks)

    def build(self, day: date, residents: Sequence[Resident | Row]) -> tuple[pa.Table, BuildRecord]:
        """Write the payloads and return the facts of all forms with the build record."""
        edition = self.edition(day)
        earlier = edition.facts.predecessor
        before = leaves(self.exchange, earlier.business_date, earlier.issue).manifests if earlier else {}
        when = (earlier.business_date, earlier.issue) if earlier else None
        whom = {one.recipient_id: one for one in edition.addressees}
        shared = (edition.plans, edition.sender, edition.reading)
        url = (self.home / "exchange").as_uri()
        tasks = by_grid(in_force(edition.tasks, edition.returns, edition.regions))
        tasks_before = by_grid(frozen(self.exchange, earlier.business_date, 1).tasks) if earlier else {}
        asked = Assignment(day, url, str(self.secret), whom, *shared, when, before, limits=edition.limits)
        assignment = replace(asked, tasks=tasks, tasks_before=tasks_before)
        facts = pa.Table.from_batches(write_packages(due_batches(edition, residents), assignment))
        return facts, make_record(edition, facts, {"base.person": 0})

    def publish(self, day: date, residents: Sequence[Resident | Row]) -> Published:
        """Publish a day and return it."""
        _, record = self.build(day, residents)
        return publish(self.edition(day), record, self.closing)


@cache
def _contracts(folder: Path, stamps: tuple[tuple[str, int], ...]) -> dict[str, Contract]:  # noqa: ARG001 the stamps are part of the key
    """Return the contracts of a folder, read once for each state of its files."""
    return load_sound_contracts(folder, standard=False)[0]


def due_batches(edition: Edition, residents: Sequence[Resident | Row]) -> list[pa.RecordBatch]:
    """Return the due rows as Spark's selection would, in batches that split recipients."""
    roster = {one.place: one.recipient_id for one in edition.addressees}
    rows: list[dict[str, object]] = [{"recipient_id": name} for name in roster.values()]
    for resident in residents:
        places = resident.places(edition.date)
        for declared in edition.returns:
            if isinstance(resident, Row) != (declared.id != "resident_list") or getattr(resident, "return_id", declared.id) != declared.id:
                continue
            values = {f"{level}_code": code for level, code in places.items()} | _values(resident)
            for audience in declared.audiences.values():
                if places[audience.level] is not None:
                    rows.append({
                        "recipient_id": roster[f"{audience.name}-{places[audience.level]}"],
                        "return_id": declared.id,
                        "row_id": resident.row_id if isinstance(resident, Row) else resident.person_id,
                        "born": values.get("birth_date"),
                        "id_no": values.get("id_no"),
                        "is_pending": audience.below is not None and places[audience.below] is None,
                        "values": [values.get(column.name) for column in declared.columns],
                    })  # fmt: skip
    table = pa.Table.from_pylist(sorted(rows, key=lambda row: str(row["recipient_id"])), DUE_ROWS)
    return table.to_batches(max_chunksize=3)


def _values(one: Resident | Row) -> dict[str, str]:
    if isinstance(one, Row):
        return one.values
    named = {name: getattr(one, name) for name in ("person_name", "id_no", "birth_date", "hukou_address", "residence_address")}
    return named | {"is_local_hukou": "true", "gender_code": "2", "locality_confidence": "4", "household_no": "100000001"}
