"""The first page (cover) of a workbook: what the file is, what is to be done, what changed, whom to ask.

What it says is a pure function of the recipient, the declarations and the sheets that follow it: not of the date or a clock. So when
nothing changed for a recipient, its new package can refer to the earlier file; the date of the content is printed beside it.
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
from lakehouse.returns.payloads import Form
from lakehouse.returns.wording import FIRST_TIME, NO_CHANGE, PENDING, Reading
from lakehouse.returns.workbook.pages import Cover, Line

NAME = "首页"
WHAT = (
    "本工作簿由{sender}数据汇聚平台按属地返还，内容为“{title}”范围内的数据，供本单位依法履职使用。"
    "含个人信息：请勿转发、不得挪作他用，到期删除。"
)
AS_BEFORE = "本期未能更新，仍为 {as_of} 的数据"
HEADS_TASKS = ("要办的事", "数量", "在哪张表", "怎么找，怎么办")
HEADS_CHANGES = ("清单", "现有（条）", "新增", "变更", "减少", "说明")
HEADS_FILL = ("清单", "全部核实无误", "怎么填")
HEADS_SOURCES = ("清单", "依据", "需求编号", "列数", "用途与数据来源")
BASES = {"Art24": "809号令第24条", "Art30": "809号令第30条"}
NUMERALS = "一二三四五六"
WORDS = {"true": "是", "false": "否"}


@dataclass(frozen=True)
class Listed:
    """A return as it appears in a package: the form of its rows now and, if there is an earlier package to compare with, of its changes.

    A return left out today has the rows it had before (`former`), and no changes. `by_tasks` is the number of rows that show more by open
    tasks, and whether the rows differ from those before by tasks alone.
    """

    plan: Plan
    forms: tuple[Form, ...]
    pending: int
    todo: tuple[int, ...]  # number of rows of each task of the plan
    former: Former | None = None
    by_tasks: tuple[int, bool] = (0, False)

    @property
    def changes(self) -> pa.Table | None:
        """Return the changes since the package before, None when the return is in no package before or is left out."""
        return self.forms[1].table if len(self.forms) > 1 else None


def todo(rows: pa.Table, plan: Plan) -> tuple[int, ...]:
    """Return the number of rows of each task of a plan; `rows` hold disclosed values, before codes are replaced by labels for people."""
    return tuple(pc.sum(pc.is_in(rows[one.column], value_set=pa.array(one.values, pa.string()))).as_py() or 0 for one in plan.tasks)


def cover(recipient: Addressee, lists: Sequence[Listed], sender: str, reading: Reading) -> Cover:
    """Return the cover of a recipient's workbook."""
    lines = [Line("title", (f"{recipient.title} 数据回流清单",)), Line("lead", (WHAT.format(sender=sender, title=recipient.title),))]
    sections = {
        "要办的事": _tasks(lists, reading),
        "与上一期相比": _changes(lists),
        "核实后填写": _filling(lists),
        "这些是谁的数据": _sources(lists),
        "使用说明": _notes(recipient, lists, sender),
    }
    filled = [(title, found) for title, found in sections.items() if found]
    for numeral, (title, found) in zip(NUMERALS, filled, strict=False):
        lines += [Line("note", ("",)), Line("section", (f"{numeral}、{title}",)), *found]
    return Cover(NAME, tuple(lines))


def _tasks(lists: Sequence[Listed], reading: Reading) -> list[Line]:
    lines = [Line("head", HEADS_TASKS)]
    for one in lists:
        for task, rows in zip(one.plan.tasks, one.todo, strict=True):
            if rows:
                label, values = _filter(one.plan, task.column, task.values, reading)
                lines.append(Line("task", (task.say, f"{rows} {task.unit}", one.plan.name, f"筛选“{label}”为 {values}")))
        if one.by_tasks[0]:
            lines.append(Line("task", ("按走访任务", f"{one.by_tasks[0]} 人", one.plan.name, "任务期间姓名完整显示的行")))
        if one.pending:
            below = f"{one.plan.audience.below}_code"
            how = f"筛选“{_filter(one.plan, below, (), reading)[0]}”为 {PENDING}；{one.plan.pending_say}"
            lines.append(Line("task", ("待定属地", f"{one.pending} 条", one.plan.name, how)))
    return lines if len(lines) > 1 else [Line("note", ("暂无待办。",))]


def _filter(plan: Plan, name: str, values: Sequence[str], reading: Reading) -> tuple[str, str]:
    """Return the heading of a column and its values as the list shows them."""
    column = next((one for one in plan.columns if one.name == name), None)
    if column is None:
        return name, "、".join(values)
    labels = reading.labels.get(column.codes or "", WORDS)
    return column.label, "、".join(labels.get(value, value) for value in values)


def _changes(lists: Sequence[Listed]) -> list[Line]:
    lines = [Line("head", HEADS_CHANGES)]
    for one in lists:
        told = ["—", "—", "—", FIRST_TIME if one.changes is None else NO_CHANGE]
        if one.changes is not None and one.changes.num_rows:
            numbers = [str(count(one.changes, letter)) for letter in "IUD"]
            told = [*numbers, f"逐条见“{one.plan.name}·变更”"]
        if one.former is not None:
            told[-1] = AS_BEFORE.format(as_of=one.former.as_of)
        lines.append(Line("row", (one.plan.name, str(one.forms[0].table.num_rows), *told)))
    return lines


def _filling(lists: Sequence[Listed]) -> list[Line]:
    """Return the lines in which people say that a whole list is right, for the lists they can answer to."""
    asked = [one for one in lists if one.forms[0].table.num_rows and any(column.is_correctable for column in one.plan.columns)]
    if not asked:
        return []
    how = "整张表都核实过且没有问题，在左侧选“是”；否则在表内右侧浅黄色各栏逐条填写（可筛选、排序）"
    return [Line("head", HEADS_FILL), *(Line("fill", (one.plan.name, "", how)) for one in asked)]


def _sources(lists: Sequence[Listed]) -> list[Line]:
    lines = [Line("head", HEADS_SOURCES)]
    for one in lists:
        audience = one.plan.audience
        whence = f"{audience.purpose}；来自：{'、'.join(one.plan.sources)}" if one.plan.sources else audience.purpose
        shown = sum(not column.is_hidden for column in one.plan.columns)
        facts = (BASES.get(audience.legal_basis, audience.legal_basis), audience.need or "—", str(shown))
        lines.append(Line("row", (one.plan.name, *facts, whence)))
    return lines


def _notes(recipient: Addressee, lists: Sequence[Listed], sender: str) -> list[Line]:
    kept = min(one.plan.retention_days for one in lists)
    asked = f"{recipient.above}或{sender}" if recipient.above and recipient.above != sender else sender
    texts = [
        f"保存期限：自数据包的业务日期起 {kept} 天，到期删除；准确的到期日见数据包清单（manifest.json 的 expires_on）。",
        f"有疑问问谁：{asked}的数据主管部门。填写后的本表交给数据主管部门，由数据的来源部门核实更正；平台不会自动收到您在表中的填写。",
        "每一行有隐藏的行标识和行校验，核实结果靠它们对应到人或户：请勿增删行列，也不要复制到别的表里填写。",
    ]
    if any(one.pending for one in lists):
        texts.append(f"“{PENDING}”：已知在本辖区内，还不知道属于下一级的哪一处。")
    return [Line("note", (f"· {text}",)) for text in texts]
