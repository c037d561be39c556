"""Sample reports of a day, in the form made by `application.report`."""

from __future__ import annotations

import copy
from typing import Any

PROVIDER = "11449900MB2C000130"


def busy() -> dict[str, Any]:
    """Return the report of a day on which everything happened: gaps, a blocked batch, broken rules, missing references."""
    return copy.deepcopy(BUSY)


def quiet() -> dict[str, Any]:
    """Return the report of a published day without deliveries and without problems."""
    empty = {
        "batches": [],
        "gaps": [],
        "filled": [],
        "stopped": [],
        "rules": [],
        "missing_references": [],
        "timings": [],
        "returns": [],
        "gate_history": [],
        "left_out": [],
        "no_longer_kept": [],
        "disk": {"areas": [], "counted_at": None, "free": 90 * 2**30, "total": 100 * 2**30},
    }
    return busy() | empty | {"date": "2026-06-06", "invariants": [{"id": "I1", "ok": True, "detail": "holds"}], "state": "published"}


def _batch(resource: str, gate: str, received: int, **counts: int) -> dict[str, Any]:
    none = dict.fromkeys(("rejected", "quarantined", "duplicate", "superseded", "accepted", "held"), 0)
    identity = {"batch_id": f"batch of {resource}", "resource": resource, "provider": PROVIDER, "business_date": "2026-06-02"}
    return identity | none | {"received": received, "gate": gate} | counts


def _resource(code: str, level: str, name_zh: str, name_en: str) -> dict[str, Any]:
    return {"code": code, "level": level, "name_zh": name_zh, "name_en": name_en, "every": "day", "kind": "csv"}


def _rule(rule: str, severity: str, zh: str, en: str, rows: int) -> dict[str, Any]:
    return {"resource": "city_register", "rule": rule, "severity": severity, "message_zh": zh, "message_en": en, "rows": rows}


def _packages(level: str, number: int, rows: int) -> dict[str, Any]:
    return {
        "level": level,
        "packages": number,
        "rows": rows,
        "written": number,
        "referred": 1,
        "files": number + 1,
        "bytes": 4096,
        "bytes_written": 2048,
    }


def _step(step: str, resource: str, minute: int, seconds: float) -> dict[str, Any]:
    return {"step": step, "resource": resource, "attempt": 1, "seconds": seconds, "started_at": f"2026-06-02T01:{minute:02}:00+00:00"}


BUSY: dict[str, Any] = {
    "date": "2026-06-02",
    "city": "tiny",
    "city_name": {"zh": "示范市", "en": "Tiny"},
    "issue": 1,
    "state": "published",
    "gaps": [
        {"resource": "street_list", "provider": PROVIDER, "kind": "silent", "due_on": "2026-06-01", "ticket": 12, "settled_on": None,
         "settled_by": None},
    ],
    "filled": [
        {"resource": "city_register", "provider": None, "kind": "failed", "due_on": "2026-06-02", "ticket": 13, "settled_on": "2026-06-02",
         "settled_by": "run_done", "filled_at": "2026-06-03T09:12+08:00"},
    ],
    "stopped": [
        {
            "kind": "refused",
            "resource": "street_list",
            "provider": PROVIDER,
            "source": f"street_list/{number}.csv",
            "reason": f"street_list/{number}.csv: header: {found}",
            "state": "open",
        }
        for number, found in enumerate(("缺少 / missing: 姓名.", "重复 / more than once: 姓名."), 1)
    ],
    "resources": [
        _resource("city_register", "city", "户籍人口", "Household registration"),
        _resource("street_list", "street", "养老名册", "List of the elderly"),
        _resource("grid_check", "grid", "网格核查", "Grid check"),
    ],
    "batches": [
        _batch("city_register", "warned", 12345, accepted=12300, quarantined=30, duplicate=10, superseded=5),
        _batch("street_list", "blocked", 60, held=60),
        _batch("grid_check", "passed", 20, accepted=17, rejected=3),
    ],
    "repeated": [],
    "rules": [
        _rule("id_no.resident_id", "error", "号码有误", "wrong number", 30),
        _rule("name.required", "warning", "姓名为空", "empty name", 7),
    ],
    "gate_history": [
        {"date": "2026-06-01", "issue": 1, "state": "published", "gaps": [], "gates": [
            {"resource": "city_register", "gate": "passed", "batches": 1, "received": 10},
            {"resource": "city_register", "gate": "warned", "batches": 1, "received": 10}]},
        {"date": "2026-06-02", "issue": 1, "state": "published", "gaps": [{"resource": "street_list", "kind": "silent"}], "gates": [
            {"resource": "city_register", "gate": "warned", "batches": 1, "received": 12345},
            {"resource": "grid_check", "gate": None, "batches": 1, "received": 20}]},
    ],
    "libraries": [{"table": "base.person", "rows": 12000, "version": 2}],
    "disk": {
        "areas": [{"area": "lake", "files": 784, "bytes": 3 * 2**30}, {"area": "inbox", "files": 0, "bytes": 0}],
        "counted_at": "2026-06-01T22:00:00+00:00",
        "free": 4 * 2**30,
        "total": 100 * 2**30,
    },
    "returns": [
        {"return_id": "resident_list", "level": "district", "recipients": 1, "rows": 12000, "pending_locality": 0},
        {"return_id": "resident_list", "level": "street", "recipients": 3, "rows": 12000, "pending_locality": 480},
    ],
    "return_names": {"resident_list": "居民清单"},
    "left_out": [{"return_id": "resident_list", "reason": "contracts/returns/resident_list.yaml: sortBy: it is no column of it."}],
    "packages": {"packages": 4, "written": 4, "referred": 2, "files": 6, "bytes": 8192, "bytes_written": 4096},
    "packages_by_level": [
        *(_packages(level, 0, 0) | {"referred": 0, "files": 0, "bytes": 0} for level in ("province", "city")),
        _packages("district", 1, 12000), _packages("street", 3, 12000),
        *(_packages(level, 0, 0) | {"referred": 0, "files": 0, "bytes": 0} for level in ("community", "grid", "department")),
    ],
    "providers": {PROVIDER: "示范市公安局"},
    "entity_names": {"person": {"zh": "人口", "en": "person"}},
    "missing_references": [{"provider": PROVIDER, "resource": "grid_check", "column_name": "id_no", "target": "person", "rows": 4}],
    "invariants": [{"id": f"I{n}", "ok": True, "detail": "holds"} for n in range(1, 8)],
    "timings": [_step("extract", "city_register", 0, 30.5), _step("gate", "city_register", 1, 12.0), _step("libraries", "", 2, 60.0)],
    "truth": {"gate": {"recall": 1.0, "precision": 0.998, "labelled": 40}, "locality": {"accuracy": 0.961, "grid": 0.9, "persons": 12000},
              "authority": {"accuracy": 0.9993, "values": 60000}},
}  # fmt: skip
