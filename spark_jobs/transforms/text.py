"""Clean and normalise the text of columns. Bronze keeps text exactly as received; rules and silver use the normalised text.

Empty text is null. Characters and words that stand for nothing go first (`lakehouse.text.cleaning`), then come the steps that only unify
spelling (width, case). Repairs (`REPAIRS`: an old number, an abolished code, a date that means "long term", surplus decimals) come last,
because the rules that report repairs need the text as it was sent.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import reduce
from operator import or_
from typing import NamedTuple

from pyspark.sql import Column
from pyspark.sql import functions as F

from lakehouse.contracts import model
from lakehouse.numbers.resident import HALF_WIDTH
from lakehouse.rules.format import OPEN_ENDED
from lakehouse.text.characters import ASSIGNED, INVISIBLE, KEPT_INSIDE, ODD_BLANKS, members
from lakehouse.text.cleaning import CLEANINGS, NOTHING, PRIVATE_USE, UNSEEN

FULL_WIDTH = "".join(map(chr, HALF_WIDTH))
FULL_WIDTH_AS_ASCII = "".join(map(chr, HALF_WIDTH.values()))
UNUSUAL = "[^\x20-\x7e\u4e00-\u9fff]"  # a text without such a character needs no cleaning but the trimming of spaces: most do not
HIDDEN = f"[{members(INVISIBLE)}]"
CHANGED, CHANGED_INTO = "".join((*ASSIGNED, *ODD_BLANKS)), "".join((*ASSIGNED.values(), " " * len(ODD_BLANKS)))
MARK = "\x01"  # stands for a character nobody sees, and is one
SEPARATOR = "\n"
WIDENED = 0xFEE0  # from an ASCII character to its full-width form
CHECK_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECK_CHARACTERS = "10X98765432"


class Sent(NamedTuple):
    """A text of a row as it was sent: of which column, whether its ends are trimmed, and whether nothing was left of it."""

    name: str
    text: Column
    trims: bool
    is_gone: Column


def cleaned(text: Column, trims: bool = True) -> Column:
    """Return the text without the characters that stand for nothing; `trims`: also without blanks at its ends."""
    seen = F.translate(F.regexp_replace(text, HIDDEN, ""), CHANGED, CHANGED_INTO)
    return F.when(text.rlike(UNUSUAL), F.btrim(seen, F.lit(KEPT_INSIDE)) if trims else seen).otherwise(F.trim(text) if trims else text)


def cleanings(text: Column, trims: bool = True) -> dict[str, Column]:
    """Return by the name of each cleaning whether it changed the text as sent anywhere but at trimmed ends."""
    marked = F.regexp_replace(text, f"[{members(INVISIBLE)}{ODD_BLANKS}]", MARK)
    inner = F.btrim(marked, F.lit(f"{KEPT_INSIDE}{MARK}\ue5e5")) if trims else marked
    found = {PRIVATE_USE: inner.rlike(f"[{''.join(ASSIGNED)}]"), UNSEEN: F.contains(inner, F.lit(MARK))}
    return {name: F.coalesce(F.when(text.rlike(UNUSUAL), changed), F.lit(False)) for name, changed in found.items()}


def flags_of_cleaning(sent: Sequence[Sent]) -> Column:
    """Return the names of the cleanings that changed texts of a row: array of `<column>.<cleaning>`.

    Most rows hold nothing unusual, which one look at all texts tells. Only the others are looked at column by column, in one expression
    for all columns: one for each would make the plan five times as large, and every statement would be planned for seconds.
    """
    unusual = F.concat_ws("", *(one.text for one in sent)).rlike(UNUSUAL)
    found = [_flags(F.array(*(_struct(one) for one in sent if one.trims is trims)), trims) for trims in {one.trims for one in sent}]
    return F.when(reduce(or_, (one.is_gone for one in sent), unusual), F.concat(*found)).otherwise(_no_names())


def _struct(one: Sent) -> Column:
    return F.struct(F.lit(one.name).alias("name"), one.text.alias("text"), one.is_gone.alias("gone"))


def _flags(texts: Column, trims: bool) -> Column:
    """Return the flags of the texts that were changed."""

    def named(one: Column) -> Column:
        sent = one["text"]
        held = {**cleanings(sent, trims), NOTHING: one["gone"] & (cleaned(sent, trims) != "")}
        names = (F.when(held[name], F.array(F.concat(one["name"], F.lit(f".{name}")))).otherwise(_no_names()) for name in CLEANINGS)
        return F.concat(*names)

    return F.flatten(F.transform(F.filter(texts, lambda one: one["gone"] | one["text"].rlike(UNUSUAL)), named))


def is_nothing(text: Column, words: Collection[str]) -> Column:
    """Return whether a cleaned text is one of the words that say a value is missing, in letters of any width and case."""
    if not words:
        return F.lit(False)
    return text.rlike(rf"(?iu)\A(?:{'|'.join(map(_in_any_width, sorted(words)))})\z")


def _in_any_width(word: str) -> str:
    """Return a pattern for a word in which each ASCII character may be a full-width one."""
    return "".join(f"[{_code(ord(one))}{_code(ord(one) + WIDENED) if '!' <= one <= '~' else ''}]" for one in word)


def _code(point: int) -> str:
    return rf"\x{{{point:x}}}"


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
    return F.when(held == "", _no_names()).otherwise(F.split(held, SEPARATOR))


def _no_names() -> Column:
    return F.array().cast("array<string>")


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
