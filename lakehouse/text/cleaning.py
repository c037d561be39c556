"""The one cleaning that every text gets before rules and silver see it, whatever its contract declares (ADR 0022).

Bronze keeps the text as it was sent. Blanks and invisible characters go, code points of private use become the character that
GB 18030-2022 means, and a word that says a value is missing is read as empty. What is trimmed from the ends tells nothing; what was
changed otherwise is flagged in silver as `<column>.<cleaning>`.
"""

from __future__ import annotations

from collections.abc import Mapping

from lakehouse.contracts.model import Column, Contract
from lakehouse.declarations.codes import CodeTable
from lakehouse.numbers.resident import HALF_WIDTH
from lakehouse.text.characters import ASSIGNED, INVISIBLE, KEPT_INSIDE, ODD_BLANKS, spread

# A code point of private use became a character; an invisible one was taken out, or an odd blank became a space; a word was read as empty.
CLEANINGS = (PRIVATE_USE, UNSEEN, NOTHING) = ("private_use", "invisible", "nothing")
# Exports of databases, programs and spreadsheets; compared without regard to case and width. `NA` is none: it is somebody's name.
WORDS = frozenset(
    (
        *("NULL", "\\N", "N/A", "NAN", "NAT", "NONE", "NIL", "UNDEFINED", "(NULL)", "[NULL]", "<NULL>", "<NA>"),
        *("#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NUM!", "#NULL!", "#SPILL!", "#CALC!", "#FIELD!", "#GETTING_DATA"),
    )
)
_CHANGED = str.maketrans({**ASSIGNED, **dict.fromkeys(ODD_BLANKS, " "), **dict.fromkeys(spread(INVISIBLE))})


def cleaned(text: str, column: Column) -> str:
    """Return a text as sent without the characters that stand for nothing; its ends are kept where the column is not trimmed."""
    seen = text.translate(_CHANGED)
    return seen.strip(KEPT_INSIDE) if "trim" in column.normalise else seen


def is_nothing(text: str, words: frozenset[str]) -> bool:
    """Return whether a cleaned text is a word that says a value is missing."""
    return folded(text) in words


def folded(text: str) -> str:
    """Return a text in the form in which words for nothing are compared: half-width, upper case."""
    return text.translate(HALF_WIDTH).upper()


def words_for_nothing(contract: Contract, column: Column, codes: Mapping[str, CodeTable]) -> frozenset[str]:
    """Return the words that a column reads as empty: those every export writes and the contract's own, but no code of the column.

    None in a required column that is no text: there the word is no value of the type, and the rule `format` names it as that.
    """
    if column.required and column.type != "string":
        return frozenset()
    tables = (codes[rule.params["codes"]] for rule in contract.rules if rule.kind == "domain" and rule.column == column.name)
    own = {version.code.upper() for table in tables for version in table.versions}
    return (WORDS | {folded(word) for word in contract.words_for_nothing}) - own
