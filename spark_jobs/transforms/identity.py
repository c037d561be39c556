"""Pseudonyms of persons (person ids): HMAC-SHA256 of the normalised resident number.

The workers read the key from its file, so it never appears in a plan, in SQL or in a log.
"""

from __future__ import annotations

import hmac
from functools import cache
from pathlib import Path

import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lakehouse.contracts.model import Contract
from lakehouse.errors import ConfigError, Problem

DOMAIN = "resident_id"


def with_person_ids(rows: DataFrame, contract: Contract, key_path: Path) -> DataFrame:
    """Add a person id to typed rows for every identity column of the contract (`identity` names the new column).

    Nulls: the person id is null where there is no number.
    """
    named = {column.identity: person_id(F.col(f"`{column.name}`"), key_path) for column in contract.identity_columns if column.identity}
    return rows.withColumns(named) if named else rows


def person_id(number: Column, key_path: Path) -> Column:
    """Return the person id of a normalised resident number."""
    path, domain, text_type = str(key_path), DOMAIN, pa.string()
    hmac_key(path)  # a missing key is refused here, before any worker starts

    def pseudonyms(numbers: pa.Array) -> pa.Array:
        # Uses no name of this module: importing the module would delay the start of a worker by seconds.
        key = bytes.fromhex(Path(path).read_text("ascii").strip())
        texts = numbers.to_pylist()
        return pa.array(
            [None if text is None else hmac.digest(key, f"{domain}|{text}".encode(), "sha256").hex() for text in texts], text_type
        )

    return F.arrow_udf(pseudonyms, "string")(number)


@cache
def hmac_key(path: str) -> bytes:
    """Return the HMAC key from a file of hexadecimal digits.

    Raises:
        ConfigError: the file is missing or holds no such key.
    """
    try:
        return bytes.fromhex(Path(path).read_text("ascii").strip())
    except (OSError, ValueError):
        raise ConfigError(Problem(path, "holds no HMAC key.", "64 hexadecimal digits", "restore it from the backup.").text()) from None
