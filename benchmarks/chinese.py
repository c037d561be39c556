"""Names and addresses for the benchmark of encodings, drawn from the state's own list of characters, common and rare ones.

`general_characters.txt` is the Table of General Standard Chinese Characters (通用规范汉字表, 国发〔2013〕23 号): 3,500 common characters,
3,000 less common ones, and 1,605 of names, places and sciences, a line each, in the order of the table.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random

LEVELS = tuple((Path(__file__).parent / "general_characters.txt").read_text("utf-8").splitlines())
FAMILIES = (
    *"王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕茅陆鲁路姚余谭魏韦郝宓闫",
    "欧阳",
    "司徒",
    "尉迟",
)
SYLLABLES = "阿卜杜热合曼买提吐尔逊艾力江古丽娜迪努肯帕哈依扎西卓玛次仁旺堆格桑巴图其木孟和乌兰斯琴"
OUTSIDE = "𠮷𡈼㑇㼆𤩽䶮𬭛㛃𪢮𫖯陳劉張黃寶鳳龍"  # not in the table: of Unicode's later planes, and traditional forms
KINDS = ("路", "街", "大道", "巷", "村", "花园", "新村", "市场")
LETTERS = ("", "", "", "A", "B座", "C区", "-3", "#", "之二", "（东）", "·南门", "１２", "Ⅱ期", "①", "㎡", "—5")


def names(rng: Random) -> Iterator[str]:
    """Yield names without end: of two to four characters, some of them rare, and dotted ones of minorities."""
    while True:
        if rng.random() < 0.1:
            parts = ("".join(rng.choices(SYLLABLES, k=rng.randint(2, 5))) for _ in range(2))
            yield rng.choice("··•・").join(parts)
        else:
            family = rng.choice(FAMILIES) if rng.random() < 0.8 else _character(rng)
            yield family + "".join(_character(rng) for _ in range(rng.choice((1, 2, 2, 2, 3))))


def addresses(rng: Random) -> Iterator[str]:
    """Yield addresses without end: places, figures, letters and signs."""
    while True:
        place = "".join(_character(rng, rare=0.15) for _ in range(rng.randint(2, 3)))
        road = "".join(_character(rng, rare=0.15) for _ in range(rng.randint(2, 4))) + rng.choice(KINDS)
        door = f"{rng.randint(1, 999)}号{rng.choice(LETTERS)}"
        room = f"{rng.randint(1, 40)}栋{rng.randint(1, 33)}{rng.randint(0, 9):02}室" if rng.random() < 0.6 else rng.choice(LETTERS)
        yield f"{place}{rng.choice(('区', '县', '镇', '街道'))}{road}{door}{room}"


def texts(seed: int) -> Iterator[str]:
    """Yield a name and an address by turns, without end; the same ones for the same seed."""
    rng = Random(seed)  # noqa: S311 - nothing secret
    people, places = names(rng), addresses(rng)
    while True:
        yield next(people)
        yield next(places)


def _character(rng: Random, rare: float = 0.4) -> str:
    draw = rng.random()
    if draw < 0.005:
        return rng.choice(OUTSIDE)
    return rng.choice(LEVELS[0] if draw > rare else LEVELS[1] if draw > rare / 2 else LEVELS[2])
