"""Begin a contract from a delivered file: everything that can be guessed is written down, and what a steward has to decide is said."""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from lakehouse.city.providers import OFFICE_KINDS, Offices, load_offices
from lakehouse.config import Instance
from lakehouse.contracts.guess.resource import Declared, GuessedColumn, guess
from lakehouse.contracts.layouts import Encoding
from lakehouse.contracts.loader import contract_paths, load_contract, resource_code
from lakehouse.contracts.model import Contract
from lakehouse.contracts.properties import NAME_PATTERN
from lakehouse.contracts.skeleton import Start, skeleton
from lakehouse.declarations.codes import load_code_tables
from lakehouse.declarations.policies import load_policies
from lakehouse.errors import ConfigError, ContractError, Problem, SourceError, nearest_first
from lakehouse.ingest.readers import read_delivery, reader_of
from lakehouse.ingest.undeclared.specimen import read_specimen
from lakehouse.naming import LEVEL_LETTERS, LEVELS

DATED = re.compile(r"[0-9]{4}-?[0-9]{2}-?[0-9]{2}([_-][0-9]+)?")
WRITE = "write <level>/<code>."
PLACE = re.compile(r"[0-9]{6,15}")


@dataclass(frozen=True)
class Wanted:
    """A contract to begin: from which file, and what is known already (`resource`: `<level>/<code>`, `provider`: a kind of office)."""

    file: Path
    resource: str | None = None
    provider: str | None = None
    encoding: Encoding | None = None


@dataclass(frozen=True)
class Begun:
    """A new contract, and how its own file reads with it.

    Attributes:
        path: the file of the contract.
        columns: the headers of the file.
        key: the columns of the guessed key.
        rows: how many rows of the file can be read.
        rejected: reject code → how many rows cannot.
        remarks: what a steward has to decide.
    """

    path: Path
    columns: tuple[str, ...]
    key: tuple[str, ...]
    rows: int
    rejected: Mapping[str, int]
    remarks: tuple[str, ...]


@dataclass(frozen=True)
class _Sender:
    """Who delivers, as the place of the file says: provider and level for the contract, the folders between resource and file."""

    provider: Mapping[str, str]
    level: str
    between: str = ""
    remark: str | None = None


def begin(instance: Instance, wanted: Wanted) -> Begun:
    """Write a new contract with all that can be guessed from a file, and return it with what is left to decide.

    Raises:
        ConfigError: the level is unknown, the contract exists already, or no office can be the provider.
        ContractError: the policies or a code table are wrong.
        SourceError: the file holds no table that can be read.
    """
    first = date.fromisoformat(instance.city.first_business_date)
    sender = _sender(load_offices(instance.city_folder, instance.city), wanted, first)
    level, code = _named(wanted, sender)
    folder = instance.settings.contracts
    path = folder / "resources" / level / f"{code}.odcs.yaml"
    if code in map(resource_code, contract_paths(folder)):
        fix = "choose another code with --resource <level>/<code>."
        raise ConfigError(Problem(str(path), f"there is a contract of {code} already.", "", fix).text())
    content = wanted.file.read_bytes()
    specimen = read_specimen(content, wanted.file.name, wanted.encoding)
    source = {**specimen.source, "path": f"{code}/{sender.between}{{date}}_{{n}}{specimen.suffix}"}
    remarks = [*specimen.remarks, *([sender.remark] if sender.remark else [])]
    guessed = guess(specimen.headers, specimen.rows, declared_beside(folder))
    start = Start(code, wanted.file.stem if not DATED.fullmatch(wanted.file.stem) else code, level, sender.provider, source, guessed)
    path.parent.mkdir(parents=True, exist_ok=True)
    contract = _write(path, skeleton(replace(start, remarks=tuple(remarks))))
    rejected, refused = _read(contract, content, wanted.file.name, first)
    told = [*remarks, *guessed.remarks, *_of_columns(guessed.columns)]
    told += [f"the file cannot be read so: {refused}"] if refused else []
    keys = tuple(column.name for column in contract.key_columns)
    return Begun(path, specimen.headers, keys, rejected.pop("", 0), dict(rejected), tuple(told))


def declared_beside(folder: Path) -> Declared:
    """Return what a guess needs to know of the declarations in a contracts folder.

    Raises:
        ContractError: the policies or a code table are wrong.
    """
    codes = {name: frozenset(one.code for one in table.versions) for name, table in load_code_tables(folder).items()}
    policies = load_policies(folder / "policies.yaml")
    return Declared(codes, tuple(policies.classes), policies.roles.unclassified)


