"""Returns rows with the pseudonyms of persons: HMAC-SHA256 of the normalised resident number.

The key is read from its file by the workers: it is never in a plan, in SQL or in a log.
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
    """Returns typed rows with a person id for every identity column of the contract (`identity` names it).

    Nulls: no number, no person id.
    """
    named = {column.identity: person_id(F.col(f"`{column.name}`"), key_path) for column in contract.identity_columns if column.identity}
    return rows.withColumns(named) if named else rows


def person_id(number: Column, key_path: Path) -> Column:
    """Returns the person id of a normalised resident number."""
    path = str(key_path)

    def pseudonyms(numbers: pa.Array) -> pa.Array:
        key = hmac_key(path)
        return pa.array([None if text is None else pseudonym(text, key) for text in numbers.to_pylist()], pa.string())

    return F.arrow_udf(pseudonyms, "string")(number)


def pseudonym(number: str, key: bytes) -> str:
    """Returns the pseudonym of one number."""
    return hmac.digest(key, f"{DOMAIN}|{number}".encode(), "sha256").hex()


@cache
def hmac_key(path: str) -> bytes:
    """Returns the key in a file of hexadecimal digits.

    Raises:
        ConfigError: there is none.
    """
    try:
        return bytes.fromhex(Path(path).read_text("ascii").strip())
    except (OSError, ValueError):
        raise ConfigError(Problem(path, "holds no HMAC key.", "64 hexadecimal digits", "restore it from the backup.").text()) from None
