"""Read the columns and rules of a contract's one table, and report those that cannot be read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, get_args

from pydantic import ValidationError

from lakehouse.contracts.model import Column, LogicalType, Rule
from lakehouse.contracts.properties import COLUMN_PROPERTIES, NAME_PATTERN, read_properties
from lakehouse.declarations.document import Document, Finding, Step
from lakehouse.declarations.strict_yaml import typed_findings
from lakehouse.errors import nearest_first
from lakehouse.rules.format import FORMATS
from lakehouse.rules.range import BUSINESS_DATE
from lakehouse.rules.registry import Severity, build_rule, kinds
from lakehouse.rules.vocabulary import Called, Labels

ENGINE = "huiliu"
SEVERITIES: tuple[str, ...] = get_args(Severity)
TYPES: tuple[str, ...] = get_args(LogicalType)

FIRST_DAY, LAST_DAY = "1900-01-01", "2199-12-31"  # of every date, unless its column declares a rule `<column>.calendar` itself
CALENDAR = "calendar"
OF_CODES = ("domain", "resident_id", "uscc", "disability_certificate_no", "place_known")
NUMBER_TYPE = re.compile(r"decimal\([0-9]{1,2},[0-9]{1,2}\)|double")

Steps = tuple[Step, ...]


@dataclass
class Table:
    """The columns and rules that could be read, each with its place in the file; `names` also has columns that could not be read.

    `entities` are the kinds of entities that rules may name, and how people call them.
    """

    entities: Mapping[str, Labels] = field(default_factory=dict)
    columns: dict[str, Column] = field(default_factory=dict)
    places: dict[str, Steps] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)
    classed: dict[str, Steps] = field(default_factory=dict)  # with the place of the class
    graded: set[str] = field(default_factory=set)
    key_positions: dict[str, int] = field(default_factory=dict)
    rules: list[tuple[Rule, Steps]] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


def read_table(document: Document, entities: Mapping[str, Labels]) -> Table:
    """Return the table of the document, whose rules may name these kinds of entities."""
    table = Table(entities)
    schemas = document.content.get("schema")
    if not isinstance(schemas, list) or len(schemas) != 1 or not isinstance(schemas[0], dict):
        table.findings.append(Finding(("schema",), "must hold exactly one table.", "", "one contract describes one resource."))
        return table
    properties = list(_items(schemas[0].get("properties"), ("schema", 0, "properties")))
    for raw, steps in properties:
        _add_column(table, raw, steps)
    for raw, steps in properties:
        column = table.columns.get(str(raw.get("name")))
        if column and table.places[column.name] == steps:
            _add_derived_rules(table, column, steps)
            for quality, place in _items(raw.get("quality"), (*steps, "quality")):
                _add_rule(table, quality, place, column)
            _add_default_rules(table, column, steps)
    for quality, place in _items(schemas[0].get("quality"), ("schema", 0, "quality")):
        _add_table_rule(table, quality, place)
    return table


def _items(raw: Any, steps: Steps) -> Iterator[tuple[dict[str, Any], Steps]]:
    """Yield the mappings of a list with their places; other items are reported by the standard's schema."""
    for index, item in enumerate(raw if isinstance(raw, list) else ()):
        if isinstance(item, dict):
            yield item, (*steps, index)


def _add_column(table: Table, raw: dict[str, Any], steps: Steps) -> None:
    name = raw.get("name")
    custom, findings = read_properties(raw.get("customProperties"), COLUMN_PROPERTIES, steps)
    table.findings += findings
    if not isinstance(name, str) or not NAME_PATTERN.fullmatch(name):
        table.findings.append(Finding((*steps, "name"), "is no column name.", "a-z, 0-9 and _, a letter first", "rename it."))
        return
    if name in table.names:
        table.findings.append(Finding(steps, f"the column {name!r} stands twice.", "", "remove one."))
        return
    table.names.append(name)
    faults = list(_type_findings(raw, steps)) + list(_label_findings(raw, steps))
    table.findings += faults
    given = {item.get("property"): place for item, place in _items(raw.get("customProperties"), (*steps, "customProperties"))}
    table.classed |= {name: (*given["class"], "value")} if "class" in given else {}  # a wrong value is told by itself
    table.graded |= {name} if "grade" in given else set()
    if isinstance(raw.get("primaryKeyPosition"), int):
        table.key_positions[name] = raw["primaryKeyPosition"]
    if not faults:
        table.columns[name] = _column(name, raw, custom)
        table.places[name] = steps


def _column(name: str, raw: dict[str, Any], custom: dict[str, Any]) -> Column:
    return Column(
        name=name,
        source_name=raw.get("physicalName") or name,
        label_zh=raw["businessName"],
        label_en=raw["description"],
        type=raw["logicalType"],
        physical_type=raw.get("physicalType"),
        format=(raw.get("logicalTypeOptions") or {}).get("format"),
        required=bool(raw.get("required")),
        key=bool(raw.get("primaryKey")),
        class_=custom.get("class", ""),  # the contract of a column without class or grade is refused
        grade=custom.get("grade", 1),
        normalise=custom.get("normalise", ("trim",)),
        identity=custom.get("identity"),
        dropped=custom.get("dropped", False),
        added=custom.get("added"),
        renamed_from=custom.get("renamedFrom", ()),
    )


