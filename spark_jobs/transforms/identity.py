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
    """Return typed rows with a person id for every identity column of the contract (`identity` names it).

    Nulls: no number, no person id.
    """
    named = {column.identity: person_id(F.col(f"`{column.name}`"), key_path) for column in contract.identity_columns if column.identity}
    return rows.withColumns(named) if named else rows


def person_id(number: Column, key_path: Path) -> Column:
    """Return the person id of a normalised resident number."""
    path, domain, text_type = str(key_path), DOMAIN, pa.string()
    hmac_key(path)  # refused here, before any worker starts

    def pseudonyms(numbers: pa.Array) -> pa.Array:
        # Names nothing of this module: a worker that had to import it would start seconds later.
        key = bytes.fromhex(Path(path).read_text("ascii").strip())
        texts = numbers.to_pylist()
        return pa.array(
            [None if text is None else hmac.digest(key, f"{domain}|{text}".encode(), "sha256").hex() for text in texts], text_type
        )

    return F.arrow_udf(pseudonyms, "string")(number)


@cache
def hmac_key(path: str) -> bytes:
    """Return the key in a file of hexadecimal digits.

    Raises:
        ConfigError: there is none.
    """
    try:
        return bytes.fromhex(Path(path).read_text("ascii").strip())
    except (OSError, ValueError):
        raise ConfigError(Problem(path, "holds no HMAC key.", "64 hexadecimal digits", "restore it from the backup.").text()) from None
