"""Rules of the architecture: import directions, sizes, pure transforms, and which modules may use which library."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from importlib.metadata import entry_points
from pathlib import Path

import pytest

pytestmark = pytest.mark.fast

PROJECT = Path(__file__).resolve().parent.parent
PACKAGES = ("huiliu_verify", "lakehouse", "expectations", "spark_jobs", "application", "huiliu", "sample_city", "infra", "dags")
GIVEN_AWAY = "huiliu_verify"  # a wheel of its own, in a folder of its own
GIVEN_AWAY_NEEDS = {GIVEN_AWAY, "cryptography"}
GIVEN_AWAY_PYTHON = (3, 9)
MAY_IMPORT = {
    "huiliu_verify": {"huiliu_verify"},
    "lakehouse": {"huiliu_verify", "lakehouse"},
    "expectations": {"lakehouse", "expectations"},
    "spark_jobs": {"huiliu_verify", "lakehouse", "expectations", "spark_jobs"},
    "dags": {"lakehouse", "dags"},
    "infra": {"lakehouse", "infra"},
    "sample_city": {"lakehouse", "sample_city"},
    "application": {"huiliu_verify", "lakehouse", "expectations", "spark_jobs", "infra", "sample_city", "application"},
    "huiliu": {"huiliu_verify", "lakehouse", "spark_jobs", "application", "huiliu"},
}
# The rooms (sub-packages) of a package, and its modules outside of any room.
ROOMS = {
    "lakehouse": {
        "alerts",
        "backup",
        "city",
        "contracts",
        "declarations",
        "derive",
        "ingest",
        "numbers",
        "ops",
        "pages",
        "returns",
        "rules",
        "telemetry",
        "text",
        "upkeep",
    },
    "spark_jobs": {"ingest", "jobs", "lake", "returns", "transforms"},
    "sample_city": {"feed", "sources", "world"},
}
LOOSE = {
    "lakehouse": {"config", "connections", "errors", "jobs", "naming", "objects", "orchestrator", "steps"},
    "spark_jobs": set(),
    "sample_city": set(),
}
MOST_LOOSE = 8
# The rooms that a room may import, besides modules outside of rooms; a room not listed may import any.
ROOM_MAY_IMPORT = {
    "lakehouse.numbers": set(),
    "lakehouse.ops": set(),
    "lakehouse.backup": set(),
    "lakehouse.pages": set(),
    "lakehouse.upkeep": set(),
    "lakehouse.city": {"contracts", "declarations", "numbers", "ops"},
    "lakehouse.declarations": {"contracts", "numbers"},
    "lakehouse.contracts": {"city", "declarations", "numbers", "rules"},
    "lakehouse.rules": {"contracts", "declarations", "numbers"},
    "lakehouse.text": {"contracts", "declarations", "numbers"},
    "lakehouse.ingest": {"city", "contracts", "declarations", "numbers", "ops", "rules", "text"},
    "lakehouse.returns": {"city", "contracts", "declarations", "numbers", "ops", "rules", "text"},
    "lakehouse.telemetry": {"contracts", "declarations", "derive", "returns"},
    "lakehouse.alerts": {"city", "contracts", "declarations", "ingest", "ops", "upkeep"},
    "lakehouse.derive": {"city", "contracts", "declarations", "numbers", "returns", "rules"},
    "spark_jobs.transforms": set(),
    "spark_jobs.lake": {"transforms"},
    "spark_jobs.ingest": {"lake", "transforms"},
    "spark_jobs.returns": {"lake", "transforms"},
    "sample_city.world": set(),
    "sample_city.sources": {"world"},
    "sample_city.feed": {"sources", "world"},
}
SHOW_THE_APPLICATION = ("application", "huiliu")
SAMPLE_MAY_KNOW = {"lakehouse.config", "lakehouse.connections", "lakehouse.errors"}
ENGINES = {"pyspark", "delta", "airflow", "great_expectations", "dbt"}
NOT_HERE = {
    "lakehouse": ENGINES,
    "dags": {"pyspark", "delta", "great_expectations", "dbt"},
    "sample_city": ENGINES,
    "expectations": {"airflow", "dbt", "delta"},
    "spark_jobs": {"airflow"},
}
ONLY_THERE = {
    "obstore": {"lakehouse.objects"},
    "delta": {"spark_jobs.lake.storage"},
    "yaml": {"lakehouse.declarations.document", "lakehouse.derive.curated", "lakehouse.derive.dbt"},  # the last two: dbt's own files
}
# Modules that may read the environment: settings, the usual S3 variables, a switch of the Spark client, and those that start processes.
READS_THE_ENVIRONMENT = (
    "huiliu_verify.language",
    "lakehouse.config",
    "lakehouse.objects",
    "spark_jobs.lake.session",
    "infra",
    "sample_city.feed.api_server",
)
ACTIONS = {
    "collect",
    "toPandas",
    "toArrow",
    "toLocalIterator",
    "foreach",
    "show",
    "first",
    "head",
    "take",
    "isEmpty",
    "checkpoint",
    "localCheckpoint",
}
STATE = {"write", "writeTo", "writeStream", "read", "readStream", "cache", "persist", "observe"}
CLOCKS = {"now", "today", "utcnow", "current_date", "current_timestamp", "localtimestamp", "unix_timestamp_now", "rand", "randn", "uuid"}
MACHINE_PATHS = re.compile(r"(?<![\w.])/(work|root|home|Users)/")
TEXT_SUFFIXES = {".py", ".md", ".toml", ".yaml", ".yml", ".sql", ".csv", ".xml", ".cfg", ".mako", ""}


@cache
def modules() -> dict[str, Path]:
    """Return every module of ours by dotted name."""
    found = {}
    for package in PACKAGES:
        root = PROJECT / "verify" if package == GIVEN_AWAY else PROJECT
        for path in (root / package).rglob("*.py"):
            parts = path.relative_to(root).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@cache
def tree(name: str) -> ast.Module:
    """Return the syntax tree of a module."""
    return ast.parse(modules()[name].read_text("utf-8"))


def imported(node: ast.AST) -> list[str]:
    """Return the modules that an import statement loads; submodules have their full name."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        assert node.level == 0, "relative imports hide where a name comes from"
        names = [f"{node.module}.{alias.name}" for alias in node.names]
        return sorted({name if name in modules() else str(node.module) for name in names})
    return []