def _of_columns(columns: Iterable[GuessedColumn]) -> Iterator[str]:
    """Yield what has to be decided about columns, the same about several of them once."""
    about: dict[str, list[str]] = {}
    for column in columns:
        for text in column.remarks:
            about.setdefault(text, []).append(column.source_name)
    yield from (f"{', '.join(names)}: {text}" for text, names in about.items())


def _sender(offices: Offices, wanted: Wanted, on: date) -> _Sender:
    """Return who delivers: the office named, each office of the region's level where the file lies in a region's folder, or a guess."""
    if wanted.provider is not None:
        return _Sender({"kind": wanted.provider}, "city")
    region = offices.regions.find(wanted.file.absolute().parent.name, on) if PLACE.fullmatch(wanted.file.absolute().parent.name) else None
    kind = _kind_of_each(offices, region.level, on) if region is not None and region.level in OFFICE_KINDS else None
    if region is not None and kind is not None:
        own = {} if kind == OFFICE_KINDS[region.level] else {"kind": kind}
        return _Sender({"each": region.level, **own}, region.level, "{region}/")
    city = [one for one in offices.departments if one.region_code == offices.profile.region_code and one.covers(on)]
    kinds = [kind for kind, many in Counter(one.kind for one in city).items() if many == 1]
    if not kinds:
        fix = "name the kind of office that delivers with --provider."
        raise ConfigError(Problem("departments.csv", "the city has no office that is the only one of its kind.", "", fix).text())
    return _Sender({"kind": kinds[0]}, "city", remark=f"who delivers is not known; {kinds[0]} stands there for now")


def _kind_of_each(offices: Offices, level: str, on: date) -> str | None:
    """Return the kind of office that every region of a level has once: the region's own where it can be, else the first; None if none."""
    there = Counter((one.region_code, one.kind) for one in offices.departments if one.covers(on))
    codes = [region.code for region in offices.regions.at(on).of_level(level)]
    kinds = dict.fromkeys([OFFICE_KINDS[level], *(one.kind for one in offices.departments)])
    return next((kind for kind in kinds if all(there[code, kind] == 1 for code in codes)), None)


def _named(wanted: Wanted, sender: _Sender) -> tuple[str, str]:
    """Return level and code of the resource: those given, or the level of its sender and a name from the place of the file."""
    if wanted.resource is None:
        return sender.level, _code(wanted.file.absolute(), sender)
    level, _, code = wanted.resource.partition("/")
    if level not in LEVELS:
        raise ConfigError(
            Problem(wanted.resource, f"{level!r} is not a level.", nearest_first(level, LEVELS), "write <level>/<code>.").text()
        )
    if not NAME_PATTERN.fullmatch(code):
        raise ConfigError(
            Problem(wanted.resource, f"{code!r} is no code.", "a-z, 0-9 and _, a letter first", "write <level>/<code>.").text()
        )
    return level, code


def _code(file: Path, sender: _Sender) -> str:
    """Return a code from the name of a file; from the folder of the resource where the file is called by its date."""
    said = file.stem if not DATED.fullmatch(file.stem) else file.parents[1 if sender.between else 0].name
    letters = re.sub(r"[^a-z0-9]+", "_", DATED.sub("", said).lower()).strip("_") or "resource"
    prefix = f"{LEVEL_LETTERS[sender.level]}_"
    return letters if letters.startswith(tuple(f"{letter}_" for letter in LEVEL_LETTERS.values())) else f"{prefix}{letters}"


def _write(path: Path, text: str) -> Contract:
    """Write the file of a contract and return it as it loads; a text that does not load leaves no file behind."""
    path.write_text(text, "utf-8")
    path.chmod(0o644)  # a declaration belongs to the project, not to the instance, whose files only its user can read
    try:
        return load_contract(path)
    except ContractError:
        path.unlink()
        raise


def _read(contract: Contract, content: bytes, where: str, on: date) -> tuple[Counter[str], str | None]:
    """Return how many rows of the file are read (empty code) or rejected by code, and why it is refused, where it is."""
    found: Counter[str] = Counter()
    try:
        for block in read_delivery(io.BytesIO(content), contract, where, on):
            found.update(reject or "" for reject in block.found.field("reject").to_pylist())
        counted = reader_of(contract).count(io.BytesIO(content), contract)
    except SourceError as error:
        return Counter(), " ".join(line.strip() for line in str(error).split("\n")[:2])
    return found, None if counted == found.total() else "the reader and the second counter find different numbers of records"
