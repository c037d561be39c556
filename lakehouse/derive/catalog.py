"""The catalog entry of a resource (政务数据目录), with the nine items State Council Decree 809, Art. 13 demands."""

from __future__ import annotations

import json
from typing import Any

from lakehouse.contracts.model import Contract

SHARING = {1: "无条件共享", 2: "有条件共享", 3: "不予共享"}
FILE_FORMATS = {"csv": "电子文件（CSV）", "jsonl": "电子文件（JSON Lines）", "xlsx": "电子文件（XLSX）"}
FORMATS = {"postgres": "数据库", "api": "接口（JSON）", **FILE_FORMATS}
METHODS = {"postgres": "数据库", "csv": "文件下载", "jsonl": "文件下载", "xlsx": "文件下载", "api": "服务接口"}
OPENING = {"unconditional": "无条件开放", "conditional": "有条件开放", "closed": "不开放"}
ITEM_TYPES = {"string": "C 字符", "integer": "N 数值", "number": "N 数值", "date": "D 日期", "timestamp": "T 日期时间", "boolean": "L 逻辑"}
CONDITIONS = {1: "无", 2: "按职责需要申请，注明使用依据、场景、范围、方式与时限", 3: "不予共享，依据：{}"}


def render(contract: Contract) -> str:
    """Return the catalog entry as JSON text; the same contract gives the same bytes."""
    return json.dumps(entry(contract), ensure_ascii=False, indent=2) + "\n"


def entry(contract: Contract) -> dict[str, Any]:
    """Return the catalog entry of a contract: Chinese item name → content."""
    return {
        "代码": contract.code,
        "数据目录名称": contract.name_zh,
        "摘要": contract.description,
        "数据项": [
            {"名称": column.label_zh, "字段": column.name, "数据类型": ITEM_TYPES[column.type], "级别": column.grade}
            for column in contract.kept_columns
        ],
        "提供单位": contract.provider.model_dump(exclude_defaults=True),
        "数据格式": FORMATS[contract.source.kind],
        "数据更新频率": contract.cycle.rule.label[0],
        "共享属性": SHARING[contract.sharing.attribute],
        "共享方式": METHODS[contract.source.kind],
        "使用条件": CONDITIONS[contract.sharing.attribute].format(contract.sharing.legal_basis),
        "数据分类分级": {"类别": sorted({column.class_ for column in contract.kept_columns}), "级别": contract.sharing.grade},
        "开放属性": OPENING[contract.sharing.open_type],
        "版本": contract.version,
    }
