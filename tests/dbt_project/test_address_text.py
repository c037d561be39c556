"""Address texts are read as the written rule says, and what reads them does not grow with the roads of a city."""

from __future__ import annotations

import re
from collections.abc import Iterator
from random import Random

import pytest
from jinja2 import Environment
from pyspark.sql import SparkSession

from lakehouse.config import PROJECT, Instance
from spark_jobs.lake import session

DBT = PROJECT / "dbt_project"
MACROS = Environment(autoescape=False).from_string((DBT / "macros" / "address_text.sql").read_text("utf-8")).module
LEVELS = ("province", "city", "district", "street", "community")
REGIONS = [
    ("province", "广东省", None), ("city", "示范市", None),
    ("district", "东区", "1"), ("district", "东区新城", "1"), ("district", "西区", "2"),
    ("street", "望海街道", "1"), ("street", "云麓镇", "2"), ("street", "人民", "2"),
    ("community", "香湾社区居民委员会", "1"), ("community", "香湾", "1"), ("community", "同名社区", "1"), ("community", "同名社区", "2"),
    ("community", "上塘村民委员会", "2"), ("community", "海云", None), ("grid", "第一网格", "1"),
]  # fmt: skip
ROADS = ["人民路", "民路", "香湾路", "云路", "3号路", "科技3路", "科技3路1", "(旧)路.*", "新街Ｂ", "107国道", "a\\Eb路", None]
SPELLED = str.maketrans("０１２３４５６７８９－＃ＡＢ", "0123456789-#AB")
TAIL = "([0-9]+(?:-[0-9]+)?)号(?:[^0-9]*?([0-9A-Z]+)栋)?(?:([0-9A-Z]+)单元)?(?:([0-9A-Z]+)(?:房|室|$))?.*$"
PIECES = [
    [None, "广东省"], [None, "示范市"], [None, "东区", "东区新城", "西区"], [None, "望海街道", "云麓镇", "人民", "旧街道"],
    [None, "香湾社区", "香湾社区居民委员会", "香湾", "同名社区", "上塘村", "海云"],
    ["人民路", "民路", "香湾路", "云路", "3号路", "科技3路", "科技3路1", "(旧)路.*", "(旧)路xx", "新街Ｂ", "107国道", "A\\EB路", "无路"],
    ["12号", "012号", "１２号", "3-1号", "12", "号", None], [None, "海怡花园", "号"],
    [None, "3栋", "3号楼", "Ｂ座", "03幢"], [None, "2单元", "02 单元"],
    [None, "501房", "0501室", "501", "501铺", "|", "\u2028后"],
]  # fmt: skip


def written(text: str) -> str:
    """Return a text in the form used for comparison."""
    plain = re.sub("[ \t\n\x0b\f\r　]", "", text.translate(SPELLED).upper())
    return re.sub("([0-9A-Z]+)(?:#|号)?(?:楼|幢|座|栋)", r"\1栋", plain)


def rule() -> re.Pattern[str]:
    """Return the rule as one pattern of all names, longest first: what a small city can afford."""
    named: dict[str, set[str]] = {level: set() for level in (*LEVELS, "road")}
    for level, name, _ in REGIONS:
        if level in LEVELS:
            named[level] |= {name, re.sub("(?:居民委员会|居委会|民委员会|委员会|委会)$", "", name) if level == "community" else name}
    named["road"] = {written(road) for road in ROADS if road}
    one_of = {level: "|".join(map(re.escape, sorted(names, key=lambda name: (-len(name), name)))) for level, names in named.items()}
    return re.compile(f"(?s)^{''.join(f'({one_of[level]})?' for level in LEVELS)}({one_of['road']}){TAIL}")


