"""All names and paths of the lakehouse: tables, folders, DAGs, assets, recipients. No other module spells one."""

from __future__ import annotations

import hashlib
from datetime import date

SCHEMAS = ("bronze", "silver", "ref", "base", "thematic", "special", "mart", "quality", "exchange", "ops")
LEVELS = ("province", "city", "district", "street", "community", "grid")
LEVEL_LETTERS = dict(zip(LEVELS, "pcdsvg", strict=True))
DEPARTMENT, DEPARTMENT_LETTER = "department", "m"
CODE_LENGTHS = {"province": 2, "city": 4, "district": 6, "street": 9, "community": 12, "grid": 15}
LOCALITY_COLUMNS = tuple(f"{level}_code" for level in LEVELS)
TAKEN = "taken"
DAY_ASSET = "huiliu://day"
LIBRARIES_ASSET = "huiliu://libraries"
PUBLISHED_ASSET = "huiliu://published"
REBUILT = "ops.rebuilt_"


def bronze(resource: str) -> str:
    """Return the bronze table of a resource."""
    return f"bronze.{resource}"


def verdicts(resource: str) -> str:
    """Return the table of the verdicts that were given again on bronze rows of a resource."""
    return f"bronze.{resource}__verdicts"


def silver(resource: str) -> str:
    """Return the silver table of a resource."""
    return f"silver.{resource}"


def resource_of(table: str) -> str | None:
    """Return the resource whose rows a bronze or silver table holds, None for any other table."""
    schema, _, name = table.partition(".")
    return name.removesuffix("__verdicts") if schema in ("bronze", "silver") else None


def rebuilt(table: str) -> str:
    """Return the table that holds the rows of another one while it is built again beside it."""
    return f"{REBUILT}{table.replace('.', '_')}"


def library(name: str) -> str:
    """Return the base library of this name, e.g. `person`; authority.yaml says which one holds which kind of entity."""
    return f"base.{name}"


def special(topic: str) -> str:
    """Return the table of a special topic, e.g. `safety_net`."""
    return f"special.{topic}"


def quality(finding: str) -> str:
    """Return the table that holds a kind of finding for its provider to check, e.g. `conflict`."""
    return f"quality.{finding}"


def table_path(table: str) -> str:
    """Return the path of a table below the lake root (`schema.name` → `schema/name`)."""
    schema, name = table.split(".", 1)
    return f"{schema}/{name}"


STAGED = ("_staging", "_listing")
"""The folders below the lake root of what is left for Spark to read once."""


def staging_path(resource: str, business_date: date) -> str:
    """Return the path below the lake root where the reader leaves a step's rows for Spark."""
    return f"{STAGED[0]}/{resource}/{business_date.isoformat()}"


def listing_path(resource: str, business_date: date) -> str:
    """Return the path below the lake root where the keys of a whole source are left for Spark to compare."""
    return f"{STAGED[1]}/{resource}/{business_date.isoformat()}"


def batch_id(resource: str, provider: str, business_date: date, content_sha256: str, occurrence: int = 1) -> str:
    """Return the identity of a delivery: its resource, provider, date and bytes, and their occurrence from the second on (ADR 0021)."""
    again = () if occurrence == 1 else (str(occurrence),)
    identity = "|".join((resource, provider, business_date.isoformat(), content_sha256, *again))
    return hashlib.sha256(identity.encode()).hexdigest()[:32]


def landing_prefix(resource: str, business_date: date, batch: str) -> str:
    """Return the folder of a batch below the landing root."""
    return f"{resource}/{business_date.isoformat()}/{batch}"


def delivery_number_path(resource: str, number: int) -> str:
    """Return the path below the landing root of the note that says which batch has a delivery number."""
    return f"{resource}/_numbers/{number:08d}"


def rejudging_path(resource: str, number: int) -> str:
    """Return the path below the landing root of the document of a rejudging of a resource."""
    return f"{resource}/_rejudgings/{number:08d}.json"


TASKS = "_tasks"


def task_path(task_id: str, event: str) -> str:
    """Return the path below the landing root of the document of a task: what was `opened`, and by whom it was `closed`."""
    return f"{TASKS}/{task_id}/{event}.json"


def taken_folder(taken_on: date) -> str:
    """Return the folder below the inbox that holds the files a day has taken in."""
    return f"{TAKEN}/{taken_on.isoformat()}"


def ingest_dag(resource: str) -> str:
    """Return the DAG that ingests a resource."""
    return f"ingest__{resource}"


def ingest_asset(resource: str) -> str:
    """Return the asset whose events say how the ingest of a resource ended on a day."""
    return f"huiliu://ingest/{resource}"


def recipient_id(level: str, code: str) -> str:
    """Return the id of a region's recipient, e.g. `v-440402001001`."""
    return f"{LEVEL_LETTERS[level]}-{code}"


def recipient_code(recipient: str) -> str:
    """Return the code in a recipient's id: of its region, or the unified social credit code of a department."""
    return recipient.split("-", 1)[1]


def department_id(uscc: str) -> str:
    """Return the id of a department that receives packages, e.g. `m-11440402MB2D00006X`."""
    return f"{DEPARTMENT_LETTER}-{uscc}"


def recipient_folder(recipient: str) -> str:
    """Return the folder below the exchange root that a recipient belongs in: its region's level, or `department`."""
    letter = recipient.split("-", 1)[0]
    return DEPARTMENT if letter == DEPARTMENT_LETTER else next(level for level, own in LEVEL_LETTERS.items() if own == letter)


def recipient_prefix(recipient: str) -> str:
    """Return the prefix below the exchange root that holds everything a recipient may see, and nothing else."""
    return f"{recipient_folder(recipient)}/{recipient}"


def content_path(recipient: str, sha256: str, suffix: str) -> str:
    """Return the path of a content-addressed payload (`suffix`: parquet or xlsx)."""
    return f"{recipient_prefix(recipient)}/content/{sha256}.{suffix}"


def index_path(recipient: str) -> str:
    """Return the path of the index that names a recipient's files for people."""
    return f"{recipient_prefix(recipient)}/index.json"


def public_key_path(recipient: str, key_id: str, suffix: str) -> str:
    """Return the path of the sender's public key (`pub`), or of the text that says how to compare it (`txt`), for a recipient."""
    return f"{recipient_prefix(recipient)}/keys/{key_id}.{suffix}"


def package_prefix(recipient: str, business_date: date, issue: int) -> str:
    """Return the folder of a recipient's package of a date and issue."""
    return f"{recipient_prefix(recipient)}/{business_date.isoformat()}/{issue}"


def day_entry_path(business_date: date, issue: int, suffix: str = "json") -> str:
    """Return the path below the exchange root of a day entry (`json`, `sig`), or of what lies beside it for the operator.

    That is `leaves.json`, `inputs.json`, `feedback.json` and `ledger.json`.
    """
    return f"{published_days_prefix(business_date)}/{issue}.{suffix}"


def published_days_prefix(business_date: date | None = None) -> str:
    """Return the folder below the exchange root that holds the entries of a day, or of all days."""
    return f"days/{business_date.isoformat()}" if business_date else "days"


def build_record_path(business_date: date) -> str:
    """Return the path of the list of a day's payloads, left by the step that writes them for the step that publishes (operator only)."""
    return f"days/{business_date.isoformat()}/build.parquet"


def proof_record_path(business_date: date) -> str:
    """Return the path of the results of the proofs of a day's payloads (operator only)."""
    return f"days/{business_date.isoformat()}/proofs.json"
