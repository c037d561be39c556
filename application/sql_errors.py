"""What to tell of a statement that is refused: what is wrong, with the name that was meant, and how to put it right; never a value."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from pyspark.errors import PySparkException

from lakehouse.errors import ConfigError

WHO = "huiliu sql"
READS = ("SELECT", "WITH", "VALUES", "FROM", "TABLE", "DESCRIBE", "DESC", "SHOW", "EXPLAIN")
TAKEN = ", ".join(word for word in READS if word != "DESC")
WRITING = (
    "ADD ALTER ANALYZE BEGIN CACHE CALL CLEAR COMMENT CONVERT COPY CREATE DECLARE DELETE DROP EXECUTE GRANT IMPORT INSERT LOAD MERGE MSCK"
    " OPTIMIZE OVERWRITE PUT REFRESH REMOVE REORG REPAIR REPLACE RESET RESTORE REVOKE SET START TRUNCATE UNCACHE UNSET UPDATE USE VACUUM"
)
WRITES = frozenset(WRITING.split())
QUOTES = "names stand in backquotes (`name`) or bare, texts in single quotes ('…')"
DOUBLE = f"{QUOTES}; double quotes make a text too"
PLACE = re.compile(r"\(line (\d+), (?:pos (\d+)|position (\d+))\)")
HARMLESS_TOKEN = re.compile(r"[A-Za-z_]{1,30}|[^\w\s'\"`]{1,3}", re.ASCII)
NOT_SHOWN = "Fix: look the condition up in Spark's documentation; its message is not shown here because it may hold values from the data."


class RefusalError(ConfigError):
    """A statement that is refused; `reason` is what the audit keeps of why."""

    def __init__(self, text: str, reason: str = "refused") -> None:
        super().__init__(text)
        self.reason = reason


@dataclass(frozen=True)
class Names:
    """The names a statement may use: tables, columns of the tables it names, functions; asked for only after an error."""

    tables: Callable[[], Sequence[str]]
    columns: Callable[[], Mapping[str, Sequence[str]]]
    functions: Callable[[], Sequence[str]]


@dataclass(frozen=True)
class Refused:
    """A statement that Spark refused, and the text that was put before it (one line) so that it could only read."""

    error: PySparkException
    statement: str
    before: str

    @property
    def condition(self) -> str:
        """Return the name of the error's condition; empty where it has none."""
        return self.error.getCondition() or ""

    def named(self, parameter: str) -> str:
        """Return a parameter of the error that holds a name, without its backquotes; empty where the error has no such parameter."""
        return str((self.error.getMessageParameters() or {}).get(parameter, "")).replace("`", "").replace('"', "")

    @property
    def place(self) -> tuple[int, int] | None:
        """Return line and column in the statement, from 1 on; None where Spark does not say or the place lies outside."""
        if found := PLACE.search(self.error.getMessage() or ""):
            line, column = int(found[1]) - self.before.count("\n"), int(found[2]) + 1 if found[2] else int(found[3])
        elif context := self.error.getQueryContext():
            begun = self.statement[: max(context[0].startIndex() - len(self.before), 0)]
            line, column = begun.count("\n") + 1, len(begun) - begun.rfind("\n")
        else:
            return None
        return (line, column) if line <= self.statement.count("\n") + 1 else None

    @property
    def at(self) -> str:
        """Return the place in words, to begin a sentence with."""
        return "line {}, column {}: ".format(*self.place) if self.place else ""


def only_reads(word: str) -> str:
    """Return what to tell of a statement that would write, in one line."""
    return f"{WHO} only reads: not {word}. It takes {TAKEN}."


def unknown_beginning(word: str) -> str:
    """Return what to tell of a statement that begins with no word of SQL."""
    near = get_close_matches(word, READS, n=1)
    found = f"no statement begins with {word}" if re.fullmatch(r"[A-Z]{2,20}", word) else "this is no statement"
    return two_lines(f"{found}; meant: {near[0]}." if near else f"{found}.", f"Fix: begin with {TAKEN}.")


def two_lines(found: str, fix: str) -> str:
    """Return what was found and how to put it right."""
    return f"{WHO}: {found}\n  {fix}"


def told(refused: Refused, names: Names) -> str:
    """Return what to tell of a statement that Spark refused."""
    condition = refused.condition
    for beginning, explain in EXPLAINED.items():
        if condition.startswith(beginning):
            return explain(refused, names)
    found = f"{refused.at}Spark refuses the statement [{condition}]." if condition else "Spark gave the statement up."
    return two_lines(found, NOT_SHOWN if condition else "Fix: ask again; see logs/spark.log if Spark does not answer.")


def _no_table(refused: Refused, names: Names) -> str:
    name = refused.named("relationName") or refused.named("tableName")
    known = names.tables()
    last = {table: table.rpartition(".")[2] for table in known}
    same = [table for table in known if last[table] == name.rpartition(".")[2]]
    alike = get_close_matches(name, known, n=3, cutoff=0.6)
    endings = get_close_matches(name.rpartition(".")[2], sorted(set(last.values())), n=2, cutoff=0.7)
    near = list(dict.fromkeys([*same, *alike, *(table for table in known if last[table] in endings)]))[:3]
    schema = (near[0] if near else "base.").partition(".")[0]
    found = f"no table {name}{_meant(near)}"
    return two_lines(
        found, f"Fix: write {near[0] if near else 'another name'}; SHOW TABLES IN {schema} lists them. {_quotes(refused)}".strip()
    )


