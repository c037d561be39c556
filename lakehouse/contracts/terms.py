"""What a contract agrees on besides source and columns: where rows belong, what a deletion is, what is held back, when alerts wait."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from lakehouse.declarations.strict_yaml import Declared


class Locality(Declared):
    """Which columns say where a row belongs; none where it belongs nowhere.

    Attributes:
        code: the code of a region as registered.
        grid: the code of a grid.
        community_name: the name of a community.
        address_id: the number of a standard address.
        address: an address as text.
    """

    code: str | None = None
    grid: str | None = None
    community_name: str | None = Field(None, alias="communityName")
    address_id: str | None = Field(None, alias="addressId")
    address: str | None = None


class Operation(Declared):
    """The column that says what happened to the key.

    Attributes:
        column: the column.
        delete: its values that mean a deletion.
    """

    column: str
    delete: tuple[str, ...]


class Migration(Declared):
    """A change of existing tables that may lose something, and is therefore named; `huiliu contracts migrate` applies it.

    Attributes:
        name: what messages call it.
        columns: the columns that get a type which may not hold every value; if one does not fit, nothing is changed.
        key: the new key, in order.
    """

    name: str = Field(min_length=1)
    columns: tuple[str, ...] = ()
    key: tuple[str, ...] = ()


class BlockAt(Declared):
    """When an error rule blocks its batch: both limits must be passed.

    Attributes:
        share: more than this share of the rows breaks the rule, between 0 and 1.
        rows: at least so many rows break it.
    """

    share: float = Field(0.05, ge=0, le=1)
    rows: int = Field(20, ge=1)


class ClosingsHeldAt(Declared):
    """When the closings of a snapshot are held: more than `share` *and* more than `keys` of its provider's open keys, or more than `most`.

    Attributes:
        share: more than this share of the open keys, between 0 and 1.
        keys: more than so many of them.
        most: more than this share of them, however many they are.
    """

    share: float = Field(0.05, ge=0, le=1)
    keys: int = Field(20, ge=0)
    most: float = Field(0.5, ge=0, le=1)


class Alerts(Declared):
    """How the people who answer for the resource are alerted.

    Attributes:
        holidays: `wait`: on days that are no working days only critical alerts about the resource are told; the others wait.
    """

    holidays: Literal["tell", "wait"] = "tell"


class Retry(Declared):
    """How often a source is asked again after a failure that may pass: no answer, a connection cut off, a server that is starting or busy.

    Attributes:
        attempts: how often it is asked in all.
        total_seconds: no attempt begins later than so many seconds after the first.
    """

    attempts: int = Field(4, ge=1, le=20)
    total_seconds: int = Field(300, alias="totalSeconds", ge=1, le=7200)
