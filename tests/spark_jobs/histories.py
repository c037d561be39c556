"""Builders of random histories of many keys: batches over several days with late, equal, repeated, deleted and re-created rows."""

from __future__ import annotations

import hashlib
import json
import random
from datetime import UTC, date, datetime, timedelta

from lakehouse.contracts.model import Contract
from lakehouse.ops.batches import Batch

FIRST_DAY = date(2026, 6, 1)
PROVIDER = "11449900MB2C000130"
HELD = 4
QUARANTINED_BY = "value.required"


def contract(delivery: str) -> Contract:
    """Return a contract with a key, a value, an operation and a position."""
    columns = [
        {
            "name": name,
            "source_name": name,
            "label_zh": name,
            "label_en": name,
            "type": type_,
            "key": name == "id",
            "normalise": ["trim"],
            "class_": "plain",
            "grade": 1,
        }
        for name, type_ in (("id", "string"), ("value", "string"), ("operation", "string"), ("changed_at", "timestamp"))
    ]
    rule = {"id": QUARANTINED_BY, "kind": "required", "column": "value", "severity": "error", "dimension": "completeness"}
    return Contract.model_validate(
        {
            "code": f"x_{delivery}",
            "name_zh": "历史",
            "name_en": "history",
            "description": "histories of keys",
            "version": "1.0.0",
            "level": "city",
            "provider": {"kind": "public_security"},
            "source": {"kind": "csv", "path": "{date}_{n}.csv"},
            "cycle": {"every": "day", "dueHours": 9},
            "delivery": delivery,
            "position": "changed_at",
            "operation": {"column": "operation", "delete": ["D"]},
            "sharing": {"attribute": 2, "grade": 3, "openType": "closed"},
            "locality": {},
            "columns": columns,
            "rules": [rule | {"message_zh": "缺失", "message_en": "is missing"}],
            "file": "contracts/resources/city/x.odcs.yaml",
        }
    )


def draw(keys: int, seed: int) -> list[dict]:
    """Return random batches in order of delivery, in the oracle's form; one comes late, one is held."""
    chance = random.Random(seed)
    days = [(1, 1), (2, 2), (1, 2), (3, 3), (3, 4), (4, 4)]
    batches: list[dict] = [
        {
            "batch_id": f"b{number}",
            "delivery_no": number,
            "business_date": FIRST_DAY + timedelta(days=about - 1),
            "taken_on": FIRST_DAY + timedelta(days=taken - 1),
            "held": number == HELD,
            "rows": [],
        }
        for number, (about, taken) in enumerate(days, start=1)
    ]
    for key in range(keys):
        said: list[dict] = []
        for batch in batches:
            for _ in range(chance.choice((0, 1, 1, 2, 3))):
                row = dict(chance.choice(said)) if said and chance.random() < 0.25 else random_row(chance, f"k{key}")
                said.append(row)
                batch["rows"].append(row | {"line": len(batch["rows"]) + 2})
    for batch in batches:
        batch["rows"].append({"line": len(batch["rows"]) + 2, "rejected": True, "position": None, "key": None})
    return batches


def random_row(chance: random.Random, key: str) -> dict:
    """Return a random row with few possible positions and values, so that many coincide; some texts have a trailing space."""
    content = chance.choice("abc")
    texts = [key, content + chance.choice(("", "", " ")), chance.choice("UUUUD"), f"2026-05-{chance.randint(1, 8):02} 08:00:00"]
    quarantined = chance.random() < 0.06
    if quarantined:
        texts[1] = ""
    wall = datetime.fromisoformat(texts[3]) - timedelta(hours=8)
    return {
        "key": key,
        "texts": texts,
        "hash": hashlib.sha256(json.dumps(texts).encode()).hexdigest(),
        "position": wall.replace(tzinfo=UTC),
        "content": content,
        "deleted": texts[2] == "D",
        "quarantined": quarantined,
    }


def bronze_rows(batch: dict, width: int = 4) -> list[tuple]:
    """Return the rows of a batch as bronze holds them; `width` is the number of the contract's columns."""
    found = []
    for row in batch["rows"]:
        texts = [text or None for text in row.get("texts", [])] or [None] * width
        provider = batch.get("provider", PROVIDER)
        delivered = (batch["batch_id"], provider, batch["business_date"], batch["taken_on"], batch["delivery_no"], "file.csv", row["line"])
        position = row["position"].strftime("%Y-%m-%dT%H:%M:%S.%fZ") if row["position"] else None
        verdict = row.get("verdict", [QUARANTINED_BY] if row.get("quarantined") else [])
        reject = ("too_few_fields", bytearray(row.get("raw", "x").encode())) if row.get("rejected") else (None, None)
        key = row["key"] and hashlib.sha256(row["key"].encode()).hexdigest()
        found.append((*texts, *delivered, position, key, row.get("hash"), *reject, verdict))
    return found


def landed(batch: dict, resource: str, gate: str | None, silver_on: date | None) -> Batch:
    """Return the batch as the operational database knows it."""
    return Batch(
        batch["batch_id"],
        resource,
        batch.get("provider", PROVIDER),
        batch["business_date"],
        "0" * 64,
        batch["delivery_no"],
        batch["taken_on"],
        "file.csv",
        1,
        len(batch["rows"]),
        gate=gate,  # type: ignore[arg-type]
        silver_on=silver_on,
    )
