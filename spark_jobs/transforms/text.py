"""Normalise the text of columns. Bronze keeps text exactly as received; rules and silver use the normalised text.

Empty text is null. Steps that only unify spelling (spaces, width, case) come first. Repairs (`REPAIRS`: an old number, an abolished code,
a date that means "long term") come last, because the rules that report repairs need the text as it was sent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from pyspark.sql import Column
from pyspark.sql import functions as F

from lakehouse.contracts import model
from lakehouse.numbers.resident import BLANKS, HALF_WIDTH
from lakehouse.rules.format import OPEN_ENDED

FULL_WIDTH = "".join(map(chr, HALF_WIDTH))
FULL_WIDTH_AS_ASCII = "".join(map(chr, HALF_WIDTH.values()))
SEPARATOR = "\n"
CHECK_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECK_CHARACTERS = "10X98765432"


def trim(text: Column) -> Column:
    """Return the text without leading and trailing spaces, the ideographic and the no-break space among them."""
    return F.btrim(text, F.lit(BLANKS))


def half_width(text: Column) -> Column:
    """Return the text with full-width ASCII forms made half-width (most texts are ASCII already, which is cheap to detect)."""
    return F.when(F.octet_length(text) > F.char_length(text), F.translate(text, FULL_WIDTH, FULL_WIDTH_AS_ASCII)).otherwise(text)


def upper(text: Column) -> Column:
    """Return the text in upper case (the check character x of a resident number)."""
    return F.upper(text)


def check_character(seventeen: Column) -> Column:
    """Return the check character for the first 17 digits of a resident number, null where they are not 17 digits.

    Source: GB 11643-1999, ISO 7064 MOD 11-2.
    """
    number = F.when(seventeen.rlike(r"\A[0-9]{17}\z"), seventeen.try_cast("bigint"))
    digits = [F.pmod(F.call_function("div", number, F.lit(10 ** (16 - place))), F.lit(10)) for place in range(17)]
    terms = [digit * weight for digit, weight in zip(digits, CHECK_WEIGHTS, strict=True)]
    total = sum(terms[1:], terms[0])
    return F.substr(F.lit(CHECK_CHARACTERS), F.pmod(total, F.lit(11)).cast("int") + 1, F.lit(1))


def resident_id_18(text: Column) -> Column:
    """Return a 15-digit resident number in its 18-digit form (century 19 and check character); other text is unchanged."""
    seventeen = F.concat(F.substring(text, 1, 6), F.lit("19"), F.substring(text, 7, 9))
    return F.when(text.rlike(r"\A[0-9]{15}\z"), F.concat(seventeen, check_character(seventeen))).otherwise(text)


def open_ended(text: Column) -> Column:
    """Return null for the last day of the years 2099 and 9999, which mean "long term"; other text is unchanged."""
    return F.when(~text.isin(*OPEN_ENDED), text)


def names_that_hold(conditions: Mapping[str, Column]) -> Column:
    """Return the names of the conditions that are true, sorted; a condition that is null does not hold.

    It uses no array function with a lambda: Spark would interpret all conditions instead of compiling them, which is five times slower.
    """
    held = F.concat_ws(SEPARATOR, *(F.when(conditions[name], F.lit(name)) for name in sorted(conditions)))
    return F.when(held == "", F.array().cast("array<string>")).otherwise(F.split(held, SEPARATOR))


STEPS: dict[str, Callable[[Column], Column]] = {"trim": trim, "half_width": half_width, "upper": upper}
REPAIRS = ("resident_id_18", "region_successor", "open_ended")


def stepwise(text: Column, steps: Sequence[str]) -> list[tuple[str, Column]]:
    """Return (step, text after this step) for each step that is not a repair."""
    found: list[tuple[str, Column]] = []
    for step in steps:
        if step not in REPAIRS:
            text = STEPS[step](text)
            found.append((step, text))
    return found


def as_sent(column: model.Column) -> Column:
    """Return a column's text after all normalisations except repairs, null when it is empty."""
    text = F.col(f"`{column.name}`")
    steps = stepwise(text, column.normalise)
    return F.nullif(steps[-1][1] if steps else text, F.lit(""))
