"""Read a cookbook page: its questions with SQL and answers.

Run as a module it writes the present answers of an instance into the page.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from dataclasses import dataclass

from application.sql import answer
from lakehouse.config import PROJECT, Instance

PAGE = PROJECT / "docs" / "cookbooks" / "ten-questions.md"
RECIPE = re.compile(r"^## (?P<title>\d+\. .+?)$.*?^```sql\n(?P<sql>.+?)^```\n\n```csv\n(?P<answer>.*?)^```$", re.MULTILINE | re.DOTALL)
ROWS = 50


@dataclass(frozen=True)
class Recipe:
    """One question: its title, the statement that answers it, the answer as CSV."""

    title: str
    sql: str
    answer: str


def recipes(text: str) -> list[Recipe]:
    """Return the questions of a page, in order."""
    return [Recipe(found["title"], found["sql"], found["answer"]) for found in RECIPE.finditer(text)]


def asked(instance: Instance, statement: str) -> str:
    """Run a recipe's SQL on an instance and return the answer as CSV."""
    found = answer(instance, statement, ROWS)
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([found.columns, *found.rows])
    return out.getvalue()


def rewritten(text: str, ask: Callable[[str], str]) -> str:
    """Return the page with the current answer to every question."""
    return RECIPE.sub(lambda found: found[0][: found.start("answer") - found.start()] + ask(found["sql"]) + "```", text)


if __name__ == "__main__":
    PAGE.write_text(rewritten(PAGE.read_text("utf-8"), lambda statement: asked(Instance(), statement)), "utf-8")
