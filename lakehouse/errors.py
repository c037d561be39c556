"""The errors of the project: every message says where, what was found, what is allowed and how to fix it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

# Messages of Spark under these error conditions hold only words of the statement; others may quote values from the data.
TELLING = re.compile(r"^(PARSE_|UNRESOLVED_|TABLE_OR_VIEW_|AMBIGUOUS_|MISSING_|WRONG_NUM_ARGS|DATATYPE_MISMATCH|SCHEMA_NOT_FOUND)")
CONDITION = re.compile(r"\[([A-Z][A-Z0-9]*(?:[_.][A-Z0-9]+)+)\]")


class LakehouseError(Exception):
    """Base of every error a user is expected to read."""


class ConfigError(LakehouseError):
    """The instance, the machine or a setting is wrong or incomplete."""


class ContractError(LakehouseError):
    """A contract, policy, authority or return declaration is wrong; the message lists all problems of a file."""


class SourceError(LakehouseError):
    """A source system or a delivered file cannot be read at all; the delivery is refused."""


class QualityError(LakehouseError):
    """A gate, a row equation or an invariant does not hold."""


class EntitlementError(LakehouseError):
    """Data would be shown to somebody who is not entitled to it."""


class DeliveryError(LakehouseError):
    """A package or a day is missing, altered or not published."""


@dataclass(frozen=True)
class Problem:
    """One thing wrong: where, what was found, what is allowed (nearest first) and how to fix it."""

    where: str
    found: str
    allowed: str = ""
    fix: str = ""

    def text(self) -> str:
        """Return the problem as lines for people."""
        lines = [f"{self.where}:", f"  {self.found}"]
        if self.allowed:
            lines.append(f"  Allowed: {self.allowed}")
        if self.fix:
            lines.append(f"  Fix: {self.fix}")
        return "\n".join(lines)


def problems_text(problems: Iterable[Problem]) -> str:
    """Return all problems of one file as one message."""
    return "\n".join(problem.text() for problem in problems)


def nearest_first(found: str, allowed: Sequence[str]) -> str:
    """Return the allowed names as text, those most like what was found first."""
    near = get_close_matches(found, allowed, n=3, cutoff=0.5)
    return ", ".join([*near, *(name for name in allowed if name not in near)])


def without_values(message: str) -> str:
    """Return a message that Spark took part in; where it may quote values from the data, only the name of its error condition is left."""
    found = CONDITION.search(message)
    if found is None or TELLING.match(found[1]):
        return message
    return f"[{found[1]}] The message is not shown, because it may quote values from the data."
