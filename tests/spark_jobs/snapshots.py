"""Builders of random snapshots of two providers: keys that disappear, return and change provider, and unreadable rows."""

from __future__ import annotations

import hashlib
import json
import random
from datetime import datetime, timedelta

from lakehouse.contracts.model import Contract
from lakehouse.contracts.terms import ClosingsHeldAt
from tests.spark_jobs.histories import FIRST_DAY, PROVIDER, QUARANTINED_BY
from tests.spark_jobs.histories import contract as history_contract

OTHER_PROVIDER = "11449900MB2C000149"
PATTERN = "^K[0-9]{11}$"
KEY_BROKEN_BY = "id.pattern"
# provider, business date, day it was taken in; the date's second snapshot of one provider, a late one, an empty one, two cut short
DELIVERIES = (
    *((0, 1, 1), (1, 1, 1), (0, 2, 2), (1, 2, 2), (0, 2, 2), (0, 3, 3), (0, 4, 4), (1, 3, 4), (1, 4, 4), (0, 5, 5), (1, 5, 5)),
    *((0, 6, 6), (1, 6, 6)),
)
HELD, EMPTY, CUT_OFF, KEYLESS, SHORT = 6, 9, 10, 11, (7, 13)
LIMITS = {"share": 0.05, "keys": 150, "most": 0.5}  # a snapshot usually lacks three in ten keys, one that is cut short four in five


def contract() -> Contract:
    """Return a contract of a snapshot with a key and a value."""
    base = history_contract("snapshot")
    rule = base.rules[0].model_copy(update={"id": KEY_BROKEN_BY, "kind": "pattern", "column": "id", "params": {"regex": PATTERN}})
    changes = {"columns": base.columns[:2], "rules": (*base.rules, rule), "operation": None, "position": None}
    return base.model_copy(update=changes | {"closings_held_at": ClosingsHeldAt(**LIMITS)})


def draw(keys: int, seed: int) -> list[dict]:
    """Return random batches in order of delivery; positions are UTC without a zone, as Spark hands them to Python."""
    chance = random.Random(seed)
    batches = []
    for number, (provider, about, taken) in enumerate(DELIVERIES, start=1):
        day = FIRST_DAY + timedelta(days=about - 1)
        facts = {"batch_id": f"b{number}", "delivery_no": number, "business_date": day, "taken_on": FIRST_DAY + timedelta(days=taken - 1)}
        facts |= {"position": datetime(day.year, day.month, day.day) - timedelta(hours=8), "held": number == HELD, "rows": []}  # noqa: DTZ001
        batches.append(facts | {"provider": (PROVIDER, OTHER_PROVIDER)[provider]})
    for number in range(keys):
        key = f"K{number:010}{number * 7 % 10}"
        of_other = chance.random() < 0.3
        for batch in batches:
            own = (batch["provider"] == OTHER_PROVIDER) == of_other
            share = 0.2 if batch["delivery_no"] in SHORT else 0.7
            if batch["delivery_no"] != EMPTY and chance.random() < (share if own else 0.1):
                add(batch, random_row(chance, key, batch["position"]))
    by_number = {batch["delivery_no"]: batch for batch in batches}
    add(by_number[CUT_OFF], {"key": None, "position": None, "rejected": True, "raw": "K0000"})  # a line that ends within its key
    keyless = {"key": None, "texts": ["", "a"], "hash": "0" * 64, "quarantined": True, "verdict": ["_key.unreadable"]}
    add(by_number[KEYLESS], keyless | {"position": by_number[KEYLESS]["position"]})
    return batches


def add(batch: dict, row: dict) -> None:
    batch["rows"].append(row | {"line": len(batch["rows"]) + 2})


def random_row(chance: random.Random, key: str, position: datetime) -> dict:
    """Return a random row that names the key: readable, quarantined, with a broken key, or a rejected line."""
    content = chance.choice("ab")
    how = chance.choices(("read", "quarantined", "misspelt", "rejected"), (85, 6, 3, 6))[0]
    if how == "rejected":
        return {"key": None, "position": None, "rejected": True, "raw": f"石,{key},{content},too,many"}
    sent = key[:-1] if how == "misspelt" else key
    texts = [sent, "" if how == "quarantined" else content]
    hashed = hashlib.sha256(json.dumps(texts).encode()).hexdigest()
    row = {"key": sent, "texts": texts, "hash": hashed, "position": position, "content": content, "deleted": False}
    verdicts = {"read": [], "quarantined": [QUARANTINED_BY], "misspelt": [KEY_BROKEN_BY]}
    return row | {"quarantined": how != "read", "misspelt": how == "misspelt", "verdict": verdicts[how]}