def _type_findings(raw: dict[str, Any], steps: Steps) -> Iterator[Finding]:
    logical = raw.get("logicalType")
    if logical not in TYPES:
        found = "logicalType is missing." if logical is None else f"logicalType {logical!r} is not supported."
        yield Finding((*steps, "logicalType"), found, nearest_first(str(logical), TYPES))
        return
    options = raw.get("logicalTypeOptions")
    declared = options.get("format") if isinstance(options, dict) else None
    if declared is not None and declared not in FORMATS.get(logical, {}):
        allowed = nearest_first(str(declared), list(FORMATS.get(logical, {}))) or "none for this type"
        yield Finding((*steps, "logicalTypeOptions", "format"), f"the format {declared!r} is not supported.", allowed)
    if logical == "number" and not NUMBER_TYPE.fullmatch(str(raw.get("physicalType"))):
        yield Finding(steps, "physicalType does not say how the number is stored.", "decimal(18,2), double", "add physicalType.")


def _label_findings(raw: dict[str, Any], steps: Steps) -> Iterator[Finding]:
    for key, language in (("businessName", "Chinese"), ("description", "English")):
        if not isinstance(raw.get(key), str) or not raw[key].strip():
            yield Finding(steps, f"{key} is missing.", "", f"give the column its {language} name.")


def _add_derived_rules(table: Table, column: Column, steps: Steps) -> None:
    """Add the rules a column implies: `required`, and `format` for every type but string; none for a dropped column."""
    if column.dropped:
        return
    if column.required:
        table.rules.append((build_rule("required", column, "error"), steps))
    if column.type != "string":
        table.rules.append((build_rule("format", column, "error"), steps))


def _add_default_rules(table: Table, column: Column, steps: Steps) -> None:
    """Add the rules every column of a type gets unless it declares a rule with the same id (ADR 0022).

    A date lies between 1900 and 2199, a birth not after the business date. A text that no rule restricts to codes or a pattern is legible.
    """
    declared = [rule for rule, _ in table.rules if rule.column == column.name]
    found: list[Rule] = []
    if column.type in ("date", "timestamp"):
        limits = {"min": FIRST_DAY, "max": BUSINESS_DATE if column.class_ == "birth_date" else LAST_DAY}
        found.append(build_rule("range", column, "error", limits).model_copy(update={"id": f"{column.name}.{CALENDAR}"}))
    elif column.type == "string" and not any(map(_restricts, declared)):
        found.append(build_rule("legible", column, "warning"))
    if not column.dropped:
        table.rules += [(rule, steps) for rule in found if rule.id not in {one.id for one in declared}]


def _restricts(rule: Rule) -> bool:
    return rule.kind in OF_CODES or (rule.kind == "pattern" and not re.fullmatch(rule.params["regex"], "\ufffd"))


def _add_table_rule(table: Table, quality: dict[str, Any], steps: Steps) -> None:
    implementation = quality.get("implementation")
    name = implementation.get("column") if isinstance(implementation, dict) else None
    if not isinstance(name, str) or name not in table.columns:
        found = f"names the column {name!r}, which does not exist." if name else "names no column."
        table.findings.append(Finding((*steps, "implementation"), found, nearest_first(str(name), table.names), "add `column: …`."))
        return
    stripped = {key: value for key, value in (implementation or {}).items() if key != "column"}
    _add_rule(table, {**quality, "implementation": stripped}, steps, table.columns[name])


def _add_rule(table: Table, quality: dict[str, Any], steps: Steps, column: Column) -> None:
    place = (*steps, "implementation")
    if quality.get("type") != "custom" or quality.get("engine") != ENGINE:
        table.findings.append(
            Finding(steps, "is not run by any engine.", "type: custom, engine: huiliu", "use one of our kinds, or remove it.")
        )
        return
    implementation = quality.get("implementation")
    if not isinstance(implementation, dict):
        table.findings.append(Finding(place, "is no mapping.", "", "write {rule: <kind>, severity: error | warning, …}."))
        return
    kind, severity, rule_id = (implementation.get(key) for key in ("rule", "severity", "ruleId"))
    faults = list(_implementation_findings(kind, severity, rule_id, place))
    table.findings += faults
    if faults:
        return
    params = {key: value for key, value in implementation.items() if key not in ("rule", "severity", "ruleId")}
    labels = {name: Labels(other.label_zh, other.label_en) for name, other in table.columns.items()}
    try:
        rule = build_rule(str(kind), column, severity, params, Called(labels, table.entities))  # type: ignore[arg-type]
        table.rules.append((rule.model_copy(update={"id": rule_id or rule.id}), steps))
    except ValidationError as error:
        table.findings += typed_findings(error, place, implementation, kinds()[str(kind)].parameters)


def _implementation_findings(kind: Any, severity: Any, rule_id: Any, place: Steps) -> Iterator[Finding]:
    if kind not in kinds():
        found = "rule is missing." if kind is None else f"there is no rule {kind!r}."
        yield Finding((*place, "rule"), found, nearest_first(str(kind), list(kinds())))
    if severity not in SEVERITIES:
        found = "severity is missing." if severity is None else f"the severity {severity!r} is not allowed."
        yield Finding((*place, "severity"), found, ", ".join(SEVERITIES))
    if rule_id is not None and not isinstance(rule_id, str):
        yield Finding((*place, "ruleId"), "is no text.")
