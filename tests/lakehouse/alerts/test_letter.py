"""A message says in both languages what is wrong, the worst first, within the limits of its channel, and shows no subject."""

from __future__ import annotations

import json

import pytest

from lakehouse.alerts.letter import facts, markdown, text, title
from tests.lakehouse.alerts.letters import alert, letter

pytestmark = pytest.mark.fast


def test_a_message_names_things_and_counts_the_worst_first() -> None:
    told = text(letter(alert(1, detail={"ticket": 7, "rules": {"amount.range": 20}}), alert(2, "disk", severity="critical", resource=None)))
    assert told.index("磁盘将满") < told.index("批次未通过质量闸口")
    assert "新 · 错误 · 批次未通过质量闸口 / new, error: a batch did not pass the gate" in told
    assert "#1 · t_thing 某清单 some list · 2026-06-01 · 工单 / ticket 7 · 规则 / rules amount.range 20" in told
    assert title(letter(alert(1))) == "[回流 示范市] 1 项告警，最高错误 / Tiny: 1 alerts, worst error"


def test_a_message_of_ends_says_so() -> None:
    assert title(letter(alert(1), alert(2), news="closed")) == "[回流 示范市] 2 项告警已解除 / Tiny: 2 alerts closed"


def test_no_message_tells_the_subject_which_may_be_the_name_of_a_file() -> None:
    one = letter(alert(1, "unusable"))
    for told in (text(one), markdown(one, 4096), json.dumps(facts(one), ensure_ascii=False), title(one)):
        assert "t_thing|1" not in told


def test_what_does_not_fit_is_counted() -> None:
    many = letter(*(alert(number) for number in range(1, 101)))
    cut = markdown(many, 4096)
    assert len(cut.encode()) <= 4096
    shown = cut.count("批次未通过")
    assert 10 < shown < 100
    assert f"另有 {100 - shown} 项 / {100 - shown} more: huiliu alerts list" in cut
    assert "more: huiliu" not in markdown(many, 100_000)
