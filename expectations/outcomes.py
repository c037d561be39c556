"""The outcomes of a batch at the gate, as Great Expectations returns them, and the words every page has for them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

Outcome = Literal["passed", "warned", "blocked"]
ORDER: tuple[Outcome, ...] = ("passed", "warned", "blocked")
WORDS: dict[str, tuple[str, str]] = {"passed": ("通过", "passed"), "warned": ("有警告", "warned"), "blocked": ("整批阻断", "blocked")}
MARKS: dict[str, str] = {"passed": "✓", "warned": "!", "blocked": "✕"}
OF_SEVERITY: dict[str, Outcome] = {"critical": "blocked", "warning": "warned", "info": "passed"}  # of a batch that exceeds the thresholds


def worst(outcomes: Iterable[Outcome]) -> Outcome:
    """Return the worst of the outcomes; of none: passed."""
    return max(outcomes, key=ORDER.index, default="passed")
