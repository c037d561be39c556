"""A contract with every kind of rule, the reference data the rules need, and rows dirty enough to break each rule."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from expectations.rules.check import Ground
from lakehouse.city.departments import Department
from lakehouse.city.regions import Region, RegionTree
from lakehouse.contracts.model import Column, Contract, Cycle, JsonLinesSource, OneProvider, Rule, Sharing
from lakehouse.contracts.terms import Locality
from lakehouse.declarations.codes import Code, CodeTable
from lakehouse.numbers.resident import normalise_resident_id
from lakehouse.rules.registry import build_rule

DAYS = (date(2026, 6, 1), date(2026, 3, 1), date(2024, 2, 29))
NUMBER = ("trim", "half_width", "upper", "resident_id_18")
COLUMNS = {
    "id_no": {"normalise": NUMBER, "key": True, "identity": "person_id"},
    "serial": {"key": True},
    "gender_code": {"normalise": ("trim", "half_width")},
    "birth_date": {"type": "date"},
    "age_reported": {"type": "integer", "normalise": ("trim", "half_width")},
    "amount_yuan": {"type": "number", "physical_type": "decimal(8,2)"},
    "weight": {"type": "number", "physical_type": "double"},
    "pay_month": {},
    "seen_at": {"type": "timestamp"},
    "is_home": {"type": "boolean"},
    "checker_id": {},
    "region_code": {"normalise": ("trim", "half_width", "region_successor")},
    "grid_code": {},
    "season": {"normalise": ()},
    "reason": {},
    "cert_no": {"normalise": ("trim", "half_width", "upper")},
    "category": {},
    "uscc": {"normalise": ("trim", "half_width", "upper")},
    "handler_uscc": {},
    "industry_code": {},
    "sector_code": {},
    "area_code": {"normalise": ("trim", "region_successor")},
    "term_from": {"type": "date"},
    "term_to": {"type": "date", "normalise": ("trim", "half_width", "open_ended")},
    "review_due": {"type": "date"},
    "end_month": {},
    "closed_at": {"type": "timestamp"},
    "limit_yuan": {"type": "number", "physical_type": "decimal(10,4)", "normalise": ("trim", "half_width", "round")},
    "years": {"type": "integer"},
    "holder_name": {"class_": "name", "required": True},
    "remark": {"class_": "free_text", "normalise": ("trim", "upper")},
    "counted": {"type": "integer", "required": True},
}
RULES: list[tuple[str, str, str, dict[str, Any]]] = [
    ("id_no", "required", "error", {}),
    ("id_no", "resident_id", "error", {}),
    ("id_no", "resident_id_15", "warning", {}),
    ("serial", "unique", "warning", {}),
    ("gender_code", "domain", "error", {"codes": "gender"}),
    ("gender_code", "agrees_with_id", "error", {"id": "id_no", "part": "gender"}),
    ("birth_date", "format", "error", {}),
    ("birth_date", "agrees_with_id", "error", {"id": "id_no", "part": "birth_date"}),
    ("birth_date", "range", "error", {"min": "1950-01-01", "max": "business_date"}),
    ("age_reported", "format", "error", {}),
    ("age_reported", "agrees_with_id", "warning", {"id": "id_no", "part": "age", "tolerance": 2}),
    ("age_reported", "range", "warning", {"min": 0, "max": 120}),
    ("amount_yuan", "format", "error", {}),
    ("amount_yuan", "range", "error", {"min": 0, "max": "99.5"}),
    ("weight", "format", "error", {}),
    ("pay_month", "pattern", "error", {"regex": "^[0-9]{4}-(0[1-9]|1[0-2])$"}),
    ("pay_month", "range", "error", {"min": "2020-01", "max": "business_month"}),
    ("seen_at", "format", "error", {}),
    ("seen_at", "not_after", "error", {}),
    ("seen_at", "range", "warning", {"min": "2024-01-01"}),
    ("seen_at", "burst", "warning", {"by": "checker_id", "max": 3}),
    ("is_home", "format", "error", {}),
    ("region_code", "place_known", "error", {"level": "community"}),
    ("region_code", "place_current", "warning", {"level": "community"}),
    ("grid_code", "place_known", "error", {"level": "grid"}),
    ("grid_code", "place_current", "warning", {"level": "grid"}),
    ("season", "domain", "error", {"codes": "season"}),
    ("season", "pattern", "warning", {"regex": "^[a-z]+$"}),
    ("reason", "required_when", "error", {"when": "season", "in": ["winter", "autumn"]}),
    ("cert_no", "disability_certificate_no", "error", {}),
    ("id_no", "equals_part", "error", {"of": "cert_no", "from": 1, "length": 18}),
    ("category", "equals_part", "warning", {"of": "cert_no", "from": 19, "length": 1}),
    ("uscc", "uscc", "error", {"categories": ["91", "92", "11"]}),
    ("handler_uscc", "uscc", "warning", {}),
    ("industry_code", "domain", "warning", {"codes": "industry", "first": 3}),
    ("sector_code", "domain", "warning", {"codes": "gender", "first": 1}),
    ("area_code", "place_known", "warning", {"level": "any"}),
    ("area_code", "place_current", "warning", {"level": "any"}),
    ("area_code", "place_inside", "warning", {"region": "provider"}),
    ("region_code", "place_inside", "error", {"region": "provider"}),
    ("grid_code", "place_inside", "error", {"region": "449901001002"}),
    ("term_to", "format", "error", {}),
    ("term_to", "required", "error", {}),
    ("term_to", "compare", "warning", {"operator": ">=", "to": "term_from"}),
    ("term_from", "compare", "warning", {"operator": "=", "to": "review_due"}),
    ("term_from", "fresh", "warning", {"maxDays": 90}),
    ("review_due", "not_overdue", "warning", {"when": "season", "in": ["winter", "summer"]}),
    ("end_month", "compare", "error", {"operator": ">", "to": "pay_month"}),
    ("reason", "compare", "warning", {"operator": "=", "to": "checker_id"}),
    ("closed_at", "compare", "warning", {"operator": ">=", "to": "seen_at"}),
    ("seen_at", "fresh", "warning", {"maxDays": 1}),
    ("limit_yuan", "compare", "warning", {"operator": "<=", "to": "amount_yuan"}),
    ("years", "compare", "warning", {"operator": "<", "to": "age_reported"}),
    ("limit_yuan", "format", "error", {}),
    ("holder_name", "required", "error", {}),
    ("holder_name", "legible", "warning", {}),
    ("remark", "required", "warning", {}),
    ("remark", "legible", "warning", {}),
    ("counted", "required", "error", {}),
    ("counted", "format", "error", {}),
]
LONG_AGO = date(1980, 1, 1)
FRACTIONS = ("", "", "", "", "", ".0", ".5", ".123456", ".1234567", ".", ".1x")  # of a second; the last three are no fractions
LIVES: list[tuple[str, str, date, date | None, str | None]] = [
    ("4499", "city", LONG_AGO, None, None),
    ("449901", "district", LONG_AGO, None, None),
    ("449901001", "street", LONG_AGO, None, None),
    ("449901002", "street", LONG_AGO, date(2026, 4, 1), "449901001"),
    ("449901001001", "community", date(2020, 1, 1), None, None),
    ("449901001002", "community", LONG_AGO, date(2025, 7, 1), "449901001003"),
    ("449901001003", "community", date(2025, 7, 1), date(2026, 4, 1), "449901001001"),
    ("449901001004", "community", LONG_AGO, date(2025, 1, 1), None),
    ("449901001005", "community", LONG_AGO, date(2022, 1, 1), "449901001006"),
    ("449901001005", "community", date(2023, 1, 1), date(2024, 1, 1), "449901001001"),
    ("449901001006", "community", LONG_AGO, date(2024, 1, 1), "449901001005"),
    ("449901001007", "community", LONG_AGO, date(2024, 1, 1), "449901001007"),
    ("449901002001", "community", LONG_AGO, date(2026, 4, 1), None),
    ("449901002001", "community", date(2026, 4, 1), None, None),
    ("449901001001001", "grid", date(2026, 4, 1), None, None),
    ("449901001001002", "grid", LONG_AGO, date(2026, 4, 1), None),
    ("449901001001003", "grid", LONG_AGO, date(2025, 7, 1), None),
    ("449901001001003", "grid", date(2025, 7, 1), date(2026, 4, 1), None),
    ("449901001001003", "grid", date(2026, 4, 1), None, None),
]
MOVED = {  # a place belongs to its declared parent, not to the one its digits suggest
    ("449901002001", date(2026, 4, 1)): "449901001",
    ("449901001001003", LONG_AGO): "449901001002",
    ("449901001001003", date(2025, 7, 1)): "449901001003",
}
ABOVE = {"district": 4, "street": 6, "community": 9, "grid": 12}  # the code begins with the parent's digits


def _parent(code: str, level: str, start: date) -> str | None:
    return MOVED.get((code, start)) or (code[: ABOVE[level]] if level in ABOVE else None)


REGIONS = RegionTree(
    tuple(Region(code, code, level, _parent(code, level, start), None, start, end, heir) for code, level, start, end, heir in LIVES)
)
REGION_CODES = [*(life[0] for life in LIVES), "449901001000", "449901002000", "449901000000", "449977"]
SEASONS = (
    Code("winter", "冬", "winter", None, date(2024, 3, 1), None),
    Code("winter", "冬", "winter", date(2026, 5, 1), None, None),
    Code("summer", "夏", "summer", None, date(2026, 3, 1), None),
    Code("autumn", "秋", "autumn", None, None, None),
)
INDUSTRIES = (
    Code("O80", "修理业", "", None, date(2024, 6, 1), "O81"),
    Code("O80", "居民服务业", "", date(2024, 6, 1), None, None),
    Code("O79", "居民服务业", "", None, date(2024, 6, 1), "O80"),
    Code("O81", "修理业", "", date(2024, 6, 1), None, None),
)
CODES = {
    "season": CodeTable("season", SEASONS),
    "industry": CodeTable("industry", INDUSTRIES),
    "gender": CodeTable("gender", tuple(Code(code, code, "", None, None, None) for code in ("0", "1", "2", "9"))),
}
TIMEZONE = "Asia/Shanghai"
OFFICES = (
    ("54449901MB3A000132", "449901001001", LONG_AGO, date(2024, 1, 1)),
    ("54449901MB3A000132", "449901001003", date(2024, 1, 1), date(2026, 5, 1)),
    ("54449901MB3A000132", "449901001001", date(2026, 5, 1), None),
    ("11449901MB2E00015R", "449901001", LONG_AGO, None),
    ("11449901MB2E00023L", "449901002", LONG_AGO, date(2025, 1, 1)),
    ("11449900MB2C000130", "4499", LONG_AGO, None),
)
SECOND_REGION = ("11449901MB2E00015R", "449901002", LONG_AGO, None)  # this office serves two regions
DEPARTMENTS = tuple(
    Department(uscc, uscc, "office", "street", region, start, end) for uscc, region, start, end in (*OFFICES, SECOND_REGION)
)
PROVIDERS = [*(office[0] for office in OFFICES), "11449901MB2E00031F"]
CREDIT_CODES = ("91449901MA5X00014M", "92449902MA5X000141", "11449900MB2C12348R", "54449901MA5X00014G", "91110000600037341L")


def contract() -> Contract:
    """Return the contract with every kind of rule."""
    columns = {name: _column(name, given) for name, given in COLUMNS.items()}
    rules: list[Rule] = [build_rule(kind, columns[name], severity, params) for name, kind, severity, params in RULES]  # type: ignore[arg-type]
    return Contract(
        code="g_every_kind",
        name_zh="各类规则",
        name_en="Every kind of rule",
        description="测试",
        version="1.0.0",
        level="grid",
        provider=OneProvider(kind="grid_centre"),
        source=JsonLinesSource(kind="jsonl", path="{date}_{n}.jsonl"),
        cycle=Cycle(every="day", due_hours=9),
        delivery="increment",
        position="seen_at",
        sharing=Sharing(attribute=2, grade=3, open_type="closed"),
        locality=Locality(code="region_code"),
        words_for_nothing=("无", "Unknown"),
        columns=tuple(columns.values()),
        rules=tuple(rules),
        file="contracts/resources/grid/g_every_kind.odcs.yaml",
    )


def _column(name: str, given: dict[str, Any]) -> Column:
    return Column.model_validate(
        {"name": name, "source_name": name, "label_zh": name, "label_en": name, "type": "string", "class_": "plain", "grade": 1, **given}
    )


def ground() -> Ground:
    """Return the reference data (codes, regions, departments) for the second implementations of the rules."""
    return Ground(CODES, REGIONS, TIMEZONE, DEPARTMENTS)


def rows(seed: int, count: int) -> list[dict[str, Any]]:
    """Return random rows of three batches: most cells are right, some are wrong."""
    chance = Random(seed)
    return [_row(chance, line) for line in range(1, count + 1)]


def _row(chance: Random, line: int) -> dict[str, Any]:
    number = _number(chance)
    cells = {name: _dirty(chance, make(chance)) for name, make in MAKERS.items()}
    cells["id_no"] = _dirty(chance, number)
    says = normalise_resident_id(number)
    if chance.random() < 0.8:
        category = chance.choice("123456780")
        cells["cert_no"] = _dirty(chance, f"{says}{category}{chance.choice('012345')}")
        cells["category"] = _dirty(chance, chance.choice((category, category, "7")))
    if len(says) == 18 and chance.random() < 0.7:
        born = f"{says[6:10]}-{says[10:12]}-{says[12:14]}"
        cells["birth_date"] = born
        cells["gender_code"] = _dirty(chance, "21"[int(says[16]) % 2])
        cells["age_reported"] = _dirty(chance, str(2026 - int(says[6:10]) + chance.choice((-2, -1, 0, 1))))
    batch = chance.randrange(3)
    reject = "arity" if chance.random() < 0.02 else None
    empty = dict.fromkeys(cells) if reject else cells
    technical = {"_provider": PROVIDERS[batch * 2 + line % 3], "_business_date": DAYS[batch], "_source_line": line, "_reject": reject}
    return {**empty, "_batch_id": f"b{batch}", **technical}


def _number(chance: Random) -> str:
    born = date(1935, 1, 1) + timedelta(days=chance.randrange(33_500))
    old = f"449901{born:%y%m%d}{chance.randrange(1000):03}"
    number = normalise_resident_id(old)
    wrong = f"{number[:-1]}{'0' if number[-1] != '0' else '1'}"
    impossible = normalise_resident_id(f"4499016502{chance.choice((29, 30, 31))}{chance.randrange(1000):03}")
    return chance.choice((number, number, number, number, number.lower(), old, wrong, impossible, "4.49902E+17", "45000019700101123"))


def _credit_code(chance: Random) -> str:
    code = chance.choice(CREDIT_CODES)
    place, letter = chance.randrange(18), chance.choice("0123456789ABCDEFGHJKLMNPQRTUWXYIOSVZ ")
    return chance.choice((code, code, code.lower(), f"{code[:place]}{letter}{code[place + 1 :]}", code[:-1]))


def _day(chance: Random) -> str:
    around = chance.choice((*DAYS, date(9999, 12, 31), date(2099, 12, 31)))
    return (around - timedelta(days=chance.randrange(180) if chance.random() < 0.5 else 0)).isoformat()


def _moment(chance: Random) -> str:
    around = datetime(2026, 6, 1) if chance.random() < 0.8 else datetime(1988, 4, 10)  # noqa: DTZ001
    moment = around + timedelta(minutes=chance.randrange(-20, 10), seconds=chance.randrange(60))
    if chance.random() < 0.04:
        return chance.choice(EDGES)
    return f"{moment:%Y-%m-%d %H:%M:%S}" + chance.choice(FRACTIONS)


def _dirty(chance: Random, text: str | None) -> str | None:
    spoil = chance.random()
    if text is None or spoil < 0.03:
        return None
    if spoil < 0.06:
        return (
            chance.choice((" ", "\u3000", "\u00a0", "\t\r\n", "\n", "\v", *BLANKS))
            + text
            + chance.choice(("", " ", "\u3000\u00a0", *BLANKS))
        )
    if spoil < 0.07:
        return chance.choice(("NULL", "null", "\\N", "#N/A", "ＮａＮ", "无", "unknown", "NA", *BLANKS))
    if spoil < 0.09:
        return "".join(chr(ord(character) + 0xFEE0) if "!" <= character <= "~" else character for character in text)
    if spoil < 0.12 and text:
        place = chance.randrange(len(text))
        return (
            text[:place]
            + chance.choice("0x9٣-𠮷é \n.?\u200b\u00a0\ue81e\ue000\ufffd\ue5e5\U000e0101")
            + text[place + chance.randrange(2) :]
        )
    return text


BLANKS = ("\u200b", "\u2003", "\u3164", "\ue5e5", "\ufeff\u2800", "\x07", "\ufffe", "\u200b \u3000\ufe0f")
EDGES = ("0000-01-01 00:00:00", "0001-01-01 00:00:00", "0001-01-02 00:00:00", "9999-12-31 23:59:59", "1899-12-31 12:00:00")
TOO_FINE = ("99.50000000001", "-0.00005", "999999.99995", "5.00004", "1.", f"{'9' * 34}.00001", f"{'9' * 35}.00001", f"0.{'3' * 300}")
MAKERS: dict[str, Callable[[Random], str | None]] = {
    "serial": lambda chance: str(chance.randrange(40)),
    "gender_code": lambda chance: chance.choice(("0", "1", "2", "9", "3", "男")),
    "birth_date": lambda chance: chance.choice(
        ("1970-02-29", "2026-06-02", "1949-12-31", "2026-2-3", "1970/01/01", "2024-02-29", "0000-00-00", "0000-01-01", "0001-01-01")
    ),
    "age_reported": lambda chance: chance.choice(("0", "-1", "120", "121", "7e1", "+5", "5.0", "9" * 18, "9" * 19, "٣")),
    "amount_yuan": lambda chance: chance.choice(
        ("0", "-0.01", "99.50", "99.51", "1.005", "1.0000", "999999.99", "1000000", ".5", "5.", "1e3", "NaN", "--1")
    ),
    "weight": lambda chance: chance.choice(("1.25", "-3", "1e5", "Infinity", "1.23456789012345678", "0x1p3", "1d")),
    "pay_month": lambda chance: chance.choice(("2026-06", "2026-07", "2026-13", "2019-12", "2026-6", "2024-02", "2024-03", "2026-06\n")),
    "seen_at": _moment,
    "is_home": lambda chance: chance.choice(("true", "false", "1", "0", "TRUE", "yes")),
    "checker_id": lambda chance: chance.choice("abc"),
    "region_code": lambda chance: chance.choice(REGION_CODES),
    "grid_code": lambda chance: chance.choice(("449901001001001", "449901001001002", "449901001001003", "449901001001", "449901001001009")),
    "season": lambda chance: chance.choice(("winter", "summer", "autumn", "spring", "Winter")),
    "reason": lambda chance: chance.choice((None, "x", "a", "b")),
    "cert_no": lambda chance: chance.choice(("44990119900307001X43", "44990119900307001X05", "44990119900307001x4", "4" * 20)),
    "category": lambda chance: chance.choice("01234"),
    "uscc": _credit_code,
    "handler_uscc": _credit_code,
    "industry_code": lambda chance: chance.choice(("O7910", "O8010", "O8110", "O82", "O8", "o8010", "O80")),
    "sector_code": lambda chance: chance.choice(("11", "2x", "9", "3", "x1", "0")),
    "area_code": lambda chance: chance.choice((*REGION_CODES, "449901001001003", "449901002001", "999999")),
    "term_from": _day,
    "term_to": lambda chance: chance.choice((_day(chance), "9999-12-31", "2099-12-31", "99991231", "2099-12-30")),
    "review_due": _day,
    "end_month": lambda chance: chance.choice(("2026-06", "2026-07", "2026-13", "2019-12", "2026-6", "2024-02", "")),
    "closed_at": _moment,
    "limit_yuan": lambda chance: chance.choice(("0", "99.5", "99.5000", "99.51", "-1", "1e2", "5", *TOO_FINE)),
    "years": lambda chance: chance.choice(("0", "5", "120", "-1", "999999999999999999", "x")),
    "holder_name": lambda chance: chance.choice(
        ("王小明", "阿依古丽·买买提", "王?", "李□", "锟斤拷", "王\ufffd", "\ue000武", "\ue81e文", "Nan", "秦\u200b立冬")
    ),
    "remark": lambda chance: chance.choice(("在家?", "屯屯屯", "straße", "有\U000f0000", None, "\u2060", "🚧\ufe0f", "ｎ／ａ", "一\v二")),
    "counted": lambda chance: chance.choice(("1", "NULL", "#REF!", "２", None)),
}
