"""The settings of an instance: where its state lies, which contracts and city it serves, on which ports it listens."""

from __future__ import annotations

import json
import os
from functools import cached_property
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from lakehouse.city.profile import CityProfile, load_profile
from lakehouse.errors import ConfigError, Problem

AreaName = Literal["landing", "lake", "exchange"]
AREAS: tuple[AreaName, ...] = ("landing", "lake", "exchange")
OWN_STORE = "minio"
PROJECT = Path(__file__).resolve().parent.parent


CONNECTION, SECRET = "HUILIU_CONNECTION_", "HUILIU_SECRET_"


def _named(prefix: str) -> dict[str, str]:
    """Return the environment variables that begin with a prefix: rest of the name in small letters → value; empty ones are left out."""
    return {name.removeprefix(prefix).lower(): value for name, value in os.environ.items() if name.startswith(prefix) and value}


class Settings(BaseSettings):
    """The settings of an instance, read from the environment once, when the instance is made.

    Attributes:
        home: the folder that holds all state of the instance (`HUILIU_HOME`).
        contracts: the contracts it serves.
        city: the city it serves; its folder lies below `cities`.
        cities: the folder of all cities.
        dbt_project: the folder of the dbt project that makes the libraries.
        store: the URL of a folder or bucket with a folder for each area, or an S3 URL with `{area}` in it, or `minio`: the instance's own
            object store server. Empty: the store chosen at the first start, and at the first start itself a folder below home.
        spark_memory: the heap of the Spark application.
        spark_warmup: whether a few statements run after Spark's start, so that the first day is quicker; they cost processor time.
        thrift: whether the Spark application also serves JDBC, without a password: anybody on the machine is let in.
        openlineage_folder: the folder of the OpenLineage events of jobs, a file for each day; without it `logs/openlineage` below home.
        openlineage_url: the whole address that takes OpenLineage events by POST (`…/api/v1/lineage`); empty: events are only kept in files.
        close_patience_seconds: how long closing a day waits for ingest runs before it fails and names them.
        connections: name → URL of a database or API (`HUILIU_CONNECTION_<NAME>`).
        secrets: name → `id:secret` of an API (`HUILIU_SECRET_<NAME>`).
    """

    model_config = SettingsConfigDict(env_prefix="HUILIU_", extra="ignore")

    home: Path = PROJECT / "var"
    contracts: Path = PROJECT / "contracts"
    city: str = "zhuhai"
    cities: Path = PROJECT / "cities"
    dbt_project: Path = PROJECT / "dbt_project"
    store: str = ""
    spark_memory: str = "2g"
    spark_warmup: bool = True
    thrift: bool = False
    openlineage_folder: Path | None = None
    openlineage_url: str = ""
    close_patience_seconds: float = 3600.0
    connections: dict[str, str] = Field(default_factory=lambda: _named(CONNECTION))
    secrets: dict[str, str] = Field(default_factory=lambda: _named(SECRET), repr=False)

    def environment(self) -> dict[str, str]:
        """Return the variables that give these settings to another process; they hold secrets. Only who starts Spark needs `thrift`."""
        return {
            "HUILIU_HOME": str(self.home.resolve()),
            "HUILIU_CONTRACTS": str(self.contracts.resolve()),
            "HUILIU_CITIES": str(self.cities.resolve()),
            "HUILIU_DBT_PROJECT": str(self.dbt_project.resolve()),
            "HUILIU_CITY": self.city,
            "HUILIU_STORE": self.store,
            "HUILIU_SPARK_MEMORY": self.spark_memory,
            "HUILIU_SPARK_WARMUP": str(self.spark_warmup).lower(),
            "HUILIU_CLOSE_PATIENCE_SECONDS": str(self.close_patience_seconds),
            "HUILIU_OPENLINEAGE_URL": self.openlineage_url,
            **({"HUILIU_OPENLINEAGE_FOLDER": str(self.openlineage_folder.resolve())} if self.openlineage_folder else {}),
            **{f"{CONNECTION}{name.upper()}": url for name, url in self.connections.items()},
            **{f"{SECRET}{name.upper()}": secret for name, secret in self.secrets.items()},
        }