def expected(text: str, pattern: re.Pattern[str]) -> tuple[str, str, str] | None:
    """Return the keys of a text by room, building and door; None where it names no road and door."""
    found = pattern.match(written(text))
    if not found:
        return None
    lying: dict[str, set[str]] = {}
    for level, name, code in REGIONS:
        for one in {name, re.sub("(?:居民委员会|居委会|民委员会|委员会|委会)$", "", name)}:
            if code and level in LEVELS[2:]:
                lying.setdefault(one, set()).add(code)
    only = [next(iter(lying[name])) for name in found.groups()[2:5] if name and len(lying.get(name, ())) == 1]
    door, building, unit, room = (re.sub("^0+(?=.)", "", part or "") for part in found.groups()[6:10])
    keys = [(door, building, unit, room), (door, building, "", ""), (door, "", "", "")]
    return tuple("|".join((only[0] if only else "", found[6], *key)) for key in keys)  # type: ignore[return-value]


def texts() -> list[str]:
    """Return texts put together from parts that fit and parts that do not, always the same."""
    draw = Random(5)
    made = {"".join(part for choice in PIECES if (part := draw.choice(choice))) for _ in range(3000)}
    return sorted(
        made | {"", "12号", "人民路12号" * 3, "|||||||", "望海街道示范市人民路12号", "东区人民路12号西区香湾路8号", "香湾社区香湾路8号501"}
    )


@pytest.fixture(scope="module")
def spark(module_instance: Instance) -> Iterator[SparkSession]:
    yield session.open_session(module_instance)
    session.close_sessions()


@pytest.mark.spark
def test_every_text_is_read_as_the_rule_says(spark: SparkSession) -> None:
    spark.createDataFrame(REGIONS, "level string, name string, district_code string").createOrReplaceTempView("region_said")
    spark.createDataFrame([(road,) for road in ROADS], "road_name string").createOrReplaceTempView("address_said")
    given = texts()
    spark.createDataFrame([(text,) for text in [*given, *given[:9], None]], "address_text string").createOrReplaceTempView("text_said")
    spark.sql(str(MACROS.address_names("region_said", "address_said"))).createOrReplaceTempView("name_said")
    rows = spark.sql(str(MACROS.address_keys("text_said", "name_said"))).collect()
    found = {row.address_text: (row.key.room, row.key.building, row.key.door) for row in rows}
    assert len(found) == len(rows)
    pattern = rule()
    assert found == {text: keys for text in given if (keys := expected(text, pattern))}
    assert 700 < len(found) < len(given) - 700
    assert found["东区人民路12号西区香湾路8号"] == ("1|人民路|12|||", "1|人民路|12|||", "1|人民路|12|||")
    assert found["香湾社区香湾路8号501"] == ("1|香湾路|8|||501", "1|香湾路|8|||", "1|香湾路|8|||")
    assert any(keys[0].startswith("|科技3路1|2|") for keys in found.values())  # of two readings the longer road


@pytest.mark.fast
def test_no_pattern_is_made_of_data() -> None:
    """A pattern made of names would grow with the city, and be searched in every row."""
    patterns = [one for path in sorted(DBT.rglob("*.sql")) for one in _patterns(path.read_text("utf-8"))]
    assert len(patterns) > 8
    assert [one for one in patterns if not re.match(r"r?'", one)] == []
    assert _patterns("select regexp_replace(f(a, ','), p.pattern, ''), a rlike concat(b, '号')") == ["concat(b, '号')", "p.pattern"]


def _patterns(sql: str) -> list[str]:
    """Return what is used as a pattern in a statement: the second argument of functions, the right side of operators."""
    found = [sql[match.end() :] for match in re.finditer(r"\b(?:rlike|regexp)\s+", sql)]
    for match in re.finditer(r"\b(?:regexp_\w+|split)\(", sql):
        arguments = _arguments(sql, match.end())
        found.append(arguments[1])
    return [one.strip() for one in found]


def _arguments(sql: str, start: int) -> list[str]:
    """Return the arguments of a call that begins there."""
    parts, depth, quoted = [""], 0, False
    for sign in re.findall(r"(?s)\\.|.", sql[start:]):  # a backslash takes the meaning of what follows
        quoted ^= sign == "'"
        depth += 0 if quoted else (sign in "({[") - (sign in ")}]")
        if depth < 0:
            break
        if sign == "," and not depth and not quoted:
            parts.append("")
        else:
            parts[-1] += sign
    return parts
