"""Derive the expectation suites of a resource from its contract: the gate suite on committed verdicts, and the native suite."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from great_expectations import ExpectationSuite
from great_expectations.expectations.expectation import Expectation
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

from expectations.by_batch import (
    ExpectEachBatchToBeComplete,
    ExpectEachBatchToBeOfUsualSize,
    ExpectEachBatchToBeRecent,
    ExpectRuleToBeKeptInEachBatch,
)
from expectations.rule_kept import ExpectRuleToBeKept
from expectations.rules.check import Check
from expectations.rules.registry import SECONDS
from expectations.tallies import REJECTED, REPEATED
from lakehouse.contracts.model import Contract

SECOND = "_second"
ROWS = "rows"
RECEIVED = "received"  # the parameters of each run
USUAL = "usual"
FRESHNESS = "batch.freshness"
VOLUME = "batch.volume"
EMPTY = "batch.empty"  # there is nothing a checkpoint could read
BATCH_FACTS = {
    EMPTY: "批次没有任何数据行 / the batch holds no rows",
    FRESHNESS: "批次内没有新近的记录 / nothing in the batch is recent",
    VOLUME: "批次的行数与往常同类日期相差悬殊 / the batch holds far more or far fewer rows than usual on such a day",
    REPEATED: "批次内重复行过多 / too many rows repeat another row of the batch",
}
PSEUDO_RULES = {
    REJECTED: "无法读取的行 / lines that cannot be read",
    "_key.unreadable": "主键缺失 / the key is missing",
    "_position.unreadable": "源端时间无法读取 / the position in source time cannot be read",
}
DERIVED = "derived_sha256"
TITLE = "title"  # the name of the resource in Chinese and English, for the Data Docs


def gate_suite(contract: Contract, timezone: str) -> ExpectationSuite:
    """Return the suite of the gate: an expectation for each rule, for each fact about a batch, and for the number of rows.

    The thresholds and the severity of each stand in the suite; the batches, the number of rows received and the usual number are given
    at each run.
    """
    severities = {rule.id: rule.severity for rule in contract.rules}
    found: list[Expectation] = [_complete()]
    for rule, text in {**labels(contract), REPEATED: BATCH_FACTS[REPEATED]}.items():
        severity = "warning" if severities.get(rule) == "warning" or rule in BATCH_FACTS else "critical"
        found.append(_kept(contract, rule, text, severity))
    recent = {"days": contract.cycle.rule.recent_days, "timezone": timezone, **_said(FRESHNESS, BATCH_FACTS[FRESHNESS], "warning")}
    volume = {"usual": {"$PARAMETER": USUAL}, "times": 2, "apart": 20, **_said(VOLUME, BATCH_FACTS[VOLUME], "warning")}
    return _derived(contract, contract.code, [*found, ExpectEachBatchToBeRecent(**recent), ExpectEachBatchToBeOfUsualSize(**volume)])


def labels(contract: Contract) -> dict[str, str]:
    """Return rule id → text for every rule that a row can break: the contract's rules and the pseudo-rules."""
    return {**{rule.id: f"{rule.message_zh} / {rule.message_en}" for rule in contract.rules}, **PSEUDO_RULES}


def native_suite(checks: Iterable[Check]) -> ExpectationSuite:
    """Return the suite that does not use the verdicts: native expectations, and the plain Python result (`_second`) where there is none."""
    checks = list(checks)
    contract = checks[0].contract
    return _derived(contract, f"{contract.code}.native", [_native(check) for check in checks])


def rule_of(expectation: ExpectationConfiguration) -> str:
    """Return the subject of one of our expectations: a rule id, a fact about a batch, or `rows`."""
    return str((expectation.meta or {})["rule"])


def is_changed(stored: ExpectationSuite) -> bool:
    """Return whether a stored suite was changed by hand since it was derived."""
    return bool(stored.meta.get(DERIVED) != _digest(stored.expectation_configurations))


def title_of(stored: ExpectationSuite) -> tuple[str, str]:
    """Return what people call the resource of a suite; one stored by an earlier version does not say it."""
    zh, en = stored.meta.get(TITLE) or (stored.name, stored.name)
    return str(zh), str(en)


def _derived(contract: Contract, name: str, found: list[Expectation]) -> ExpectationSuite:
    """Return a suite that says what it was derived as, so that one changed by hand is told from one whose contract has changed."""
    meta = {DERIVED: _digest(one.configuration for one in found), TITLE: [contract.name_zh, contract.name_en]}
    return ExpectationSuite(name, expectations=found, meta=meta)


def _digest(expectations: Iterable[ExpectationConfiguration]) -> str:
    told = sorted(json.dumps({**one.to_json_dict(), "id": None}, sort_keys=True) for one in expectations)
    return hashlib.sha256("\n".join(told).encode()).hexdigest()


def _complete() -> Expectation:
    said = _said(ROWS, "入库行数等于接收行数 / every row received is committed", "critical")
    return ExpectEachBatchToBeComplete(received={"$PARAMETER": RECEIVED}, **said)


def _kept(contract: Contract, rule: str, text: str, severity: str) -> Expectation:
    """Return the expectation of a rule; one that compares a row with the rest of its batch warns as soon as one row breaks it."""
    kinds = {one.id: one.kind for one in contract.rules}
    notice = 1 if rule in kinds and SECONDS[kinds[rule]].observe else None
    limits = {"share": contract.block_at.share, "rows": contract.block_at.rows, "notice": notice}
    return ExpectRuleToBeKeptInEachBatch(rule=rule, **limits, **_said(rule, text, severity))


def _said(rule: str, text: str, severity: str) -> dict[str, Any]:
    return {"severity": severity, "description": text, "meta": {"rule": rule}}


def _native(check: Check) -> Expectation:
    describe = SECONDS[check.rule.kind].native
    native = describe(check) if describe else None
    severity = "critical" if check.rule.severity == "error" else "warning"
    shared = {"severity": severity, "description": f"{check.rule.message_zh} / {check.rule.message_en}"}
    if native is None:
        return ExpectRuleToBeKept(column=SECOND, rule=check.rule.id, meta={"rule": check.rule.id}, **shared)
    return _expectation(native.expectation, check.rule.id, {**native.arguments, **shared})


def _expectation(name: str, rule: str, arguments: dict[str, object]) -> Expectation:
    own = {key: arguments.pop(key) for key in ("severity", "description") if key in arguments}
    return ExpectationConfiguration(type=name, kwargs=arguments, meta={"rule": rule}, **own).to_domain_obj()
