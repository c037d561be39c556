"""The typed `contracts/synonyms.yaml`: words that people use for the same thing, for the search of the data dictionary."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from lakehouse.declarations.strict_yaml import Declared, read_declaration
from lakehouse.errors import ContractError, Problem, problems_text

FILE = "synonyms.yaml"
Word = Annotated[str, Field(min_length=1)]
Words = Annotated[tuple[Word, ...], Field(min_length=2)]


class Synonyms(Declared):
    """Groups of words; each word of a group finds what any other of it finds."""

    words: tuple[Words, ...]


def load_synonyms(contracts: Path) -> tuple[tuple[str, ...], ...]:
    """Return the groups of words of a contracts folder; none where it declares none.

    Raises:
        ContractError: the file is wrong; the message lists all its problems.
    """
    path = contracts / FILE
    if not path.is_file():
        return ()
    groups = read_declaration(path, Synonyms).words
    seen: dict[str, int] = {}
    problems = []
    for place, group in enumerate(groups):
        for word in group:
            if word in seen:
                found = f"{word!r} stands in words[{seen[word]}] already."
                problems.append(Problem(f"{path}: words[{place}]", found, "", "keep it in one line, or join the two lines."))
            seen[word] = place
    if problems:
        raise ContractError(problems_text(problems))
    return groups
