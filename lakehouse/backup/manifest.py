"""The manifest of a backup: what the archive holds, of which instance and as of when. It is readable without the passphrase."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from lakehouse.backup.sealing import Sealing

FORMAT: Literal["huiliu-backup/1"] = "huiliu-backup/1"
SECRETS = (
    "本归档含有密钥和口令，谁拿到它，谁就能冒用本实例的签名、还原人员标识；请像保管密钥一样保管。 / "
    "This archive holds keys and passwords: whoever has it can sign as this instance and recognise its persons. Keep it like a key."
)
KEYS, DATABASES, STATE = "keys/", "postgresql/", "instance.json"


class Part(BaseModel):
    """One file of the archive: what it is, and size and SHA-256 of the bytes in the archive."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^(instance\.json|(keys|postgresql)/[A-Za-z0-9_][A-Za-z0-9._-]*)$")
    what: str
    bytes: int = Field(ge=0)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class PublishedDay(BaseModel):
    """A published day, as the database knows it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    business_date: date
    issue: int
    entry_sha256: str


class Facts(BaseModel):
    """The instance at the time of the backup.

    Attributes:
        made_at: the time of the backup.
        city: the city it serves.
        signing_key: SHA-256 of the public key, by which an instance is known.
        schema_version: version of the operational database.
        newest_day: the newest published day that the database knows, none before the first.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    made_at: datetime
    city: str
    signing_key: str
    schema_version: str
    newest_day: PublishedDay | None = None


class Manifest(BaseModel):
    """What an archive holds; `sealing` says how its parts are encrypted, none where they are not."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal["huiliu-backup/1"] = FORMAT
    notice: str = SECRETS
    facts: Facts
    parts: tuple[Part, ...]
    sealing: Sealing | None = None
