"""Derive the expectation suites of a resource from its contract: the gate suite on committed verdicts, and the native suite."""

from __future__ import annotations

from collections.abc import Iterable

from great_expectations import ExpectationSuite
from great_expectations.expectations.expectation import Expectation
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

from expectations.decision import BATCH_FACTS, REJECTED, is_batch_rule, labels
from expectations.rule_kept import ExpectRuleToBeKept
from expectations.rules.check import Check
from expectations.rules.registry import SECONDS
from lakehouse.contracts.model import Contract

VERDICT = "_verdict"
BATCH_VERDICT = "_batch_verdict"
SECOND = "_second"
ROWS = "rows"


def gate_suite(contract: Contract, received: int) -> ExpectationSuite:
    """Return the suite of the gate: one expectation for each rule, for each fact about a batch, and for the number of rows.

    Thresholds are shares of all rows of the step. Which batch is blocked is decided batch by batch (`expectations.decision`).
    """
    found: list[Expectation] = [_rows(received), _rejects(contract)]
    found += [_kept(contract, rule, text, VERDICT) for rule, text in labels(contract).items()]
    found += [_kept(contract, fact, text, BATCH_VERDICT) for fact, text in BATCH_FACTS.items()]
    return ExpectationSuite(contract.code, expectations=found)


def native_suite(checks: Iterable[Check]) -> ExpectationSuite:
    """Return the suite that does not use the verdicts: native expectations, and the plain Python result (`_second`) where there is none."""
    checks = list(checks)
    return ExpectationSuite(f"{checks[0].contract.code}.native", expectations=[_native(check) for check in checks])


def rule_of(expectation: ExpectationConfiguration) -> str:
    """Return the subject of one of our expectations: a rule id, a fact about a batch, `rows` or `_reject`."""
    return str((expectation.meta or {})["rule"])


def _kept(contract: Contract, rule: str, text: str, column: str) -> Expectation:
    warnings = {one.id for one in contract.rules_of("warning")} | set(BATCH_FACTS)
    severity = "warning" if rule in warnings else "critical"
    share = 0.0 if rule in BATCH_FACTS or is_batch_rule(contract, rule) else contract.block_at.share
    return ExpectRuleToBeKept(column=column, rule=rule, mostly=1 - share, severity=severity, description=text, meta={"rule": rule})


def _rows(received: int) -> Expectation:
    arguments = {"value": received, "severity": "critical", "description": "入库行数等于接收行数 / every row received is committed"}
    return _expectation("expect_table_row_count_to_equal", ROWS, arguments)


def _rejects(contract: Contract) -> Expectation:
    text = "无法读取的行 / lines that cannot be read"
    arguments = {"column": "_reject", "mostly": 1 - contract.block_at.share, "severity": "critical", "description": text}
    return _expectation("expect_column_values_to_be_null", REJECTED, arguments)


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
