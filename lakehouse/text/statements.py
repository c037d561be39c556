"""The text of an SQL statement, read without an engine: its first word, and its form without any value."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

LONGEST = 2000
REMOVED = "?"
TOKEN = re.compile(
    r"""(?P<comment>--(?:\\\n|[^\r\n])*)
    |(?P<text>[rR]'[^']*(?:'|\Z)|[rR]"[^"]*(?:"|\Z)|'(?:\\.|[^'\\])*(?:'|\\?\Z)|"(?:\\.|[^"\\])*(?:"|\\?\Z))
    |(?P<quoted>`(?:``|[^`])*(?:`|\Z))
    |(?P<number>\d\w*(?:\.\w+)?)
    |(?P<word>\w+)
    |(?P<space>\s+)
    |(?P<sign>.)""",
    re.VERBOSE | re.DOTALL,
)
BRACKET = re.compile(r"/\*|\*/")
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
LONG_NUMBER = re.compile(r"\d{6}")  # hidden in a name, it may be somebody's


def without_values(statement: str) -> str:
    """Return a statement in one line in which each text, each number and each comment has gone.

    A name that is not ASCII goes too, in backquotes or not, because a value somebody forgot to quote is one.
    """
    parts = []
    for kind, part in tokens(statement):
        name = part.strip("`") if kind == "quoted" else part
        if kind in ("text", "number") or (kind in ("word", "quoted") and not _is_plain(name)):
            parts.append(REMOVED)
        else:
            parts.append(" " if kind in ("space", "comment") else part)
    return " ".join("".join(parts).split())[:LONGEST]


def first_word(statement: str) -> str:
    """Return the word a statement begins with, in capital letters, without what opens it (comments, parentheses); empty without one."""
    for kind, part in tokens(statement):
        if kind not in ("comment", "space") and part != "(":
            return part.upper() if kind == "word" else ""
    return ""


def is_one(statement: str) -> bool:
    """Return whether nothing follows after a semicolon."""
    ended = False
    for kind, part in tokens(statement):
        if kind not in ("comment", "space") and part != ";" and ended:
            return False
        ended = ended or part == ";"
    return True


def names_a_program(statement: str) -> bool:
    """Return whether a text follows the word USING, as in TRANSFORM (…) USING 'program'."""
    meant = [(kind, part) for kind, part in tokens(statement) if kind not in ("comment", "space")]
    return any(part.upper() == "USING" and follower == "text" for (_, part), (follower, _) in pairwise(meant))


def tokens(statement: str) -> Iterator[tuple[str, str]]:
    """Yield the tokens of a statement with their kinds: comment, text, quoted (a name in backquotes), number, word, space, sign."""
    position = 0
    while position < len(statement):
        if statement.startswith("/*", position):
            end = _end_of_comment(statement, position)
            yield "comment", statement[position:end]
            position = end
            continue
        found = TOKEN.match(statement, position)
        if found is None:  # cannot be: a sign is any character
            return
        yield str(found.lastgroup), found[0]
        position = found.end()


def _end_of_comment(statement: str, begin: int) -> int:
    """Return where a comment in /* … */ ends; Spark lets such comments hold others."""
    depth = 0
    for mark in BRACKET.finditer(statement, begin):
        depth += 1 if mark[0] == "/*" else -1
        if depth == 0:
            return mark.end()
    return len(statement)


def _is_plain(name: str) -> bool:
    return NAME.fullmatch(name) is not None and LONG_NUMBER.search(name) is None
