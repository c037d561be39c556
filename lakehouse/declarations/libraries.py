"""The libraries as dbt's schema files declare them: of every column its class and grade, what it comes from, and how."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError

from lakehouse.contracts.model import Grade
from lakehouse.declarations.document import Document, Finding, Step, read_document
from lakehouse.declarations.strict_yaml import Declared, typed_findings
from lakehouse.errors import ContractError, Problem, problems_text

SCHEMA_FILES = "*/*.yml"
PRIVATE = "intermediate"  # models that no table remains of
ALIAS = re.compile(r"config\([^)]*\balias\s*=\s*['\"](\w+)")  # model names are unique, tables of two schemas may share theirs
AS_IT_IS = "raw"
COPIED = (AS_IT_IS, "code", "converted")
Steps = tuple[Step, ...]


class Provenance(Declared):
    """Where a column comes from: `config.meta` of the column in dbt's schema file.

    `as` says how. `raw` is the value itself (also joined or summed), `code` its code or label, `converted` the same in another unit or
    coordinate system: all are as sensitive as what they come from. A `flag`, `band` or `count`, or anything `other`, tells less: its own
    class and `gradeAfter` stand with a reason. `from` names columns: `resource.column`, `schema.table.column`, `golden.entity.field`
    (`golden.*.*`: all) and `record.kind.column` (the columns that authority.yaml names for it), `ref.table.column` (public reference data).
    """

    class_: str = Field(alias="class")
    grade: Grade | None = None
    grade_after: Grade | None = Field(None, alias="gradeAfter")
    from_: tuple[str, ...] = Field(alias="from")
    as_: Literal["raw", "code", "converted", "flag", "band", "count", "other"] = Field(alias="as")
    reason: str | None = None

    @property
    def is_copied(self) -> bool:
        """Return whether the column says as much as what it comes from."""
        return self.as_ in COPIED


@dataclass(frozen=True)
class DeclaredColumn:
    """A column of a library: its SQL type, class and grade, and where it comes from."""

    name: str
    type: str
    class_: str
    grade: int
    provenance: Provenance


@dataclass
class DeclaredLibrary:
    """A library: its columns by name, and what is wrong with the others; `places` are the steps to each column in its file."""

    table: str
    document: Document
    columns: dict[str, DeclaredColumn] = field(default_factory=dict)
    places: dict[str, Steps] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    @property
    def worked_out(self) -> set[str]:
        """Return the columns that do not hold the value as a source has it, but what is made of it."""
        return {name for name, column in self.columns.items() if column.provenance.as_ != AS_IT_IS}


def table_of(model: Path) -> str:
    """Return the table that a model's SQL file makes: a folder of models is a schema."""
    alias = ALIAS.search(model.read_text("utf-8"))
    return f"{model.parent.name}.{alias[1] if alias else model.stem}"


def read_libraries(project: Path) -> tuple[dict[str, DeclaredLibrary], list[str]]:
    """Return all libraries of a dbt project by table, and what is wrong with files or models as a whole."""
    models, paths = project / "models", _public(project)
    tables = {path.stem: table_of(path) for path in paths}
    found: dict[str, DeclaredLibrary] = {}
    wrong: list[str] = []
    for path in sorted(models.glob(SCHEMA_FILES)):
        try:
            document = read_document(path, path.relative_to(project.parent).as_posix())
        except ContractError as error:
            wrong.append(str(error))
            continue
        for raw, steps in _items(document.content.get("models"), ("models",)):
            table = tables.get(str(raw.get("name")))
            if table in found:
                twice = Finding(steps, f"{found[table].document.name} describes this model already.", "", "describe it once.")
                wrong.append(problems_text(document.problems([twice])))
            elif table is not None:
                found[table] = _library(table, document, raw, steps)
    for path in [path for path in paths if tables[path.stem] not in found] if not wrong else ():
        where = path.relative_to(project.parent).as_posix()
        fix = "describe it in a schema file (*.yml) beside it."
        wrong.append(Problem(where, "the library is not declared, so nobody knows what its columns hold.", "", fix).text())
    return found, wrong


def library_tables(project: Path) -> set[str]:
    """Return the tables of all libraries of a dbt project, declared or not."""
    return {table_of(path) for path in _public(project)}


def _public(project: Path) -> list[Path]:
    return [path for path in sorted((project / "models").rglob("*.sql")) if path.parent.name != PRIVATE]


def _library(table: str, document: Document, raw: dict[str, Any], steps: Steps) -> DeclaredLibrary:
    library = DeclaredLibrary(table, document)
    for column, place in _items(raw.get("columns"), (*steps, "columns")):
        name = str(column.get("name"))
        if name in library.places:
            library.findings.append(Finding(place, f"the column {name!r} stands twice.", "", "remove one."))
        library.places.setdefault(name, place)
        provenance, findings = _provenance(column, place)
        library.findings += findings
        if provenance is not None and not findings:
            grade = provenance.grade or provenance.grade_after or 0
            library.columns[name] = DeclaredColumn(name, str(column.get("data_type")), provenance.class_, grade, provenance)
    return library


def _provenance(column: dict[str, Any], steps: Steps) -> tuple[Provenance | None, list[Finding]]:
    config = column.get("config")
    meta = config.get("meta") if isinstance(config, dict) else None
    if not isinstance(meta, dict):
        fix = "add config: {meta: {class: …, grade: …, from: […], as: …}}."
        return None, [Finding(steps, "has neither class nor grade, and does not say where it comes from.", "", fix)]
    place = (*steps, "config", "meta")
    try:
        provenance = Provenance.model_validate(meta)
    except ValidationError as error:
        return None, list(typed_findings(error, place, meta, Provenance))
    return provenance, list(_misfits(provenance, place))


def _misfits(said: Provenance, steps: Steps) -> Iterator[Finding]:
    """Yield what a column lacks, or says although it does not fit: a copy has a grade, all others have a grade after and a reason."""
    named = {"grade": said.grade, "gradeAfter": said.grade_after, "reason": (said.reason or "").strip() or None}
    due = ("grade",) if said.is_copied else ("gradeAfter", "reason")
    for key, value in named.items():
        if key in due and value is None:
            yield Finding(steps, f"is a column as {said.as_}, and {key} is missing.", "", f"add {key}: ….")
        elif key not in due and value is not None:
            yield Finding((*steps, key), f"is said of a column as {said.as_}.", ", ".join(due), f"remove {key}.")
    if said.is_copied and not said.from_:
        yield Finding((*steps, "from"), f"is a column as {said.as_} of nothing.", "", "name the columns it comes from.")


def _items(raw: Any, steps: Steps) -> Iterator[tuple[dict[str, Any], Steps]]:
    for index, item in enumerate(raw if isinstance(raw, list) else ()):
        if isinstance(item, dict):
            yield item, (*steps, index)
