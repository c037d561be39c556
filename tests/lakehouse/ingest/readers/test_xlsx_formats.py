"""Number formats: what people see of a number decides whether it is a date, a month, a code with zeros, or just a number."""

from __future__ import annotations

import pytest

from lakehouse.ingest.readers.xlsx_formats import Shown, formats, shown_by

pytestmark = pytest.mark.fast
NUMBER, MOMENT, CLOCK, MONTH, YEAR = (Shown(what) for what in ("number", "moment", "clock", "month", "year"))

CODES: dict[str, Shown] = {
    "General": NUMBER,
    "G/通用格式": NUMBER,
    "Standard": NUMBER,
    "": NUMBER,
    "@": NUMBER,
    "0": NUMBER,
    "0_ ": NUMBER,
    "#,##0.00": NUMBER,
    "0.00E+00": NUMBER,
    '0"天"': NUMBER,
    '0"days"': NUMBER,
    "0 pcs": NUMBER,
    "[Red]0;[Blue]0": NUMBER,
    "[h]:mm:ss": NUMBER,
    "[mm]:ss": NUMBER,
    ";;;": NUMBER,
    "yyyy-mm-dd": MOMENT,
    "yyyy\\-mm\\-dd;@": MOMENT,
    'yyyy"年"m"月"d"日"': MOMENT,
    "yyyy年m月d日": MOMENT,
    "[$-F800]dddd\\,\\ mmmm\\ dd\\,\\ yyyy": MOMENT,
    "m/d/yy h:mm": MOMENT,
    'm"月"d"日"': MOMENT,
    'm"月"': MOMENT,
    "[$-404]e/m/d": MOMENT,
    "h:mm AM/PM": CLOCK,
    '上午/下午h"时"mm"分"': CLOCK,
    "mm:ss.0": CLOCK,
    "yyyy-mm": MONTH,
    "yyyymm": MONTH,
    'yyyy"年"m"月"': MONTH,
    "yyyy年m月": MONTH,
    "mmm-yy": MONTH,
    "[$-804]yyyy\\.m;@": MONTH,
    '[$-404]e"年"m"月"': MONTH,
    "yyyy": YEAR,
    'yyyy"年"': YEAR,
    "00": Shown(zeros=2),
    "000000000000": Shown(zeros=12),
    "00;@": Shown(zeros=2),
    "00_ ;[Red]\\-00\\ ": Shown(zeros=2),
    "[$-804]0000": Shown(zeros=4),
    "00;-00;00": Shown(zeros=2),
    "00;-00;0": NUMBER,
    '"A"00': NUMBER,
    '00"号"': NUMBER,
    "00.00": NUMBER,
    "[DBNum1]00": NUMBER,
    "[<100]00;0": NUMBER,
    "000-0000": NUMBER,
    '"': NUMBER,
    "[": NUMBER,
    "\\": NUMBER,
    "_": NUMBER,
}


@pytest.mark.parametrize("code", CODES)
def test_a_format_shows_what_people_see(code: str) -> None:
    assert shown_by(code) == CODES[code]


def test_a_workbook_may_declare_a_format_under_the_number_of_a_builtin_one() -> None:
    assert formats({})["14"] == MOMENT
    assert formats({"14": "yyyy\\-mm"})["14"] == MONTH
    assert {number: formats({})[number].what for number in ("17", "27", "31", "33", "57")} == {
        "17": "month",
        "27": "month",
        "31": "moment",
        "33": "clock",
        "57": "month",
    }
