"""Synthetic names and phone numbers of people."""

from __future__ import annotations

from random import Random

SURNAMES = (
    *"李王张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡",
    *"贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段钱汤尹黎易常武乔贺赖龚文",
    *("欧阳", "司徒", "上官", "诸葛"),
)
GIVEN = {
    "1": tuple("伟强磊军洋勇杰涛超明刚平辉鹏华飞鑫波斌宇浩凯健俊帆帅旭宁龙林欢佳阳建国志文庆海山仁义福生宏博思远子轩"),
    "2": tuple("芳娜敏静丽艳娟霞秀英玲桂兰梅玉珍凤洁莉红燕萍雪琳倩婷雅慧晶颖洋佳欣怡梦琪诗涵紫萱雨桐淑华月香春莲彩云"),
}
RARE = ("𠮷", "𡈼", "㑇", "㼆", "𤩽", "䶮", "𬭛", "㛃", "𪢮", "𫖯")  # characters outside Unicode's basic plane, or of four bytes in GB18030
LONG_BEGINNINGS = ("阿卜杜热合曼", "阿不都克里木", "麦麦提吐尔逊", "努尔买买提江")
LONG_MIDDLES = ("买买提", "吐尔逊", "艾合买", "依明江")
LONG_ENDINGS = ("艾力江", "玉素甫", "肉孜江", "阿西木", "卡德尔", "赛买提")
DOTTED_GIVEN = ("阿依古丽", "古丽娜尔", "迪丽努尔", "艾尔肯", "帕尔哈提", "热依汗")
DOTTED_FATHER = ("买买提", "吐尔逊", "阿布都拉", "玉素甫", "依明", "艾合买提")


def surname(rng: Random) -> str:
    """Return a family name."""
    family: str = rng.choice(SURNAMES)
    return family


def full_name(rng: Random, gender: str, family: str) -> str:
    """Return a full name: the family name and one or two characters."""
    letters = GIVEN[gender]
    return family + rng.choice(letters) + (rng.choice(letters) if rng.random() < 0.8 else "")


def rare_name(rng: Random, gender: str) -> str:
    """Return a name with a rare character."""
    return f"{surname(rng)}{rng.choice(GIVEN[gender])}{rng.choice(RARE)}"


def dotted_name(rng: Random) -> str:
    """Return a name with a middle dot."""
    return f"{rng.choice(DOTTED_GIVEN)}·{rng.choice(DOTTED_FATHER)}"


def twelve_characters(rng: Random) -> str:
    """Return a name of twelve characters."""
    return rng.choice(LONG_BEGINNINGS) + rng.choice(LONG_MIDDLES) + rng.choice(LONG_ENDINGS)


def phone(no: int, stale: bool = False) -> str:
    """Return a person's mobile number, or (`stale`) their former one; both are in obviously invented ranges."""
    return str((19_800_000_000 if stale else 19_900_000_000) + no)


def short_community(name: str) -> str:
    """Return the name of a community as written in addresses, without 居民委员会."""
    for ending in ("居民委员会", "居委会", "民委员会"):
        if name.endswith(ending):
            return name.removesuffix(ending)
    return name
