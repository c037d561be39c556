"""Lay out a return as sheets of a workbook: a list to walk and to write answers into, and a list of what has changed."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from lakehouse.returns.changes import AFTER, BEFORE, FIELD, OPERATION
from lakehouse.returns.compiler import ROW_KEY, ROW_KEY_COLUMN, ColumnPlan, Plan
from lakehouse.returns.workbook.pages import Column, Sheet, Writing
from lakehouse.returns.workbook.values import kind_of

CHANGES_SUFFIX = "·变更"
NUMBER, SEAL = "序号", "行校验"
OPERATIONS = {"I": "新增", "U": "变更", "D": "删除"}
COLOURS = {"新增": "#E2EFDA", "变更": "#FFF2CC", "删除": "#F8CBAD"}
LABELS = {OPERATION: "操作", FIELD: "变更项", BEFORE: "原值", AFTER: "现值"}
RESULT, WRONG, CORRECTED, REMARK = "核实结果", "有误的项", "更正为", "备注"
WRAPPED = ("address", "entity_public", "free_text")  # classes of long texts
PAGE_PER_PART = ("street",)  # levels whose lists are printed part by part: each community begins a page


def rows_sheet(plan: Plan, rows: pa.Table, seals: Sequence[str], heading: str) -> Sheet:
    """Return the sheet of a return's rows: number, hidden row key, the columns, columns to write into, hidden seal."""
    cells = {name: rows[name].to_pylist() for name in rows.column_names}
    columns = [
        Column(NUMBER, [str(number) for number in range(1, rows.num_rows + 1)], "integer"),
        Column(ROW_KEY_COLUMN.label, cells[ROW_KEY], is_hidden=True),
        *(_column(column, cells[column.name]) for column in plan.columns),
        *(Column(header, [None] * rows.num_rows, writing=writing) for header, writing in _writings(plan)),
        Column(SEAL, seals, is_hidden=True),
    ]
    shown = next(place for place, column in enumerate(columns) if place > 1 and not column.is_hidden)
    return Sheet(plan.name, tuple(columns), shown + 1, heading, breaks=_breaks(plan, rows))


def changes_sheet(plan: Plan, changed: pa.Table, heading: str) -> Sheet:
    """Return the sheet of a return's changes: what was done, whom it is about, which value changed from what to what."""
    columns = {column.name: column for column in plan.columns}
    shown = []
    for name in changed.column_names:
        cells = changed[name].to_pylist()
        if name == OPERATION:
            cells = [OPERATIONS[letter] for letter in cells]
        if name in columns:
            shown.append(_column(columns[name], cells))
        elif name == ROW_KEY:
            shown.append(Column(ROW_KEY_COLUMN.label, cells, is_hidden=True))
        else:
            shown.append(Column(LABELS[name], cells, wraps=name in (BEFORE, AFTER)))
    return Sheet(f"{plan.name}{CHANGES_SUFFIX}", tuple(shown), 2 + len(plan.named_by[:1]), f"{heading}（变更）", COLOURS)


def _column(column: ColumnPlan, cells: Sequence[str | None]) -> Column:
    kind = kind_of(column.payload_type, has_labels=column.codes is not None)
    return Column(column.label, cells, kind, column.class_ in WRAPPED, column.is_hidden)


def _writings(plan: Plan) -> list[tuple[str, Writing]]:
    """Return the columns to write into; what a value should be is asked only of columns whose value the audience sees."""
    open_ = [column for column in plan.columns if column.is_correctable]
    if not open_:
        return []
    seen = tuple(column.label for column in open_ if column.transform == "raw")
    found = [
        (RESULT, Writing(10, "从下拉列表中选择核实的结果。", plan.answers)),
        (WRONG, Writing(10, "结果为“有误”时，选择是哪一项有误。", tuple(column.label for column in open_))),
    ]
    if seen:
        hint = f"只对下列各项填写应为何值：{'、'.join(seen)}。"
        found.append((CORRECTED, Writing(18, hint, only_with=seen)))
    return [*found, (REMARK, Writing(14, "需要说明的情况。请勿填写身份证号码、电话等个人信息。"))]


def _breaks(plan: Plan, rows: pa.Table) -> tuple[int, ...]:
    """Return the rows before which a printed page begins: the first of each part of the recipient's area."""
    part = f"{plan.audience.below}_code"
    if plan.level not in PAGE_PER_PART or plan.sort_by[:1] != (part,):
        return ()
    parts = rows[part].to_pylist()
    return tuple(place for place in range(1, len(parts)) if parts[place] != parts[place - 1])
