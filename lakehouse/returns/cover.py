"""The first page (cover) of a workbook: what the file is, what is to be done, what changed, whom to ask.

The cover is a pure function of the recipient, the declarations and the sheets that follow it: not of the date or a clock. So when nothing
changed for a recipient, its new package can refer to the earlier file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from lakehouse.returns.addressees import Addressee
from lakehouse.returns.changes import count
from lakehouse.returns.compiler import Plan
from lakehouse.returns.former import Former
from lakehouse.returns.workbook import Cover, Line

NAME = "首页"
WHAT = (
    "本工作簿由{sender}数据汇聚平台按属地返还，内容为“{title}”范围内的数据，供本单位依法履职使用。"
    "含个人信息：请勿转发、不得挪作他用。平台看不到您在本表中的改动。"
)
NO_CHANGE = "与上一期相比没有变化（或本期为首期）。"
AS_BEFORE = "本期未能更新，仍为 {as_of} 的数据"
HEADS_TASKS = ("要办的事", "数量", "在哪张表", "怎么找")
HEADS_CHANGES = ("清单", "现有（条）", "新增", "变更", "减少", "说明")
HEADS_SOURCES = ("清单", "依据", "需求编号", "保存（天）", "列数", "用途与数据来源")
BASES = {"Art24": "809号令第24条", "Art30": "809号令第30条"}
WORDS = {"true": "是", "false": "否"}


@dataclass(frozen=True)
class Listed:
    """A return as it appears on the cover: its rows now, and its changes if there is an earlier package to compare with.

    A return left out today has the rows it had before (`former`), and no changes. `by_tasks` is the number of rows that show more by open
    tasks, and whether the rows differ from those before by tasks alone.
    """

    plan: Plan
    rows: pa.Table
    changes: pa.Table | None
    pending: int
    todo: tuple[int, ...]  # number of rows of each task of the plan
    former: Former | None = None
    by_tasks: tuple[int, bool] = (0, False)


def todo(rows: pa.Table, plan: Plan) -> tuple[int, ...]:
    """Return the number of rows of each task of a plan; `rows` hold disclosed values, before codes are replaced by labels for people."""
    return tuple(pc.sum(pc.is_in(rows[one.column], value_set=pa.array(one.values, pa.string()))).as_py() or 0 for one in plan.tasks)


def cover(recipient: Addressee, lists: Sequence[Listed], sender: str) -> Cover:
    """Return the cover of a recipient's workbook."""
    lines = [Line("title", (f"{recipient.title} 数据回流清单",)), Line("lead", (WHAT.format(sender=sender, title=recipient.title),))]
    lines += [_blank(), *_tasks(lists), _blank(), *_changes(lists), _blank(), *_sources(lists), _blank(), *_notes(recipient, lists, sender)]
    return Cover(NAME, tuple(lines))


def _tasks(lists: Sequence[Listed]) -> list[Line]:
    lines = [Line("section", ("一、要办的事",)), Line("head", HEADS_TASKS)]
    for one in lists:
        for task, rows in zip(one.plan.tasks, one.todo, strict=True):
            if rows:
                values = "、".join(WORDS.get(value, value) for value in task.values)
                how = f"筛选“{_label(one.plan, task.column)}”为 {values}"
                lines.append(Line("task", (task.say, f"{rows} {task.unit}", one.plan.name, how)))
        if one.by_tasks[0]:
            lines.append(Line("task", ("按走访任务", f"{one.by_tasks[0]} 人", one.plan.name, "任务期间姓名完整显示的行")))
        if one.pending:
            say = "已知属于本辖区，还不知道属于下一级的哪一处"
            lines.append(Line("task", ("待定属地", f"{one.pending} 条", one.plan.name, say)))
    return lines if len(lines) > 2 else [lines[0], Line("note", ("暂无待办。",))]


def _changes(lists: Sequence[Listed]) -> list[Line]:
    lines = [Line("section", ("二、与上一期相比",)), Line("head", HEADS_CHANGES)]
    for one in lists:
        told = ["—", "—", "—", "没有变化，或首次提供"]
        if one.changes is not None and one.changes.num_rows:
            numbers = [str(count(one.changes, letter)) for letter in "IUD"]
            told = [*numbers, f"逐条见“{one.plan.name}·变更”"]
        if one.former is not None:
            told[-1] = AS_BEFORE.format(as_of=one.former.as_of)
        lines.append(Line("row", (one.plan.name, str(one.rows.num_rows), *told)))
    if all(one.changes is None or not one.changes.num_rows for one in lists):
        lines.insert(1, Line("note", (NO_CHANGE,)))
    return lines


def _sources(lists: Sequence[Listed]) -> list[Line]:
    lines = [Line("section", ("三、这些是谁的数据",)), Line("head", HEADS_SOURCES)]
    for one in lists:
        audience = one.plan.audience
        whence = f"{audience.purpose}；来自：{'、'.join(one.plan.sources)}" if one.plan.sources else audience.purpose
        facts = (BASES.get(audience.legal_basis, audience.legal_basis), audience.need or "—", str(one.plan.retention_days))
        lines.append(Line("row", (one.plan.name, *facts, str(len(one.plan.columns)), whence)))
    return lines


def _notes(recipient: Addressee, lists: Sequence[Listed], sender: str) -> list[Line]:
    longest = max(one.plan.retention_days for one in lists)
    asked = f"{recipient.above}或{sender}" if recipient.above and recipient.above != sender else sender
    texts = (
        f"保存期限：自数据包的业务日期起 {longest} 天，到期删除；准确的到期日见数据包清单（manifest.json 的 expires_on）。",
        f"有疑问问谁：{asked}的数据主管部门。发现数据有误，请报“行标识”和应为何值，由数据的来源部门核实更正。",
        "行标识：每张清单的灰色窄列，是这一行对本单位的编号；换一个单位，编号不同。",
        "以单引号开头的单元格是为防止表格软件把它当作公式；去掉引号就是原值。",
    )
    return [Line("section", ("四、使用说明",)), *(Line("note", (f"· {text}",)) for text in texts)]


def _label(plan: Plan, name: str) -> str:
    return next(column.label for column in plan.columns if column.name == name)


def _blank() -> Line:
    return Line("note", ("",))
