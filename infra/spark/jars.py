"""Fetch the pinned Spark jars once with Maven and check them against our own list of hashes."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from lakehouse.errors import ConfigError, Problem, problems_text

HERE = Path(__file__).resolve().parent
POM = HERE / "pom.xml"
CHECKSUMS = HERE / "jars.sha256"


def jar_folder() -> Path:
    """Return the folder of the jars: inside the Python environment, so that removing an instance keeps them."""
    return Path(sys.prefix) / "spark-jars"


def expected(checksums: Path = CHECKSUMS) -> dict[str, str]:
    """Return file name → SHA-256 of every jar."""
    lines = (line.split() for line in checksums.read_text("utf-8").splitlines() if line.strip())
    return {name: digest for digest, name in lines}


def ensure(folder: Path | None = None) -> Path:
    """Return the folder with all jars; fetch them when they are not there yet.

    Raises:
        ConfigError: Maven is missing or fails, or a jar differs from our list.
    """
    target = folder or jar_folder()
    seal = target / ".checked"
    listed = CHECKSUMS.read_text("utf-8")
    if seal.is_file() and seal.read_text("utf-8") == listed:
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".spark-jars-") as scratch:
        fetched = Path(scratch) / "jars"
        _run_maven(fetched)
        problems = mismatches(fetched, expected())
        if problems:
            raise ConfigError(problems_text(problems))
        (fetched / ".checked").write_text(listed, "utf-8")
        if target.exists():
            shutil.rmtree(target)
        fetched.rename(target)
    return target


def mismatches(folder: Path, wanted: dict[str, str]) -> list[Problem]:
    """Return one problem for each jar that is missing, not listed, or different from the listed one."""
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.glob("*.jar"))}
    fix = f"if a version in {POM.name} was changed on purpose, write the new hashes to {CHECKSUMS.name}; if not, do not run this jar."
    problems = [Problem(f"Spark jar {name}", "Maven did not deliver it.", "", fix) for name in wanted.keys() - found.keys()]
    problems += [Problem(f"Spark jar {name}", "it is not in our list.", "", fix) for name in found.keys() - wanted.keys()]
    problems += [
        Problem(f"Spark jar {name}", f"its SHA-256 is {found[name]}.", wanted[name], fix)
        for name in found.keys() & wanted.keys()
        if found[name] != wanted[name]
    ]
    return sorted(problems, key=lambda problem: problem.where)


def _run_maven(output: Path) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise ConfigError(
            Problem("Maven", "`mvn` is not on the PATH, and the Spark jars are not here yet.", "", "sudo apt-get install maven").text()
        )
    command = [maven, "-q", "-B", "-f", str(POM), "dependency:copy-dependencies", f"-DoutputDirectory={output}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        tail = "\n  ".join((done.stdout + done.stderr).strip().splitlines()[-8:])
        raise ConfigError(
            Problem("Maven", f"fetching the Spark jars failed:\n  {tail}", "", "check the network and Maven's settings.").text()
        )
