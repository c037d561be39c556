"""What the header of a column says it holds: its name in the house, its class and its grade. Only what is listed here is believed."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import Literal, NamedTuple

from lakehouse.contracts.model import Grade

Place = Literal["code", "grid", "communityName", "addressId", "address"]


class Meaning(NamedTuple):
    """A thing columns hold: how headers call it, its name, Chinese aside; class, grade; its code table, the place it says, its use.

    The class counts where policies.yaml has one of that name.
    `number`: it counts or numbers the rows of the resource and so may be its key; `time`: it says when a row changed; `drop`: it is
    dropped when it is read.
    """

    heard: str
    name: str
    label: str
    class_: str
    grade: Grade
    codes: str | None = None
    place: Place | None = None
    use: Literal["number", "time", "drop"] | None = None


# The first that is heard counts, so what is special stands before what is general. `\b` bounds words between underscores.
MEANINGS: tuple[Meaning, ...] = (
    Meaning(r"银行.*(账|帐|卡)号|(账|帐|卡)号$|开户|\bbank\b|\baccount\b", "bank_account", "bank account", "money", 4, use="drop"),
    Meaning(r"残疾人?证号|\bdisability cert", "disability_cert_no", "number of the disability certificate", "health", 4),
    Meaning(r"残疾.*等级|\bdisability grade\b", "disability_grade", "grade of disability", "health", 4, "disability_grade"),
    Meaning(r"残疾|\bdisab", "disability_category", "category of disability", "health", 4, "disability_category"),
    Meaning(r"疾病|病|诊断|医疗|健康|用药|孕|\b(health|illness|disease|diagnosis)\b", "health", "state of health", "health", 4),
    Meaning(r"统一社会信用代码|信用代码|组织机构代码|\buscc\b|\bcredit code\b", "uscc", "unified social credit code", "entity_public", 1),
    Meaning(r"身份证|公民身份号|证件号|\bid (no|card|number)\b", "id_no", "resident number", "id_no", 3),
    Meaning(r"护照|驾驶证|社保卡?号|居住证号|军官证|\b(passport|permit no)\b", "document_no", "number of a document", "id_no", 3),
    Meaning(r"(企业|单位|机构|公司|商户|市场主体|项目)名称|^名称$|\bentity name\b", "entity_name", "name", "entity_public", 1),
    Meaning(r"(社区|村)(（.*）)?(名称?)?$|\bcommunity name\b", "community_name", "community as written", "plain", 2, place="communityName"),
    Meaning(r"(镇街|街道|乡镇)(（.*）)?(名称?)?$|\bstreet name\b", "street_name", "street or town", "plain", 2),
    Meaning(r"(区县|县区|市辖区)(名称?)?$|\bdistrict name\b", "district_name", "district", "plain", 2),
    Meaning(r"网格(代码|编码|编号)|\bgrid code\b", "grid_code", "grid", "plain", 2, place="grid"),
    Meaning(r"(社区|村|居委会?)(代码|编码)|\bcommunity code\b", "community_code", "community", "plain", 2, place="code"),
    Meaning(r"(街道|乡镇|镇街)(代码|编码)|\bstreet code\b", "street_code", "street or town", "plain", 2, place="code"),
    Meaning(r"(行政区划|区划|地区|户籍地)(代码|编码)|\bregion code\b", "region_code", "region", "plain", 2, place="code"),
    Meaning(r"地址(编号|编码|代码)|\baddress id\b", "address_id", "standard address", "address", 3, place="addressId"),
    Meaning(r"地址|住址|住所|居住地|经营场所|门牌|\baddress\b", "address_text", "address as written", "address", 3, place="address"),
    Meaning(r"经度|\b(lon|lng|longitude)\b", "lon", "longitude", "address", 3),
    Meaning(r"纬度|\b(lat|latitude)\b", "lat", "latitude", "address", 3),
    Meaning(r"(出生|生日).*(日期|年月)?|\bbirth\b|\bborn\b", "birth_date", "birth date", "birth_date", 3),
    Meaning(r"性别|\bgender\b|\bsex\b", "gender_code", "gender", "plain", 2, "gender"),
    Meaning(r"民族|\bethnic", "ethnicity_code", "ethnicity", "plain", 3, "ethnicity"),
    Meaning(r"年龄|\bage\b", "age_reported", "age as reported", "plain", 2),
    Meaning(r"电话|手机|联系方式|传真|\b(phone|mobile|tel|telephone)\b", "phone", "phone", "phone", 3),
    Meaning(r"微信|邮箱|电子邮件|\be ?mail\b", "contact", "contact", "phone", 3),
    Meaning(r"与(户主|申请人).*关系|\brelation to head", "relation_to_head_code", "relation", "relationship", 3, "relation_to_head"),
    Meaning(r"关系|配偶|婚姻|子女|家庭人数|户号|\b(relation|spouse|household)\b", "relation", "relation", "relationship", 3),
    Meaning(
        r"姓名|曾用名|(户主|监护人|法定代表人|负责人|联系人|经办人)$|\b(person|full|legal rep) name\b|^name$",
        "person_name", "name", "name", 3,
    ),
    Meaning(
        r"金额|补贴|津贴|救助金|工资|收入|费用|资金|存款|元）?$|\b(amount|salary|income|yuan)\b", "amount_yuan", "amount", "money", 4
    ),
    Meaning(r"行业代码|\bindustry code\b", "industry_code", "industry", "plain", 2, "industry"),
    Meaning(
        r"备注|说明|描述|内容|意见|原因|情况|\b(remarks?|description|content|notes?|reason|comment)\b", "remark", "remark", "free_text", 4
    ),
    Meaning(r"(更新|修改|变更)(时间|日期)|\bupdate(d)?( time| at)?\b", "update_time", "time of the last update", "plain", 1, use="time"),
    Meaning(r"(发放|所属|补贴|统计)?月份$|\bmonth\b", "month", "month", "plain", 2),
    Meaning(
        r"(登记|办理|发证|签发|受理|上报|填报|核查|登录|录入|成立|核准|有效|截止|到期|开始|结束|报送|统计).*(日期|时间|期|至|自)$"
        r"|\b(report|check|issue|accept|assign|finish|verify|close|start|end|due|register(ed)?) (time|date|at)\b",
        "event_date", "date of the event", "plain", 2,
    ),
    Meaning(r"是否|(标识|标志)$|\bis [a-z]", "is_so", "whether it is so", "plain", 2, "yes_no"),
    Meaning(r"序号|行号|^no$|^seq$", "row_number", "number of the row", "plain", 1),
    Meaning(r"(案件|事件|工单|业务|流水|受理|核查|档案|记录)(编?号|编码)|\b(case|event|record|order|check) (no|id)\b",
            "record_no", "number of the record", "plain", 2, use="number"),
)  # fmt: skip
ROLES = (
    (r"法定代表人|法人代表", "legal_rep"),
    (r"户主", "head"),
    (r"申请人", "applicant"),
    (r"监护人", "guardian"),
    (r"家庭成员|成员", "member"),
    (r"配偶", "spouse"),
    (r"联系人", "contact"),
    (r"经办人|办理人", "clerk"),
    (r"出租人|房东", "landlord"),
    (r"户籍", "hukou"),
    (r"居住地?|现住", "residence"),
)
BESIDE = r"名称|名$|号码?$|代码|编码|编号|所在|所属|现|本人|的"  # what headers say beside it that is never all of a value


@cache
def meaning_of(header: str) -> Meaning | None:
    """Return what a header says its column holds, None where it says nothing we know."""
    spoken = _spoken(header)
    return next((meaning for meaning in MEANINGS if re.search(meaning.heard, spoken)), None)


def says_nothing_else(header: str) -> bool:
    """Return whether a header has no letters beside what it says of its column; a street's own name does not say what a street is."""
    spoken, meaning = _spoken(header), meaning_of(header)
    for heard in (*([meaning.heard] if meaning else []), *(heard for heard, _ in ROLES), BESIDE):
        spoken = re.sub(heard, "", spoken)
    return not any(map(str.isalpha, spoken))


def role_of(header: str) -> str | None:
    """Return whose number, name or address a header is about, None where it does not say."""
    return next((role for heard, role in ROLES if re.search(heard, _spoken(header))), None)


def _spoken(header: str) -> str:
    """Return a header in half width and small letters, without blanks between Chinese characters and with blanks for underscores."""
    plain = unicodedata.normalize("NFKC", header).replace("(", "（").replace(")", "）").casefold()
    return re.sub(r"[\s_]+", " ", re.sub(r"(?<=[^\x00-\x7f])\s+|\s+(?=[^\x00-\x7f])", "", plain)).strip()
