"""Find the Java that Spark runs on, or fail with the version that is needed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass

from lakehouse.errors import ConfigError, Problem

OLDEST, TOO_NEW = 17, 25
ALLOWED = f"Java {OLDEST} to {TOO_NEW - 1}."
FIX = "sudo apt-get install openjdk-17-jre-headless  (and set JAVA_HOME if several are installed)."


@dataclass(frozen=True)
class Java:
    """A Java runtime: its program and its major version."""

    program: str
    major: int


def find(environment: Mapping[str, str] = os.environ) -> Java:
    """Return the Java of JAVA_HOME, or else the one on the PATH.

    Raises:
        ConfigError: there is none, or its version is not one Spark runs on.
    """
    home = environment.get("JAVA_HOME", "")
    program = shutil.which(f"{home}/bin/java") if home else shutil.which("java", path=environment.get("PATH"))
    if program is None:
        where = f"JAVA_HOME={home}" if home else "Java"
        found = "there is no bin/java in it." if home else "`java` is not on the PATH."
        raise ConfigError(Problem(where, found, ALLOWED, FIX).text())
    done = subprocess.run([program, "-version"], capture_output=True, text=True, check=False)
    major = _major(done.stderr + done.stdout)
    if major is None or not OLDEST <= major < TOO_NEW:
        found = f"this is version {major}." if major else "its version is unknown: `java -version` prints none."
        raise ConfigError(Problem(f"Java ({program})", found, ALLOWED, FIX).text())
    return Java(program, major)


def _major(text: str) -> int | None:
    match = re.search(r'version "(?:1\.)?(\d+)', text)
    return int(match.group(1)) if match else None
