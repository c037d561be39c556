"""What can be an alert: how severe it is, whose it is to settle, and what it is called in both languages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lakehouse.ops.alerts import Severity

Side = Literal["department", "platform"]


@dataclass(frozen=True)
class Kind:
    """A kind of alert.

    Attributes:
        severity: how soon somebody has to look.
        side: who has to act: the department that answers for the resource, or the city's operators.
        zh: what it is called in Chinese.
        en: what it is called in English.
    """

    severity: Severity
    side: Side
    zh: str
    en: str


OF_TICKETS: dict[str, Kind] = {
    "refused": Kind("error", "department", "报送无法读取，已拒收", "a delivery cannot be read and was refused"),
    "blocked": Kind("error", "department", "批次未通过质量闸口", "a batch did not pass the gate"),
    "unusable": Kind("error", "department", "文件不可用或来源无应答", "a file is unusable or a source does not answer"),
    "silent": Kind("error", "department", "应报未报", "a delivery is due and did not come"),
    "shrunk": Kind("warning", "department", "全量清单骤减，注销暂缓", "a snapshot shrank, so its closings are held"),
    "unreached": Kind("warning", "department", "来源有取数窗口之外的行", "a source has rows that no window reaches"),
    "missing_there": Kind("warning", "department", "我方有而来源没有的行", "rows are here and not in their source"),
    "failed": Kind("error", "platform", "接入任务失败", "an ingest run failed"),
    "not_run": Kind("error", "platform", "接入任务未启动", "an ingest run was not started"),
    "contract": Kind("error", "platform", "数据合约有误，停止接入", "a contract is wrong, so nothing is taken in"),
    "left_out": Kind("error", "platform", "某项回流未更新", "a return was left out"),
    "unlisted": Kind("error", "platform", "全量对账无法取数", "a whole source could not be listed"),
    "missing_here": Kind("warning", "platform", "来源有而我方没有的行", "rows are in their source and not here"),
    "stray": Kind("warning", "platform", "收件箱有无合约的文件", "files lie in a folder that no contract names"),
}
"""Alerts of open tickets, by the ticket's kind."""

UNPUBLISHED, TASK, INVARIANT, DISK, SCHEDULER, WATCH = "unpublished", "task", "invariant", "disk", "scheduler", "watch"
OF_THE_PLATFORM: dict[str, Kind] = {
    UNPUBLISHED: Kind("critical", "platform", "逾时仍无当日发布", "no day was published by its hour"),
    TASK: Kind("critical", "platform", "当日任务失败", "a task of the day failed"),
    INVARIANT: Kind("critical", "platform", "不变量不成立", "an invariant does not hold"),
    DISK: Kind("critical", "platform", "磁盘将满", "the disk is nearly full"),
    SCHEDULER: Kind("error", "platform", "调度器无应答", "the scheduler does not answer"),
    WATCH: Kind("critical", "platform", "值守进程读不到运行记录", "the watcher cannot read the operational records"),
}
KINDS = OF_TICKETS | OF_THE_PLATFORM

SEVERITY_WORDS: dict[Severity, tuple[str, str]] = {
    "critical": ("紧急", "critical"),
    "error": ("错误", "error"),
    "warning": ("提醒", "warning"),
}
