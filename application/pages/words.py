"""The words of the pages in Chinese and English: names of levels, dispositions, gate results, steps and invariants."""

from __future__ import annotations

from collections.abc import Mapping

from expectations.outcomes import MARKS, WORDS
from lakehouse.pages.rendering import Pair

LEVELS: dict[str, Pair] = {
    "province": ("省级", "Province"),
    "city": ("市级", "City"),
    "district": ("区级", "District"),
    "street": ("镇街", "Street"),
    "community": ("社区", "Community"),
    "grid": ("网格", "Grid"),
    "department": ("部门", "Department"),
}
DISPOSITIONS: dict[str, Pair] = {
    "accepted": ("入库", "accepted"),
    "superseded": ("被更新取代", "superseded"),
    "duplicate": ("重复", "duplicate"),
    "quarantined": ("隔离", "quarantined"),
    "rejected": ("无法读取", "unreadable"),
    "held": ("整批扣留", "held with its batch"),
    "open": ("处理中", "in progress"),
}
GATES: dict[str, Pair] = {
    **WORDS,
    "released": ("人工放行", "released"),
    "refused": ("整批拒收", "refused"),
    "open": ("未判定", "not judged yet"),
    "gap": ("应报未到", "missing"),
    "none": ("无到货", "nothing came"),
}
GATE_MARKS = {**MARKS, "released": "✓", "refused": "⊘", "open": "…", "gap": "○", "none": "·"}
WORST_FIRST = ("blocked", "refused", "open", "released", "warned", "passed")
GAPS: dict[str, Pair] = {
    "silent": ("到期未报送", "due, nothing delivered"),
    "failed": ("接入任务失败", "its ingest run failed"),
    "contract": ("合同文件有误", "its contract is wrong"),
    "not_run": ("未运行接入", "no ingest run was started"),
    "blocked": ("整批阻断", "its batch is blocked"),
    "refused": ("整批拒收", "its batch is refused"),
    "unusable": ("文件或来源无法使用", "it cannot be used as a delivery"),
}
SETTLED: dict[str, Pair] = {
    "delivered": ("已补报", "delivered"),
    "superseded": ("后一次全量已涵盖", "a later snapshot holds it"),
    "covered": ("再次取数已涵盖", "a later window holds it"),
    "redelivered": ("已重新报送", "delivered again"),
    "readable": ("已可读取", "it can be read now"),
    "let_in": ("已放行", "let in"),
    "retried": ("已重新读取", "read again"),
    "released": ("已人工放行", "released by a person"),
    "refused_for_good": ("已确认拒收", "refused for good"),
    "usable": ("文件已可使用", "it is a delivery now"),
    "gone": ("文件已移走", "the file is gone"),
    "answered": ("来源已恢复", "the source answered"),
    "run_done": ("接入已完成", "its run ended well"),
    "later_run_done": ("后一日接入已完成", "a later run ended well"),
    "run_started": ("接入已启动", "its run was started"),
    "contract_sound": ("合同已改正", "the contract is right"),
    "contract_gone": ("合同已撤销", "the contract is gone"),
    "explained": ("已说明", "explained"),
    "withdrawn": ("已撤回", "withdrawn"),
}
SEVERITIES: dict[str, Pair] = {"error": ("错误", "error"), "warning": ("警告", "warning")}
STATES: dict[str, Pair] = {"published": ("已发布", "published"), "closed": ("已关账、未发布", "closed, not published")}
TRANSFORMS: dict[str, Pair] = {
    "raw": ("原值", "raw"),
    "mask": ("遮盖", "mask"),
    "year": ("仅年份", "year"),
    "age_band": ("年龄段", "age band"),
    "band": ("金额段", "band"),
    "flag": ("有无", "flag"),
    "token": ("假名", "token"),
    "drop": ("不提供", "not given"),
}
INVARIANTS: dict[str, Pair] = {
    "I1": ("每批收到的行数等于各处置之和", "Every batch balances: rows received are the rows disposed of"),
    "I2": ("明细历史不重叠，每键至多一个现行版本", "History does not overlap; at most one open version per key"),
    "I3": ("回流完整：上级行数 = 下级之和 + 属地待定", "Returns are whole: a parent's rows are its children's and what is pending"),
    "I4": ("无越权列，无应脱敏的原值，社区与网格无证件号码", "No forbidden column, no raw value where a transform is due"),
    "I5": ("列的级别不超过接收层级的上限", "No column is above the cap of its level"),
    "I6": ("回流包签名有效，可追溯到批次", "Packages are signed and traceable to their batches"),
    "I7": ("基础库取值等于权威来源的最新值", "A golden value is the newest value of its authority"),
}


def word(words: Mapping[str, Pair], name: str) -> Pair:
    """Return the word for a name; a name without a word is shown as it is."""
    return words.get(name, (name, name))
