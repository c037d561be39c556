"""What a contract agrees on besides its source and its columns: where rows belong, what a deletion is, when a batch is held back."""

from __future__ import annotations

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