class Ports(BaseModel):
    """The ports an instance listens on (127.0.0.1); chosen at its first start and kept in `instance.json`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    postgres: int
    spark_connect: int
    spark_thrift: int
    spark_ui: int
    airflow: int
    sample_api: int
    minio: int
    telemetry: int


class Instance:
    """One instance of Huiliu, running or stopped: the folder `HUILIU_HOME` and everything that is derived from it."""

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or Settings()
        self.home = self.settings.home.resolve()

    @cached_property
    def city(self) -> CityProfile:
        """Return the validated city profile.

        Raises:
            ConfigError: there is no such city.
            ContractError: its profile is wrong.
        """
        if not (self.city_folder / "city.yaml").is_file():
            found = sorted(p.parent.name for p in self.settings.cities.glob("*/city.yaml"))
            raise ConfigError(
                Problem("HUILIU_CITY", f"there is no city {self.settings.city!r}.", ", ".join(found), "choose one of these.").text()
            )
        return load_profile(self.city_folder)

    @property
    def city_folder(self) -> Path:
        """Return the folder of the city's profile, regions and departments."""
        return self.settings.cities / self.settings.city

    @property
    def timezone(self) -> ZoneInfo:
        """Return the time zone of business dates."""
        return ZoneInfo(self.city.timezone)

    def folder(self, *parts: str) -> Path:
        """Return a folder of the instance (`keys`, `logs`, `run`, `inbox`, `derived`, …), made when missing."""
        path = self.home.joinpath(*parts)
        path.mkdir(parents=True, exist_ok=True)
        return path

    @property
    def store(self) -> str:
        """Return the URL of the store; it contains `{area}` where landing, lake and exchange each have a bucket of their own.

        Raises:
            ConfigError: `HUILIU_STORE` names another store than the one of the first start, so the data written there would be missing.
        """
        asked, kept = self.settings.store, self._kept_store()
        if asked and kept is not None and asked != kept:
            found = f"{asked} is asked for, but this instance was started first with {kept or 'a folder'}."
            raise ConfigError(Problem("HUILIU_STORE", found, kept or "nothing", "unset it, or choose another HUILIU_HOME.").text())
        named = asked or kept or (self.home / "store").as_uri()
        return "s3://huiliu-{area}" if named == OWN_STORE else named

    @property
    def has_own_store(self) -> bool:
        """Return whether the store is the instance's own object store server."""
        return (self.settings.store or self._kept_store()) == OWN_STORE

    def root(self, area: AreaName) -> str:
        """Return the root URL of an area of the store."""
        store = self.store.rstrip("/")
        return store.replace("{area}", area) if "{area}" in store else f"{store}/{area}"

    def bucket(self, area: AreaName) -> str:
        """Return the bucket of an area; empty where the store is a folder."""
        return urlsplit(self.root(area)).netloc

    @property
    def ports(self) -> Ports:
        """Return the ports chosen at the first start."""
        try:
            return Ports.model_validate(self._read_state()["ports"])
        except ValidationError as error:
            names = ", ".join(str(one["loc"][0]) for one in error.errors())
            problem = Problem(f"{self.home / 'instance.json'}: ports", f"ports are missing or unknown: {names}.", "", "run `huiliu up`.")
            raise ConfigError(problem.text()) from None

    def key_path(self, name: str) -> Path:
        """Return the path of a secret file (`hmac.key`, `signing.key`, `signing.pub`, `postgres.password`, …)."""
        return self.folder("keys") / name

    def _kept_store(self) -> str | None:
        """Return the store of the first start; None before it, or where it was not kept."""
        path = self.home / "instance.json"
        return json.loads(path.read_text("utf-8")).get("store") if path.is_file() else None

    def _read_state(self) -> dict[str, Any]:
        path = self.home / "instance.json"
        if not path.is_file():
            raise ConfigError(
                Problem(str(self.home), "there is no instance here (instance.json is missing).", "", "run `huiliu up`.").text()
            )
        state: dict[str, Any] = json.loads(path.read_text("utf-8"))
        return state
