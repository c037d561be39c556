"""Clean and normalise the text of columns. Bronze keeps text exactly as received; rules and silver use the normalised text.

Empty text is null. Characters and words that stand for nothing go first (`lakehouse.text.cleaning`), then come the steps that only unify
spelling (width, case). Repairs (`REPAIRS`: an old number, an abolished code, a date that means "long term", surplus decimals) come last,
because the rules that report repairs need the text as it was sent.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

from pyspark.sql import Column
from pyspark.sql import functions as F

from lakehouse.contracts import model
from lakehouse.numbers.resident import HALF_WIDTH
from lakehouse.rules.format import OPEN_ENDED
from lakehouse.text.characters import ASSIGNED, INVISIBLE, KEPT_INSIDE, ODD_BLANKS, members
from lakehouse.text.cleaning import PRIVATE_USE, UNSEEN

FULL_WIDTH = "".join(map(chr, HALF_WIDTH))
FULL_WIDTH_AS_ASCII = "".join(map(chr, HALF_WIDTH.values()))
UNUSUAL = "[^\x20-\x7e\u4e00-\u9fff]"  # a text without such a character needs no cleaning but the trimming of spaces: most do not
HIDDEN = f"[{members(INVISIBLE)}]"
CHANGED, CHANGED_INTO = "".join((*ASSIGNED, *ODD_BLANKS)), "".join((*ASSIGNED.values(), " " * len(ODD_BLANKS)))
MARK = "\x01"  # stands for a character nobody sees, and is one
SEPARATOR = "\n"
CHECK_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECK_CHARACTERS = "10X98765432"


def cleaned(text: Column, trims: bool = True) -> Column:
    """Return the text without the characters that stand for nothing; `trims`: also without blanks at its ends."""
    seen = F.translate(F.regexp_replace(text, HIDDEN, ""), CHANGED, CHANGED_INTO)
    return F.when(text.rlike(UNUSUAL), F.btrim(seen, F.lit(KEPT_INSIDE)) if trims else seen).otherwise(F.trim(text) if trims else text)


def cleanings(text: Column, trims: bool = True) -> dict[str, Column]:
    """Return by the name of each cleaning whether it changed the text as sent anywhere but at trimmed ends."""
    marked = F.regexp_replace(text, f"[{members(INVISIBLE)}{ODD_BLANKS}]", MARK)
    inner = F.btrim(marked, F.lit(f"{KEPT_INSIDE}{MARK}\ue5e5")) if trims else marked
    found = {PRIVATE_USE: inner.rlike(f"[{''.join(ASSIGNED)}]"), UNSEEN: F.contains(inner, F.lit(MARK))}
    return {name: F.when(text.rlike(UNUSUAL), changed) for name, changed in found.items()}


def is_nothing(text: Column, words: Collection[str]) -> Column:
    """Return whether a cleaned text is one of the words that say a value is missing."""
    if not words:
        return F.lit(False)
    return (F.char_length(text) <= max(map(len, words))) & F.upper(half_width(text)).isin(sorted(words))


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


def rounded(text: Column, decimals: int) -> Column:
    """Return a number with no more decimals than its column keeps, half of the last one upwards; other text is unchanged."""
    is_finer = text.rlike(rf"\A[+-]?[0-9]+\.[0-9]{{{decimals}}}0*[1-9][0-9]*\z")
    return F.when(is_finer, F.coalesce(text.try_cast(f"decimal(38,{decimals})").cast("string"), text)).otherwise(text)


def names_that_hold(conditions: Mapping[str, Column]) -> Column:
    """Return the names of the conditions that are true, sorted; a condition that is null does not hold.

    It uses no array function with a lambda: Spark would interpret all conditions instead of compiling them, which is five times slower.
    """
    held = F.concat_ws(SEPARATOR, *(F.when(conditions[name], F.lit(name)) for name in sorted(conditions)))
    return F.when(held == "", F.array().cast("array<string>")).otherwise(F.split(held, SEPARATOR))


STEPS: dict[str, Callable[[Column], Column]] = {"half_width": half_width, "upper": upper}
REPAIRS = ("resident_id_18", "region_successor", "open_ended", "round")


def stepwise(text: Column, steps: Sequence[str]) -> list[tuple[str, Column]]:
    """Return (step, text after this step) for each step that unifies the spelling of a text."""
    found: list[tuple[str, Column]] = []
    for step in steps:
        if step in STEPS:
            text = STEPS[step](text)
            found.append((step, text))
    return found


def spelled(column: model.Column) -> Column:
    """Return a column's cleaned text after all normalisations except repairs."""
    text = cleaned(F.col(f"`{column.name}`"), "trim" in column.normalise)
    steps = stepwise(text, column.normalise)
    return steps[-1][1] if steps else text


def as_sent(text: Column, words: Collection[str]) -> Column:
    """Return a spelled text, null when it is empty or a word that says a value is missing."""
    return F.when((text != "") & ~is_nothing(text, words), text)