def _no_schema(refused: Refused, names: Names) -> str:
    name = refused.named("schemaName").rpartition(".")[2]
    schemas = sorted({table.partition(".")[0] for table in names.tables()})
    return two_lines(f"no schema {name}{_meant(_near(name, schemas))}", f"Fix: choose among {', '.join(schemas)}.")


def _no_column(refused: Refused, names: Names) -> str:
    name, tables = refused.named("objectName"), names.columns()
    proposed = re.findall(r"(\w+)`(?=,|$)", str((refused.error.getMessageParameters() or {}).get("proposal", "")), re.ASCII)
    near = _near(name.rpartition(".")[2], dict.fromkeys([*(one for columns in tables.values() for one in columns), *proposed]))
    fix = f"write {near[0]}" if near else f"DESCRIBE {next(iter(tables), 'TABLE')} lists columns"
    if hyphened := re.search(rf"\b{re.escape(name)}-[A-Za-z]\w*", refused.statement, re.ASCII):
        fix = f"{fix}; a name with a hyphen stands in backquotes: `{hyphened[0]}`"
    return two_lines(f"{refused.at}no column {name}{_meant(near)}", f"Fix: {fix}; {_quoting(refused)}.")


def _no_function(refused: Refused, names: Names) -> str:
    name = refused.named("routineName").rpartition(".")[2]
    near = _near(name, names.functions())
    return two_lines(
        f"{refused.at}no function {name}{_meant(near)}", f"Fix: write {near[0] if near else 'another one'}; SHOW FUNCTIONS lists them."
    )


def _identifier(refused: Refused, names: Names) -> str:  # noqa: ARG001 as all of them
    name = refused.named("ident")
    found = f"{refused.at}{name} has other characters than a-z, 0-9 and _, so it stands in backquotes."
    return two_lines(found, f"Fix: write `{name}` where it is a name, '{name}' where it is a text.")


def _syntax(refused: Refused, names: Names) -> str:  # noqa: ARG001 as all of them
    token = str((refused.error.getMessageParameters() or {}).get("error", "")).removeprefix("'").removesuffix("'")
    if token.upper() in WRITES:
        return only_reads(token.upper())
    if token.startswith('"'):
        return two_lines(f"{refused.at}a text in double quotes stands where a name is wanted.", f"Fix: {DOUBLE}.")
    if token in ("'", '"', "`"):
        return two_lines(
            f"{refused.at}a quote that nothing closes.", "Fix: end the text with the same quote; write '' for one quote in a text."
        )
    if refused.place is None:
        return two_lines("the statement ends too early.", "Fix: close its parentheses and finish its last clause.")
    shown = token if HARMLESS_TOKEN.fullmatch(token) else "this place"
    fix = "Fix: look just before it: something is missing or too much, often a comma, a parenthesis or a keyword."
    return two_lines(f"{refused.at}not understood at {shown} [{refused.condition}].", f"{fix} {_quotes(refused)}".strip())


def _quotes(refused: Refused) -> str:
    return f"And: {DOUBLE}." if '"' in refused.statement else ""


def _quoting(refused: Refused) -> str:
    return DOUBLE if '"' in refused.statement else QUOTES


def _meant(near: Sequence[str]) -> str:
    return f"; meant: {', '.join(near)}." if near else "."


def _near(name: str, known: Iterable[str]) -> list[str]:
    small = {one.lower(): one for one in known}
    holding = [one for lower, one in small.items() if len(name) >= 3 and name.lower() in lower]
    return list(dict.fromkeys([*(small[one] for one in get_close_matches(name.lower(), list(small), n=3, cutoff=0.6)), *holding]))[:3]


def _fixed(found: str, fix: str) -> Callable[[Refused, Names], str]:
    """Return what explains an error by a text with names and types of the error in it."""

    def explain(refused: Refused, names: Names) -> str:  # noqa: ARG001 as all of them
        parameters = {name: refused.named(name) for name in re.findall(r"\{(\w+)\}", found)}
        return two_lines(f"{refused.at}{found.format(**parameters)} [{refused.condition}].", f"Fix: {fix}")

    return explain


EXPLAINED: dict[str, Callable[[Refused, Names], str]] = {
    "TABLE_OR_VIEW_NOT_FOUND": _no_table,
    "SCHEMA_NOT_FOUND": _no_schema,
    "UNRESOLVED_COLUMN": _no_column,
    "UNRESOLVED_ROUTINE": _no_function,
    "INVALID_IDENTIFIER": _identifier,
    "PARSE_": _syntax,
    "MISSING_": _fixed(
        "a column is neither in GROUP BY nor in a function such as count or max", "name it in GROUP BY, or write max(column)."
    ),
    "AMBIGUOUS_REFERENCE": _fixed("{name} is in several tables: {referenceNames}", "write one of these."),
    "DATATYPE_MISMATCH": _fixed("types do not fit together", "a date is written date'2026-06-01'; cast(… as type) makes another type."),
    "WRONG_NUM_ARGS": _fixed("{functionName} takes {expectedNum} values, not {actualNum}", "DESCRIBE FUNCTION with its name explains it."),
    "CAST_INVALID_INPUT": _fixed("a value cannot be read as {targetType}", "try_cast(… as type) gives null instead."),
    "INVALID_TYPED_LITERAL": _fixed("this is no {valueType}", "e.g. date'2026-06-01', timestamp'2026-06-01 08:00:00'."),
    "DIVIDE_BY_ZERO": _fixed("a division by zero", "try_divide(a, b) gives null instead."),
    "DELTA_VERSION_NOT_FOUND": _fixed("the table has the versions {earliest} to {latest} only", "name one of these."),
    "UNSUPPORTED_DATA_TYPE": _fixed("a column has a type that cannot be shown", "cast(… as string)."),
}