def imports_of(name: str) -> set[str]:
    """Return everything a module imports, anywhere in it, and what it names to have it loaded when it is used."""
    found = {one for node in ast.walk(tree(name)) for one in imported(node)}
    if any(isinstance(node, ast.Name) and node.id == "import_module" for node in ast.walk(tree(name))):
        texts = {node.value for node in ast.walk(tree(name)) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
        found |= {text for text in texts & set(modules()) if "." in text}
    return found


def functions(name: str) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield the functions of a module, inner ones too."""
    for node in ast.walk(tree(name)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def told(problems: list[str]) -> None:
    """Fail with all problems at once."""
    assert not problems, "\n" + "\n".join(sorted(set(problems)))


def test_imports_follow_the_direction_of_the_house() -> None:
    wrong = []
    for name in modules():
        package = name.split(".")[0]
        for found in imports_of(name):
            other = found.split(".")[0]
            if other in PACKAGES and other not in MAY_IMPORT[package]:
                wrong.append(f"{name} imports {found}: {package}/ may import {', '.join(sorted(MAY_IMPORT[package]))}")
            if package == "sample_city" and found in modules() and other == "lakehouse" and found not in {*SAMPLE_MAY_KNOW, "lakehouse"}:
                wrong.append(f"{name} imports {found}: the sample city knows no rule, policy or reader of ours")
            if other == "tests":
                wrong.append(f"{name} imports {found}: nothing imports tests")
    told(wrong)


def test_engines_stay_where_they_belong() -> None:
    wrong = []
    for name in modules():
        roots = {found.split(".")[0] for found in imports_of(name)}
        wrong += [f"{name} imports {found}" for found in roots & NOT_HERE.get(name.split(".")[0], set())]
        wrong += [
            f"{name} imports {found}: only {', '.join(where)}"
            for found, where in ONLY_THERE.items()
            if found in roots and name not in where
        ]
    told(wrong)


def test_only_the_operational_database_module_writes_sql() -> None:
    """Other modules only pass a connection on; reading a source system and opening connections are the two exceptions."""
    exempt = ("lakehouse.ops", "lakehouse.connections", "lakehouse.ingest.readers.postgres", "sample_city", "infra")
    told([
        f"{name}:{node.lineno} imports {alias.name} from {node.module}: only lakehouse/ops talks to the operational database"
        for name in modules()
        if not name.startswith(exempt)
        for node in ast.walk(tree(name))
        if isinstance(node, ast.ImportFrom) and str(node.module).split(".")[0] in ("sqlalchemy", "psycopg")
        for alias in node.names
        if alias.name not in ("Connection", "Engine")
    ])  # fmt: skip


def test_every_module_lies_in_a_room() -> None:
    wrong = []
    for package, rooms in ROOMS.items():
        there = {name.split(".")[1] for name in modules() if name.startswith(f"{package}.")}
        allowed = rooms | LOOSE[package]
        wrong += [f"{package}/{name} is no room: put it into one of {', '.join(sorted(rooms))}" for name in there - allowed]
        wrong += [f"{package}/{name} is gone: forget it here" for name in allowed - there]
    told(wrong)
    assert all(len(loose) <= MOST_LOOSE for loose in LOOSE.values())


def test_rooms_import_in_one_direction() -> None:
    wrong = []
    for name in modules():
        package, _, rest = name.partition(".")
        here = f"{package}.{rest.partition('.')[0]}"
        if here in ROOM_MAY_IMPORT:
            allowed = ROOM_MAY_IMPORT[here]
            rooms = {found: found.split(".")[1] for found in imports_of(name) if found in modules() and found.startswith(f"{package}.")}
            barred = ROOMS[package] - allowed - {here.partition(".")[2]}
            wrong += [
                f"{name} imports {found}: {here} may import of {package}/ only {allowed or 'loose modules'}"
                for found, room in rooms.items()
                if room in barred
            ]
    told(wrong)


def test_the_verifier_can_be_given_away() -> None:
    """It needs the standard library and one more package, and a Python that old machines have."""
    ours = [name for name in modules() if name.split(".")[0] == GIVEN_AWAY]
    told([
        f"{name} imports {found}: it is given away, and needs only {', '.join(sorted(GIVEN_AWAY_NEEDS))}"
        for name in ours
        for found in imports_of(name)
        if found.split(".")[0] not in GIVEN_AWAY_NEEDS | sys.stdlib_module_names
    ])  # fmt: skip
    for name in ours:
        ast.parse(modules()[name].read_text("utf-8"), feature_version=GIVEN_AWAY_PYTHON)


def test_only_what_shows_it_imports_the_application() -> None:
    told([
        f"{name} imports {found}: only {', '.join(SHOW_THE_APPLICATION)} may"
        for name in modules()
        if name.split(".")[0] not in SHOW_THE_APPLICATION
        for found in imports_of(name)
        if found.split(".")[0] == "application"
    ])  # fmt: skip


def test_no_two_modules_differ_by_an_ending() -> None:
    """A reader cannot tell which of `gate`, `gates` and `gating` to open; the same name in two rooms is two sides of one thing."""
    names = {part for name in modules() for part in name.split(".")}
    told([
        f"{other} beside {name}: one name for one thing"
        for name in names
        for other in names & {f"{name}{ending}" for ending in ("s", "es", "ing", "ed")} | names & _bent(name)
    ])  # fmt: skip


def _bent(name: str) -> set[str]:
    """Return the stems of a word whose spelling changes before an ending (`history`, `histories`; `name`, `naming`)."""
    plural = {f"{name[:-1]}ies"} if name.endswith("y") else set()
    return plural | ({f"{name[:-1]}{ending}" for ending in ("ing", "ed")} if name.endswith("e") else set())


def test_no_state_of_the_process_carries_facts() -> None:
    """Parts of the code pass facts as arguments: only the settings read the environment, and no module writes to it."""
    told([
        f"{name}:{node.lineno} uses {ast.unparse(node)}"
        for name in modules()
        if not name.startswith(READS_THE_ENVIRONMENT)
        for node in ast.walk(tree(name))
        if isinstance(node, ast.Attribute) and ast.unparse(node) in ("os.environ", "os.getenv", "os.putenv", "os.chdir")
    ])  # fmt: skip


def test_no_reason_told_to_a_sender_is_the_name_of_an_exception() -> None:
    told([
        f"{name}:{node.lineno} uses {ast.unparse(node)}: say in words what was found"
        for name in modules()
        if name.startswith("lakehouse.ingest")
        for node in ast.walk(tree(name))
        if isinstance(node, ast.Attribute) and node.attr in ("__name__", "__qualname__")
    ])  # fmt: skip


def test_no_circular_imports() -> None:
    graph = {name: {found for found in imports_of(name) if found in modules() and found != name} for name in modules()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"circular import: {' → '.join(error.args[1])}")


def test_no_function_imports_our_own_modules() -> None:
    told([
        f"{name}.{function.name} imports {found} inside the function"
        for name in modules()
        for function in functions(name)
        for node in ast.walk(function)
        for found in imported(node)
        if found.split(".")[0] in PACKAGES
    ])  # fmt: skip


def test_nothing_outgrows_its_wall() -> None:
    jobs = {point.value.split(":")[0] for point in entry_points(group="huiliu.jobs")}
    wrong = []
    for name, path in modules().items():
        lines = len(path.read_text("utf-8").splitlines())
        wall = 100 if name.startswith("dags") else 80 if name in jobs else 400
        if lines > wall:
            wrong.append(f"{name}: {lines} lines, the wall is {wall}")
        for function in functions(name):
            length = (function.end_lineno or 0) - function.lineno + 1
            if length > 50 and ".migrations." not in name:  # a migration is a list of columns
                wrong.append(f"{name}.{function.name}: {length} lines, the wall is 50")
    told(wrong)


def test_transforms_are_pure() -> None:
    wrong = []
    for name in (name for name in modules() if name.startswith("spark_jobs.transforms")):
        for node in ast.walk(tree(name)):
            if isinstance(node, ast.Attribute) and node.attr in STATE:
                wrong.append(f"{name}:{node.lineno} uses .{node.attr}")
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                is_action = node.func.attr in ACTIONS and not _is_sql_function(node.func)
                counts = node.func.attr == "count" and not node.args
                if is_action or counts or node.func.attr in CLOCKS:
                    wrong.append(f"{name}:{node.lineno} calls .{node.func.attr}()")
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("open", "print"):
                wrong.append(f"{name}:{node.lineno} calls {node.func.id}()")
    told(wrong)


def _is_sql_function(node: ast.Attribute) -> bool:
    return isinstance(node.value, ast.Name) and node.value.id == "F"


def test_no_module_names_a_resource() -> None:
    codes = sorted(path.name.removesuffix(".odcs.yaml") for path in (PROJECT / "contracts" / "resources").rglob("*.odcs.yaml"))
    assert codes
    pattern = re.compile("|".join(rf"\b{code}\b" for code in codes))
    exempt = ("sample_city",)
    sources = [path for name, path in modules().items() if not name.startswith(exempt)]
    sources += [path for path in (PROJECT / "dbt_project").rglob("*") if path.suffix in (".sql", ".yml") and "target" not in path.parts]
    told([
        f"{path.relative_to(PROJECT)}:{number} names a resource; everything about it is derived from its contract"
        for path in sources
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1)
        if pattern.search(line)
    ])  # fmt: skip


def test_only_the_naming_module_spells_table_names() -> None:
    spelled = re.compile(r"^(bronze|silver|ref|base|thematic|special|mart|quality|exchange|ops)\.[a-z_{]")
    wrong = []
    for name in modules():
        if name in ("lakehouse.naming",) or name.startswith("sample_city"):
            continue
        docs = {id(node.body[0].value) for node in ast.walk(tree(name)) if _has_docstring(node)}
        for node in ast.walk(tree(name)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs and spelled.match(node.value):
                wrong.append(f"{name}:{node.lineno} spells {node.value!r}")
    told(wrong)


def _has_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and ast.get_docstring(node) is not None


def test_every_public_name_says_what_it_is() -> None:
    wrong = []
    for name in modules():
        if not tree(name).body:
            continue
        public = [tree(name), *_public(tree(name))]
        wrong += [f"{name}: {getattr(node, 'name', 'the module')} has no docstring" for node in public if ast.get_docstring(node) is None]
    told(wrong)


def _public(parent: ast.Module | ast.ClassDef) -> Iterator[ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in parent.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                yield from _public(node)


def test_no_file_knows_a_machine() -> None:
    ignored = {".venv", ".git", "var", "__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis", "target"}
    wrong = []
    for path in PROJECT.rglob("*"):
        if (
            not path.is_file()
            or ignored & set(path.relative_to(PROJECT).parts)
            or path.suffix not in TEXT_SUFFIXES
            or path == Path(__file__)
        ):
            continue
        for number, line in enumerate(path.read_text("utf-8", errors="replace").splitlines(), start=1):
            if MACHINE_PATHS.search(line):
                wrong.append(f"{path.relative_to(PROJECT)}:{number} holds an absolute path of a machine")
    told(wrong)
