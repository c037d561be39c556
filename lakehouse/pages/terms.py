"""What the words of the pages mean, in a sentence for somebody who reads such a page for the first time, in Chinese and English."""

from __future__ import annotations

from typing import NamedTuple

Pair = tuple[str, str]


class Term(NamedTuple):
    """A word and its meaning, each in Chinese and English."""

    name: Pair
    meaning: Pair


TERMS: dict[str, Term] = {
    "resource": Term(
        ("数据资源", "resource"),
        ("某一类部门定期报送的一种表、文件或接口。", "One kind of table, file or interface that one kind of department hands up."),
    ),
    "batch": Term(
        ("批次", "batch"),
        ("一个单位就一个业务日期报送的一份数据。", "One delivery of a resource, by one provider, about one date."),
    ),
    "gate": Term(
        ("质检门", "gate"),
        (
            "每批数据入库前的检查：通过、有警告（照常入库）、整批阻断（需人处理后才入库）。",
            "The check of each batch: passed, warned (let in all the same), blocked (a person has to decide).",
        ),
    ),
    "quarantined": Term(
        ("隔离", "quarantined"),
        (
            "这一行违反了必须满足的规则，暂不入库，留作待办事项，改正后再报即可入库。",
            "The row breaks a rule that must hold. It is kept aside as a case until it is mended and delivered again.",
        ),
    ),
    "superseded": Term(
        ("被更新取代", "superseded"),
        ("同一对象已有更新的一行，这一行不再作数。", "A newer row about the same thing is known; this one no longer counts."),
    ),
    "duplicate": Term(("重复", "duplicate"), ("内容与已收到的完全相同。", "The same content was received before.")),
    "rejected": Term(
        ("无法读取", "unreadable"),
        ("文件中这一行读不出来，例如列数不对。", "The line cannot be read, for instance because its columns do not add up."),
    ),
    "held": Term(
        ("整批扣留", "held"),
        ("所在批次被阻断，行本身未必有错。", "Its batch is blocked; the row itself may be right."),
    ),
    "gap": Term(
        ("缺口", "gap"),
        (
            "当日应报而没有报，或报了没有通过。当日照常发布，并注明缺什么。",
            "What was due and did not come, or was not let in. The day is published without it, and says so.",
        ),
    ),
    "ticket": Term(("工单", "ticket"), ("要求某人在期限前处理的一件事。", "Something a person has to settle by a date.")),
    "return": Term(
        ("回流", "return"),
        (
            "把上级汇集的数据按属地和权限送回做事的那一级。",
            "Data that was collected above goes back to the level that does the work, as far as it is entitled to it.",
        ),
    ),
    "package": Term(
        ("回流包", "package"),
        (
            "一个接收方一天收到的全部文件，带签名，可自行核验。“沿用”指内容未变、不再重写的文件。",
            "All files of one recipient for one day, signed. What did not change is referred to and not written again.",
        ),
    ),
    "pending": Term(
        ("属地待定", "pending locality"),
        (
            "还不能确定属于哪个下级辖区的行，留在能确定的最低一级，等待核实。",
            "Rows that cannot be placed further down yet; they stay at the lowest level that is certain.",
        ),
    ),
    "invariant": Term(
        ("不变量", "invariant"),
        ("无论哪一天都必须成立的核对，例如收到的行数等于各去向之和。", "What must hold on every day, for instance that no row gets lost."),
    ),
    "issue": Term(
        ("版（期次）", "issue"),
        (
            "同一业务日因补报重新关账的次数；以最新一版为准。",
            "How often a day was closed: what comes later makes a new one; the newest counts.",
        ),
    ),
    "truth": Term(
        ("真值", "truth"),
        (
            "样本城生成时暗藏的正确答案，只用来打分。查全率：有问题的行找出了多少；查准率：找出的行有多少真有问题。",
            "The right answers, known in the sample city only. Recall: wrong rows found; precision: found rows that are wrong.",
        ),
    ),
    "reference": Term(
        ("对不上的引用", "reference that leads nowhere"),
        (
            "报送的行提到一个人、单位或地址，而其权威来源里没有。",
            "A row names a person, an entity or an address that its authority does not have.",
        ),
    ),
    "library": Term(
        ("库表", "library"),
        (
            "由各来源加工成的表：基础库（人、法人、地址）、主题库、专题库、集市、质量。",
            "Tables made of all sources: base (persons, entities, addresses), thematic, special, marts, quality.",
        ),
    ),
    "class": Term(
        ("类别", "class"),
        ("这一列是哪种信息，如证件号码、姓名、健康。", "What kind of value a column holds, such as an identity number, a name, health."),
    ),
    "grade": Term(("级别", "grade"), ("敏感程度，1 最低，4 最高。", "How sensitive it is, from 1 to 4.")),
    "transform": Term(
        ("提供方式", "transform"),
        (
            "接收方得到的样子：原值、遮盖（只留首尾）、只给年份、分段、有或无、不提供。",
            "What a recipient gets instead of the value: the value itself, a mask, a year, a band, a flag, or nothing.",
        ),
    ),
    "authority": Term(
        ("权威来源（一数一源）", "authority"),
        ("一个字段以谁为准；它没有时依次用后面的来源。", "Who is believed about a field; the next one only where the first has no value."),
    ),
    "suite": Term(
        ("一套规则", "suite"),
        ("由数据合约生成，质检门按它逐批判定。", "Made from the contract of a resource; the gate judges each batch by it."),
    ),
    "threshold": Term(
        ("门槛", "threshold"),
        (
            "一批中多少行违反才算；低于门槛的行只单独隔离。",
            "How many rows of a batch must break the rule; fewer are only quarantined.",
        ),
    ),
    "lineage": Term(
        ("加工血缘", "lineage"),
        ("一张表由哪些表加工而来，又用于哪些表。", "What a table is made of, and what is made of it."),
    ),
    "model": Term(("模型", "model"), ("一段 SQL，产出一张表。", "A piece of SQL that makes one table.")),
}
