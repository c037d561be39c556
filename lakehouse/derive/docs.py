"""Render the page of a resource for people, as Markdown: what it is, its columns, its rules, its code tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from lakehouse.contracts.laid_out import SETTINGS
from lakehouse.contracts.layouts import Layout
from lakehouse.contracts.model import Column, Contract, EachProvider
from lakehouse.declarations.codes import CodeTable
from lakehouse.derive.catalog import SHARING

SEVERITIES = {"error": "错误（隔离）", "warning": "警告"}


def render(contract: Contract, codes: Mapping[str, CodeTable]) -> str:
    """Return the page; the same contract gives the same bytes."""
    return "\n".join(_lines(contract, codes)) + "\n"


def _lines(contract: Contract, codes: Mapping[str, CodeTable]) -> Iterator[str]:
    yield from (f"# {contract.name_zh} `{contract.code}`", "", f"{contract.name_en}. {contract.description}", "")
    yield from _table(("项目 / item", "内容 / value"), _facts(contract))
    yield from ("", "## 数据项 / columns", "")
    header = (
        "列 / column",
        "源字段 / in the source",
        "名称 / label",
        "类型 / type",
        "必填 / required",
        "类别 / class",
        "级别 / grade",
        "规范化 / normalised",
    )
    yield from _table(header, (_column(column) for column in contract.columns))
    if contract.layouts:
        yield from ("", "## 布局 / layouts", "")
        yield from _table(
            ("布局 / layout", "业务日期 / business dates", "与上表不同 / otherwise"), (_layout(contract, one) for one in contract.layouts)
        )
    yield from ("", "## 规则 / rules", "", f"{_block(contract)}", "")
    if contract.delivery == "snapshot":
        yield from (_held_closings(contract), "")
    rules = (
        (
            f"`{rule.id}`",
            SEVERITIES[rule.severity] if rule in contract.rules else "入库后核对（警告）",
            rule.dimension,
            rule.message_zh,
            rule.message_en,
            f"`{rule.params}`" if rule.params else "",
        )
        for rule in (*contract.rules, *contract.references)
    )
    yield from _table(("规则 / rule", "级别 / severity", "GB/T 36344", "说明", "message", "参数 / parameters"), rules)
    for name in sorted({rule.params["codes"] for rule in contract.rules if rule.kind == "domain"}):
        yield from ("", f"## 代码表 / code table `{name}`", "")
        versions = ((code.code, code.label_zh, code.label_en, _period(code.valid_from, code.valid_to)) for code in codes[name].versions)
        yield from _table(("代码 / code", "名称", "label", "有效期 / valid"), versions)


def _facts(contract: Contract) -> Iterator[tuple[str, str]]:
    yield "版本 / version", contract.version
    yield "层级 / level", contract.level
    yield "提供单位 / provider", _provider(contract)
    yield "来源 / source", contract.source.kind
    yield "更新频率 / cycle", contract.cycle.rule.label[0]
    yield "交付方式 / delivery", contract.delivery
    yield "主键 / key", ", ".join(column.name for column in contract.key_columns)
    yield "时序列 / position", contract.position or "业务日期 / business date"
    yield "共享属性 / sharing", SHARING[contract.sharing.attribute]
    yield "数据级别 / grade", str(contract.sharing.grade)
    yield "合同文件 / contract", f"`{contract.file}`"


def _provider(contract: Contract) -> str:
    declared = contract.provider
    whose = f"每个{declared.each}" if isinstance(declared, EachProvider) else {"city": "本市", "province": "所在省"}[declared.of]
    return f"{whose} / {declared}"


def _column(column: Column) -> tuple[str, ...]:
    name = f"`{column.name}`" + (" 🔑" if column.key else "")
    kind = "接收时丢弃 / dropped" if column.dropped else column.physical_type or column.type
    label = f"{column.label_zh} / {column.label_en}"
    return (
        name,
        column.source_name,
        label,
        kind,
        "是" if column.required else "",
        column.class_,
        str(column.grade),
        ", ".join(column.normalise),
    )


def _layout(contract: Contract, layout: Layout) -> tuple[str, ...]:
    """Return how deliveries of some dates differ from what the columns and the source say."""
    spelled = {column.name: column.source_name for column in contract.columns}
    told = [f"{name}: {header}" for name, header in layout.names.items() if spelled[name] != header]
    told += [f"{name}: 无 / absent" for name in spelled if name not in layout.names]
    told += [f"{key}: {getattr(layout, key)}" for key in SETTINGS if getattr(layout, key) is not None]
    return layout.name, _period(layout.valid_from, layout.valid_to), "; ".join(told)


def _block(contract: Contract) -> str:
    share, rows = f"{contract.block_at.share:.0%}", contract.block_at.rows
    zh = f"超过 {share} 且不少于 {rows} 行违反同一错误规则时整批阻断"
    return f"{zh} / a batch is blocked when more than {share} and at least {rows} rows break one error rule."


def _held_closings(contract: Contract) -> str:
    limits = contract.closings_held_at
    zh = f"全量清单缺少的在册对象超过 {limits.share:.0%} 且多于 {limits.keys} 个，或超过 {limits.most:.0%} 时，暂不注销"
    en = f"when a snapshot lacks more than {limits.share:.0%} and more than {limits.keys} of the open keys, or more than {limits.most:.0%}"
    return f"{zh} / {en}, none of them is closed."


def _period(start: object, end: object) -> str:
    return f"{start or ''} – {end or ''}" if start or end else ""


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield "| " + " | ".join(header) + " |"
    yield "|" + "---|" * len(header)
    for row in rows:
        yield "| " + " | ".join(str(cell).replace("|", "\\|").replace("\n", " ") for cell in row) + " |"
