"""Returns the settings of an instance: where it lives, which contracts and city it serves, on which ports it listens."""

from __future__ import annotations

import json
from functools import cached_property
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from lakehouse.errors import ConfigError, Problem, problems_text

PROJECT = Path(__file__).resolve().parent.parent


class Settings(BaseSettings):
    """What the environment says: `HUILIU_HOME`, `HUILIU_CONTRACTS`, `HUILIU_CITY`, `HUILIU_STORE`."""

    model_config = SettingsConfigDict(env_prefix="HUILIU_", extra="ignore")

    home: Path = PROJECT / "var"
    contracts: Path = PROJECT / "contracts"
    city: str = "zhuhai"
    cities: Path = PROJECT / "cities"
    store: str = ""


class Ports(BaseModel):
    """The ports an instance listens on (127.0.0.1); chosen at its first start and kept in `instance.json`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    postgres: int
    spark_connect: int
    spark_thrift: int
    spark_ui: int
    airflow: int
    sample_api: int


class CityProfile(BaseModel):
    """`cities/<city>/city.yaml`: the profile of a city."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: str
    name: str
    name_en: str
    region_code: str
    province_code: str
    clock: Literal["manual", "wall"]
    timezone: str = "Asia/Shanghai"
    first_business_date: str
    extra_holidays: list[str] = Field(default_factory=list)


class Instance:
    """One running or resting Huiliu: the folder `HUILIU_HOME` and everything that is derived from it."""

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or Settings()
        self.home = self.settings.home.resolve()

    @cached_property
    def city(self) -> CityProfile:
        """Returns the validated city profile."""
        path = self.city_folder / "city.yaml"
        if not path.is_file():
            found = sorted(p.parent.name for p in self.settings.cities.glob("*/city.yaml"))
            raise ConfigError(
                Problem("HUILIU_CITY", f"there is no city {self.settings.city!r}.", ", ".join(found), "choose one of these.").text()
            )
        try:
            return CityProfile.model_validate(yaml.safe_load(path.read_text("utf-8")))
        except ValidationError as error:
            problems = [Problem(f"{path}: {'.'.join(map(str, e['loc']))}", e["msg"]) for e in error.errors()]
            raise ConfigError(problems_text(problems)) from None

    @property
    def city_folder(self) -> Path:
        """Returns the folder of the city's profile, regions and departments."""
        return self.settings.cities / self.settings.city

    @property
    def timezone(self) -> ZoneInfo:
        """Returns the time zone of business dates."""
        return ZoneInfo(self.city.timezone)

    def folder(self, *parts: str) -> Path:
        """Returns a folder of the instance (`keys`, `logs`, `run`, `inbox`, `derived`, …), made when missing."""
        path = self.home.joinpath(*parts)
        path.mkdir(parents=True, exist_ok=True)
        return path

    @property
    def store(self) -> str:
        """Returns the root URL of landing, lake and exchange: a folder below home unless `HUILIU_STORE` says otherwise."""
        return self.settings.store or (self.home / "store").as_uri()

    def root(self, area: Literal["landing", "lake", "exchange"]) -> str:
        """Returns the root URL of an area of the store."""
        return f"{self.store.rstrip('/')}/{area}"

    @property
    def ports(self) -> Ports:
        """Returns the ports chosen at the first start."""
        return Ports.model_validate(self._read_state()["ports"])

    def key_path(self, name: str) -> Path:
        """Returns the path of a secret file (`hmac.key`, `signing.key`, `signing.pub`, `postgres.password`, …)."""
        return self.folder("keys") / name

    def _read_state(self) -> dict[str, Any]:
        path = self.home / "instance.json"
        if not path.is_file():
            raise ConfigError(
                Problem(str(self.home), "there is no instance here (instance.json is missing).", "", "run `huiliu up`.").text()
            )
        state: dict[str, Any] = json.loads(path.read_text("utf-8"))
        return state
