"""Returns the normalised text of columns: what rules and silver see of a text that bronze keeps exactly as received.

Empty text is null. `region_successor` needs the region tree and is applied by `normalisation.with_normalised`, always last.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pyspark.sql import Column
from pyspark.sql import functions as F

from lakehouse.contracts import model
from lakehouse.identifiers import BLANKS, HALF_WIDTH

FULL_WIDTH = "".join(map(chr, HALF_WIDTH))
FULL_WIDTH_AS_ASCII = "".join(map(chr, HALF_WIDTH.values()))
CHECK_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECK_CHARACTERS = "10X98765432"
BY_LOOKUP = "region_successor"


def trim(text: Column) -> Column:
    """Returns the text without leading and trailing spaces, the ideographic and the no-break space among them."""
    return F.btrim(text, F.lit(BLANKS))


def half_width(text: Column) -> Column:
    """Returns the text with full-width ASCII forms made half-width."""
    return F.translate(text, FULL_WIDTH, FULL_WIDTH_AS_ASCII)


def upper(text: Column) -> Column:
    """Returns the text in upper case (the check character x of a resident number)."""
    return F.upper(text)


def check_character(text: Column) -> Column:
    """Returns the check character that the first 17 digits of a resident number ask for.

    Source: GB 11643-1999, ISO 7064 MOD 11-2. Never throws: other characters give a meaningless result.
    """
    terms = [F.ascii(F.substring(text, place, 1)) * weight for place, weight in enumerate(CHECK_WEIGHTS, start=1)]
    total = sum(terms[1:], terms[0]) - ord("0") * sum(CHECK_WEIGHTS)
    return F.substr(F.lit(CHECK_CHARACTERS), F.pmod(total, F.lit(11)) + 1, F.lit(1))


def resident_id_18(text: Column) -> Column:
    """Returns a 15-digit resident number in its 18-digit form (century 19 and check character); other text as it is."""
    seventeen = F.concat(F.substring(text, 1, 6), F.lit("19"), F.substring(text, 7, 9))
    return F.when(text.rlike(r"\A[0-9]{15}\z"), F.concat(seventeen, check_character(seventeen))).otherwise(text)


STEPS: dict[str, Callable[[Column], Column]] = {
    "trim": trim,
    "half_width": half_width,
    "upper": upper,
    "resident_id_18": resident_id_18,
}


def stepwise(text: Column, steps: Sequence[str]) -> list[tuple[str, Column]]:
    """Returns the text after each of the steps that need nothing but the text, with the step's name."""
    found: list[tuple[str, Column]] = []
    for step in steps:
        if step != BY_LOOKUP:
            text = STEPS[step](text)
            found.append((step, text))
    return found


def normalised(column: model.Column, *, without: frozenset[str] = frozenset()) -> Column:
    """Returns the normalised text of a contract's column, null when nothing is left of it.

    Steps in `without` are left out, and so is `region_successor`, which needs the tree.
    """
    text = F.col(f"`{column.name}`")
    steps = stepwise(text, [step for step in column.normalise if step not in without])
    return F.nullif(steps[-1][1] if steps else text, F.lit(""))
